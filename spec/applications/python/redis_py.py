"""Scenarios of spec/applications/python_spec.rb with redis-py."""

import asyncio
import threading
import time

import redis
import redis.asyncio

from scenario import OTHER_PORT, PORT, eventually, failure, run

client, other = redis.Redis(port=PORT), redis.Redis(port=OTHER_PORT)
text = redis.Redis(port=OTHER_PORT, decode_responses=True)


def basics():
    binary = bytes(range(256)) * 100
    client.set("binary", binary)
    client.mset({"a": 1, "b": 2})
    client.hset("hash", mapping={f"field{i}": i for i in range(1000)})
    client.rpush("list", *range(10))
    client.sadd("set", *range(1000))
    client.zadd("sorted", {"one": 1, "two": 2.5})
    client.zadd("sorted", {"one": 5}, gt=True, ch=True)
    for i in range(100):
        client.set(f"key:{i}", i, ex=100)
    info = client.info()
    return {
        "binary": other.get("binary") == binary,
        "mget": text.mget("a", "b", "none"),
        "hash": len(dict(text.hscan_iter("hash"))),
        "list": text.lrange("list", 0, 2),
        "set": len(set(text.sscan_iter("set"))),
        "sorted": text.zrange("sorted", 0, -1, withscores=True),
        "keys": len(set(text.scan_iter("key:*", count=10))),
        "getex": [text.getex("key:1", persist=True), text.ttl("key:1"), text.getdel("key:1"), text.get("key:1")],
        "error": failure(client.lpush, "a", 1),
        "version": info["redis_version"].startswith("7."),
        "ping": client.ping(),
        "other database": redis.Redis(port=PORT, db=3).exists("a"),
    }


def pipelines():
    with client.pipeline() as transaction:
        results = transaction.set("k", 1).incr("k").get("k").execute()
    with client.pipeline(transaction=False) as pipeline:
        pipelined = pipeline.set("p", 1).hget("p", "f").incr("p").execute(raise_on_error=False)
    error = failure(client.pipeline().set("e", 1).lpush("e", 1).set("e", 2).execute)
    attempts = []

    def double(pipe):
        value = int(pipe.get("k"))
        attempts.append(value)
        if len(attempts) == 1:
            other.set("k", 10)  # by someone else, between the watch and the transaction
        pipe.multi()
        pipe.set("k", value * 2)

    client.transaction(double, "k")
    return {
        "results": [results[0], results[1], results[2].decode()],
        "pipelined": [pipelined[0], str(pipelined[1]), pipelined[2]],
        "error": [error, text.get("e")],
        "attempts": attempts,
        "doubled": text.get("k"),
    }


def locks():
    lock = client.lock("lock", timeout=10)
    taken = [lock.acquire(), other.lock("lock", timeout=10).acquire(blocking=False)]
    waited = other.lock("lock", timeout=10, blocking_timeout=0.1).acquire()
    lock.extend(20)
    extended = client.pttl("lock") > 10000
    lock.reacquire()
    reacquired = client.pttl("lock") <= 10000
    owned = lock.owned()
    lock.release()
    short = client.lock("lock", timeout=0.05)
    short.acquire()
    eventually(lambda: not client.exists("lock"))
    stolen = other.lock("lock", timeout=10)
    stolen.acquire()
    lost = failure(short.release)[0]
    lost_extension = failure(short.extend, 10)[0]
    stolen.release()
    unlocked = failure(stolen.release)[0]
    # Never two inside.
    counter = {"inside": 0, "most": 0, "sum": 0}

    def work(connection):
        for _ in range(5):
            with connection.lock("busy", timeout=30, sleep=0.005):
                counter["inside"] += 1
                counter["most"] = max(counter["most"], counter["inside"])
                counter["sum"] += 1
                counter["inside"] -= 1

    threads = [threading.Thread(target=work, args=(connection,)) for connection in (client, other, text)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "taken": taken,
        "waited": waited,
        "extended": extended,
        "reacquired": reacquired,
        "owned": owned,
        "lost": [lost, lost_extension, unlocked],
        "counter": counter,
    }


