"""Measures syncs: `python -m benchmarks.syncs memory openai_usage <job>`, or `requests`."""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.job import KEY, Job
from openai_usage import AsyncUsageClient, days_ago
from openai_usage.sandbox import Sandbox
from openai_usage.sync import DuckDBSink, sync

DAY = 86_400


async def memory(job: Job) -> dict[str, float]:
    """The most memory that the process has held while it copied so many costs into DuckDB."""
    start = int(time.time()) // DAY * DAY - job.pages * job.buckets * DAY
    with TemporaryDirectory() as folder, DuckDBSink(Path(folder, "usage.duckdb")) as copy:
        async with AsyncUsageClient(KEY, base_url=job.base_url) as client:
            result = await sync({"acme": client}, copy, start_time=start, endpoints=["costs"])
    assert not result.failed, result.failed
    assert abs(result.rows - job.results) <= job.groups  # those of today, too
    return {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


async def requests(_: Job) -> dict[str, float]:
    """The requests of a second sync of all endpoints, straight after the first."""
    with (
        TemporaryDirectory() as folder,
        DuckDBSink(Path(folder, "usage.duckdb")) as copy,
        Sandbox() as server,
    ):
        async with AsyncUsageClient(server.admin_api_key, base_url=server.base_url) as client:
            await sync({"acme": client}, copy, start_time=days_ago(90))
            server.requests.clear()
            result = await sync({"acme": client}, copy, start_time=days_ago(90))
        assert not result.failed, result.failed
        return {"requests": len(server.requests)}


MEASURES = {each.__name__: each for each in (memory, requests)}

if __name__ == "__main__":
    measure, _, job = sys.argv[1:]
    print(json.dumps(asyncio.run(MEASURES[measure](Job.from_json(job)))))
