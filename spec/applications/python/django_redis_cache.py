"""Scenarios of spec/applications/python_spec.rb with django-redis."""

import os

from django.conf import settings

from scenario import OTHER_URL, URL, eventually, run

OPTIONS = {"CLIENT_CLASS": "django_redis.client.DefaultClient"}
settings.configure(
    CACHES={
        "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": URL, "OPTIONS": OPTIONS},
        "other": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": OTHER_URL, "OPTIONS": OPTIONS},
    },
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    SESSION_CACHE_ALIAS="default",
)

from django.contrib.sessions.backends.cache import SessionStore  # noqa: E402, as the settings come first
from django.core.cache import caches  # noqa: E402

cache, other = caches["default"], caches["other"]


def caching():
    cache.set("object", {"a": [1, 2]}, timeout=100)
    cache.set("short", 1, timeout=2)
    cache.set_many({"x": 1, "y": 2})
    added = [cache.add("x", 9), cache.add("z", 3)]
    facts = {
        "object": other.get("object"),
        "many": other.get_many(["x", "y", "none"]),
        "added": added,
        "ttl": [90 < other.ttl("object") <= 100, other.ttl("none")],
        "keys": sorted(other.keys("*")),
        "iterated": sorted(other.iter_keys("*")),
        "touched": [cache.touch("y", 50), 40 < other.ttl("y") <= 50, cache.persist("y"), other.ttl("y")],
        "or_set": [cache.get_or_set("w", lambda: "made"), other.get_or_set("w", lambda: "again")],
    }
    eventually(lambda: other.get("short") is None)
    facts["deleted"] = [cache.delete("z"), cache.delete("z"), cache.delete_many(["x", "w"]), cache.delete_pattern("obj*")]
    facts["left"] = sorted(other.keys("*"))
    cache.clear()
    facts["cleared"] = other.keys("*")
    return facts


def incrementing():
    """Increments and locks are scripts."""
    cache.set("n", 1, timeout=100)
    with cache.lock("lock", timeout=10):
        held = other.lock("lock", timeout=10).acquire(blocking=False)
    freed = other.lock("lock", timeout=10).acquire(blocking=False)
    return {"n": [cache.incr("n", 5), other.decr("n", 2), other.get("n")], "held": held, "freed": freed}


def sessions():
    session = SessionStore()
    session["user"] = 42
    session.save()
    again = SessionStore(session_key=session.session_key)
    user = again["user"]
    again.cycle_key()
    gone = SessionStore(session_key=session.session_key).exists(session.session_key)
    again.flush()
    return {"user": user, "gone": gone, "keys": other.keys("*")}


run(globals())
