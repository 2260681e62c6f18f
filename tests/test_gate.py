"""A shared limit of requests is found out, kept to, and found out again when it changes."""

import asyncio
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import AsyncUsageClient
from openai_usage._gate import Gate
from openai_usage._pace import Pace
from openai_usage.errors import APITimeoutError
from openai_usage.sandbox import Sandbox
from tests.clock import loop_time
from tests.conftest import DAY, TODAY


async def walked_at(
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


@pytest.mark.parametrize(("windows", "rates"), [(1200, (20, 40)), (900, (40, 20)), (300, (5, 5))])
async def test_a_limit_nobody_told_of_is_used_and_not_fought(
    windows: int, rates: tuple[int, int], client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    reached = await walked_at(client, sandbox, windows, rates)
    assert reached == pytest.approx(rates, rel=0.15)
    refused = len(sandbox.requests) - windows
    assert 0 < refused < 0.05 * len(sandbox.requests)


async def test_a_walk_left_to_the_client_widens_while_all_goes_well(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    gate = client._transport.gate
    assert gate.windows == 4
    sandbox.faults.stall(0.1, times=1_000_000)
    buckets = client.vector_stores(start_time=TODAY - 400 * DAY, end_time=TODAY, limit=1)
    began = loop_time()
    assert len(await buckets.concurrently().collect()) == 400
    assert gate.windows == 16
    # 16 at once, and some time to get there.
    assert 0.1 * 400 / 16 <= loop_time() - began <= 0.1 * 400 / 16 + 0.6


async def test_it_narrows_while_the_server_is_slow_and_recovers(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    gate = client._transport.gate
    sandbox.faults.stall(0.1, times=200)
    sandbox.faults.stall(1.0, times=20)
    buckets = client.vector_stores(start_time=TODAY - 600 * DAY, end_time=TODAY, limit=1)
    widths = []
    async for _ in buckets.concurrently():
        widths.append(gate.windows)
    assert widths[190] > 12
    assert min(widths[200:260]) < 4
    assert widths[-1] == 16


async def test_a_server_that_fails_gets_fewer_requests_at_once() -> None:
    gate = Gate(60.0, 100)
    for _ in range(100):
        async with gate.passed() as sent:
            gate.saw(sent, APITimeoutError("no answer"))
    assert gate.windows == 1


async def test_those_who_wait_pass_in_the_order_in_which_they_came() -> None:
    gate = Gate(60.0, 100)
    gate.shut_until(loop_time() + 10)
    passed: list[int] = []

    async def wait(number: int) -> None:
        async with gate.passed():
            passed.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(wait(number))
    assert passed == list(range(20))


def test_nothing_is_learnt_from_a_refusal_of_the_only_request() -> None:
    pace = Pace()
    assert pace.sent(0.0) == 0.0
    assert pace.refused(0.0, 0.1) == 0.1
    assert pace.sent(0.2) == 0.0


def test_a_limit_that_is_not_met_again_is_forgotten() -> None:
    pace = Pace()
    for n in range(20):
        pace.sent(n / 20)
    assert pace.refused(0.95, 0.96) == pytest.approx(1.0)  # a second after the first of them
    assert pace.sent(0.96) == pytest.approx(1 / (19 * 0.9), rel=0.01)  # a tenth below
    intervals = [pace.sent(1.0 + n / 10) for n in range(1, 120)]
    assert intervals == sorted(intervals, reverse=True)
    assert intervals[-1] == 0.0


def test_a_burst_of_refusals_is_one_refusal() -> None:
    pace = Pace()
    for n in range(20):
        pace.sent(n / 100)
    pace.refused(0.1, 0.5)
    interval = pace.sent(0.5)
    assert pace.refused(0.11, 0.5) == 0.5
    assert pace.sent(0.5) == interval


@given(
    st.lists(st.tuples(st.floats(0.0, 30.0), st.integers(0, 5)), max_size=100),
)
def test_the_pace_is_never_too_slow_to_go_on(steps: list[tuple[float, int]]) -> None:
    pace = Pace()
    now = 0.0
    sent = [now]
    for later, refused in steps:
        now += later
        interval = pace.sent(now)
        assert 0.0 <= interval <= 1 / (0.1 * 0.9) + 1e-9
        sent.append(now)
        if refused:
            until = pace.refused(sent[-min(refused, len(sent))], now)
            assert now <= until <= now + 1.0
            assert math.isfinite(until)
