"""What the Python programs of spec/applications share: `run(globals())` runs the function that the command line names, with the
arguments after it, and prints what it returned as JSON, the last line."""

import asyncio
import inspect
import json
import os
import sys
import time

PORT, OTHER_PORT = int(os.environ["REDIS_PORT"]), int(os.environ["OTHER_REDIS_PORT"])
URL, OTHER_URL = os.environ["REDIS_URL"], os.environ["OTHER_REDIS_URL"]


def eventually(condition, timeout=30):
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)
    return result


def failure(function, *arguments, **keywords):
    """The class and message of the exception it raises."""
    try:
        function(*arguments, **keywords)
    except Exception as error:
        return [type(error).__name__, str(error)]
    raise AssertionError("no exception")


def run(functions):
    result = functions[sys.argv[1]](*sys.argv[2:])
    if inspect.iscoroutine(result):
        result = asyncio.run(result)
    print("\n" + json.dumps(result))
