"""The floor: aiohttp and a msgspec decoder written for the occasion, and nothing else.

It fills the same fields with the same types as this package, and trusts whatever comes.
"""

from decimal import Decimal
from typing import Generic, TypeVar

import aiohttp
import msgspec

from benchmarks.job import KEY, Job

R = TypeVar("R")


class Completions(msgspec.Struct, gc=False):
    num_model_requests: int
    input_tokens: int
    output_tokens: int
    object: str = ""
    project_id: str | None = None
    user_id: str | None = None
    api_key_id: str | None = None
    model: str | None = None
    batch: bool | None = None
    service_tier: str | None = None
    api_source: str | None = None
    input_uncached_tokens: int | None = None
    input_text_tokens: int | None = None
    input_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    input_cached_tokens: int | None = None
    input_cached_text_tokens: int | None = None
    input_cached_audio_tokens: int | None = None
    input_cached_image_tokens: int | None = None
    input_cache_write_tokens: int | None = None
    input_cache_write_30m_tokens: int | None = None
    input_cache_write_12h_tokens: int | None = None
    output_text_tokens: int | None = None
    output_audio_tokens: int | None = None
    output_image_tokens: int | None = None


class Amount(msgspec.Struct, gc=False):
    value: Decimal
    currency: str


class Costs(msgspec.Struct, gc=False):
    amount: Amount
    object: str = ""
    project_id: str | None = None
    user_id: str | None = None
    api_key_id: str | None = None
    line_item: str | None = None
    api_source: str | None = None
    quantity: Decimal | None = None
    quantity_unit: str | None = None
    organization_id: str | None = None
    organization_name: str | None = None
    project_name: str | None = None


class Bucket(msgspec.Struct, Generic[R], gc=False):
    start_time: int
    end_time: int
    results: list[R]
    object: str = ""


class Page(msgspec.Struct, Generic[R], gc=False):
    data: list[Bucket[R]]
    has_more: bool
    next_page: str | None = None
    object: str = ""


completions_page = msgspec.json.Decoder(Page[Completions])
costs_page = msgspec.json.Decoder(Page[Costs])


def client_of(_: Job) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"})


async def completions(session: aiohttp.ClientSession, job: Job) -> tuple[int, float]:
    results = total = 0
    query = dict(job.query)
    while True:
        page = completions_page.decode(await get(session, job, query))
        for bucket in page.data:
            results += len(bucket.results)
            for result in bucket.results:
                total += result.input_tokens
        if not page.has_more:
            return results, total
        query["page"] = page.next_page or ""


async def costs(session: aiohttp.ClientSession, job: Job) -> tuple[int, float]:
    results, total = 0, Decimal(0)
    query = dict(job.query)
    while True:
        page = costs_page.decode(await get(session, job, query))
        for bucket in page.data:
            results += len(bucket.results)
            for result in bucket.results:
                total += result.amount.value
        if not page.has_more:
            return results, float(total)
        query["page"] = page.next_page or ""


async def get(session: aiohttp.ClientSession, job: Job, query: dict[str, str | int]) -> bytes:
    async with session.get(f"{job.base_url}/{job.path}", params=query) as response:
        response.raise_for_status()
        return await response.read()
