"""Two hundred iterations on one client: they share its connections, take turns, weather a storm."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import pairwise

import pytest
from aiohttp import web
from attrs import define, field

from openai_usage import AsyncUsageClient, Bucket, Buckets, VectorStoresResult
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, TODAY, client_of
from tests.support.clock import loop_time

pytestmark = pytest.mark.slow

WALKS = 200
PAGES = 3
NEEDED = WALKS * PAGES
ROUND_TRIP = 0.1

Iteration = Buckets[VectorStoresResult]


def iteration_of(client: AsyncUsageClient, pages: int) -> Iteration:
    return client.vector_stores(start_time=TODAY - pages * DAY, end_time=TODAY, limit=1)


class CountingSandbox(Sandbox):
    """Knows how many requests and connections there were at once, at most."""

    requests_at_once = most_requests = most_connections = refused = 0
    refuses_until = 0.0
    refusal: Mapping[str, str] | None = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        assert self._runner is not None
        assert self._runner.server is not None
        self.requests_at_once += 1
        self.most_requests = max(self.most_requests, self.requests_at_once)
        self.most_connections = max(self.most_connections, len(self._runner.server.connections))
        try:
            if loop_time() < self.refuses_until:
                self.refused += 1
                await asyncio.sleep(ROUND_TRIP)
                return web.Response(status=429, headers=self.refusal)
            return await super()._handle(request)
        finally:
            self.requests_at_once -= 1


@pytest.fixture
async def counting() -> AsyncIterator[CountingSandbox]:
    async with CountingSandbox(seed=7, now=NOW) as sandbox:
        sandbox.faults.stall(ROUND_TRIP, times=1_000_000)
        yield sandbox


@define
class Walker:
    """One who iterations, and notes when each bucket came."""

    iteration: Iteration
    buckets: list[Bucket[VectorStoresResult]] = field(factory=list)
    moments: list[float] = field(factory=list)

    async def go(self) -> None:
        self.moments.append(loop_time())
        async for bucket in self.iteration:
            self.buckets.append(bucket)
            self.moments.append(loop_time())

    @property
    def longest_wait(self) -> float:
        return max(b - a for a, b in pairwise(self.moments))


async def all_go(iterations: Sequence[Iteration]) -> list[Walker]:
    walkers = [Walker(iteration) for iteration in iterations]
    async with asyncio.TaskGroup() as group:
        for walker in walkers:
            group.create_task(walker.go())
    return walkers


def complete(walkers: Sequence[Walker], pages: int = PAGES) -> bool:
    due = [TODAY - n * DAY for n in range(pages, 0, -1)]
    return all([each.start_time for each in walker.buckets] == due for walker in walkers)


@pytest.mark.parametrize("most", [8, 40])
async def test_iterations_share_the_connections_there_are_and_take_turns(
    counting: CountingSandbox, most: int
) -> None:
    async with client_of(counting, max_connections=most) as client:
        walkers = await all_go([iteration_of(client, PAGES)] * WALKS)
    assert complete(walkers)
    assert counting.most_requests == counting.most_connections == most
    a_round = ROUND_TRIP * WALKS / most
    finished = [walker.moments[-1] for walker in walkers]
    assert max(finished) == pytest.approx(PAGES * a_round, rel=0.05)  # no connection is idle
    assert max(finished) - min(finished) <= a_round
    assert max(walker.longest_wait for walker in walkers) <= 1.1 * a_round


async def test_an_iteration_of_many_windows_leaves_room_for_the_others(
    counting: CountingSandbox,
) -> None:
    async with client_of(counting, max_connections=10) as client:
        long, short = iteration_of(client, 300).concurrently(40), iteration_of(client, PAGES)
        walkers = await all_go([long, *[short] * 10])
    assert complete(walkers[:1], pages=300)
    assert complete(walkers[1:])
    # Fifty at most want one of ten connections.
    assert max(walker.longest_wait for walker in walkers[1:]) <= 1.1 * ROUND_TRIP * 50 / 10


@pytest.mark.parametrize("headers", [None, {"Retry-After": "5"}], ids=str)
async def test_a_server_that_refuses_all_for_a_while_is_not_stormed(
    counting: CountingSandbox, headers: dict[str, str] | None
) -> None:
    counting.faults.clear()
    counting.refuses_until, counting.refusal = loop_time() + 4, headers
    async with client_of(counting, max_connections=50) as client:
        walkers = await all_go([iteration_of(client, 1)] * WALKS)
    assert complete(walkers, pages=1)
    refused = counting.refused
    if headers:  # those that were on their way when the first refusal came, and no other
        assert refused == 50
    assert 0 < refused <= 0.5 * WALKS


@pytest.mark.parametrize("headers", [None, {"Retry-After": "5"}], ids=str)
async def test_each_of_a_burst_of_refusals_is_answered_with_one_more_request(
    counting: CountingSandbox, headers: dict[str, str] | None
) -> None:
    counting.faults.clear()
    counting.faults.status(429, headers=headers, times=80)  # of a hundred on their way
    async with client_of(counting) as client:
        walkers = await all_go([iteration_of(client, 1)] * WALKS)
    assert complete(walkers, pages=1)
    assert len(counting.requests) == WALKS + 80


async def test_two_hundred_iterations_against_a_limit_of_requests_all_arrive(
    counting: CountingSandbox,
) -> None:
    counting.faults.clear()
    counting.rate_limit.requests_per_second = 100
    async with client_of(counting) as client:
        walkers = await all_go([iteration_of(client, 2)] * WALKS)
    needed = 2 * WALKS
    assert complete(walkers, pages=2)
    assert needed < len(counting.requests) <= 1.5 * needed
    assert loop_time() <= 1.2 * needed / 100  # and the limit is used all the same
