"""A sandbox that restates: what it changes, when, and what stays the same whoever reads it."""

from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import AsyncUsageClient, Bucket
from openai_usage.endpoints import Endpoints
from openai_usage.sandbox import Sandbox
from openai_usage.sandbox.dataset.restatements import Restatements
from openai_usage.schema.settling import settles_after
from tests.conftest import DAY, TODAY, client_of

HOUR = 3600
START = TODAY - 20 * DAY

Figures: TypeAlias = dict[tuple[int, object], tuple[object, ...]]
"""The figures of each result, by the start of its bucket and its group."""


@pytest.fixture
async def restating() -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=7, now=TODAY, restates=True) as sandbox:
        yield sandbox


@pytest.fixture
async def client(restating: Sandbox) -> AsyncIterator[AsyncUsageClient]:
    async with client_of(restating) as made:
        yield made


async def read(client: AsyncUsageClient, **changes: Any) -> list[Bucket[Any]]:
    params = {"start_time": START, "end_time": START + 10 * DAY, "group_by": ["model"]}
    return await client.query("completions", **params | changes).collect()


def figures(buckets: list[Bucket[Any]]) -> Figures:
    return {
        (bucket.start_time, result.model): (result.input_tokens, result.num_model_requests)
        for bucket in buckets
        for result in bucket.results
    }


async def test_without_it_nothing_changes(sandbox: Sandbox) -> None:
    async with client_of(sandbox) as client:
        sandbox.now = START + 10 * DAY
        before = figures(await read(client))
        sandbox.now += 5 * DAY
        assert figures(await read(client)) == before


@pytest.mark.parametrize(
    ("name", "group_by", "measure"),
    [("completions", "model", "input_tokens"), ("costs", "line_item", "amount")],
)
async def test_rows_come_late_rise_fall_and_vanish(
    name: str, group_by: str, measure: str, restating: Sandbox, client: AsyncUsageClient
) -> None:
    seen = set()
    for day in range(60):
        start = START - day * DAY
        query = client.query(name, start_time=start, end_time=start + DAY, group_by=[group_by])
        found = []
        for restating.now in (start + DAY, start + 5 * DAY):
            [bucket] = await query.collect()
            found.append(
                {getattr(each, group_by): getattr(each, measure) for each in bucket.results}
            )
        before, after = found
        seen |= {"emptied"} if before and not after else set()
        seen |= {"filled"} if after and not before else set()
        seen |= {"late" for row in after if row not in before}
        seen |= {"vanished" for row in before if row not in after}
        both = [(before[row], after[row]) for row in before if row in after]
        seen |= {"up" for was, is_ in both if is_ > was}
        seen |= {"down" for was, is_ in both if is_ < was}
        seen |= {"same" for was, is_ in both if is_ == was}
    # Usage comes at most 22 hours late, so a day is never empty at first.
    expected = {"emptied", "filled", "late", "vanished", "up", "down", "same"}
    assert seen >= (expected if name == "costs" else expected - {"filled", "late"})


@pytest.mark.parametrize("name", ["costs", "completions", "vector_stores"])
async def test_what_is_settled_stays(
    name: str, restating: Sandbox, client: AsyncUsageClient
) -> None:
    margin = int(settles_after(Endpoints.table()[name].result).total_seconds())
    end = START + 10 * DAY
    restating.now = end
    first = await client.query(name, start_time=START, end_time=end).collect()
    restating.now = end + margin
    settled = await client.query(name, start_time=START, end_time=end).collect()
    assert settled != first
    restating.now = end + margin + 300 * DAY
    assert await client.query(name, start_time=START, end_time=end).collect() == settled


async def test_minutes_are_settled_in_time_too(
    restating: Sandbox, client: AsyncUsageClient
) -> None:
    end = START + 14 * HOUR
    read_at = []
    for hours in (24, 48):
        restating.now = end + hours * HOUR
        minutes = await read(client, start_time=START, end_time=end, bucket_width="1m")
        assert sum(len(minute.results) for minute in minutes) > 100
        read_at.append(minutes)
    assert read_at[0] == read_at[1]


@pytest.mark.parametrize("age", [0, 5 * HOUR + 1, 30 * HOUR, 90 * HOUR])
async def test_parts_widths_and_groups_agree_with_the_whole(
    age: int, restating: Sandbox, client: AsyncUsageClient
) -> None:
    end = START + 10 * DAY
    restating.now = end + age
    whole = await read(client)
    parts = [
        bucket
        for start in range(START, end, DAY)
        for bucket in await read(client, start_time=start, end_time=start + DAY)
    ]
    assert parts == whole
    hours = await read(client, bucket_width="1h", end_time=START + 2 * DAY)
    everything = await read(client, group_by=None)
    for place in range(2):
        ours = hours[24 * place : 24 * place + 24]
        for name in ("input_tokens", "num_model_requests"):
            of_day = sum(getattr(each, name) for each in whole[place].results)
            assert of_day == sum(getattr(e, name) for hour in ours for e in hour.results)
            assert of_day == sum(getattr(each, name) for each in everything[place].results)


async def test_the_line_items_of_one_workload_are_restated_together(
    restating: Sandbox, client: AsyncUsageClient
) -> None:
    """So what a token costs does not depend on the age of the bill."""
    prices = []
    for days in (0, 4):
        restating.now = START + (10 + days) * DAY
        bill = client.costs(start_time=START, end_time=START + 10 * DAY, group_by=["line_item"])
        prices.append(
            {
                result.line_item: round(result.amount.value / result.quantity, 12)
                async for bucket in bill
                for result in bucket.results
                if result.quantity
            }
        )
    assert prices[0] == prices[1]


@given(
    workload=st.integers(0, 30),
    start=st.integers(TODAY - 9 * DAY, TODAY),
    length=st.integers(1, 4 * DAY),
    age=st.integers(-4 * DAY, 4 * DAY),
)
def test_the_parts_of_a_span_are_the_whole_of_it(
    workload: int, start: int, length: int, age: int
) -> None:
    restatements = Restatements.of(Endpoints.costs, 7)
    parts = list(restatements.counted(workload, start, start + length, start + length + age))
    assert parts[0].start == start
    assert parts[-1].end == start + length
    for one, following in pairwise(parts):
        assert one.start <= one.end == following.start
    assert {each.times for each in parts} <= {0, 1, 2}
