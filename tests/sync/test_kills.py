"""A sync that is killed at any moment, again and again, ends with what the API has."""

import asyncio
import random
import subprocess
import sys
from pathlib import Path

import pytest

import openai_usage.sync
from openai_usage import AsyncUsageClient
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY
from tests.support.synced import kept, of_api
from tests.support.terminal import asking

pytestmark = [pytest.mark.real_clock, pytest.mark.slow]

START = TODAY - 200 * DAY
PROGRAM = """
import asyncio, sys, time

kind, path, start, now = *sys.argv[1:3], int(sys.argv[3]), float(sys.argv[4])
time.time = lambda: now

import openai_usage.sync
from openai_usage import AsyncUsageClient
from openai_usage.sync import sync


async def main():
    async with AsyncUsageClient() as client:
        with getattr(openai_usage.sync, kind)(path) as sink:
            result = await sync({"acme": client}, sink, start_time=start)
    assert not result.failed, result.failed[0].error


asyncio.run(main())
"""


def started(sandbox: Sandbox, kind: str, path: Path, now: int) -> subprocess.Popen[bytes]:
    """Start a sync in a process of its own, at a time of its own."""
    sandbox.now = now
    sandbox.requests.clear()
    command = [sys.executable, "-c", PROGRAM, kind, str(path), str(START), str(now)]
    return subprocess.Popen(command, env=asking(sandbox))


@pytest.mark.parametrize("kind", ["DuckDBSink", "DeltaSink"])
async def test_a_sync_that_is_killed_again_and_again(kind: str, tmp_path: Path) -> None:
    chance = random.Random(5)
    path = tmp_path / "copy"
    with Sandbox(seed=7, restates=True) as sandbox:
        now = TODAY
        for _ in range(12):
            now += chance.randrange(2 * DAY)
            process = started(sandbox, kind, path, now)
            requests = chance.randrange(1, 60)
            while process.poll() is None and len(sandbox.requests) < requests:
                await asyncio.sleep(0.001)
            await asyncio.sleep(chance.random() / 20)
            process.kill()
            process.wait()
        assert started(sandbox, kind, path, now + 60).wait() == 0
        client = AsyncUsageClient(sandbox.admin_api_key, base_url=sandbox.base_url)
        async with client:
            with getattr(openai_usage.sync, kind)(path, read_only=True) as sink:
                for name in client.table():
                    assert kept(sink, name) == await of_api(client, name, START, now + 60)
