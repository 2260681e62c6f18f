"""Iterations: complete or an error, case by case; over real HTTP."""

import asyncio
import json
import logging
import re
from typing import Any

import pytest

from openai_usage import (
    APIStatusError,
    AsyncUsageClient,
    BadRequestError,
    Bucket,
    Buckets,
    CompletionsResult,
    InternalServerError,
    InvalidQueryError,
    Page,
    PaginationError,
    Plan,
    RateLimitError,
    UsageError,
    Window,
)
from openai_usage._time_format import typed_time
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, TODAY, client_of

START = TODAY - 10 * DAY


def ten_days(client: AsyncUsageClient, **more: Any) -> Buckets[CompletionsResult]:
    return client.completions(start_time=START, end_time=TODAY, **{"limit": 3, **more})


async def iterated(buckets: Buckets[Any]) -> tuple[list[int], UsageError | None]:
    """The starts of the buckets that an iteration handed over, and the error it ended with."""
    starts: list[int] = []
    try:
        async for bucket in buckets:
            starts.append(bucket.start_time)
    except UsageError as error:
        return starts, error
    return starts, None


def days(first: int, last: int) -> list[int]:
    return [START + day * DAY for day in range(first, last)]


def scripted(sandbox: Sandbox, *pages: dict[str, Any]) -> None:
    for page in pages:
        sandbox.faults.status(200, body=json.dumps(page))


def page(
    *starts: int, has_more: bool = False, next_page: str | None = None, width: int = DAY
) -> dict[str, Any]:
    return {
        "data": [{"start_time": at, "end_time": at + width, "results": []} for at in starts],
        "has_more": has_more,
        "next_page": next_page,
    }


# ----------------------------------------------------------------- how it reads


