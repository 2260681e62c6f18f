"""A shared limit of requests is found out, kept to, and found out again when it changes."""

import asyncio
from contextlib import suppress
from itertools import pairwise

import pytest

from openai_usage import AsyncUsageClient
from openai_usage._http.rate_limiter import Attempt, RateLimiter
from openai_usage.errors import APITimeoutError, InternalServerError, RateLimitError
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY, client_of
from tests.support.clock import loop_time


async def iterated_at(
    client: AsyncUsageClient, sandbox: Sandbox, windows: int, rates: tuple[int, int]
) -> tuple[float, float]:
    """Requests a second in two spans of equal length, the limit being *rates* in turn."""
    first = windows * rates[0] // sum(rates)
    buckets = client.vector_stores(start_time=TODAY - windows * DAY, end_time=TODAY, limit=1)
    sandbox.faults.stall(0.1, times=1_000_000)
    sandbox.rate_limit.requests_per_second = rates[0]
    moments = [loop_time()]
    count = 0
    async for _ in buckets.concurrently():
        count += 1
        if count == first:
            sandbox.rate_limit.requests_per_second = rates[1]
            moments.append(loop_time())
    assert count == windows
    moments.append(loop_time())
    spans = [b - a for a, b in pairwise(moments)]
    return first / spans[0], (windows - first) / spans[1]


