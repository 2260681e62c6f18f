"""A sync reads the last days again, in chunks."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import CompletionsQuery, CostsQuery, RangeQuery
from openai_usage.schema.times import SECONDS
from openai_usage.schema.windows import windows_of
from openai_usage.sync import State
from openai_usage.sync.range_to_read import chunks_of, first_to_read
from tests.conftest import DAY, NOW, TODAY

HOUR = 3600


def state(started: int, settled_until: int) -> State:
    return State(
        layout="1d", started=started, settled_until=settled_until, read_until=NOW, read_at=NOW
    )


def completions(start: int, width: Any = "1d") -> RangeQuery:
    return CompletionsQuery(start_time=start, bucket_width=width)


@pytest.mark.parametrize(
    ("query", "known", "expected"),
    [
        (completions(TODAY - 90 * DAY), None, TODAY - 90 * DAY),
        (completions(TODAY - 90 * DAY + 5), None, TODAY - 90 * DAY),
        # at least the last full page
        (completions(TODAY - 90 * DAY), state(TODAY - 90 * DAY, TODAY - DAY), TODAY - 30 * DAY),
        (CostsQuery(start_time=TODAY), state(TODAY - 90 * DAY, TODAY - DAY), TODAY - 30 * DAY),
        (
            completions(TODAY, "1h"),
            state(TODAY - 90 * DAY, TODAY - DAY),
            NOW // HOUR * HOUR - 167 * HOUR,
        ),
        (completions(TODAY, "1m"), state(TODAY - 90 * DAY, TODAY), NOW // 60 * 60 - 1439 * 60),
        # what was not settled then, after a pause
        (
            completions(TODAY - 90 * DAY),
            state(TODAY - 90 * DAY, TODAY - 50 * DAY),
            TODAY - 50 * DAY,
        ),
        # never before the copy begins
        (completions(TODAY - 9 * DAY), state(TODAY - 9 * DAY, TODAY - DAY), TODAY - 9 * DAY),
        (completions(TODAY - 2 * DAY), state(TODAY - 9 * DAY, TODAY - DAY), TODAY - 9 * DAY),
        # an earlier start reads everything
        (completions(TODAY - 99 * DAY), state(TODAY - 9 * DAY, TODAY - DAY), TODAY - 99 * DAY),
    ],
)
def test_where_reading_begins(query: RangeQuery, known: State | None, expected: int) -> None:
    assert first_to_read(query, known, NOW) == expected


@given(
    start=st.integers(NOW - 400 * DAY, NOW),
    width=st.sampled_from(["1m", "1h", "1d"]),
)
def test_chunks_are_the_whole_range_and_begin_at_bounds(start: int, width: Any) -> None:
    query = completions(start, width)
    first = first_to_read(query, None, NOW)
    chunks = list(chunks_of(query, first, NOW))
    assert [each.end_time for each in chunks] == [*(c.start_time for c in chunks[1:]), NOW][
        : len(chunks)
    ]
    assert all(each.start_time % SECONDS[query.bucket_width] == 0 for each in chunks)
    for each in chunks:
        part = completions(each.start_time, width)
        assert len(list(windows_of(part, each.end_time))) <= 4
    assert (chunks[0].start_time if chunks else NOW) == first
