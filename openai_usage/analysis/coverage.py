"""Find the days of a bill that have no bucket."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from openai_usage import Gap
from openai_usage.analysis.months import start_of_last_month
from openai_usage.schema.pages import Span
from openai_usage.schema.times import unix_seconds

__all__ = ["covers", "uncovered"]


def uncovered(buckets: Iterable[Span], today: date, last_day: date) -> Iterator[Gap]:
    """Yield the parts without a bucket of a month and the month before, up to *today*.

    Args:
        buckets: The costs.
        today: The day in progress, in UTC.
        last_day: The last day of the month.
    """
    position = unix_seconds(start_of_last_month(last_day), param="today")
    end = unix_seconds(min(today, last_day + timedelta(days=1)), param="today")
    for start, stop in (*sorted((each.start_time, each.end_time) for each in buckets), (end, end)):
        if position < min(start, end):
            yield Gap(endpoint="costs", start_time=position, end_time=min(start, end))
        position = max(position, stop)


def covers(spans: Iterable[Span], day: date) -> bool:
    """Return whether any of *spans* reaches into *day* or beyond."""
    start = unix_seconds(day, param="today")
    return any(each.end_time > start for each in spans)
