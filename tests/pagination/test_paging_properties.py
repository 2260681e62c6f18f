"""What holds for every iteration, whatever is asked: hypothesis asks."""

import functools
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from attrs import asdict
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import AsyncUsageClient, Bucket
from openai_usage.sandbox import Sandbox
from openai_usage.schema.times import SECONDS
from tests.conftest import DAY, NOW, client_of

GROUPS = ["project_id", "user_id", "api_key_id", "model", "batch", "service_tier", "api_source"]


@st.composite
def ranges(draw: st.DrawFn, most: int = 120) -> dict[str, Any]:
    """Arguments for completions: a range of up to *most* buckets, however it lies."""
    width: Any = draw(st.sampled_from(["1m", "1h", "1d"]))
    seconds = SECONDS[width]
    end = draw(st.integers(NOW - 400 * DAY, NOW))
    start = end - draw(st.integers(1, most * seconds))
    return {
        "start_time": start,
        "end_time": end,
        "bucket_width": width,
        "limit": draw(st.none() | st.integers(1, 31)),
        "group_by": draw(st.lists(st.sampled_from(GROUPS), unique=True)),
    }


def bounds(asked: dict[str, Any]) -> list[tuple[int, int]]:
    """The buckets of a range, counted by hand: whole ones in UTC, the first cut at the start."""
    width = SECONDS[asked["bucket_width"]]
    edges = range(asked["start_time"] // width * width, asked["end_time"], width)
    return [(max(edge, asked["start_time"]), edge + width) for edge in edges]


@given(ranges())
async def test_an_iteration_is_every_bucket_of_the_range_once_in_order(
    client: AsyncUsageClient, asked: dict[str, Any]
) -> None:
    iterated = [bucket async for bucket in client.completions(**asked)]
    assert [(bucket.start_time, bucket.end_time) for bucket in iterated] == bounds(asked)
    # And what is in them is what each would hold if it were asked for alone.
    for bucket in iterated[:: max(1, len(iterated) // 3)]:
        alone = await client.completions(
            **{**asked, "start_time": bucket.start_time, "limit": 1},
        )
        assert alone.data[0] == bucket


@given(ranges(), st.integers(1, 12))
async def test_windows_equal_the_plain_iteration(
    client: AsyncUsageClient, sandbox: Sandbox, asked: dict[str, Any], n: int
) -> None:
    buckets = client.completions(**asked)
    assert await buckets.concurrently(n).collect() == await buckets.collect()


@given(ranges(), st.integers(1, 12))
async def test_a_plan_is_what_is_sent(
    client: AsyncUsageClient, sandbox: Sandbox, asked: dict[str, Any], n: int
) -> None:
    for buckets in (client.completions(**asked), client.completions(**asked).concurrently(n)):
        sandbox.requests.clear()
        plan = buckets.plan()
        assert sandbox.requests == []
        await buckets.collect()
        assert len(sandbox.requests) == plan.requests
        edges = [(window.start_time, window.end_time) for window in plan.windows]
        assert edges[0][0] == asked["start_time"]
        assert edges[-1][1] == asked["end_time"]
        assert all(end == start for (_, end), (start, _) in pairwise(edges))


@given(
    ranges(most=40),
    st.integers(1, 4),
    st.lists(
        st.tuples(
            st.sampled_from(["status", "dropped_connection", "cut_body", "stall", "dead_cursor"]),
            st.integers(0, 4),
        ),
        max_size=4,
    ),
)
async def test_passing_faults_change_nothing_in_what_is_yielded(
    client: AsyncUsageClient, sandbox: Sandbox, asked: dict[str, Any], n: int, faults: list[Any]
) -> None:
    buckets = client.completions(**asked)
    undisturbed = await buckets.collect()
    for name, after in faults:
        first = {"status": (503,), "stall": (100,)}.get(name, ())
        getattr(sandbox.faults, name)(*first, after=after)
    assert await (buckets.concurrently(n) if n > 1 else buckets).collect() == undisturbed
    sandbox.faults.clear()


def total(buckets: list[Bucket[Any]]) -> Counter[str]:
    """Every measure, added up; money by its currency."""
    sums: Counter[str] = Counter()
    for bucket in buckets:
        for result in bucket.results:
            for name, value in asdict(result, recurse=False).items():
                if name == "amount":
                    sums[value.currency] += value.value
                elif isinstance(value, int) and not isinstance(value, bool):
                    sums[name] += value
    return sums


@given(ranges(most=50), st.lists(st.sampled_from(GROUPS), unique=True))
async def test_totals_do_not_depend_on_how_one_asks(
    client: AsyncUsageClient, asked: dict[str, Any], group_by: list[Any]
) -> None:
    asked |= {"limit": None}
    expected = total(await client.completions(**asked).collect())
    grouped = await client.completions(**{**asked, "group_by": group_by}).collect()
    assert total(grouped) == expected
    if asked["end_time"] - asked["start_time"] < 2 * DAY:
        for width in ("1m", "1h", "1d"):
            asked |= {"bucket_width": width}
            assert total(await client.completions(**asked).collect()) == expected


@given(
    st.integers(1, 60),
    st.lists(st.sampled_from(["project_id", "user_id", "line_item", "api_source"]), unique=True),
)
async def test_totals_of_costs_are_exact_however_they_are_grouped(
    client: AsyncUsageClient, days: int, group_by: list[Any]
) -> None:
    asked: dict[str, Any] = {"start_time": NOW - days * DAY, "end_time": NOW}
    plain = total(await client.costs(**asked).collect())
    assert total(await client.costs(**asked, group_by=group_by).collect()) == plain
    assert isinstance(plain["usd"], Decimal)
    assert plain["usd"] > 0


@pytest.fixture(params=["number", "string"])
async def money(request: pytest.FixtureRequest) -> AsyncIterator[AsyncUsageClient]:
    async with (
        Sandbox(seed=7, now=NOW, amounts=request.param) as sandbox,
        client_of(sandbox) as made,
    ):
        yield made


async def test_money_is_the_same_as_a_number_and_as_text(
    money: AsyncUsageClient, client: AsyncUsageClient
) -> None:
    asked = functools.partial(dict[str, Any], start_time=NOW - 20 * DAY, end_time=NOW)
    assert await money.costs(**asked()).collect() == await client.costs(**asked()).collect()
