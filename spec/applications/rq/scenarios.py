"""Scenarios of spec/applications/rq_spec.rb: `scenarios.py NAME [JOB CLASS]`. The last line printed is what came out, as JSON."""

import json
import os
import subprocess
import sys
import time
from datetime import timedelta

import redis
from rq import Queue, Retry, Worker
from rq.command import send_shutdown_command, send_stop_job_command
from rq.job import Job
from rq.registry import (CanceledJobRegistry, DeferredJobRegistry, FailedJobRegistry, FinishedJobRegistry,
                         ScheduledJobRegistry, StartedJobRegistry)
from rq.suspension import resume, suspend

import jobs

URL, OTHER_URL = os.environ["REDIS_URL"], os.environ["OTHER_REDIS_URL"]
connection, other = redis.Redis.from_url(URL), redis.Redis.from_url(OTHER_URL)
job_class = sys.argv[2] if len(sys.argv) > 2 else "rq.job.Job"
queue = Queue("default", connection=connection, job_class=job_class)
low = Queue("low", connection=other, job_class=job_class)


def start_worker(*options, url=URL, queues=("default", "low")):
    path = os.path.dirname(os.path.abspath(__file__))
    return subprocess.Popen(["/usr/bin/rq", "worker", *options, "--job-class", job_class, "--url", url, "--path", path, *queues])


def work(*options, **keywords):
    """A worker that ends when there is nothing to do. How it ended."""
    return start_worker("--burst", *options, **keywords).wait()


def eventually(condition, timeout=30):
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)
    return result


def refreshed(job):
    return queue.job_class.fetch(job.id, connection=connection)


def burst():
    enqueued = [(queue if i % 2 else low).enqueue("jobs.add", i, 1) for i in range(20)]
    sizes = [len(queue), len(low)]
    workers = [start_worker("--burst", url=url) for url in (URL, OTHER_URL)]
    statuses = [worker.wait() for worker in workers]
    return {
        "sizes": sizes,
        "workers": statuses,
        "results": [refreshed(job).return_value() for job in enqueued],
        "finished": len(FinishedJobRegistry(queue=queue)) + len(FinishedJobRegistry(queue=low)),
        "left": [len(queue), len(low), len(StartedJobRegistry(queue=queue))],
        "living": Worker.count(connection=connection),
        "ttl": connection.ttl(enqueued[0].key) > 400,
    }


def failing():
    failed = queue.enqueue("jobs.fail", "on purpose")
    retried = queue.enqueue("jobs.fail_at_first", 2, retry=Retry(max=3))
    requeued = queue.enqueue("jobs.fail_at_first", 1)
    work()
    registry = FailedJobRegistry(queue=queue)
    ids = set(registry.get_job_ids())
    names = {failed.id: "failed", retried.id: "retried", requeued.id: "requeued"}
    text = refreshed(failed).latest_result().exc_string if "Streamless" not in job_class else refreshed(failed).exc_info
    again = registry.requeue(requeued.id)
    work()
    return {
        "registry": sorted(names[id] for id in ids),
        "error": text.strip().splitlines()[-1],
        "status": refreshed(failed).get_status(),
        "retried": [refreshed(retried).get_status(), refreshed(retried).return_value()],
        "requeued": [refreshed(again).get_status(), refreshed(again).return_value()],
        "left": len(registry),
    }


def dependencies():
    first, second = queue.enqueue("jobs.add", 1, 2), queue.enqueue("jobs.add", 3, 4)
    sum_ = queue.enqueue("jobs.total", depends_on=[first, second])
    deferred = DeferredJobRegistry(queue=queue).get_job_ids() == [sum_.id]
    work()
    work(url=OTHER_URL)
    return {"deferred": deferred, "sum": refreshed(sum_).return_value(), "left": len(DeferredJobRegistry(queue=queue))}


def cancelling():
    kept, cancelled, deleted = (queue.enqueue("jobs.add", i, i) for i in range(3))
    at_front = queue.enqueue("jobs.add", 9, 9, at_front=True)
    cancelled.cancel()
    deleted.delete()
    ids = queue.get_job_ids() == [at_front.id, kept.id]
    canceled = CanceledJobRegistry(queue=queue).get_job_ids() == [cancelled.id]
    gone = not Job.exists(deleted.id, connection=connection)
    emptied = queue.empty()
    return {"ids": ids, "canceled": canceled, "gone": gone, "emptied": emptied, "left": len(queue)}


def commands():
    """Commands to a worker at another proxy, by pub/sub."""
    worker = start_worker("--name", "someone", url=OTHER_URL)
    stopped = queue.enqueue("jobs.wait_for", "never")
    eventually(lambda: os.path.getsize(os.environ["JOURNAL"]) > 0)
    shown = Worker.all(connection=connection)[0]
    state = [shown.name, shown.get_state(), shown.get_current_job_id() == stopped.id, shown.ip_address.split(":")[0]]
    suspend(connection)
    send_stop_job_command(connection, stopped.id)
    eventually(lambda: refreshed(stopped).get_status() == "stopped")
    eventually(lambda: Worker.all(connection=connection)[0].get_state() == "suspended")
    waiting = queue.enqueue("jobs.add", 1, 1)
    send_shutdown_command(connection, "someone")
    status = worker.wait()
    resume(connection)
    before = len(queue)
    work()
    return {"state": state, "status": status, "before": before, "after": refreshed(waiting).return_value()}


def scheduler():
    soon = queue.enqueue_in(timedelta(seconds=1), "jobs.add", 20, 22)
    later = queue.enqueue_in(timedelta(hours=1), "jobs.add", 1, 1)
    scheduled = len(ScheduledJobRegistry(queue=queue))
    workers = [start_worker("--with-scheduler", url=url) for url in (URL, OTHER_URL)]
    eventually(lambda: refreshed(soon).is_finished)
    locked = connection.exists("rq:scheduler-lock:default")
    # Only then do both listen to signals.
    eventually(lambda: [worker.get_state() for worker in Worker.all(connection=connection)] == ["idle", "idle"])
    for worker in workers:
        worker.terminate()
    return {
        "scheduled": scheduled,
        "result": refreshed(soon).return_value(),
        "left": ScheduledJobRegistry(queue=queue).get_job_ids() == [later.id],
        "locked": locked,
        "workers": [worker.wait() for worker in workers],
    }


print("\n" + json.dumps(globals()[sys.argv[1]]()))
