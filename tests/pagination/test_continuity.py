"""A range that begins within a bucket: costs answer with the whole day, usage clips it."""

import itertools
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import AsyncUsageClient, Buckets, Gap, PaginationError, UsageClient
from openai_usage._pagination.continuity import Continuity, find_gaps
from openai_usage.sandbox import Sandbox
from openai_usage.schema.windows import Window
from tests.conftest import DAY, NOW, TODAY, client_of

RECORDED = 1_795_368_697
"""A start as it was recorded: within the day that begins at 1795305600."""

UNTIL = 1_795_564_800
DAYS = [1_795_305_600, 1_795_392_000, 1_795_478_400]


def page(*spans: tuple[int, int], next_page: str | None = None) -> str:
    data = [
        {"object": "bucket", "start_time": start, "end_time": end, "results": []}
        for start, end in spans
    ]
    return json.dumps({"data": data, "has_more": next_page is not None, "next_page": next_page})


WHOLE = [(start, start + DAY) for start in DAYS]
CLIPPED = [(RECORDED, WHOLE[0][1]), *WHOLE[1:]]


async def _pages(buckets: Buckets[Any]) -> list[int]:
    return [each.start_time async for one in buckets.pages() for each in one.data]


async def _raw_pages(buckets: Buckets[Any]) -> list[int]:
    bodies = [json.loads(body) async for body in buckets.raw_pages()]
    return [each["start_time"] for body in bodies for each in body["data"]]


async def _first_page(buckets: Buckets[Any]) -> list[int]:
    return [each.start_time for each in (await buckets).data]


async def _collected(buckets: Buckets[Any]) -> list[int]:
    return [each.start_time for each in await buckets.collect()]


async def _iterated(buckets: Buckets[Any]) -> list[int]:
    return [each.start_time async for each in buckets]


async def _in_windows(buckets: Buckets[Any]) -> list[int]:
    return await _iterated(buckets.concurrently(3))


WAYS: Mapping[str, Callable[[Buckets[Any]], Awaitable[list[int]]]] = {
    "await": _first_page,
    "async for": _iterated,
    "pages": _pages,
    "raw_pages": _raw_pages,
    "collect": _collected,
    "concurrently": _in_windows,
}


