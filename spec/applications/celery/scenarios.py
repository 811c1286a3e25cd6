"""Scenarios of spec/applications/celery_spec.rb: `scenarios.py NAME`. The last line printed is what came out, as JSON.

Workers that are not stopped here are ended with this program's process group."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from celery import chain, chord, group, states
from celery.exceptions import TaskRevokedError
from celery.result import AsyncResult, GroupResult

from tasks import add, app, fail, fail_at_first, forgettable, total, wait_for

TIMEOUT = 30
JOURNAL, SCRATCH = Path(os.environ["JOURNAL"]), Path(os.environ["SCRATCH"])


def start_worker(name, *options, url):
    # Its log on standard error, and so in the log of this program.
    command = ["/usr/bin/python3", "-m", "celery", "-A", "tasks", "worker", "-n", f"{name}@here", "-c", "2", *options]
    return subprocess.Popen(command, cwd=os.path.dirname(os.path.abspath(__file__)), stdout=subprocess.DEVNULL,
                            env={**os.environ, "REDIS_URL": url, "C_FORCE_ROOT": "1"})


def start_workers(*options):
    urls = {"one": os.environ["REDIS_URL"], "two": os.environ["OTHER_REDIS_URL"]}
    workers = [start_worker(name, *options, url=url) for name, url in urls.items()]
    eventually(lambda: len(app.control.ping(timeout=1, limit=2)) == 2)
    return workers


def eventually(condition, timeout=60):
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)
    return result


def tasks():
    start_workers()
    results = [add.delay(i, i) for i in range(100)]
    values = [result.get(timeout=TIMEOUT) for result in results]
    kept = AsyncResult(results[7].id)
    kept_before = kept.result
    kept.forget()
    forgotten = AsyncResult(results[7].id).state
    grouped = group(add.s(i, 1) for i in range(10)).apply_async()
    grouped.save()
    grouped_values = grouped.join(timeout=TIMEOUT)
    restored = GroupResult.restore(grouped.id)
    chained = chain(add.s(1, 2), add.s(3), add.s(4)).delay().get(timeout=TIMEOUT)
    summed = chord((add.s(i, i) for i in range(10)), total.s()).delay().get(timeout=TIMEOUT)
    nested = chain(group(add.s(1, 1), add.s(2, 2)), total.s(), add.s(100)).delay().get(timeout=TIMEOUT)
    before = len([entry for entry in JOURNAL.read_text().splitlines() if entry == "forgettable"])
    ignored = forgettable.delay()
    eventually(lambda: "forgettable" in JOURNAL.read_text())
    delayed_at = time.monotonic()
    delayed = add.apply_async((5, 6), countdown=1).get(timeout=TIMEOUT)
    return {
        "values": values,
        "kept": kept_before,
        "forgotten": forgotten,
        "group": [grouped_values, [result.state for result in restored.results]],
        "chain": chained,
        "chord": summed,
        "nested": nested,
        "ignored": [before, ignored.state],
        "delayed": [delayed, time.monotonic() - delayed_at >= 0.9],
    }


def failures():
    start_workers("--without-mingle")
    failed = fail.delay("on purpose")
    error = failed.get(timeout=TIMEOUT, propagate=False)
    retried = fail_at_first.delay(2).get(timeout=TIMEOUT)
    exhausted = fail_at_first.delay(9).get(timeout=TIMEOUT, propagate=False)
    broken = chord((add.s(1, 1), fail.s("part")), total.s()).delay().get(timeout=TIMEOUT, propagate=False)
    late = add.apply_async((1, 1), countdown=3)
    late.revoke()
    running = wait_for.delay("never")
    eventually(lambda: running.state == "WAITING")
    meta = running.info
    running.revoke(terminate=True)
    revoked = []
    for result in (late, running):
        try:
            result.get(timeout=TIMEOUT)
        except TaskRevokedError:
            revoked.append(result.state)
    expired = add.apply_async((1, 1), expires=-1)
    eventually(lambda: expired.state == states.REVOKED)
    return {
        "error": [repr(error), failed.state, failed.traceback.splitlines()[-1]],
        "retried": retried,
        "exhausted": repr(exhausted),
        "chord": "part" in str(broken),
        "meta": meta,
        "revoked": revoked,
    }


def control():
    workers = start_workers("--without-mingle", "--prefetch-multiplier", "1")
    inspect = app.control.inspect(limit=2)
    names = sorted(inspect.ping())
    registered = sorted(name for name in inspect.registered()["two@here"] if name.startswith("tasks."))
    # Each worker runs two at a time and fetches two ahead.
    running = [wait_for.delay("gate") for _ in range(8)]
    eventually(lambda: JOURNAL.read_text().count("waiting") == 4)
    active = {name: len(jobs) for name, jobs in inspect.active().items()}
    app.control.rate_limit("tasks.add", "100/s")
    grown = app.control.pool_grow(1, destination=["one@here"], reply=True)
    cancelled = app.control.cancel_consumer("celery", destination=["one@here", "two@here"], reply=True, limit=2)
    waiting = [add.delay(i, i) for i in range(5)]
    eventually(lambda: app.connection().default_channel.client.llen("celery") == 5)
    purged = app.control.purge()
    (SCRATCH / "gate").touch()
    for result in running:
        result.get(timeout=TIMEOUT)
    app.control.shutdown()
    return {
        "names": names,
        "registered": registered,
        "active": active,
        "grown": grown,
        "cancelled": len(cancelled),
        "purged": [len(waiting), purged],
        "ended": [worker.wait() for worker in workers],
    }


def shutdown():
    """A worker that ends gives back what it has fetched but not begun: tasks whose time has not come yet."""
    first = start_worker("one", "--without-mingle", url=os.environ["REDIS_URL"])
    eventually(lambda: app.control.ping(timeout=1, limit=1))
    fetched = [add.apply_async((i, i), countdown=6) for i in range(5)]
    client = app.connection().default_channel.client
    eventually(lambda: client.hlen("unacked") == 5)
    first.terminate()
    ended = first.wait()
    left = client.llen("celery")
    start_worker("two", "--without-mingle", url=os.environ["OTHER_REDIS_URL"])
    values = [result.get(timeout=TIMEOUT) for result in fetched]
    eventually(lambda: client.hlen("unacked") == 0)
    return {"ended": ended, "left": left, "values": values}


print("\n" + json.dumps(globals()[sys.argv[1]]()))