@pytest.mark.parametrize(("windows", "rates"), [(600, (10, 20)), (600, (20, 10)), (300, (5, 5))])
async def test_a_limit_nobody_told_of_is_used_and_not_fought(
    windows: int, rates: tuple[int, int], client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    reached = await iterated_at(client, sandbox, windows, rates)
    assert reached == pytest.approx(rates, rel=0.15)
    refused = len(sandbox.requests) - windows
    assert 0 < refused < 0.05 * len(sandbox.requests)


async def test_an_iteration_left_to_the_client_widens_while_all_goes_well(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    limiter = client._transport.rate_limiter
    assert limiter.windows == 4
    sandbox.faults.stall(0.1, times=1_000_000)
    buckets = client.vector_stores(start_time=TODAY - 400 * DAY, end_time=TODAY, limit=1)
    began = loop_time()
    assert len(await buckets.concurrently().collect()) == 400
    assert limiter.windows == 16
    # 16 at once, and some time to get there.
    assert 0.1 * 400 / 16 <= loop_time() - began <= 0.1 * 400 / 16 + 0.6


async def test_it_narrows_while_the_server_is_slow_and_recovers(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    limiter = client._transport.rate_limiter
    sandbox.faults.stall(0.1, times=200)
    sandbox.faults.stall(1.0, times=20)
    buckets = client.vector_stores(start_time=TODAY - 600 * DAY, end_time=TODAY, limit=1)
    widths = []
    async for _ in buckets.concurrently():
        widths.append(limiter.windows)
    assert widths[190] > 12
    assert min(widths[200:260]) < 4
    assert widths[-1] == 16


async def test_an_iteration_that_narrows_has_fewer_on_their_way(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.stall(0.1, times=1_000)
    read = 0
    async for _ in client.vector_stores(
        start_time=TODAY - 40 * DAY, end_time=TODAY, limit=1
    ).concurrently():
        read += 1
        client._transport.rate_limiter._windows = 8 if read < 10 else 2
        await asyncio.sleep(1)
        if read == 9:
            assert len(sandbox.requests) == read + 8
        if read > 20:
            assert len(sandbox.requests) <= read + 2
    assert read == 40


async def test_a_server_that_fails_gets_fewer_requests_at_once() -> None:
    limiter = RateLimiter(60.0, 100)
    for _ in range(100):
        async with limiter.acquire("costs") as attempt:
            limiter.record(attempt, APITimeoutError("no answer"))
    assert limiter.windows == 1


async def test_those_who_wait_pass_in_the_order_in_which_they_came() -> None:
    limiter = RateLimiter(60.0, 100)
    limiter._all.pause_until(10)
    passed: list[int] = []

    async def wait(number: int) -> None:
        async with limiter.acquire("costs"):
            passed.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(wait(number))
    assert passed == list(range(20))


async def test_a_429_that_names_no_time_holds_all_where_no_limit_is_known(
    sandbox: Sandbox,
) -> None:
    sandbox.faults.status(429, times=1_000)
    async with client_of(sandbox, max_retries=4) as client:

        async def call(number: int) -> None:
            await asyncio.sleep(number / 10)
            with suppress(RateLimitError):
                await client.costs(start_time=TODAY)

        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(call(number)) for number in range(30)]
            await asyncio.sleep(3)
            assert len(sandbox.requests) < 60
        assert len(calls) == 30


async def test_how_quick_one_endpoint_is_says_nothing_of_another(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    for _ in range(100):
        await client.costs(start_time=TODAY)
    sandbox.faults.stall(0.1, times=1_000)
    widths = []
    async for _ in client.vector_stores(
        start_time=TODAY - 60 * DAY, end_time=TODAY, limit=1
    ).concurrently():
        widths.append(client._transport.rate_limiter.windows)
    assert min(widths) >= 4


async def test_whoever_was_refused_goes_first() -> None:
    limiter = RateLimiter(60.0, 100)
    limiter._all.pause_until(10)
    passed: list[str] = []

    async def wait(name: str, *, is_retry: bool) -> None:
        async with limiter.acquire("costs", is_retry=is_retry):
            passed.append(name)

    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(wait(f"new {number}", is_retry=False))
        await asyncio.sleep(1)
        group.create_task(wait("refused", is_retry=True))
    assert passed.index("refused") <= 1  # one was already at the gate


@pytest.mark.parametrize("slots", [1, 100])
async def test_a_pause_that_is_asked_for_meanwhile_is_kept(slots: int) -> None:
    limiter = RateLimiter(60.0, slots)
    limiter._all.pause_until(loop_time() + 5)
    began = loop_time()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(sent_by(limiter))
        await asyncio.sleep(1)
        limiter._lanes["costs"].pause_until(began + 20)
        await asyncio.sleep(5)
        other = group.create_task(sent_by(limiter, "images"))
    assert other.result().sent == pytest.approx(began + 6, abs=0.1)
    assert waiting.result().sent == pytest.approx(began + 20, abs=0.1)


async def test_no_more_requests_are_on_their_way_than_there_are_slots(sandbox: Sandbox) -> None:
    sandbox.faults.stall(1.0, times=100)
    async with client_of(sandbox, max_connections=3, timeout=2) as client:
        began = loop_time()
        await asyncio.gather(*(client.costs(start_time=TODAY) for _ in range(12)))
        # Four times three of them, and none timed out for having waited its turn.
        assert loop_time() - began == pytest.approx(4, abs=0.2)
    assert len(sandbox.requests) == 12


async def sent_by(limiter: RateLimiter, endpoint: str = "costs") -> Attempt:
    async with limiter.acquire(endpoint) as attempt:
        return attempt


async def test_what_a_timer_is_late_does_not_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    sleep = asyncio.sleep

    async def oversleep(seconds: float) -> None:
        await sleep(seconds + 0.02 if seconds else 0)

    limiter = RateLimiter(60.0, 100)
    for attempt in [await sent_by(limiter) for _ in range(13)][-3:]:
        limiter.record(attempt, RateLimitError("no", status_code=429))
    monkeypatch.setattr(asyncio, "sleep", oversleep)
    sent = [(await sent_by(limiter)).sent for _ in range(9)]
    assert 8 / (sent[-1] - sent[0]) > 0.9 * 10


@pytest.mark.parametrize("headers", [None, {"Retry-After": "1"}])
async def test_a_429_that_stays_the_only_one_is_forgotten(
    headers: dict[str, str] | None, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(429, headers=headers, after=2)
    sandbox.faults.stall(0.1, times=1_000)
    began = loop_time()
    assert len(await client.costs(start_time=TODAY - 100 * DAY, end_time=TODAY, limit=1).collect())
    assert loop_time() - began < 100 * 0.1 + 6


async def test_failures_of_the_server_make_windows_fewer() -> None:
    limiter = RateLimiter(60.0, 100)
    attempt = await sent_by(limiter)
    for error in (InternalServerError("no", status_code=503), APITimeoutError("no")):
        before = limiter._windows
        limiter.record(attempt, error)
        assert limiter._windows < before
    before = limiter._windows
    limiter.record(attempt, RateLimitError("no", status_code=429))
    assert limiter._windows == before  # the rate takes care of that


async def test_a_pace_of_ones_own_is_kept(sandbox: Sandbox) -> None:
    async with client_of(sandbox, requests_per_second=2) as client:
        began = loop_time()
        buckets = client.costs(start_time=TODAY - 10 * DAY, end_time=TODAY, limit=1)
        assert len(await buckets.concurrently(8).collect()) == 10
        assert loop_time() - began == pytest.approx(9 / 2, abs=0.1)


async def test_a_pace_does_not_weaken_a_limit(sandbox: Sandbox) -> None:
    limiter = RateLimiter(60.0, 100, 0.001)
    for attempt in [await sent_by(limiter) for _ in range(13)][-3:]:
        limiter.record(attempt, RateLimitError("no", status_code=429))
    began = (await sent_by(limiter)).sent
    assert (await sent_by(limiter)).sent - began > 0.05


async def test_a_pace_is_kept_after_a_pause_too(sandbox: Sandbox) -> None:
    limiter = RateLimiter(60.0, 100, 0.25)
    await asyncio.sleep(100)
    sent = [(await sent_by(limiter)).sent for _ in range(4)]
    await asyncio.sleep(5)
    sent += [(await sent_by(limiter)).sent for _ in range(4)]
    gaps = [later - earlier for earlier, later in pairwise(sent)]
    assert min(gaps) == pytest.approx(0.25, abs=0.02)
