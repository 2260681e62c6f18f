"""Measures what only this package does: `python -m benchmarks.windows side_by_side <job>`.

Windows of a range side by side, and a limit of requests that is found out and kept to.
"""

import asyncio
import gc
import json
import logging
import sys
import time
from contextlib import AsyncExitStack

import aiohttp
from attrs import evolve

from benchmarks.job import KEY, START, Job
from openai_usage import AsyncUsageClient, Buckets, CompletionsResult

AT_ONCE = 8


def asked(client: AsyncUsageClient, job: Job) -> Buckets[CompletionsResult]:
    return client.completions(
        start_time=START, end_time=job.end, bucket_width=job.width, limit=job.buckets
    )


async def side_by_side(job: Job) -> dict[str, float]:
    """The whole iteration and its first bucket, page by page and with windows side by side."""
    async with AsyncUsageClient(KEY, base_url=job.base_url) as client:
        await asked(client, job)  # the connection is there, and the pages are rendered
        await asked(client, job).concurrently(AT_ONCE).collect()
        await counted(job)
        plain, _ = await timed(asked(client, job))
        whole, first = await timed(asked(client, job).concurrently(AT_ONCE))
    counts = await counted(job)
    return {
        "plain": plain,
        "whole": whole,
        "first_bucket": first,
        "most_in_flight": counts["most_in_flight"],
    }


async def growth(job: Job) -> dict[str, float]:
    """Processor time of an iteration, and of one over as many empty pages and buckets."""
    jobs = {"seconds": job, "empty": evolve(job, groups=0)}
    least = dict.fromkeys(jobs, float("inf"))
    async with AsyncExitStack() as stack:
        clients = {
            name: await stack.enter_async_context(AsyncUsageClient(KEY, base_url=each.base_url))
            for name, each in jobs.items()
        }
        until = time.perf_counter() + 10 * job.repeated_for
        iterations = max(1, 2000 // job.results)  # short ones are measured together
        while least["empty"] == float("inf") or time.perf_counter() < until:
            for name, client in clients.items():
                gc.collect()
                before = time.process_time()
                for _ in range(iterations):
                    async for _ in asked(client, job):
                        pass
                least[name] = min(least[name], (time.process_time() - before) / iterations)
    return least


async def first_bucket(job: Job) -> dict[str, float]:
    """The time to the first bucket of a range, the least of several."""
    least = float("inf")
    async with AsyncUsageClient(KEY, base_url=job.base_url) as client:
        for _ in range(20):
            began = time.perf_counter()
            async for _ in asked(client, job):
                break
            least = min(least, time.perf_counter() - began)
    return {"seconds": least}


async def limited(job: Job) -> dict[str, float]:
    """What is reached of each rate that the server allows, and the share that it refused."""
    reached = {}
    async with AsyncUsageClient(KEY, base_url=job.base_url) as client:
        buckets = aiter(asked(client, job).concurrently())
        for number, (rate, answers) in enumerate(job.rates):
            began = time.perf_counter()
            for _ in range(answers):
                await anext(buckets)
            reached[f"reached_{number}"] = answers / (time.perf_counter() - began) / rate
        assert await anext(buckets, None) is None
    counts = await counted(job)
    return {**reached, "refused": counts["refused"] / counts["requests"]}


async def timed(buckets: Buckets[CompletionsResult]) -> tuple[float, float]:
    """Seconds to the last bucket, and to the first."""
    first = None
    began = time.perf_counter()
    async for _ in buckets:
        first = first or time.perf_counter() - began
    return time.perf_counter() - began, first or 0.0


async def counted(job: Job) -> dict[str, int]:
    """What the server has counted since it was asked last."""
    async with aiohttp.ClientSession() as session, session.get(f"{job.server}/stats") as answer:
        counts: dict[str, int] = await answer.json()
        return counts


MEASURES = {each.__name__: each for each in (side_by_side, growth, first_bucket, limited)}

if __name__ == "__main__":
    logging.disable()  # that it is refused at times is what is measured
    print(json.dumps(asyncio.run(MEASURES[sys.argv[1]](Job.from_json(sys.argv[-1])))))
