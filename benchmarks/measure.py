"""Measures one contender in this process: `python -m benchmarks.measure cpu floor <job>`."""

import asyncio
import gc
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import import_module
from typing import TypeVar

from benchmarks.job import Job

T = TypeVar("T")

Iteration = Callable[[], Awaitable[tuple[int, float]]]


async def cpu(iteration: Iteration, job: Job) -> dict[str, float]:
    """Processor time of a whole iteration: the least of several."""
    await iteration()  # the connection and the decoder are made
    least, total, until = float("inf"), 0.0, time.perf_counter() + job.repeated_for
    repeats = 0
    while repeats < 3 or time.perf_counter() < until:
        gc.collect()
        before = time.process_time()
        results, total = await iteration()
        least = min(least, time.process_time() - before)
        repeats += 1
        assert results == job.results
    return {"seconds": least, "total": total}


async def stall(iteration: Iteration, __: Job) -> dict[str, float]:
    """The longest time for which the event loop could do nothing else: the least of several."""
    await iteration()
    least, total = float("inf"), 0.0
    for _ in range(3):
        gc.collect()
        pause, (_, total) = await _longest_pause(iteration())
        least = min(least, pause)
    return {"seconds": least, "total": total}


async def _longest_pause(iteration: Awaitable[T]) -> tuple[float, T]:
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    ticking = asyncio.create_task(tick())
    came_to = await iteration
    await asyncio.sleep(0)  # what came last counts as well
    ticking.cancel()
    return longest, came_to


async def memory(iteration: Iteration, __: Job) -> dict[str, float]:
    """The most memory that the process has held."""
    await iteration()
    return {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


async def main(measure: str, contender: str, job: Job) -> None:
    module = import_module(f"benchmarks.contenders.{contender}")
    async with module.client_of(job) as client:
        iteration = partial(getattr(module, job.endpoint), client, job)
        print(json.dumps(await MEASURES[measure](iteration, job)))


MEASURES = {each.__name__: each for each in (cpu, stall, memory)}

if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Job.from_json(sys.argv[3])))
