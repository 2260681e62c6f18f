"""One contender in a process of its own: `python -m benchmarks.measure floor walk <job>`."""

import asyncio
import gc
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from importlib import import_module

from benchmarks.job import Job

Walk = Callable[[Job], Awaitable[tuple[int, float]]]


async def cpu(walk: Walk, job: Job) -> dict[str, float]:
    """Processor time of a whole walk, for one result."""
    await walk(job)  # connections, decoders and the server's pages are made
    gc.collect()
    before = time.process_time()
    results, total = await walk(job)
    spent = time.process_time() - before
    assert results == job.results
    return {"seconds_per_result": spent / results, "total": total}


async def stall(walk: Walk, job: Job) -> dict[str, float]:
    """The longest time for which the event loop could do nothing else."""
    await walk(job)
    gc.collect()
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    ticking = asyncio.create_task(tick())
    began = time.perf_counter()
    await walk(job)
    took = time.perf_counter() - began
    ticking.cancel()
    return {"longest_stall": longest, "took": took}


async def memory(walk: Walk, job: Job) -> dict[str, float]:
    """The most memory that the process has held, in bytes."""
    await walk(job)
    return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


MEASURES = {each.__name__: each for each in (cpu, stall, memory)}


def main() -> None:
    contender, measure, job = sys.argv[1:]
    read = Job(**json.loads(job))
    walk: Walk = getattr(import_module(f"benchmarks.contenders.{contender}"), read.endpoint)
    print(json.dumps(asyncio.run(MEASURES[measure](walk, read))))


if __name__ == "__main__":
    main()
