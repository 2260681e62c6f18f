"""A program killed during an iteration goes on where it was, and what it kept is whole."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, TODAY

pytestmark = pytest.mark.real_clock

DAYS = 60
START = TODAY - DAYS * DAY

KEEPER = """
import asyncio, sys
from openai_usage import APIError, AsyncUsageClient

async def main(path: str, start: int, end: int, windows: int) -> None:
    with open(path, "a+", buffering=1) as kept:
        kept.seek(0)
        if lines := kept.read().splitlines():
            start = int(lines[-1].split()[-1])
        async with AsyncUsageClient() as client:
            try:
                costs = client.costs(start_time=start, end_time=end, limit=1)
                async for bucket in costs.concurrently(windows):
                    print(bucket.start_time, bucket.end_time, file=kept)
            except APIError as error:
                print("resume_from", error.resume_from, file=kept)
                raise SystemExit(3) from None

asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:])))
"""
"""Keeps where each bucket begins and ends, and starts from where the last one ended."""


def started(sandbox: Sandbox, kept: Path, windows: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(kept), str(START), str(TODAY), str(windows)],
        env={
            **os.environ,
            "OPENAI_ADMIN_KEY": sandbox.admin_api_key,
            "OPENAI_BASE_URL": sandbox.base_url,
        },
    )


def killed_at(lines: int, program: subprocess.Popen[bytes], kept: Path) -> None:
    """Kill *program* once it has kept so many *lines*, wherever it is."""
    deadline = time.monotonic() + 120
    while not kept.exists() or kept.read_bytes().count(b"\n") < lines:
        assert program.poll() is None, "it ended too early"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    program.kill()
    assert program.wait() == -9


@pytest.mark.slow
def test_an_iteration_that_is_killed_twice_and_fails_once_is_whole_in_the_end(
    tmp_path: Path,
) -> None:
    kept = tmp_path / "kept"
    with Sandbox(seed=7, now=NOW) as sandbox:
        sandbox.faults.stall(
            600, after=12, times=100
        )  # so that it does not end before it is killed
        killed_at(10, started(sandbox, kept, windows=1), kept)
        sandbox.faults.clear()
        sandbox.faults.stall(600, after=20, times=100)
        killed_at(25, started(sandbox, kept, windows=4), kept)
        sandbox.faults.clear()
        sandbox.faults.status(401, after=5)
        assert started(sandbox, kept, windows=1).wait(120) == 3
        assert started(sandbox, kept, windows=1).wait(120) == 0
    lines = [line.split() for line in kept.read_text().splitlines()]
    assert sum(name == "resume_from" for name, _ in lines) == 1
    spans = [(int(start), int(end)) for start, end in lines if start != "resume_from"]
    assert spans == [(START + n * DAY, START + (n + 1) * DAY) for n in range(DAYS)]