def scripts():
    add = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    results = [add(keys=["n"], args=[5]), add(keys=["n"], args=[6], client=other)]
    pipe = client.pipeline()
    add(keys=["n"], args=[1], client=pipe)
    pipe.get("n")
    return results + [value if isinstance(value, int) else value.decode() for value in pipe.execute()]


def pubsub():
    subscriber = other.pubsub()
    handled = []
    subscriber.subscribe("news", **{"handled": lambda message: handled.append(message["data"].decode())})
    subscriber.psubscribe("n*")
    seen = [subscriber.get_message(timeout=5)["type"] for _ in range(3)]
    receivers = [client.publish("news", b"\x00\xff"), client.publish("handled", "h"), client.publish("silence", "")]
    messages = []
    while len(handled) < 1 or len(messages) < 2:
        if message := subscriber.get_message(timeout=5):
            messages.append([message["type"], message["channel"].decode(), message["data"].hex()])
    counted = [client.pubsub_channels(), client.pubsub_numsub("news", "none"), client.pubsub_numpat()]
    counted = [sorted(c.decode() for c in counted[0]), [[c.decode(), n] for c, n in counted[1]], counted[2]]
    subscriber.unsubscribe()
    subscriber.punsubscribe()
    eventually(lambda: not (subscriber.get_message(timeout=0.1), subscriber.subscribed)[1])
    return {"seen": seen, "receivers": receivers, "messages": messages, "handled": handled, "counted": counted}


def reconnects():
    """A subscriber whose connection is killed is told once, then connects and subscribes again by itself."""
    subscriber = redis.Redis(port=OTHER_PORT, health_check_interval=1).pubsub(ignore_subscribe_messages=True)
    subscriber.subscribe("news")
    subscriber.psubscribe("w*")
    eventually(lambda: client.pubsub_numsub("news")[0][1] == 1 and client.pubsub_numpat() == 1)
    client.publish("news", "one")
    received = [eventually(lambda: subscriber.get_message(timeout=0.1))["data"].decode()]
    killed = client.execute_command("CLIENT KILL TYPE pubsub")
    subscribed_again = eventually(lambda: resubscribed(subscriber))
    client.publish("weather", "two")
    received.append(eventually(lambda: subscriber.get_message(timeout=0.1))["data"].decode())
    return {"killed": killed, "again": subscribed_again, "received": received}


def resubscribed(subscriber):
    try:
        subscriber.get_message(timeout=0.01)
    except redis.ConnectionError:
        return False
    return client.pubsub_numsub("news")[0][1] == 1 and client.pubsub_numpat() == 1


def listen():
    """Notes what is published in "news", whatever happens to the connection."""
    subscriber = other.pubsub(ignore_subscribe_messages=True)
    subscriber.subscribe("news")
    while True:
        try:
            message = subscriber.get_message(timeout=0.1)
        except redis.ConnectionError:
            time.sleep(0.01)
            continue
        if message:
            print(message["data"].decode(), flush=True)


async def blocking():
    """A hundred waiters, and what they wait for, with asyncio."""
    here, there = redis.asyncio.Redis(port=PORT), redis.asyncio.Redis(port=OTHER_PORT)
    waiters = [asyncio.create_task(connection.blpop(["empty", "queue"], timeout=30)) for connection in [here, there] * 50]
    moved = asyncio.create_task(here.blmove("source", "target", 30, "LEFT", "RIGHT"))
    scored = asyncio.create_task(there.bzpopmin(["scores"], timeout=30))
    timed_out = await here.brpop(["never"], timeout=0.1)
    for i in range(50):
        await here.rpush("queue", i)
    async with there.pipeline(transaction=True) as pipe:
        await pipe.rpush("queue", *range(50, 100)).rpush("source", "y").zadd("scores", {"z": 3}).execute()
    popped = sorted(int(value) for _, value in await asyncio.gather(*waiters))
    subscriber = there.pubsub()
    await subscriber.subscribe("news")
    await subscriber.get_message(timeout=5)
    await here.publish("news", "hello")
    message = await subscriber.get_message(timeout=5)
    return {
        "timed_out": timed_out,
        "popped": popped == list(range(100)),
        "moved": (await moved).decode(),
        "scored": [part.decode() if isinstance(part, bytes) else part for part in await scored],
        "left": await here.llen("queue"),
        "message": message["data"].decode(),
    }


run(globals())
