"""The official SDK, its asynchronous calls in the loop over cursors that it leaves to its users."""

from openai import AsyncOpenAI, omit
from openai.types.admin.organization.usage_completions_response import (
    DataResultOrganizationUsageCompletionsResult as CompletionsResult,
)
from openai.types.admin.organization.usage_costs_response import (
    DataResultOrganizationCostsResult as CostsResult,
)

from benchmarks.job import KEY, START, Job


def client_of(job: Job) -> AsyncOpenAI:
    return AsyncOpenAI(api_key="", admin_api_key=KEY, base_url=job.base_url)


async def completions(client: AsyncOpenAI, job: Job) -> tuple[int, float]:
    results = total = 0
    cursor: str | None = None
    while True:
        page = await client.admin.organization.usage.completions(
            start_time=START,
            end_time=job.end,
            bucket_width=job.width,
            limit=job.buckets,
            page=cursor or omit,
        )
        for bucket in page.data:
            results += len(bucket.results)
            for result in bucket.results:
                if isinstance(result, CompletionsResult):
                    total += result.input_tokens
        if not page.has_more:
            return results, total
        cursor = page.next_page


async def costs(client: AsyncOpenAI, job: Job) -> tuple[int, float]:
    results, total = 0, 0.0
    cursor: str | None = None
    while True:
        page = await client.admin.organization.usage.costs(
            start_time=START,
            end_time=job.end,
            bucket_width="1d",
            limit=job.buckets,
            page=cursor or omit,
        )
        for bucket in page.data:
            results += len(bucket.results)
            for result in bucket.results:
                if isinstance(result, CostsResult) and result.amount and result.amount.value:
                    total += result.amount.value
        if not page.has_more:
            return results, total
        cursor = page.next_page
