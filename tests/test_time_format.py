"""Times as text: in ISO 8601 for programs, to the minute for people."""

from datetime import UTC, datetime

from openai_usage._time_format import date_and_time, iso, iso_date, typed_time

MOMENT = datetime(2026, 9, 10, 22, 40, 5, tzinfo=UTC)


def test_a_time_is_in_utc_with_z() -> None:
    assert iso(MOMENT) == iso(int(MOMENT.timestamp())) == "2026-09-10T22:40:05Z"
    assert iso(0) == "1970-01-01T00:00:00Z"


def test_people_get_a_date_or_a_time_to_the_minute() -> None:
    assert iso_date(MOMENT) == "2026-09-10"
    assert date_and_time(MOMENT) == "2026-09-10 22:40"


def test_people_get_a_time_as_they_type_it() -> None:
    assert typed_time(1_764_979_200) == "2025-12-06"
    assert typed_time(1_764_979_260) == "2025-12-06T00:01:00Z"
    assert typed_time(10**15) == "1000000000000000"
    assert typed_time(-(10**30)) == str(-(10**30))
