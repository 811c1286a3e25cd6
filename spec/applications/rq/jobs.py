"""What the workers of spec/applications/rq_spec.rb do."""

import os
import time

from rq import get_current_job
from rq.job import Job


class StreamlessJob(Job):
    """Keeps its result in its hash, as RQ does with a Redis before 5.0, not in a stream."""

    @property
    def supports_redis_streams(self):
        return False


def note(*words):
    with open(os.environ["JOURNAL"], "a", buffering=1) as journal:
        journal.write(" ".join(map(str, words)) + "\n")


def add(a, b):
    note("add", a, b)
    return a + b


def fail(text):
    raise ValueError(text)


def fail_at_first(times):
    job = get_current_job()
    job.meta["attempts"] = job.meta.get("attempts", 0) + 1
    job.save_meta()
    if job.meta["attempts"] <= times:
        raise RuntimeError(f"attempt {job.meta['attempts']}")
    return job.meta["attempts"]


def total(*ids):
    job = get_current_job()
    return sum(dependency.return_value() for dependency in job.fetch_dependencies())


def wait_for(gate):
    note("waiting")
    while not os.path.exists(os.path.join(os.environ["SCRATCH"], gate)):
        time.sleep(0.01)
    return "done"
