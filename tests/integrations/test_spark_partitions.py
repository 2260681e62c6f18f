"""Partitions: every moment of a range once, at the bounds of pages."""

import operator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from openai_usage.integrations.spark_options import SparkOptions, parse_options
from openai_usage.integrations.spark_partitions import (
    Partition,
    narrowed,
    partitions_of,
    settled_until,
)
from openai_usage.schema.times import SECONDS
from openai_usage.schema.windows import Window, windows_of
from tests.conftest import DAY, TODAY

WIDTHS = st.sampled_from(["1m", "1h", "1d"])
TIMES = st.integers(TODAY - 40 * DAY, TODAY)


def options_of(**texts: str) -> SparkOptions:
    return parse_options({"endpoint": "completions", "start_time": str(TODAY - 90 * DAY), **texts})


def test_one_for_each_organization() -> None:
    options = evolve(options_of(), labels=("acme", "globex"))
    window = Window(TODAY - 90 * DAY, TODAY)
    assert partitions_of(options, window) == [
        Partition("acme", window.start_time, window.end_time, 1),
        Partition("globex", window.start_time, window.end_time, 1),
    ]


def test_several_of_an_organization_are_of_whole_pages() -> None:
    options = options_of(partitions="2")
    start, end = TODAY - 90 * DAY, TODAY
    first, second = partitions_of(options, Window(start, end))
    pages = [*windows_of(evolve(options.query, end_time=end), end)]
    assert [(each.start_time, each.end_time) for each in (first, second)] == [
        (start, pages[0].end_time),
        (pages[1].start_time, end),
    ]
    assert first.siblings == second.siblings == 2
    assert len(partitions_of(options_of(partitions="9"), Window(start, end))) == len(pages) == 3


@given(st.data(), WIDTHS, st.integers(1, 9))
def test_they_cover_every_moment_once(data: st.DataObject, width: str, count: int) -> None:
    start = data.draw(TIMES)
    end = data.draw(st.integers(start + 1, TODAY + 1))
    options = options_of(bucket_width=width, partitions=str(count))
    found = partitions_of(options, Window(start, end))
    assert 1 <= len(found) <= count
    assert (found[0].start_time, found[-1].end_time) == (start, end)
    for one, following in pairwise(found):
        assert one.end_time == following.start_time
        assert one.end_time % SECONDS[options.query.bucket_width] == 0


def test_an_empty_range_has_none() -> None:
    assert partitions_of(options_of(partitions="3"), Window(TODAY, TODAY)) == []


def utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(
    ("column", "relations", "moment", "expected"),
    [
        ("start", ">=", TODAY - 3 * DAY, (-3, 0)),
        ("start", ">", TODAY - 3 * DAY + 0.5, (-3, 0)),
        ("start", "<", TODAY - 3 * DAY, (-9, -2)),
        ("start", "<=", TODAY - 3 * DAY, (-9, -2)),
        ("start", "=", TODAY - 3 * DAY, (-3, -2)),
        ("end", ">=", TODAY - 3 * DAY, (-4, 0)),
        ("end", "<", TODAY - 3 * DAY + 0.5, (-9, -2)),
        ("end", "=", TODAY - 3 * DAY, (-4, -2)),
        ("start", ">", TODAY - 99 * DAY, (-9, 0)),
        ("start", "<", TODAY + 99 * DAY, (-9, 0)),
        ("start", ">", TODAY, None),
        ("end", "<", TODAY - 99 * DAY, None),
    ],
)
def test_a_time_narrows_a_range(
    column: str, relations: str, moment: float, expected: tuple[int, int] | None
) -> None:
    found = narrowed(Window(TODAY - 9 * DAY, TODAY), DAY, column, utc(moment), relations=relations)
    if expected is None:
        assert partitions_of(options_of(), found) == []
    else:
        assert found == Window(TODAY + expected[0] * DAY, TODAY + expected[1] * DAY)


COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}


@given(
    TIMES,
    st.integers(1, 5 * DAY),
    WIDTHS,
    st.sampled_from(["start", "end"]),
    st.sampled_from([*COMPARE]),
    st.integers(-2 * DAY, 7 * DAY),
    st.sampled_from([0.0, 0.25]),
)
def test_no_bucket_that_a_filter_keeps_is_left_out_or_cut(
    start: int, length: int, width: str, column: str, relations: str, offset: int, part: float
) -> None:
    seconds = options_of(bucket_width=width).width
    window = Window(start, start + length)
    moment = start // seconds * seconds + offset // seconds * seconds + offset % 2 + part
    found = narrowed(window, seconds, column, utc(moment), relations=relations)
    holds = COMPARE[relations]
    for bound in range(start // seconds * seconds, window.end_time, seconds):
        # Usage clips the buckets at the ends of the range, and costs do not.
        clipped = (max(bound, start), min(bound + seconds, window.end_time))
        for first, after in (clipped, (bound, bound + seconds)):
            if holds(first if column == "start" else after, moment):
                assert found.start_time <= max(first, start)
                assert min(after, window.end_time) <= found.end_time
    assert found.start_time == start or found.start_time % seconds == 0
    assert found.end_time == window.end_time or found.end_time % seconds == 0


def test_settled_is_what_was_over_for_some_time() -> None:
    options = options_of(endpoint="costs")
    assert settled_until(options, TODAY + 5) == TODAY - 3 * DAY
    assert settled_until(options, TODAY - 5) == TODAY - 4 * DAY
    assert settled_until(options_of(settled_after="0"), TODAY + 5) == TODAY


def test_nothing_is_settled_before_the_start_or_after_the_end() -> None:
    start = TODAY - 90 * DAY
    assert settled_until(options_of(), start + DAY) == start
    end = TODAY - 9 * DAY + 3600
    assert settled_until(options_of(end_time=str(end)), TODAY) == TODAY - 9 * DAY
    uneven = options_of(start_time=str(start + 3600))
    assert settled_until(uneven, start + 2 * DAY - 1) == start + 3600
    assert utc(settled_until(uneven, start + 2 * DAY)) == utc(start) + timedelta(days=1)
