"""A sync that is killed at any moment, again and again, ends with what the API has."""

import asyncio
import random
import subprocess
import sys
from pathlib import Path

import pytest

from openai_usage import AsyncUsageClient
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY
from tests.support.synced import of_api, stored
from tests.support.terminal import asking

pytestmark = [pytest.mark.real_clock, pytest.mark.slow]

START = TODAY - 200 * DAY
PROGRAM = """
import asyncio, sys, time

path, start, now = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
time.time = lambda: now

from openai_usage import AsyncUsageClient
from openai_usage.sync import DuckDBSink, sync


async def main():
    async with AsyncUsageClient() as client:
        with DuckDBSink(path) as sink:
            result = await sync({"acme": client}, sink, start_time=start)
    assert not result.failed, result.failed[0].error


asyncio.run(main())
"""


def started(sandbox: Sandbox, path: Path, now: int) -> subprocess.Popen[bytes]:
    """Start a sync in a process of its own, at a time of its own."""
    sandbox.now = now
    sandbox.requests.clear()
    command = [sys.executable, "-c", PROGRAM, str(path), str(START), str(now)]
    return subprocess.Popen(command, env=asking(sandbox))


async def test_a_sync_that_is_killed_again_and_again(tmp_path: Path) -> None:
    chance = random.Random(5)
    path = tmp_path / "usage.duckdb"
    with Sandbox(seed=7, restates=True) as sandbox:
        now = TODAY
        for _ in range(12):
            now += chance.randrange(2 * DAY)
            process = started(sandbox, path, now)
            requests = chance.randrange(1, 60)
            while process.poll() is None and len(sandbox.requests) < requests:
                await asyncio.sleep(0.001)
            await asyncio.sleep(chance.random() / 20)
            process.kill()
            process.wait()
        assert started(sandbox, path, now + 60).wait() == 0
        client = AsyncUsageClient(sandbox.admin_api_key, base_url=sandbox.base_url)
        async with client:
            for name in client.table():
                assert stored(path, name) == await of_api(client, name, START, now + 60)
