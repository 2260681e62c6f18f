"""The loop that people write by hand: aiohttp, `json.loads` and dicts."""

import json
from typing import Any

import aiohttp

from benchmarks.job import KEY, Job


def client_of(_: Job) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"})


async def completions(session: aiohttp.ClientSession, job: Job) -> tuple[int, float]:
    results = total = 0
    query = dict(job.query)
    while True:
        page = await get(session, job, query)
        for bucket in page["data"]:
            results += len(bucket["results"])
            for result in bucket["results"]:
                total += result["input_tokens"]
        if not page["has_more"]:
            return results, total
        query["page"] = page["next_page"]


async def costs(session: aiohttp.ClientSession, job: Job) -> tuple[int, float]:
    results, total = 0, 0.0
    query = dict(job.query)
    while True:
        page = await get(session, job, query)
        for bucket in page["data"]:
            results += len(bucket["results"])
            for result in bucket["results"]:
                total += result["amount"]["value"]
        if not page["has_more"]:
            return results, total
        query["page"] = page["next_page"]


async def get(session: aiohttp.ClientSession, job: Job, query: dict[str, str | int]) -> Any:
    async with session.get(f"{job.base_url}/{job.path}", params=query) as response:
        response.raise_for_status()
        return json.loads(await response.read())