@pytest.mark.parametrize("read", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("spans", [WHOLE, CLIPPED], ids=["whole", "clipped"])
@pytest.mark.parametrize("endpoint", ["costs", "completions"])
async def test_a_first_bucket_that_contains_the_start_is_right(
    endpoint: str,
    spans: list[tuple[int, int]],
    read: Callable[[Buckets[Any]], Awaitable[list[int]]],
    sandbox: Sandbox,
) -> None:
    sandbox.faults.status(200, body=page(*spans))
    async with client_of(sandbox, on_gap="raise") as client:
        buckets = getattr(client, endpoint)(start_time=RECORDED, end_time=UNTIL)
        assert await read(buckets) == [start for start, _ in spans]


@pytest.mark.parametrize("read", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    "first",
    [
        (DAYS[0] - DAY, DAYS[0]),  # the day before
        (DAYS[0], RECORDED),  # ends where the range begins
        (DAYS[0], RECORDED - 1),
        (DAYS[0] - 1, DAYS[1]),  # no bucket of a day begins there
        (DAYS[0] - DAY, DAYS[1]),  # two days
    ],
)
async def test_a_first_bucket_before_the_start_is_an_error(
    first: tuple[int, int],
    read: Callable[[Buckets[Any]], Awaitable[list[int]]],
    client: AsyncUsageClient,
    sandbox: Sandbox,
) -> None:
    sandbox.faults.status(200, body=page(first, *WHOLE[1:]))
    with pytest.raises(PaginationError, match="out of range") as caught:
        await read(client.costs(start_time=RECORDED, end_time=UNTIL))
    assert caught.value.resume_from is None


async def test_only_the_first_bucket_may_begin_before_the_start(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(200, body=page(*WHOLE[:1], next_page="a"))
    sandbox.faults.status(200, body=page(*WHOLE))
    seen = []
    with pytest.raises(PaginationError, match="was returned before") as caught:
        async for bucket in client.costs(start_time=RECORDED, end_time=UNTIL):
            seen.append(bucket.start_time)
    assert seen == DAYS[:1]
    assert caught.value.resume_from == DAYS[1]


@pytest.mark.parametrize("before", [[], WHOLE[:2]], ids=["at once", "after two days"])
async def test_iteration_that_starts_again_takes_the_whole_first_bucket_once(
    before: list[tuple[int, int]], client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(200, body=page(*before, next_page="a"))
    sandbox.faults.dead_cursor()
    sandbox.faults.status(200, body=page(*WHOLE[len(before) :]))
    buckets = client.costs(start_time=RECORDED, end_time=UNTIL)
    assert await _iterated(buckets) == DAYS
    again = dict(sandbox.requests[-1].query)["start_time"]
    assert int(again) == (before[-1][1] if before else RECORDED)


@pytest.mark.parametrize("hours", [24, 36, 5 * 24 + 7])
@pytest.mark.parametrize("windows", [1, 2])
async def test_the_sandbox_answers_costs_as_recorded(
    hours: int, windows: int, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    start = NOW - hours * 3600
    ask: dict[str, Any] = {"start_time": start, "end_time": NOW, "limit": 2}
    costs = await client.costs(**ask).concurrently(windows).collect()
    assert costs[0].start_time == start // DAY * DAY < start < costs[0].end_time
    whole = await client.costs(start_time=start // DAY * DAY, end_time=NOW).collect()
    assert costs == whole
    usage = await client.completions(**ask).concurrently(windows).collect()
    assert usage[0].start_time == start
    assert [each.end_time for each in usage] == [each.end_time for each in costs]


def test_it_is_right_for_a_program_that_blocks(usage_sandbox: Sandbox) -> None:
    usage_sandbox.now = NOW
    with UsageClient(usage_sandbox.admin_api_key, base_url=usage_sandbox.base_url) as client:
        costs = client.costs(start_time=NOW - 36 * 3600, end_time=NOW)
        starts = [TODAY - DAY, TODAY]
        assert [each.start_time for each in costs] == starts
        assert [each.start_time for each in costs.first_page().data] == starts
        assert costs.to_arrow().num_rows == sum(len(each.results) for each in costs)


@given(
    start=st.integers(0, 10_000),
    length=st.integers(1, 5_000),
    width=st.sampled_from([60, 3600]),
    is_whole=st.booleans(),
    missing=st.sets(st.integers(0, 100)),
)
def test_buckets_and_gaps_are_the_whole_range(
    *, start: int, length: int, width: int, is_whole: bool, missing: set[int]
) -> None:
    end = start + length
    bounds = [start, *range((start // width + 1) * width, end, width), end]
    every = [Window(a, b) for a, b in itertools.pairwise(bounds)]
    kept = [each for number, each in enumerate(every) if number not in missing]
    if is_whole and kept[:1] == every[:1]:
        kept[0] = Window(start // width * width, kept[0].end_time)
    gaps = find_gaps(kept, start, end, width)
    covered = sorted([*kept, *gaps], key=lambda each: each.start_time)
    assert covered[0].start_time in (start, start // width * width)
    assert covered[-1].end_time == end
    assert all(a.end_time == b.start_time for a, b in itertools.pairwise(covered))
    # Neighbouring gaps are one.
    assert all(a.end_time < b.start_time for a, b in itertools.pairwise(gaps))


def test_a_page_that_is_out_of_order_changes_nothing() -> None:
    continuity = Continuity(0, 100, 10)
    continuity.check_page([Window(0, 10)])
    with pytest.raises(PaginationError):
        continuity.check_page([Window(20, 30), Window(10, 20)])
    assert (continuity.position, continuity.take_gaps()) == (10, [])


@pytest.mark.parametrize("width", [DAY + 1, 2 * DAY, 25 * DAY])
@pytest.mark.parametrize("windows", [1, 3])
async def test_what_a_bucket_covers_beyond_its_day_is_a_gap(
    width: int, windows: int, sandbox: Sandbox
) -> None:
    start, end = DAYS[0], DAYS[0] + max(width, 3 * DAY)
    last = [] if width > 3 * DAY else [(start + width, end)]
    sandbox.faults.status(200, body=page((start, start + width), *last))
    gaps: list[Gap] = []
    async with client_of(sandbox, on_gap=gaps.append) as client:
        buckets = client.costs(start_time=start, end_time=end).concurrently(windows)
        assert (await _iterated(buckets))[0] == start
    assert (gaps[0].start_time, gaps[0].end_time) == (start + DAY, start + width)
