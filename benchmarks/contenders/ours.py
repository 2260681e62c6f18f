"""This package."""

from decimal import Decimal

from benchmarks.job import KEY, START, Job
from openai_usage import AsyncUsageClient


def client_of(job: Job) -> AsyncUsageClient:
    return AsyncUsageClient(KEY, base_url=job.base_url)


async def completions(client: AsyncUsageClient, job: Job) -> tuple[int, float]:
    results = total = 0
    async for bucket in client.completions(
        start_time=START, end_time=job.end, bucket_width=job.width, limit=job.buckets
    ):
        results += len(bucket.results)
        for result in bucket.results:
            total += result.input_tokens
    return results, total


async def costs(client: AsyncUsageClient, job: Job) -> tuple[int, float]:
    results, total = 0, Decimal(0)
    async for bucket in client.costs(start_time=START, end_time=job.end, limit=job.buckets):
        results += len(bucket.results)
        for result in bucket.results:
            total += result.amount.value
    return results, float(total)
