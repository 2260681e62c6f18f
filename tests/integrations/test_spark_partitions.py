"""Partitions: every moment of a range once, at the bounds of pages."""

from itertools import pairwise

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from openai_usage.integrations.spark_options import SparkOptions, parse_options
from openai_usage.integrations.spark_partitions import (
    Partition,
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


def test_settled_is_what_was_over_for_some_time() -> None:
    options = options_of(endpoint="costs")
    assert settled_until(options, TODAY + 5) == TODAY - 3 * DAY
    assert settled_until(options, TODAY - 5) == TODAY - 4 * DAY
    assert settled_until(options_of(settled_after="0"), TODAY + 5) == TODAY


def test_nothing_is_settled_after_the_end() -> None:
    end = TODAY - 9 * DAY + 3600
    assert settled_until(options_of(end_time=str(end)), TODAY) == TODAY - 9 * DAY


def test_the_start_settles_nothing() -> None:
    later = options_of(start_time=str(TODAY + 9 * DAY))
    assert settled_until(later, TODAY) == TODAY - DAY
