"""Whose limit a 429 tells of, seen from outside: what is answered goes on, whatever is rejected.

Times are those of the loop's clock, which moves by waits alone.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
from aiohttp import web
from attrs import define, field

from openai_usage import AsyncUsageClient, RateLimitError
from openai_usage.sandbox import Sandbox
from openai_usage.sandbox.rate_limit import RateLimit
from tests.conftest import DAY, NOW, TODAY, client_of
from tests.support.clock import loop_time

LATENCY = 0.012
BACKOFF = (0.5, 1, 2, 4, 8)
"""What the waits of five retries stay below."""

PACED = [None, {"Retry-After": "1"}]
paced = pytest.mark.parametrize("headers", PACED, ids=str)


@define
class Picky:
    """Rejects the requests that it does not like, and answers the others."""

    likes: Callable[[web.BaseRequest, int], bool] = field(default=lambda _, __: True)
    headers: Mapping[str, str] | None = None
    code: str | None = None
    count: int = 0
    rejected: int = 0


class PickySandbox(Sandbox):
    def __init__(self) -> None:
        super().__init__(seed=7, now=NOW)
        self.picky = Picky()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        picky = self.picky
        picky.count += 1
        await asyncio.sleep(LATENCY)
        if picky.likes(request, picky.count):
            answer = await super()._handle(request)
            if answer.status == 429:
                picky.rejected += 1
                answer.headers.update(picky.headers or {})
            return answer
        picky.rejected += 1
        error = {"message": "No.", "type": picky.code, "param": None, "code": picky.code}
        return web.json_response({"error": error}, status=429, headers=picky.headers)


@pytest.fixture
async def picky() -> AsyncIterator[PickySandbox]:
    async with PickySandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def asking(picky: PickySandbox) -> AsyncIterator[AsyncUsageClient]:
    async with client_of(picky) as client:
        yield client


async def read(
    client: AsyncUsageClient, endpoint: str, pages: int, *, concurrently: bool = False
) -> float:
    """Read so many pages of a bucket each; return when the last one was there."""
    buckets = getattr(client, endpoint)(start_time=TODAY - pages * DAY, end_time=TODAY, limit=1)
    if concurrently:
        buckets = buckets.concurrently()
    assert len(await buckets.collect()) == pages
    return loop_time()


async def seconds_of_report(client: AsyncUsageClient, rejected: set[str]) -> float:
    """Read some pages of each endpoint; return when the last one that is answered was done."""
    names = list(AsyncUsageClient.table())
    results = await asyncio.gather(
        *(read(client, name, 8) for name in names), return_exceptions=True
    )
    assert {
        name
        for name, result in zip(names, results, strict=True)
        if isinstance(result, RateLimitError)
    } == rejected
    return max(result for result in results if isinstance(result, float))


@paced
@pytest.mark.parametrize("rejected", [{"images"}, {"images", "costs", "completions"}], ids=len)
async def test_an_endpoint_that_is_always_rejected_slows_no_other(
    rejected: set[str],
    headers: Mapping[str, str] | None,
    asking: AsyncUsageClient,
    picky: PickySandbox,
) -> None:
    picky.picky = Picky(lambda request, _: request.path.split("/")[-1] not in rejected, headers)
    assert await seconds_of_report(asking, rejected) == pytest.approx(8 * LATENCY)
    assert loop_time() <= sum(BACKOFF) + 1
    assert picky.picky.rejected == 6 * len(rejected)


@pytest.mark.parametrize("endpoint", ["costs", "completions"])
async def test_forty_pages_beside_a_query_that_is_always_rejected(
    endpoint: str, asking: AsyncUsageClient, picky: PickySandbox
) -> None:
    """Its endpoint may be the very one: what others of it are answered tells them apart."""
    picky.picky = Picky(lambda request, _: "project_id" not in request.query_string)
    refused = asyncio.create_task(
        getattr(asking, endpoint)(start_time=TODAY, group_by=["project_id"]).collect()
    )
    assert await read(asking, "completions", 40) == pytest.approx(40 * LATENCY)
    with pytest.raises(RateLimitError):
        await refused


@pytest.mark.parametrize("strays", [{2, 5}, {20, 40}], ids=["early", "later"])
async def test_a_client_concludes_nothing_from_two_strays(
    strays: set[int], asking: AsyncUsageClient, picky: PickySandbox
) -> None:
    picky.picky = Picky(lambda _, number: number not in strays)
    assert await read(asking, "completions", 100) <= (102 * LATENCY + len(strays) * BACKOFF[0])


async def test_strays_that_say_when_to_retry_cost_that_and_no_more(
    asking: AsyncUsageClient, picky: PickySandbox
) -> None:
    picky.picky = Picky(lambda _, number: number not in {2, 5}, {"Retry-After": "1"})
    assert await read(asking, "completions", 100) == pytest.approx(2 + 102 * LATENCY)


async def test_an_endpoint_that_asks_to_wait_holds_its_own_requests_alone(
    asking: AsyncUsageClient, picky: PickySandbox
) -> None:
    picky.picky = Picky(lambda _, number: number != 1, {"Retry-After": "20"})
    first = asyncio.create_task(read(asking, "costs", 1))
    await asyncio.sleep(1)
    others = [asyncio.create_task(read(asking, "costs", 1)) for _ in range(3)]
    await read(asking, "images", 10)
    assert loop_time() == pytest.approx(1 + 10 * LATENCY)
    for done in await asyncio.gather(first, *others):
        assert done == pytest.approx(20 + 2 * LATENCY)


async def test_an_endpoint_that_is_held_keeps_no_connection_from_others(
    picky: PickySandbox,
) -> None:
    picky.picky = Picky(lambda _, number: number != 1, {"Retry-After": "20"})
    async with client_of(picky, max_connections=1) as client:
        names = ["costs", "costs", "images"]
        done = await asyncio.gather(*(read(client, name, 1) for name in names))
    assert done[2] == pytest.approx(2 * LATENCY)
    assert sorted(done[:2]) == pytest.approx([20 + 2 * LATENCY, 20 + 3 * LATENCY])


async def test_one_endpoint_after_the_other_that_asks_to_wait_holds_all(
    asking: AsyncUsageClient, picky: PickySandbox
) -> None:
    names = ["costs", "images", "completions"]
    for name in names:
        await read(asking, name, 1)
    began = picky.picky.count
    picky.picky.likes = lambda _, number: number not in {began + 1, began + 2}
    picky.picky.headers = {"Retry-After": "20"}
    rejected = [asyncio.create_task(read(asking, name, 1)) for name in names[:2]]
    await asyncio.sleep(1)
    done = await read(asking, "completions", 1)
    assert done == pytest.approx(20 + 5 * LATENCY, abs=0.01)
    await asyncio.gather(*rejected)


@pytest.mark.parametrize("long_ago", ["answered", "rejected"])
async def test_what_was_long_ago_says_nothing_of_whose_limit_is_met(
    long_ago: str, asking: AsyncUsageClient, picky: PickySandbox
) -> None:
    await read(asking, "costs", 1)
    await read(asking, "images", 1)
    picky.picky = Picky(lambda _, number: number not in {1, 3}, {"Retry-After": "20"})
    await read(asking, "costs", 1)
    if long_ago == "rejected":
        await asyncio.sleep(20)
        picky.picky.likes = lambda _, __: True
        await read(asking, "images", 1)
        picky.picky.likes = lambda _, number: number != 4
    await asyncio.sleep(15)
    rejected = asyncio.create_task(read(asking, "images", 1))
    await asyncio.sleep(1)
    now = loop_time()
    assert await read(asking, "completions", 1) == pytest.approx(now + LATENCY)
    await rejected


@paced
@pytest.mark.parametrize("names", [["completions"], list(AsyncUsageClient.table())], ids=len)
async def test_a_limit_that_endpoints_share_is_found_and_used(
    names: list[str],
    headers: Mapping[str, str] | None,
    asking: AsyncUsageClient,
    picky: PickySandbox,
) -> None:
    picky.rate_limit.requests_per_second = 20
    picky.picky.headers = headers
    count = 360 // len(names)
    few = len(names) == 1
    await asyncio.gather(*(read(asking, name, count, concurrently=few) for name in names))
    assert 360 / 20 / loop_time() >= 0.85
    assert picky.picky.rejected <= 0.05 * picky.picky.count


@paced
async def test_an_endpoint_with_a_limit_of_its_own_is_held_to_it_alone(
    headers: Mapping[str, str] | None, asking: AsyncUsageClient, picky: PickySandbox
) -> None:
    own = RateLimit(5)

    def likes(request: web.BaseRequest, _: int) -> bool:
        if not request.path.endswith("images"):
            return True
        return own.allows(loop_time())

    picky.picky = Picky(likes, headers)
    limited, *others = await asyncio.gather(
        read(asking, "images", 300, concurrently=True),
        *(read(asking, name, 40) for name in ("costs", "completions")),
    )
    assert max(others) == pytest.approx(40 * LATENCY)
    assert 300 / 5 / limited >= 0.85
    assert picky.picky.rejected <= 0.05 * 300


async def test_where_all_are_rejected_few_try(sandbox: Sandbox) -> None:
    sandbox.faults.status(429, times=10_000)
    async with client_of(sandbox) as client:
        await asyncio.gather(
            *(read(client, name, 1) for name in AsyncUsageClient.table()),
            return_exceptions=True,
        )
    assert len(sandbox.requests) == 12 * 6


# -------------------------------------------------------------- out of credit


@pytest.mark.parametrize("headers", [None, {"Retry-After": "5"}], ids=str)
async def test_a_lack_of_credit_is_raised_at_once_and_holds_nobody(
    headers: Mapping[str, str] | None, asking: AsyncUsageClient, picky: PickySandbox
) -> None:
    picky.picky = Picky(
        lambda request, _: not request.path.endswith("costs"), headers, "insufficient_quota"
    )
    beside = asyncio.create_task(read(asking, "completions", 20))
    for n in range(1, 6):
        with pytest.raises(RateLimitError, match=r"No\. .*Waiting does not help") as caught:
            await asking.costs(start_time=TODAY)
        assert caught.value.code == "insufficient_quota"
        assert loop_time() == pytest.approx(n * LATENCY)
        assert picky.picky.rejected == n
    assert await beside == pytest.approx(20 * LATENCY)
    picky.picky.likes = lambda _, __: True
    now = loop_time()
    await asking.costs(start_time=TODAY)
    assert loop_time() == pytest.approx(now + LATENCY)


# ---------------------------------------------------------------- Retry-After: 0


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "0"},
        {"retry-after-ms": "0"},
        {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"},
    ],
    ids=str,
)
async def test_to_retry_after_no_time_is_to_retry_now(
    status: int, headers: dict[str, str], client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(status, headers=headers, times=5)
    await client.costs(start_time=TODAY)
    assert loop_time() == 0
    assert len(sandbox.requests) == 6
