"""Moments: what counts as one, and what never does."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import CompletionsQuery, InvalidQueryError, days_ago, month_start

EAST = timezone(timedelta(hours=2))


class IndexLike:
    """An integer of another library, as NumPy's are."""

    def __index__(self) -> int:
        return 86_400


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        (0, 0),
        (1_764_979_200, 1_764_979_200),
        (date(2025, 12, 6), 1_764_979_200),
        (datetime(2025, 12, 6, tzinfo=UTC), 1_764_979_200),
        (datetime(2025, 12, 6, 2, tzinfo=EAST), 1_764_979_200),
        (datetime(2025, 12, 6, 0, 0, 0, 999_999, tzinfo=UTC), 1_764_979_200),
        (IndexLike(), 86_400),
    ],
)
def test_a_moment_becomes_unix_seconds(moment: int, seconds: int) -> None:
    assert CompletionsQuery(start_time=moment).start_time == seconds


@pytest.mark.parametrize("param", ["start_time", "end_time"])
@pytest.mark.parametrize(
    ("moment", "says"),
    [
        (datetime(2025, 12, 6), "naive"),  # noqa: DTZ001 - the point
        (True, "not True"),
        ("2025-12-06", "not '2025-12-06'"),
        (1.5, "not 1.5"),
        (-1, "from 1970 to 9999, not -1"),
        (1_764_979_200_000, "milliseconds"),
    ],
)
def test_what_is_no_moment_is_refused_by_name(param: str, moment: object, says: str) -> None:
    asked: dict[str, Any] = {"start_time": 1, param: moment}
    with pytest.raises(InvalidQueryError, match=says) as caught:
        CompletionsQuery(**asked)
    assert caught.value.param == param
    assert param in str(caught.value)


@given(st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=st.timezones()))  # noqa: DTZ001
def test_any_aware_datetime_means_the_same_moment_everywhere(moment: datetime) -> None:
    query = CompletionsQuery(start_time=moment)
    assert query == CompletionsQuery(start_time=moment.astimezone(UTC))
    since_1970 = moment - datetime(1970, 1, 1, tzinfo=UTC)
    assert query.start_time == since_1970 // timedelta(seconds=1)  # timestamp() rounds


def test_start_time_cannot_be_none() -> None:
    nothing: Any = None
    with pytest.raises(InvalidQueryError, match="start_time"):
        CompletionsQuery(start_time=nothing)


def test_days_ago_are_utc_midnights() -> None:
    today = days_ago(0)
    assert today <= datetime.now(UTC) < today + timedelta(days=1, minutes=1)
    assert days_ago(30) == today - timedelta(days=30)
    assert {today.hour, today.minute, today.second, today.microsecond} == {0}
    assert today.tzinfo is UTC


@given(st.integers(0, 600))
def test_months_start_at_midnight_of_their_first_day(months: int) -> None:
    start = month_start(months)
    assert (start.day, start.hour, start.minute, start.microsecond) == (1, 0, 0, 0)
    assert (start - timedelta(days=1)).replace(day=1) == month_start(months + 1)


def test_this_month_is_the_default() -> None:
    assert month_start() == datetime.now(UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