async def test_nothing_is_sent_before_the_first_step(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    buckets = ten_days(client)
    iteration = buckets.__aiter__()
    assert all([buckets.pages(), buckets.raw_pages(), buckets.plan(), repr(buckets)])
    assert sandbox.requests == []
    await anext(iteration)
    assert len(sandbox.requests) == 1
    await iteration.aclose()


async def test_await_gives_one_page_as_the_api_pages_it(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    first = await client.completions(start_time=START)
    assert isinstance(first, Page)
    assert (len(first.data), first.has_more) == (7, True)
    assert dict(sandbox.requests[0].query) == {"start_time": str(START), "bucket_width": "1d"}
    second = await client.completions(start_time=START, page=first.next_page)
    assert [b.start_time for b in (*first.data, *second.data)] == days(0, 11)
    assert not second.has_more


async def test_iterating_gives_every_bucket_in_the_largest_pages(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    starts, error = await iterated(client.completions(start_time=START, end_time=TODAY))
    assert (starts, error) == (days(0, 10), None)
    [request] = sandbox.requests
    assert ("limit", "31") in request.query
    await client.costs(start_time=START, end_time=TODAY).collect()
    assert ("limit", "180") in sandbox.requests[-1].query


async def test_a_limit_is_the_size_of_a_page(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    assert await iterated(ten_days(client)) == (days(0, 10), None)
    assert len(sandbox.requests) == 4


async def test_every_iteration_asks_anew(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    buckets = ten_days(client)
    first = await buckets.collect()
    assert first == [bucket async for bucket in buckets] == await buckets.collect()
    assert len(first) == 10
    assert all(isinstance(bucket, Bucket) for bucket in first)
    assert len(sandbox.requests) == 3 * 4


async def test_pages_and_their_bytes(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    pages = [page async for page in ten_days(client).pages()]
    assert [len(page.data) for page in pages] == [3, 3, 3, 1]
    assert [page.has_more for page in pages] == [True, True, True, False]
    bodies = [json.loads(body) async for body in ten_days(client).raw_pages()]
    assert [len(body["data"]) for body in bodies] == [3, 3, 3, 1]
    # Raw is raw: with the fields that no specification has.
    assert bodies[0]["data"][0]["start_time_iso"].endswith("+00:00")


async def test_every_parameter_is_frozen_for_the_iteration(
    client: AsyncUsageClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(NOW, NOW + 10**6, 60))
    monkeypatch.setattr("time.time", lambda: next(clock))
    starts, error = await iterated(client.completions(start_time=START, limit=2, models=["o3"]))
    assert error is None
    assert starts == days(0, 11)
    asked = [[pair for pair in request.query if pair[0] != "page"] for request in sandbox.requests]
    assert asked == [asked[0]] * 6
    assert len({dict(request.query).get("page") for request in sandbox.requests}) == 6
    assert int(dict(asked[0])["end_time"]) >= NOW


async def test_an_iteration_can_begin_at_a_page(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    first = await client.completions(start_time=START, limit=4)
    starts, error = await iterated(
        client.completions(start_time=START, limit=4, page=first.next_page)
    )
    assert (starts, error) == (days(4, 11), None)
    # The cursor is bound to the very query it came from: nothing was added to that.
    assert "end_time" not in dict(sandbox.requests[1].query)


async def test_a_range_without_an_end_may_begin_right_now(
    client: AsyncUsageClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: TODAY)
    assert await iterated(client.completions(start_time=TODAY)) == ([TODAY], None)


async def test_buckets_say_what_they_ask(client: AsyncUsageClient) -> None:
    assert repr(client.completions(start_time=5, group_by=["model"])) == (
        "<Buckets completions start_time=5 bucket_width=1d group_by[]=model>"
    )


# ---------------------------------------------------------- complete or an error


async def test_more_without_a_cursor_is_an_error(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    for cursor in (None, "", " "):
        scripted(sandbox, page(START, START + DAY, has_more=True, next_page=cursor))
        starts, error = await iterated(ten_days(client))
        assert isinstance(error, PaginationError)
        assert "there are more pages, but returned no cursor to them" in str(error)
        assert starts == days(0, 2)
        assert error.resume_from == START + 2 * DAY


async def test_a_cursor_seen_before_is_an_error(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    sandbox.faults.repeated_cursor(after=1)
    starts, error = await iterated(ten_days(client))
    assert isinstance(error, PaginationError)
    assert "the API returned the same cursor twice" in str(error)
    assert starts == days(0, 9)
    assert error.resume_from == START + 9 * DAY


async def test_a_circle_of_cursors_is_an_error(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    scripted(sandbox, *(page(has_more=True, next_page=cursor) for cursor in "abca"))
    starts, error = await iterated(ten_days(client))
    assert isinstance(error, PaginationError)
    assert starts == []
    assert error.resume_from is None
    assert len(sandbox.requests) == 4


async def test_cursors_without_end_are_an_error(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    scripted(sandbox, *(page(has_more=True, next_page=str(n)) for n in range(1001)))
    _, error = await iterated(ten_days(client))
    assert isinstance(error, PaginationError)
    assert "each with another cursor" in str(error)
    assert len(sandbox.requests) == 1000


async def test_many_empty_pages_are_gone_through(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    def empty(first: int) -> list[dict[str, Any]]:
        return [page(has_more=True, next_page=str(n)) for n in range(first, first + 600)]

    middle = page(START, has_more=True, next_page="x")
    scripted(sandbox, *empty(0), middle, *empty(600), page(START + DAY))
    assert await iterated(ten_days(client)) == (days(0, 2), None)


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (page(START + DAY), "out of order"),  # given before
        (page(START), "out of order"),  # goes back
        (page(START + 3 * DAY, START + 2 * DAY), "out of order"),
        (page(START + 2 * DAY, START + 2 * DAY), "returned before"),
        (page(START + 10 * DAY), "out of range"),
        (page(START + 50 * DAY), "out of range"),
        (page(START + 2 * DAY, width=10**15), "out of range"),
        (page(START + 2 * DAY, width=0), "out of order"),
        (page(START + 2 * DAY, width=-5), "out of order"),
    ],
)
async def test_a_bucket_out_of_order_or_seen_before_is_an_error(
    second: dict[str, Any], says: str, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    scripted(sandbox, page(START, START + DAY, has_more=True, next_page="c"), second)
    starts, error = await iterated(ten_days(client))
    assert isinstance(error, PaginationError)
    assert says in str(error)
    assert re.search(r"the iteration is at \d{4}-\d\d-\d\d: it is", str(error))
    assert starts == days(0, 2)
    assert error.resume_from == START + 2 * DAY


async def test_a_page_out_of_order_is_an_error_when_awaited(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    scripted(sandbox, page(START + DAY, START))
    with pytest.raises(PaginationError):
        await ten_days(client)
    for outside in (START - DAY, START - 1, START + 10 * DAY):
        scripted(sandbox, page(outside))
        with pytest.raises(PaginationError, match="out of range"):
            await ten_days(client)


async def test_an_empty_page_is_not_the_end(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    scripted(
        sandbox,
        page(has_more=True, next_page="a"),
        page(START, has_more=True, next_page="b"),
        page(has_more=True, next_page="c"),
        page(START + DAY),
    )
    assert await iterated(ten_days(client)) == (days(0, 2), None)


async def test_no_more_is_the_end_whatever_the_cursor_says(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    scripted(sandbox, page(START, has_more=False, next_page="more?"))
    assert await iterated(ten_days(client)) == (days(0, 1), None)
    assert len(sandbox.requests) == 1


async def test_a_refused_cursor_is_a_fresh_start_behind_the_last_bucket(
    client: AsyncUsageClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults.dead_cursor(after=1)
    assert await iterated(ten_days(client)) == (days(0, 10), None)
    asked = [dict(request.query) for request in sandbox.requests]
    assert "page" in asked[2]
    assert "page" not in asked[3]
    assert asked[3]["start_time"] == str(START + 6 * DAY)
    assert asked[3]["end_time"] == str(TODAY)
    [record] = [r for r in caplog.records if r.name == "openai_usage"]
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith(
        "GET organization/usage/completions refused its own cursor, starting again at "
        f"{typed_time(START + 6 * DAY)}: the API answered 400: The page token is invalid"
    )
    assert vars(record)["endpoint"] == "organization/usage/completions"
    assert vars(record)["start_time"] == START + 6 * DAY


async def test_refused_cursors_at_several_places(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.dead_cursor()
    sandbox.faults.dead_cursor(after=1)
    assert await iterated(ten_days(client)) == (days(0, 10), None)


async def test_at_one_place_there_is_one_fresh_start(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    refusal = json.dumps({"error": {"message": "no", "param": None, "code": "invalid"}})
    scripted(
        sandbox,
        page(START, has_more=True, next_page="a"),
    )
    sandbox.faults.status(400, body=refusal)
    scripted(sandbox, page(has_more=True, next_page="a"))
    sandbox.faults.status(400, body=refusal)
    starts, error = await iterated(ten_days(client))
    assert isinstance(error, BadRequestError)
    assert starts == days(0, 1)
    assert error.resume_from == START + DAY
    assert len(sandbox.requests) == 4


async def test_a_fresh_start_before_the_first_bucket_is_from_the_beginning(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    scripted(sandbox, page(has_more=True, next_page="a"))
    sandbox.faults.dead_cursor()
    assert await iterated(ten_days(client)) == (days(0, 10), None)


async def test_a_cursor_refused_behind_the_last_bucket_ends_the_iteration(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    scripted(sandbox, page(*days(0, 10), has_more=True, next_page="a"))
    sandbox.faults.dead_cursor()
    assert await iterated(ten_days(client)) == (days(0, 10), None)
    assert len(sandbox.requests) == 2


async def test_a_fresh_start_that_goes_back_is_an_error(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    scripted(sandbox, page(START, START + DAY, has_more=True, next_page="a"))
    sandbox.faults.dead_cursor()
    scripted(sandbox, page(START + DAY))
    starts, error = await iterated(ten_days(client))
    assert isinstance(error, PaginationError)
    assert starts == days(0, 2)


async def test_a_cursor_of_the_callers_own_is_not_worked_around(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    starts, error = await iterated(ten_days(client, page="page_bm9uc2Vuc2U="))
    assert isinstance(error, BadRequestError)
    assert starts == []
    # Neither is one before any bucket of such an iteration: where it began is not known.
    scripted(sandbox, page(has_more=True, next_page="a"))
    sandbox.faults.dead_cursor()
    starts, error = await iterated(ten_days(client, page="page_bm9uc2Vuc2U="))
    assert isinstance(error, BadRequestError)
    assert len(sandbox.requests) == 1 + 2


async def test_a_fresh_start_of_an_iteration_that_began_at_a_page(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    first = await client.completions(start_time=START, limit=2)
    sandbox.faults.dead_cursor(after=1)
    iteration = client.completions(start_time=START, limit=2, page=first.next_page)
    assert await iterated(iteration) == (days(2, 11), None)


async def test_a_refusal_that_names_the_page_is_one_of_the_cursor(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    refusal = {"error": {"message": "no", "param": "page", "code": "invalid_request_error"}}
    sandbox.faults.status(400, after=1, body=json.dumps(refusal))
    assert await iterated(ten_days(client)) == (days(0, 10), None)


async def test_a_range_too_old_is_what_the_api_says_of_it(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    refusal = {"error": {"message": "too long ago", "code": "reporting_lookback_exceeded"}}
    for after, handed_over in ((0, 0), (1, 3)):
        sandbox.faults.status(400, after=after, body=json.dumps(refusal), times=2)
        starts, error = await iterated(ten_days(client))
        assert isinstance(error, BadRequestError)
        assert error.code == "reporting_lookback_exceeded"
        assert starts == days(0, handed_over)
        sandbox.faults.clear()


async def test_cursors_travel_unharmed(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    cursor = "page_a+b/c==&d%2B#e é"
    scripted(sandbox, page(START, has_more=True, next_page=cursor), page(START + DAY))
    assert await iterated(ten_days(client)) == (days(0, 2), None)
    assert dict(sandbox.requests[1].query)["page"] == cursor


async def test_pages_of_costs_may_be_shorter_than_was_asked() -> None:
    async with Sandbox(now=NOW, page_caps={"costs": 31}) as sandbox, client_of(sandbox) as client:
        iteration = client.costs(start_time=TODAY - 99 * DAY, end_time=TODAY)
        plain = await iteration.collect()
        assert len(plain) == 99
        assert len(sandbox.requests) == 4
        assert await iteration.concurrently(4).collect() == plain
        assert len(sandbox.requests) == 4 + 4


async def test_where_clocks_differ_the_apis_is_right(
    client: AsyncUsageClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: START - 300 * DAY)
    iteration = client.completions(start_time=START, limit=3)
    assert await iterated(iteration) == (days(0, 11), None)
    assert await iterated(iteration.concurrently(4)) == (days(0, 11), None)
    assert "end_time" not in dict(sandbox.requests[-1].query)


async def test_another_400_midway_is_raised(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    sandbox.faults.status(
        400, after=1, body=json.dumps({"error": {"message": "no", "param": "start_time"}})
    )
    starts, error = await iterated(ten_days(client))
    assert isinstance(error, BadRequestError)
    assert starts == days(0, 3)
    assert error.resume_from == START + 3 * DAY
    assert len(sandbox.requests) == 2


@pytest.mark.parametrize("windows", [1, 3])
async def test_an_error_midway_says_where_to_go_on(windows: int, sandbox: Sandbox) -> None:
    async with client_of(sandbox, max_retries=0) as client:
        sandbox.faults.status(503, after=2)
        buckets = ten_days(client)
        starts, error = await iterated(buckets.concurrently(windows) if windows > 1 else buckets)
        assert isinstance(error, InternalServerError)
        assert error.resume_from is not None
        assert starts == days(0, 6)
        rest = client.completions(start_time=error.resume_from, end_time=TODAY, limit=3)
        assert await iterated(rest) == (days(6, 10), None)


@pytest.mark.parametrize("windows", [1, 3])
async def test_what_was_collected_in_vain_is_no_place_to_go_on_from(
    windows: int, sandbox: Sandbox
) -> None:
    async with client_of(sandbox, max_retries=0) as client:
        sandbox.faults.status(503, after=2)
        with pytest.raises(InternalServerError) as caught:
            await ten_days(client).concurrently(windows).collect()
    assert caught.value.resume_from is None


async def test_an_error_before_the_first_bucket_has_no_place(sandbox: Sandbox) -> None:
    async with client_of(sandbox, max_retries=0) as client:
        sandbox.faults.status(503)
        starts, error = await iterated(ten_days(client))
    assert isinstance(error, APIStatusError)
    assert (starts, error.resume_from) == ([], None)


@pytest.mark.parametrize("reading", ["pages", "raw_pages"])
async def test_pages_are_checked_as_buckets_are(
    reading: str, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    scripted(sandbox, page(START, has_more=True, next_page="c"), page(START))
    read = 0
    with pytest.raises(PaginationError) as caught:
        async for _ in getattr(ten_days(client), reading)():
            read += 1
    assert read == 1
    assert caught.value.resume_from == START + DAY


async def test_retries_change_nothing_in_what_is_yielded(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    undisturbed = await ten_days(client).collect()
    sandbox.faults.status(500, times=2)
    sandbox.faults.cut_body()
    sandbox.faults.dropped_connection(after=1, times=2)
    sandbox.faults.status(429, headers={"Retry-After": "3"})
    assert await ten_days(client).collect() == undisturbed


# ----------------------------------------------------------------- side by side


async def test_windows_give_the_same_buckets_in_the_same_order(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    plain = await ten_days(client).collect()
    for n in (1, 2, 8, 100):
        assert await ten_days(client).concurrently(n).collect() == plain


async def test_never_more_than_n_windows_in_flight_nor_ahead(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.stall(1.0, times=100)
    read = 0
    async for _ in ten_days(client, limit=1).concurrently(3):
        read += 1
        await asyncio.sleep(10)  # a slow reader
        assert len(sandbox.requests) <= read + 3
    assert read == len(sandbox.requests) == 10


async def test_the_first_bucket_comes_after_one_round_trip(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.stall(1.0, times=100)
    began = asyncio.get_running_loop().time()
    times = []
    async for _ in ten_days(client, limit=1).concurrently(5):
        times.append(asyncio.get_running_loop().time() - began)
    assert times[0] == pytest.approx(1, abs=0.1)
    assert times[-1] == pytest.approx(2, abs=0.2)


async def test_a_window_follows_its_own_cursors(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    # Pages may hold less than was asked for: here the first window needs two.
    short = page(START, START + DAY, has_more=True, next_page="a")
    scripted(sandbox, short)
    scripted(
        sandbox,
        *[page(START + n * DAY, START + (n + 1) * DAY, START + (n + 2) * DAY) for n in (3, 6)],
    )
    scripted(sandbox, page(START + 9 * DAY), page(START + 2 * DAY))
    assert await iterated(ten_days(client).concurrently(4)) == (days(0, 10), None)
    assert dict(sandbox.requests[4].query)["page"] == "a"


async def test_windows_that_overlap_are_an_error(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    rest = (page(*days(6, 9)), page(*days(9, 10)))
    scripted(sandbox, page(*days(0, 4)), page(*days(3, 6)), *rest)
    starts, error = await iterated(ten_days(client).concurrently(4))
    assert isinstance(error, PaginationError)
    assert (starts, error.resume_from) == ([], None)
    # A bucket that begins in its window, and ends in the next one.
    longer = page(*days(0, 2), width=DAY)
    longer["data"] += page(START + 2 * DAY, width=2 * DAY)["data"]
    scripted(sandbox, longer, page(*days(3, 6)), *rest)
    starts, error = await iterated(ten_days(client).concurrently(4))
    assert isinstance(error, PaginationError)
    assert (starts, error.resume_from) == (days(0, 3), START + 4 * DAY)


async def test_the_first_failure_comes_after_the_windows_before_it(sandbox: Sandbox) -> None:
    async with client_of(sandbox, max_retries=0) as client:
        sandbox.faults.stall(5)  # the first window answers last
        sandbox.faults.status(500)
        starts, error = await iterated(ten_days(client).concurrently(4))
    assert isinstance(error, InternalServerError)
    assert starts == days(0, 3)
    assert error.resume_from == START + 3 * DAY


async def test_one_429_holds_back_all_windows(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    plain = await ten_days(client, limit=1).collect()
    came = len(sandbox.requests)
    sandbox.faults.status(429, headers={"Retry-After": "30"})
    sandbox.faults.stall(1, times=100)
    iteration = asyncio.create_task(ten_days(client, limit=1).concurrently(2).collect())
    await asyncio.sleep(29)
    assert len(sandbox.requests) == came + 2
    assert await iteration == plain


@pytest.mark.parametrize("n", [0, -1, True, 2.5, "8"])
def test_a_number_of_windows_must_be_positive(n: Any) -> None:
    with pytest.raises(
        InvalidQueryError,
        match=rf"windows_at_once takes (a positive number of windows|.*), not {n!r}",
    ):
        AsyncUsageClient("sk-admin-1").completions(start_time=1).concurrently(n)


def test_a_page_cannot_be_cut() -> None:
    with pytest.raises(
        InvalidQueryError, match=r"^page takes a cursor only if the range"
    ) as caught:
        AsyncUsageClient("sk-admin-1").completions(start_time=1, page="p").concurrently(2)
    assert caught.value.param == "page"


# -------------------------------------------------------------------- the plan


async def test_a_plan_cuts_the_range_at_the_bounds_of_buckets(client: AsyncUsageClient) -> None:
    buckets = client.completions(start_time=START + 41_000, end_time=START + 70 * DAY + 5)
    assert buckets.plan() == Plan(
        windows=(
            Window(START + 41_000, START + 31 * DAY),
            Window(START + 31 * DAY, START + 62 * DAY),
            Window(START + 62 * DAY, START + 70 * DAY + 5),
        ),
        requests=3,
    )
    assert buckets.concurrently(8).plan() == buckets.plan()
    assert [w.start for w in buckets.plan().windows][1].isoformat().endswith("T00:00:00+00:00")
    assert buckets.plan().windows[0].end == buckets.plan().windows[1].start


async def test_windows_of_costs_hold_what_the_wire_has_been_seen_to_give(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    costs = client.costs(start_time=TODAY - 200 * DAY, end_time=TODAY)
    assert (len(costs.plan().windows), costs.plan().requests) == (7, 2)
    assert costs.concurrently(4).plan().requests == 7
    plain = await costs.collect()
    assert len(sandbox.requests) == 2
    assert await costs.concurrently(4).collect() == plain
    assert len(sandbox.requests) == 2 + 7


async def test_a_plan_without_an_end_is_as_of_now(
    client: AsyncUsageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)
    assert client.completions(start_time=TODAY, bucket_width="1h").plan() == Plan(
        windows=(Window(TODAY, NOW),), requests=1
    )


async def test_a_plan_from_a_page_counts_pages_as_they_will_come(client: AsyncUsageClient) -> None:
    buckets = client.completions(start_time=START, end_time=TODAY, page="page_x")
    assert buckets.plan().requests == 2  # of the API's default size: nothing is added to the query


async def test_a_plan_of_what_is_to_come_is_of_one_bucket(
    client: AsyncUsageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)
    tomorrow = client.completions(start_time=TODAY + DAY)
    assert tomorrow.plan().windows == (Window(TODAY + DAY, TODAY + DAY + 1),)
    since = client.completions(start_time=TODAY, bucket_width="1h", page="page_x")
    assert since.plan().windows == (Window(TODAY, NOW),)


async def test_rate_limits_that_last_too_long_are_raised_midway(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(429, headers={"Retry-After": "3600"}, after=1)
    starts, error = await iterated(ten_days(client))
    assert isinstance(error, RateLimitError)
    assert error.retry_after == 3600
    assert error.resume_from == START + 3 * DAY
    assert starts == days(0, 3)
