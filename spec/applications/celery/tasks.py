"""What the workers of spec/applications/celery_spec.rb do: `celery -A tasks worker`, in this folder."""

import os
import time

from celery import Celery

app = Celery("tasks", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])


def note(*words):
    with open(os.environ["JOURNAL"], "a", buffering=1) as journal:
        journal.write(" ".join(map(str, words)) + "\n")


@app.task
def add(a, b):
    note("add", a, b)
    return a + b


@app.task
def total(numbers):
    return sum(numbers)


@app.task
def fail(text):
    raise ValueError(text)


@app.task(bind=True, max_retries=3, default_retry_delay=0)
def fail_at_first(self, times):
    if self.request.retries < times:
        raise self.retry(exc=RuntimeError(f"attempt {self.request.retries}"))
    return self.request.retries


@app.task(ignore_result=True)
def forgettable():
    note("forgettable")


@app.task(bind=True)
def wait_for(self, gate):
    note("waiting", self.request.hostname)
    self.update_state(state="WAITING", meta={"for": gate})
    while not os.path.exists(os.path.join(os.environ["SCRATCH"], gate)):
        time.sleep(0.01)
    return gate
