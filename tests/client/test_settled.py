"""Settled buckets, which the API does not revise any more, and where the next read starts."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import AsyncUsageClient, Bucket, InvalidQueryError, UsageClient
from openai_usage.sandbox import Sandbox
from openai_usage.schema.settling import settles_after
from tests.conftest import DAY, NOW, TODAY
from tests.support.bills import bucket, completion, cost

HOUR = 3600
START = TODAY - 20 * DAY


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)


# -------------------------------------------------------------------------- one bucket


@pytest.mark.parametrize(
    ("end", "partial"),
    [(NOW, False), (NOW - 1, True), (NOW + 60, True), (TODAY + DAY, True)],
)
def test_a_bucket_is_partial_while_its_time_is_not_over_or_cut(end: int, partial: bool) -> None:
    made: Bucket[object] = bucket([], end - HOUR, HOUR)
    assert made.is_partial(NOW + 1) is partial
    assert made.is_partial() is partial


def test_now_can_be_any_time() -> None:
    today = bucket([cost("1")], TODAY)
    for now in (TODAY + DAY, datetime.fromtimestamp(TODAY + DAY, UTC), date(2026, 9, 11)):
        assert not today.is_partial(now)
        assert not today.is_settled(now=now)
        assert today.is_settled(timedelta(), now)
    with pytest.raises(InvalidQueryError, match="now takes"):
        today.is_settled(now=datetime(2026, 9, 11))  # noqa: DTZ001 - naive, so refused


@pytest.mark.parametrize(
    ("made", "hours"),
    [
        (bucket([cost("1")], TODAY), 72),
        (bucket([completion(1)], TODAY), 24),
        (bucket([], TODAY), 72),
        (bucket([object()], TODAY), 72),
    ],
)
def test_costs_settle_later_than_usage(made: Bucket[object], hours: int) -> None:
    moment = TODAY + DAY + hours * HOUR
    assert made.is_settled(now=moment)
    assert not made.is_settled(now=moment - 1)
    assert made.is_settled(timedelta(hours=1), TODAY + DAY + HOUR)
    cut = Bucket(start_time=TODAY, end_time=TODAY + DAY - 1, results=made.results)
    assert not cut.is_settled(now=moment + DAY)
    at_noon = Bucket(start_time=TODAY, end_time=TODAY + DAY // 2, results=made.results)
    assert at_noon.is_settled(now=moment + DAY)
    assert not at_noon.is_settled(now=moment + DAY, bucket_width="1d")
    assert at_noon.is_partial(moment, bucket_width="1d")
    assert not at_noon.is_partial(moment, bucket_width="1h")


# -------------------------------------------------------------------------- a whole range


async def test_iteration_stops_before_what_is_not_settled(client: AsyncUsageClient) -> None:
    whole = await client.completions(start_time=START).collect()
    settled = client.completions(start_time=START).settled()
    found = await settled.collect()
    assert found == [each for each in whole if each.is_settled(timedelta(hours=24))]
    assert settled.resume_from == found[-1].end_time == TODAY - DAY
    assert await settled.concurrently().collect() == found
    assert settled.concurrently().resume_from == settled.resume_from
    assert settled.plan().windows[-1].end_time == settled.resume_from
    costs = client.costs(start_time=START).settled()
    assert (await costs.collect())[-1].end_time == costs.resume_from == TODAY - 3 * DAY


async def test_the_rest_begins_where_it_stops(client: AsyncUsageClient) -> None:
    whole = await client.costs(start_time=START, end_time=NOW).collect()
    settled = client.costs(start_time=START, end_time=NOW).settled(timedelta(days=9))
    assert settled.resume_from is not None
    rest = await client.costs(start_time=settled.resume_from, end_time=NOW).collect()
    assert [*await settled.collect(), *rest] == whole


async def test_a_range_that_is_settled_stays_whole(client: AsyncUsageClient) -> None:
    query = client.completions(start_time=START, end_time=START + 2 * DAY)
    assert query.resume_from is None
    settled = query.settled()
    assert settled.resume_from == START + 2 * DAY
    assert await settled.collect() == await query.collect()
    assert settled.query == query.query


async def test_no_bucket_is_read_twice_where_a_range_ends_within_one(
    client: AsyncUsageClient,
) -> None:
    settled = client.costs(start_time=START, end_time=START + DAY + 12 * HOUR).settled()
    assert settled.resume_from == START + DAY
    [first] = await settled.collect()
    following = await client.costs(start_time=settled.resume_from, end_time=TODAY).collect()
    assert following[0].start_time == first.end_time


async def test_where_nothing_is_settled_nothing_is_sent(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    for start in (TODAY - DAY, TODAY + 5):
        settled = client.completions(start_time=start).settled()
        assert settled.resume_from == start
        assert await settled.collect() == []
        [page] = [page async for page in settled.concurrently().pages()]
        assert (page.data, page.has_more) == ((), False)
        assert [body async for body in settled.raw_pages()] == []
        assert (await settled.to_arrow()).num_rows == 0
        page = await settled
        assert (page.data, page.has_more) == ((), False)
        assert settled.plan().requests == 0
        assert settled.settled(now=NOW).resume_from == start
    assert sandbox.requests == []


async def test_a_first_page_ends_there_too(client: AsyncUsageClient) -> None:
    page = await client.completions(start_time=TODAY - 3 * DAY).settled()
    assert page.data[-1].end_time == TODAY - DAY
    assert not page.has_more


async def test_a_cursor_has_its_own_range(client: AsyncUsageClient) -> None:
    with pytest.raises(InvalidQueryError, match="page takes a cursor only if") as raised:
        client.completions(start_time=START, page="page_x").settled()
    assert raised.value.param == "page"


@pytest.mark.real_clock
def test_a_blocking_client_has_them(usage_sandbox: Sandbox) -> None:
    usage_sandbox.now = NOW
    with UsageClient(usage_sandbox.admin_api_key, base_url=usage_sandbox.base_url) as client:
        settled = client.costs(start_time=START).settled(timedelta(hours=1), NOW)
        assert settled.resume_from == TODAY
        assert settled.collect()[-1].end_time == TODAY
        assert client.costs(start_time=START).resume_from is None


@given(
    start=st.integers(START, NOW),
    length=st.none() | st.integers(1, 30 * DAY),
    after=st.integers(0, 10 * DAY),
    width=st.sampled_from(["1m", "1h", "1d"]),
)
async def test_it_ends_at_a_bound_within_the_range(
    start: int, length: int | None, after: int, width: Any
) -> None:
    seconds = {"1m": 60, "1h": HOUR, "1d": DAY}[width]
    end = None if length is None else start + length
    async with AsyncUsageClient("sk-admin-x") as client:
        query = client.completions(start_time=start, end_time=end, bucket_width=width)
        settled = query.settled(timedelta(seconds=after), NOW)
    until = settled.resume_from
    assert until is not None
    assert until == start or until % seconds == 0
    assert until == start or until + after <= NOW
    assert until + seconds > min(NOW - after, end or NOW)
    assert start <= until <= (end or NOW)
    assert settled.query == (query.query if until == start else evolve(query.query, end_time=until))


def test_a_class_of_ones_own_can_have_a_margin_of_its_own() -> None:
    class Quick:
        settles_after = timedelta(minutes=15)

    class Odd:
        settles_after = "soon"

    assert settles_after(Quick) == timedelta(minutes=15)
    assert settles_after(Odd) == settles_after(object) == timedelta(hours=72)
