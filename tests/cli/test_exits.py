"""However a program ends in the middle of an iteration, it says nothing of its own."""

import subprocess
import sys

import pytest

from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY

pytestmark = [pytest.mark.real_clock, pytest.mark.slow]

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
def test_an_error_between_two_steps_of_an_async_iteration_is_all_that_is_said(
    reading: str, usage_sandbox: Sandbox
) -> None:
    done = run(ENDS % (WALK, reading), usage_sandbox)
    assert done == (0, "as it came\n" * 6, "")


# Programs that block

BLOCKING = f"""
import atexit, threading
from openai_usage import UsageClient
client = UsageClient(**OPTIONS)
iteration = client.completions({WALK})
"""

AT_THE_END = """
over = threading.Event()

def end():  # after the client has ended
    threading.stack_size(2**47)  # no other thread can start now, on any Python
    over.set()
    thread.join()

def read():
    try:
        {reading}
    finally:
        print("left")

atexit.register(end)
client.costs(start_time=0, end_time=86400).first_page()
thread = threading.Thread(target=read, daemon={daemon})
thread.start()
"""
NEW_CLIENT = "with UsageClient(**OPTIONS) as new: new.costs(start_time=0).first_page()"


@pytest.mark.parametrize(
    "reading",
    [
        "list(iteration)",
        "iteration.collect()",
        "list(iteration.concurrently(4))",
        "list(iteration.arrow_batches())",
        "[over.wait() for _ in iteration]",
        "[over.wait() for _ in iteration.concurrently(4)]",
        "over.wait(), iteration.collect()",
        f"over.wait()\n        {NEW_CLIENT}",
    ],
)
def test_a_daemon_ends_with_the_program_in_silence(reading: str, usage_sandbox: Sandbox) -> None:
    usage_sandbox.faults.stall(600, after=2, times=100)
    done = run(BLOCKING + AT_THE_END.format(reading=reading, daemon=True), usage_sandbox)
    assert done == (0, "left\n", "")


def test_a_thread_that_is_no_daemon_reads_to_its_end(usage_sandbox: Sandbox) -> None:
    reading = "threading.main_thread().join(); print(len(list(iteration)))"
    done = run(BLOCKING + AT_THE_END.format(reading=reading, daemon=False), usage_sandbox)
    assert done == (0, "10\nleft\n", "")


INTERRUPTED = """
import asyncio.base_events, itertools, sys
from openai_usage import _loop_thread as _background

FILES = {_background.__file__, asyncio.base_events.__file__}

def is_looked_for(frame, event, called):
    # Python looks for signals as functions begin, and when one of C has been called. Deeper inside,
    # threading is not made for them, but the moment after a thread has started is one of ours.
    if event not in ("call", "c_return"):
        return False
    return frame.f_code.co_filename in FILES or getattr(called, "__name__", "").startswith("start_")

def interrupt(moment):
    \"\"\"Press Ctrl-C at a moment.\"\"\"
    moments = iter(range(moment))

    def look(*what):
        if is_looked_for(*what) and next(moments, None) is None:
            sys.setprofile(None)
            raise KeyboardInterrupt

    sys.setprofile(look)

def is_interrupted(read, moment):
    interrupt(moment)
    try:
        read()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(None)
    return False

def moments(read, is_new):
    for moment in itertools.count():
        with UsageClient(**OPTIONS) as client:
            costs = client.costs(start_time=0, end_time=86400)
            if not is_new:
                costs.first_page()
            if not is_interrupted(lambda: read(costs), moment):
                return moment
            costs.first_page()  # it goes on

for read in (list, type(iteration).first_page):
    print(moments(read, is_new=True) > 9, moments(read, is_new=False) > 6)
for each in threading.enumerate():
    if each.daemon and each.ident:  # has begun
        each.join()
"""


def test_ctrl_c_while_a_request_begins_leaves_nothing_behind(usage_sandbox: Sandbox) -> None:
    assert run(BLOCKING + INTERRUPTED, usage_sandbox) == (0, "True True\n" * 2, "")


NO_THREAD = """
threading.stack_size(2**47)  # more than there is
try:
    list(iteration)
except RuntimeError as error:
    print(error)
threading.stack_size(0)
print(len(list(iteration)))
"""


def test_a_thread_that_cannot_start_leaves_no_loop_open(usage_sandbox: Sandbox) -> None:
    done = run(BLOCKING + NO_THREAD, usage_sandbox)
    assert done == (0, "can't start new thread\n10\n", "")


NO_FILES = """
import os, resource, warnings
warnings.simplefilter("ignore", ResourceWarning)  # asyncio's own, for a loop that it cannot make
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (0, most))
try:
    list(iteration)
except OSError as error:
    print(error.strerror)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
print(len(list(iteration)), threading.active_count())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits of this kind")
def test_a_loop_that_cannot_be_made_is_an_error_to_who_asks(usage_sandbox: Sandbox) -> None:
    done = run(BLOCKING + NO_FILES, usage_sandbox)
    assert done[:2] == (0, "Too many open files\n10 2\n")
