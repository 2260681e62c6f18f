"""Follow a range: each bucket once it is settled, or each time it changes, whatever happens."""

import asyncio
import logging
import math
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
from aiohttp import web

from openai_usage import (
    APIError,
    APIResponseValidationError,
    AsyncUsageClient,
    AuthenticationError,
    Bucket,
    FollowRound,
    Gap,
    InternalServerError,
    InvalidQueryError,
    Organizations,
    OrganizationsError,
    PaginationError,
    PermissionDeniedError,
    RateLimitError,
    Retry,
    Update,
    UsageClient,
)
from openai_usage.sandbox import Sandbox
from openai_usage.sandbox.faults import Answer
from openai_usage.sync import DuckDBSink, SyncedClient
from tests.conftest import DAY, NOW, TODAY, client_of
from tests.support.bills import bucket, cost
from tests.support.clock import WallClock as Clock
from tests.support.clock import loop_time
from tests.support.served_buckets import Row, serve_buckets

HOUR = 3600
START = TODAY - 6 * DAY
SETTLED = 72 * HOUR
"""Seconds after which costs are settled."""

T = TypeVar("T")


@pytest.fixture(autouse=True)
async def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Clock | None:
    if request.node.get_closest_marker("real_clock"):
        return None
    clock = Clock(asyncio.get_running_loop(), TODAY)
    monkeypatch.setattr("time.time", clock)
    return clock


@pytest.fixture
async def sandbox(clock: Clock) -> AsyncIterator[Sandbox]:
    """A sandbox that empties yesterday and today when they are over, and fills tomorrow late."""
    async with Sandbox(seed=10, restates=True) as running:
        yield running


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[AsyncUsageClient]:
    async with client_of(sandbox) as made:
        yield made


async def within(seconds: float, updates: AsyncGenerator[T, None]) -> list[tuple[float, T]]:
    """What comes within some time, each with the moment at which it came."""
    found = []
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), aclosing(updates):
            async for update in updates:
                found.append((time.time(), update))
    return found


async def taken(number: int, updates: AsyncGenerator[T, None]) -> list[T]:
    async with aclosing(updates):
        return [await anext(updates) for _ in range(number)]


