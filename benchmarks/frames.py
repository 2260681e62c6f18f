"""Measures how a data frame is made: `python -m benchmarks.frames arrow <job>`, or `dicts`.

Both end with a frame of pandas that has the same rows and columns, of the same decoded results.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pandas as pd
from msgspec.structs import asdict

from benchmarks.job import KEY, START, Job
from openai_usage import AsyncUsageClient, Bucket, CompletionsResult, CostsResult, Endpoint, Page
from openai_usage.arrow import record_batches, table

Pages = AsyncGenerator[Page[Any], None]
Make = Callable[[Endpoint[..., Any], Pages], Awaitable[pd.DataFrame]]


async def arrow(endpoint: Endpoint[..., Any], pages: Pages) -> pd.DataFrame:
    """What `to_arrow()` does with its pages, handed to pandas."""
    batches = [batch async for batch in record_batches(endpoint, pages)]
    return table(batches).to_pandas(types_mapper=pd.ArrowDtype)


async def dicts(endpoint: Endpoint[..., Any], pages: Pages) -> pd.DataFrame:
    """A frame as people make one: of a list with a dict for each result."""
    row = ROWS[endpoint.name]
    return pd.DataFrame(
        [
            row(bucket, result)
            async for page in pages
            for bucket in page.data
            for result in bucket.results
        ]
    )


def completions(bucket: Bucket[Any], result: CompletionsResult) -> dict[str, Any]:
    return {"start": bucket.start, "end": bucket.end, **asdict(result)}


def costs(bucket: Bucket[Any], result: CostsResult) -> dict[str, Any]:
    row = {"start": bucket.start, "end": bucket.end, **asdict(result)}
    return {
        **row,
        "amount": result.amount.value,
        "currency": result.amount.currency,
        "product": result.product,
        "model": result.model,
        "kind": result.kind,
    }


async def main(make: Make, job: Job) -> dict[str, float]:
    """Processor time from results to frame, and of a whole iteration that ends with one."""
    endpoint = AsyncUsageClient.table()[job.endpoint]
    async with AsyncUsageClient(KEY, base_url=job.base_url) as client:
        asked: Any = getattr(client, job.endpoint)(
            start_time=START, end_time=job.end, limit=job.buckets
        )
        read = [page async for page in asked.pages()]

        async def again() -> Pages:
            for page in read:
                yield page

        measure = "amount" if job.endpoint == "costs" else "input_tokens"
        least: dict[str, float] = {"seconds": float("inf"), "iteration": float("inf")}
        repeats, total, until = 0, 0.0, time.perf_counter() + 2 * job.repeated_for
        while repeats < 3 or time.perf_counter() < until:
            for name, pages in (("seconds", again), ("iteration", asked.pages)):
                gc.collect()
                before = time.process_time()
                frame = await make(endpoint, pages())
                least[name] = min(least[name], time.process_time() - before)
                assert len(frame) == job.results
                total = float(frame[measure].sum())
            repeats += 1
    return {**least, "total": total}


ROWS: dict[str, Callable[[Bucket[Any], Any], dict[str, Any]]] = {
    each.__name__: each for each in (completions, costs)
}
CONTENDERS = {each.__name__: each for each in (arrow, dicts)}

if __name__ == "__main__":
    job = Job.from_json(sys.argv[2])
    print(json.dumps(asyncio.run(main(CONTENDERS[sys.argv[1]], job))))
