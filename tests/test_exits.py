"""However a program ends in the middle of a walk, it says nothing of its own."""

import subprocess
import sys

import pytest

from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY

pytestmark = pytest.mark.real_clock

WALK = f"start_time={TODAY - 10 * DAY}, end_time={TODAY}, limit=1"


def run(code: str, sandbox: Sandbox) -> tuple[int, str, str]:
    """How a program ends whose warnings are errors: its code, and what it says."""
    options = f"{sandbox.admin_api_key!r}, base_url={sandbox.base_url!r}"
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-c",
            f"OPTIONS = dict(admin_api_key={options})\n{code}",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


# Programs that are async

ENDS = """
import asyncio
from openai_usage import AsyncUsageClient

async def main(reading, error, is_held):
    async with AsyncUsageClient(**OPTIONS) as client:
        buckets = client.completions(%s).concurrently(3)
        reader = getattr(buckets, reading)()
        if is_held:  # by this frame, and so by the traceback of the error
            async for _ in reader:
                raise error
        else:
            async for _ in getattr(buckets, reading)():
                raise error

for error in (ZeroDivisionError, KeyboardInterrupt, SystemExit):
    for is_held in (True, False):
        try:
            asyncio.run(main(%r, error, is_held))
        except error:
            print("as it came")
"""


@pytest.mark.parametrize("reading", ["__aiter__", "pages", "raw_pages", "arrow_batches"])
def test_an_error_between_two_steps_of_an_async_walk_is_all_that_is_said(
    reading: str, usage_sandbox: Sandbox
) -> None:
    done = run(ENDS % (WALK, reading), usage_sandbox)
    assert done == (0, "as it came\n" * 6, "")


# Programs that block

DAEMON = """
import threading
from openai_usage import UsageClient

client = UsageClient(**OPTIONS)
begun = threading.Event()

def read():
    while True:
        for bucket in client.completions(%s):
            begun.set()

threading.Thread(target=read, daemon=True).start()
begun.wait()
print("the end")
"""

SIGNAL = """
import asyncio, gc, threading
from openai_usage import UsageClient

submit = asyncio.BaseEventLoop.call_soon_threadsafe

def interrupted(*_, **__):  # as by a signal that comes just then
    asyncio.BaseEventLoop.call_soon_threadsafe = submit
    raise KeyboardInterrupt

with UsageClient(**OPTIONS) as client:
    client.costs(%s).first_page()
    asyncio.BaseEventLoop.call_soon_threadsafe = interrupted
    try:
        client.costs(%s).first_page()
    except KeyboardInterrupt:
        print("interrupted")
    gc.collect()
    print(len(client.costs(%s).first_page().data))
"""

NO_THREAD = """
import gc, threading
from openai_usage import UsageClient

start = threading.Thread.start

def fail(thread):
    raise RuntimeError("can't start new thread")

with UsageClient(**OPTIONS) as client:
    threading.Thread.start = fail
    try:
        client.costs(%s).first_page()
    except RuntimeError as error:
        print(error)
    gc.collect()
    threading.Thread.start = start
    print(len(client.costs(%s).first_page().data))
"""


def test_a_daemon_thread_ends_with_the_interpreter_and_says_nothing(usage_sandbox: Sandbox) -> None:
    assert run(DAEMON % WALK, usage_sandbox) == (0, "the end\n", "")


def test_a_daemon_thread_that_waits_for_an_answer_ends_likewise(usage_sandbox: Sandbox) -> None:
    usage_sandbox.faults.stall(3600, after=1)
    assert run(DAEMON % WALK, usage_sandbox) == (0, "the end\n", "")


def test_a_signal_at_the_start_of_a_request_leaves_nothing(usage_sandbox: Sandbox) -> None:
    done = run(SIGNAL % (WALK, WALK, WALK), usage_sandbox)
    assert done == (0, "interrupted\n1\n", "")


def test_a_thread_that_cannot_start_leaves_nothing(usage_sandbox: Sandbox) -> None:
    done = run(NO_THREAD % (WALK, WALK), usage_sandbox)
    assert done == (0, "can't start new thread\n1\n", "")