def starts(found: list[Update[Any]]) -> list[int]:
    return [(each.bucket.start_time - START) // DAY for each in found]


def served(sandbox: Sandbox, amounts: dict[int, list[str]]) -> None:
    """Have the sandbox serve these amounts of each day after START, as they are when it is read."""

    def rows(_: str) -> list[Row]:
        return [
            {
                "start_time": START + day * DAY,
                "end_time": START + (day + 1) * DAY,
                "results": [{"amount": {"value": each, "currency": "usd"}} for each in own],
            }
            for day, own in sorted(amounts.items())
            if START + day * DAY <= time.time()
        ]

    serve_buckets(sandbox, rows)


# ------------------------------------------------------------------------- settled


async def test_each_bucket_comes_once_when_it_is_settled(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    costs = client.costs(start_time=START, group_by=["line_item"])
    found = await within(5 * DAY - 1, costs.follow())
    assert starts([each for _, each in found]) == [0, 1, 2, 3, 4, 5, 6]
    for moment, update in found[3:]:
        assert 0 <= moment - update.bucket.end_time - SETTLED < HOUR
    for _, update in found:
        assert update.resume_from == update.bucket.end_time
        assert (update.is_settled, update.before, update.is_changed) == (True, None, True)
    assert len(sandbox.requests) == 5  # and none where nothing could be new
    whole = client.costs(start_time=START, end_time=START + 7 * DAY, group_by=["line_item"])
    assert await whole.collect() == [each.bucket for _, each in found]


async def test_usage_settles_sooner_and_all_parameters_are_sent(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    usage = client.completions(start_time=TODAY - DAY, bucket_width="1h", models=["gpt-5"], limit=7)
    found = await within(6 * HOUR + 1, usage.follow(timedelta(minutes=30)))
    assert [each.bucket.start_time for _, each in found] == [
        TODAY - DAY + hour * HOUR for hour in range(6)
    ]
    query = dict(sandbox.requests[-1].query)
    assert (query["bucket_width"], query["models[]"], query["limit"]) == ("1h", "gpt-5", "7")
    early = client.costs(start_time=START).follow(after=timedelta(hours=1))
    assert starts([each for _, each in await within(HOUR, early)]) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("cut", [0, 5 * HOUR])
@pytest.mark.parametrize("revisions", [False, True])
async def test_it_ends_when_the_range_is_settled(
    revisions: bool, cut: int, client: AsyncUsageClient
) -> None:
    end = TODAY + DAY
    costs = client.costs(start_time=TODAY - DAY, end_time=end + cut)
    found = [each async for each in costs.follow(12 * HOUR, revisions=revisions)]
    settled = [each for each in found if each.is_settled]
    assert starts(settled) == [5, 6]
    assert settled[-1].resume_from == end
    assert {*starts(found)} == {5, 6}
    assert 0 <= time.time() - end - SETTLED < 12 * HOUR


@pytest.mark.parametrize("revisions", [False, True])
async def test_a_range_that_is_settled_needs_no_wait(
    revisions: bool, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    before = loop_time()
    for buckets in (
        client.costs(start_time=START, end_time=TODAY - 3 * DAY),
        client.costs(start_time=START, end_time=TODAY - 3 * DAY, limit=1),
        client.costs(start_time=START).settled(),
        client.costs(start_time=START, end_time=TODAY - 3 * DAY, limit=1).concurrently(2),
    ):
        found = [each async for each in buckets.follow(revisions=revisions)]
        assert starts(found) == [0, 1, 2]
    sandbox.requests.clear()
    for nothing in (
        client.costs(start_time=START, end_time=START + HOUR),  # no bucket is whole
        client.costs(start_time=TODAY - DAY).settled(),
    ):
        assert [each async for each in nothing.follow(revisions=revisions)] == []
    assert sandbox.requests == []
    assert loop_time() == before


async def test_windows_are_fetched_side_by_side_where_wanted(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    year = client.costs(start_time=TODAY - 400 * DAY, end_time=TODAY - 3 * DAY)
    found = [each.bucket async for each in year.concurrently(4).follow()]
    assert len(found) == 397
    assert len(sandbox.requests) == 13
    assert found == [each.bucket async for each in year.follow()]


@pytest.mark.parametrize("number", range(1, 6))
async def test_a_program_that_ends_anywhere_goes_on_without_a_loss(
    number: int, client: AsyncUsageClient
) -> None:
    costs = client.costs(start_time=START, end_time=TODAY)
    first = await taken(number, costs.follow())
    later = client.costs(start_time=first[-1].resume_from, end_time=TODAY)
    rest = [each async for each in later.follow()]
    assert starts([*first, *rest]) == [0, 1, 2, 3, 4, 5]
    # Where the last one was not stored, it comes again.
    again = client.costs(start_time=[START, *(each.resume_from for each in first)][-2])
    assert (await taken(1, again.follow()))[0].bucket == first[-1].bucket


@pytest.mark.parametrize("revisions", [False, True])
async def test_a_range_can_begin_within_a_bucket_or_later(
    revisions: bool, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    noon = TODAY - 4 * DAY + 12 * HOUR
    for row in (client.costs, client.completions):
        followed = row(start_time=noon, end_time=TODAY - 2 * DAY).follow(
            6 * HOUR, revisions=revisions
        )
        settled = [each for _, each in await within(9 * DAY, followed) if each.is_settled]
        assert [each.resume_from for each in settled] == [TODAY - 3 * DAY, TODAY - 2 * DAY]
    sandbox.requests.clear()
    tomorrow = int(time.time()) // DAY * DAY + DAY
    costs = client.costs(start_time=tomorrow)
    assert await within(tomorrow - time.time() - 1, costs.follow(revisions=revisions)) == []
    assert sandbox.requests == []
    [update] = await taken(1, costs.follow(revisions=revisions))
    assert update.bucket.start_time == tomorrow


async def test_a_clock_that_is_set_back_repeats_nothing(
    client: AsyncUsageClient, clock: Clock
) -> None:
    for revisions in (False, True):
        clock.moved = 0
        follow = client.costs(start_time=START).follow(revisions=revisions)
        found: list[Update[Any]] = []
        async with aclosing(follow):
            while len(found) < 3:
                found.append(await anext(follow))
            clock.moved = -10 * DAY
            async for update in follow:
                found.append(update)
                if update.is_settled and len(starts([e for e in found if e.is_settled])) > 4:
                    break
        assert starts([each for each in found if each.is_settled]) == [0, 1, 2, 3, 4]
        assert found[-1].bucket.is_settled(timedelta(seconds=SETTLED))


# ------------------------------------------------------------------------- revisions


async def test_revisions_come_with_what_was_before(client: AsyncUsageClient) -> None:
    end = TODAY + 3 * DAY
    costs = client.costs(start_time=START, end_time=end, group_by=["line_item"])
    latest: dict[int, Bucket[Any]] = {}
    settled: list[Bucket[Any]] = []
    seen = set()
    watermark = START
    async for update in costs.follow(timedelta(hours=6), revisions=True):
        bucket, before = update.bucket, update.before
        was = latest.get(bucket.start_time)
        assert (before is None) == (was is None)
        assert before is None or was is None or {*before.results} == {*was.results}
        latest[bucket.start_time] = bucket
        if update.is_settled:
            assert bucket.start_time == watermark
            watermark = bucket.end_time
            settled.append(bucket)
            seen.add("settled as it was" if before and not update.is_changed else "settled")
        else:
            assert update.is_changed
            assert update.before is None or {*update.before.results} != {*bucket.results}
            seen.add("in progress" if bucket.is_partial(bucket_width="1d") else "over")
            seen |= {"emptied"} if before and before.results and not bucket.results else set()
        assert update.resume_from == watermark
    assert seen == {"settled", "settled as it was", "in progress", "over", "emptied"}
    assert watermark == end
    assert settled == await costs.collect()


async def test_a_change_is_one_of_results_in_any_order(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    amounts = {6: ["1", "2", "2"]}
    served(sandbox, amounts)
    follow = client.costs(start_time=TODAY).follow(HOUR, revisions=True)
    async with aclosing(follow):
        first = await anext(follow)
        following = asyncio.ensure_future(anext(follow))
        for same in (["2", "1", "2"], ["2.0", "2", "1"]):
            amounts[6] = same
            await asyncio.sleep(3 * HOUR)
            assert not following.done()
        amounts[6] = ["1", "1", "2"]
        second = await following
        amounts[6] = []
        third = await anext(follow)
    sums = [sum(r.amount.value for r in each.bucket.results) for each in (first, second, third)]
    assert sums == [5, 4, 0]
    assert third.bucket.results == ()
    assert third.before is not None
    assert {*third.before.results} == {*second.bucket.results}
    assert not any(each.is_settled for each in (first, second, third))
    assert {each.resume_from for each in (first, second, third)} == {TODAY}


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ([cost("1"), cost("2")], [cost("2"), cost("1")], False),
        ([cost("1"), cost("1"), cost("2")], [cost("1"), cost("2"), cost("2")], True),
        ([cost("1")], [cost("1"), cost("1")], True),
        ([["a"], ["b"]], [["b"], ["a"]], False),
        ([["a"], ["b"]], [["b"], ["b"]], True),
    ],
)
def test_an_update_knows_whether_it_is_a_change(
    before: list[object], after: list[object], changed: bool
) -> None:
    update = Update(bucket=bucket(after), before=bucket(before), is_settled=False, resume_from=0)
    assert update.is_changed is changed


# ------------------------------------------------------------------------- gaps


async def test_nothing_is_settled_after_a_gap_until_it_is_filled(sandbox: Sandbox) -> None:
    gaps: list[Gap] = []
    amounts = {0: ["1"], 2: ["1"]}
    served(sandbox, amounts)
    async with client_of(sandbox, on_gap=gaps.append) as client:
        follow = client.costs(start_time=START, end_time=START + 3 * DAY).follow()
        async with aclosing(follow):
            found = [await anext(follow)]
            following = asyncio.ensure_future(anext(follow))
            await asyncio.sleep(5 * HOUR + 1)
            assert not following.done()
            assert (
                gaps
                == [Gap(endpoint="costs", start_time=START + DAY, end_time=START + 2 * DAY)] * 6
            )
            amounts[1] = []
            found += [await following, *[each async for each in follow]]
    assert starts(found) == [0, 1, 2]


async def test_what_comes_after_a_gap_is_a_revision_and_not_settled(
    client: AsyncUsageClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    amounts = {0: ["1"], 2: ["1"]}
    served(sandbox, amounts)
    follow = client.costs(start_time=START, end_time=START + 3 * DAY).follow(revisions=True)
    async with aclosing(follow):
        found = [await anext(follow) for _ in range(2)]
        assert starts(found) == [0, 2]
        assert [each.is_settled for each in found] == [True, False]
        assert {each.resume_from for each in found} == {START + DAY}
        assert "no bucket from" in caplog.text
        amounts[2] = ["5"]
        changed = await anext(follow)
        assert (starts([changed]), changed.is_settled) == ([2], False)
        amounts[1] = ["7"]
        rest = [each async for each in follow]
    assert starts(rest) == [1, 2]
    assert all(each.is_settled for each in rest)
    assert [each.before is None for each in rest] == [True, False]


async def test_a_bucket_that_takes_the_place_of_others_is_a_gap(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    row = {"start_time": START, "end_time": START + 2 * DAY, "results": []}
    serve_buckets(sandbox, lambda _: [row])
    assert await within(2 * HOUR, client.costs(start_time=START).follow()) == []


async def test_a_gap_is_raised_where_that_is_wanted(sandbox: Sandbox) -> None:
    amounts = {day: ["1"] for day in range(9)}
    served(sandbox, amounts)
    async with client_of(sandbox, on_gap="raise") as client:
        follow = client.costs(start_time=START).follow()
        assert starts([await anext(follow) for _ in range(3)]) == [0, 1, 2]
        del amounts[3]
        with pytest.raises(PaginationError, match="no bucket from") as raised:
            await anext(follow)
    assert raised.value.resume_from == START + 3 * DAY


# ------------------------------------------------------------------------- failures


@pytest.fixture
def retries() -> list[Retry]:
    return []


@pytest.fixture
async def eager(sandbox: Sandbox, retries: list[Retry]) -> AsyncIterator[AsyncUsageClient]:
    """A client that does not retry requests, so that each failure ends a round."""
    async with client_of(sandbox, max_retries=0, on_retry=retries.append) as made:
        yield made


async def test_an_outage_is_waited_out(
    eager: AsyncUsageClient, sandbox: Sandbox, retries: list[Retry]
) -> None:
    sandbox.faults.status(503, times=7)
    sandbox.faults.dropped_connection(times=2)  # aiohttp sends the request twice
    follow = eager.costs(start_time=START).follow()
    async with aclosing(follow):
        first = await anext(follow)
        assert [each.wait for each in retries] == [60, 120, 240, 480, 960, 1920, 3600, 3600]
        assert [each.number for each in retries] == [1, 2, 3, 4, 5, 6, 7, 8]
        assert {each.path for each in retries} == {"organization/costs"}
        assert loop_time() == pytest.approx(sum(each.wait for each in retries), abs=1)
        assert starts([first, await anext(follow), await anext(follow)]) == [0, 1, 2]
        sandbox.faults.status(500)
        assert starts([await anext(follow)]) == [3]
    assert (retries[-1].number, retries[-1].wait) == (1, 60)


async def test_an_outage_in_the_middle_repeats_nothing(
    eager: AsyncUsageClient, sandbox: Sandbox, retries: list[Retry]
) -> None:
    sandbox.faults.status(500, after=1, times=3)
    costs = eager.costs(start_time=START, end_time=TODAY - 3 * DAY, limit=1)
    assert starts([each async for each in costs.follow()]) == [0, 1, 2]
    assert len(retries) == 3
    retries.clear()
    sandbox.faults.status(500, after=4, times=3)
    costs = eager.costs(start_time=START, end_time=TODAY, limit=1)
    found = [each async for each in costs.follow(12 * HOUR, revisions=True)]
    assert len(retries) == 3
    assert starts([each for each in found if each.is_settled]) == [0, 1, 2, 3, 4, 5]
    for update in found:
        assert update.is_settled or update.is_changed


async def test_a_wait_that_the_api_asks_for_is_kept(
    eager: AsyncUsageClient, sandbox: Sandbox, retries: list[Retry]
) -> None:
    sandbox.faults.status(429, headers={"Retry-After": "7200"})
    await taken(1, eager.costs(start_time=START).follow(HOUR))
    assert [each.wait for each in retries] == [7200]
    assert loop_time() == pytest.approx(7200, abs=1)


async def test_those_who_read_often_wait_as_long_as_usual(
    eager: AsyncUsageClient, sandbox: Sandbox, retries: list[Retry]
) -> None:
    sandbox.faults.status(500, times=3)
    await taken(1, eager.costs(start_time=START).follow(0.5))
    assert [each.wait for each in retries] == [0.5, 0.5, 0.5]


async def test_without_an_observer_a_failed_round_is_logged(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults.status(500)
    async with client_of(sandbox, max_retries=0) as client:
        await taken(1, client.costs(start_time=START).follow())
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("GET organization/costs failed, retry 1 in 60.00 s: ")


Trouble = Callable[[Sandbox], object]


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (lambda sandbox: sandbox.faults.status(401), AuthenticationError),
        (lambda sandbox: sandbox.scopes.clear(), PermissionDeniedError),
        (lambda sandbox: sandbox.faults.malformed_json(), APIResponseValidationError),
        (lambda sandbox: sandbox.faults.reordered_buckets(), PaginationError),
        (
            lambda sandbox: sandbox.faults.status(
                429, body='{"error": {"message": "Pay.", "code": "insufficient_quota"}}'
            ),
            RateLimitError,
        ),
    ],
)
async def test_what_stays_wrong_is_raised(
    trouble: Trouble, kind: type[APIError], client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    follow = client.costs(start_time=START).follow(revisions=True)
    assert starts([await anext(follow) for _ in range(6)]) == [0, 1, 2, 3, 4, 5]
    trouble(sandbox)
    with pytest.raises(kind) as raised:
        await anext(follow)
    assert raised.value.resume_from == START + 3 * DAY
    with pytest.raises(StopAsyncIteration):
        await anext(follow)
    trouble(sandbox)
    with pytest.raises(kind) as raised:
        await anext(client.costs(start_time=START).follow())
    assert raised.value.resume_from is None


async def test_an_error_goes_on_before_what_is_not_settled(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    follow = client.costs(start_time=TODAY - DAY).follow(revisions=True)
    update = await anext(follow)
    assert not update.is_settled
    sandbox.faults.status(401)
    with pytest.raises(AuthenticationError) as raised:
        await anext(follow)
    assert raised.value.resume_from == update.resume_from == TODAY - DAY


# ------------------------------------------------------------------------- rounds


@pytest.mark.parametrize("stalled", [False, True])
async def test_it_stops_at_once_when_cancelled(
    stalled: bool, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    follow = client.costs(start_time=TODAY if not stalled else START).follow()
    if stalled:
        sandbox.faults.stall(50)
    tasks = asyncio.all_tasks()
    task = asyncio.ensure_future(anext(follow))
    await asyncio.sleep(10)
    moment, requests = loop_time(), len(sandbox.requests)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert loop_time() == moment
    assert requests == stalled
    with pytest.raises(StopAsyncIteration):
        await anext(follow)
    await asyncio.sleep(2 * DAY)
    assert len(sandbox.requests) == requests
    assert asyncio.all_tasks() <= tasks


async def test_a_round_that_takes_longer_than_the_time_between_two_delays_the_next(
    sandbox: Sandbox,
) -> None:
    began: list[float] = []
    in_flight: list[int] = [0]

    async def slow(_: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        began.append(loop_time())
        in_flight.append(in_flight[-1] + 1)
        await asyncio.sleep(9000)
        in_flight.append(in_flight[-1] - 1)
        return await answer()

    sandbox.faults._add(slow, 3, 0)
    async with client_of(sandbox, timeout=1e6) as client:
        await within(26_000, client.costs(start_time=START).follow(HOUR, revisions=True))
    assert began == pytest.approx([0, 9000, 18_000], abs=5)
    assert max(in_flight) == 1


async def test_a_slow_reader_does_not_cause_a_burst(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    began: list[float] = []

    async def noted(_: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        began.append(loop_time())
        return await answer()

    sandbox.faults._add(noted, 9, 0)
    follow = client.costs(start_time=START).follow(HOUR, revisions=True)
    async with aclosing(follow):
        await anext(follow)
        await asyncio.sleep(2.5 * HOUR)
        await within(2 * HOUR + 5, follow)
    assert began == pytest.approx([0, 2.5 * HOUR, 3.5 * HOUR, 4.5 * HOUR], abs=2)


async def test_a_short_time_between_rounds_leaves_room_for_others(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    await taken(3, client.costs(start_time=START).follow(1e-9))
    assert await within(1, client.costs(start_time=TODAY).follow(0.01)) == []
    assert len(sandbox.requests) == 1


def test_what_cannot_be_followed_is_refused_at_once() -> None:
    client = AsyncUsageClient("sk-admin-x")
    costs = client.costs(start_time=START)
    wrong = (0, -1.5, math.nan, math.inf, timedelta(), timedelta(seconds=-1), True, "1h", None)
    for every in wrong:
        with pytest.raises(InvalidQueryError, match="every takes a") as raised:
            costs.follow(cast("Any", every))
        assert raised.value.param == "every"
    for after in (timedelta(seconds=-1), 3600):
        with pytest.raises(InvalidQueryError, match="after takes a timedelta"):
            costs.follow(after=cast("Any", after))
    with pytest.raises(InvalidQueryError, match="revisions takes bool"):
        costs.follow(revisions=cast("Any", 1))
    with pytest.raises(InvalidQueryError, match="page takes a cursor only if"):
        client.costs(start_time=START, page="page_x").follow()


# ------------------------------------------------------------------------- other clients


async def test_several_organizations_are_followed_together(
    sandbox: Sandbox, retries: list[Retry]
) -> None:
    async with Sandbox(seed=8, restates=True) as other:
        clients = {"acme": client_of(sandbox), "globex": client_of(other, max_retries=0)}
        async with Organizations(clients) as organizations:
            combined = organizations.combined()
            other.faults.status(503, headers={"Retry-After": "5400"}, times=2)
            costs = combined.costs(start_time=START, end_time=TODAY)
            found = [each async for each in costs.follow()]
            assert starts(found) == [0, 1, 2, 3, 4, 5]
            for update, one, two in zip(
                found,
                *[
                    await each.costs(start_time=START, end_time=TODAY).collect()
                    for each in clients.values()
                ],
                strict=True,
            ):
                assert len(update.bucket.results) == len(one.results) + len(two.results)
            revisions = combined.costs(start_time=TODAY + 3 * DAY).follow(revisions=True)
            assert len(await within(DAY, revisions)) >= 1
            other.scopes.clear()
            with pytest.raises(OrganizationsError):
                await anext(combined.costs(start_time=START).follow())
            for option, lax in {
                "skip_unread": organizations.combined(skip_unread=True),
                "keep_partial": organizations.combined(keep_partial=True),
            }.items():
                with pytest.raises(InvalidQueryError, match="cannot leave out") as raised:
                    lax.costs(start_time=START).follow()
                assert raised.value.param == option
            with pytest.raises(InvalidQueryError, match="page"):
                combined.costs(start_time=START, page="page_x").follow()


async def test_a_copy_is_not_followed(tmp_path: Path) -> None:
    with DuckDBSink(tmp_path / "usage.duckdb") as sink:
        copy = SyncedClient(sink, "acme")
        for client in (copy, Organizations({"acme": copy}).combined()):
            with pytest.raises(InvalidQueryError, match="cannot read a copy") as raised:
                client.costs(start_time=START).follow()
            assert raised.value.param == "follow"


@pytest.mark.real_clock
def test_a_blocking_client_follows_too(
    usage_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage_sandbox.now = NOW
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)
    with UsageClient(usage_sandbox.admin_api_key, base_url=usage_sandbox.base_url) as client:
        week = client.costs(start_time=START, end_time=TODAY)
        found = list(week.follow(after=timedelta(), revisions=True))
        assert [each.bucket for each in found] == week.collect()
        assert all(each.is_settled for each in found)
        with pytest.raises(InvalidQueryError, match="every"):
            week.follow(0)
        follow = client.costs(start_time=START).follow()
        assert [next(follow).resume_from for _ in range(3)][-1] == START + 3 * DAY
        closing = threading.Timer(0.05, client.close)
        closing.start()
        with pytest.raises(RuntimeError, match="is closed"):
            next(follow)  # it would wait for an hour
        closing.join()


async def test_updates_are_in_order_whatever_the_pages(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    for limit in (1, 2, 7):
        minutes = client.completions(
            start_time=TODAY - DAY, end_time=TODAY - DAY + 600, bucket_width="1m", limit=limit
        )
        found = [each async for each in minutes.follow(timedelta(minutes=7), revisions=True)]
        settled = [each for each in found if each.is_settled]
        assert len(settled) == 10
        for one, following in pairwise(settled):
            assert one.resume_from == following.bucket.start_time


# ------------------------------------------------------------------------- rounds


@pytest.mark.parametrize("revisions", [False, True])
async def test_each_round_is_told(
    revisions: bool, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    rounds: list[tuple[float, FollowRound]] = []

    def note(ended: FollowRound) -> None:
        rounds.append((time.time(), ended))

    follow = client.costs(start_time=START).follow(HOUR, revisions=revisions, on_round=note)
    found = await within(2 * HOUR + 1, follow)
    assert [each.error for _, each in rounds] == [None] * 3
    assert [each.began_at for _, each in rounds] == [TODAY, TODAY + HOUR, TODAY + 2 * HOUR]
    assert {each.settled_until for _, each in rounds} == {TODAY - 3 * DAY}
    assert found[-1][1].resume_from == TODAY - 3 * DAY
    del rounds[:]
    sandbox.faults.status(503)
    sandbox.faults.status(401)
    async with client_of(sandbox, max_retries=0) as hasty:
        with pytest.raises(AuthenticationError) as raised:
            await within(HOUR, hasty.costs(start_time=START).follow(on_round=note))
    assert [type(each.error) for _, each in rounds] == [InternalServerError, AuthenticationError]
    assert rounds[-1][1].error is raised.value


async def test_what_its_function_raises_ends_it(client: AsyncUsageClient) -> None:
    def stop(_: object) -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        await within(HOUR, client.costs(start_time=START).follow(on_round=stop))
