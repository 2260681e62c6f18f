"""However a program ends in the middle of a walk, it says nothing of its own."""

import subprocess
import sys
import threading

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
            "-X",
            "dev",
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
