"""Periods: the buckets of today, of yesterday, of this month and of the last settled day."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from openai_usage._pagination.continuity import LATE
from openai_usage.schema.pages import Bucket
from openai_usage.schema.times import DAY

__all__ = ["by_period", "count_missing"]

R = TypeVar("R")

_IN_PROGRESS = ("today", "month_to_date")
"""The periods that are not over."""


def _month_start(moment: int) -> int:
    """Return the Unix time at which the month of *moment* begins."""
    day = datetime.fromtimestamp(moment, UTC)
    midnight = day.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int(midnight.timestamp())


def by_period(
    buckets: Sequence[Bucket[R]], now: int, margin: timedelta
) -> Mapping[str, Sequence[Bucket[R]]]:
    """Return the buckets of each period that has any. A period without buckets is unknown.

    A past day is unknown, too, if the buckets do not cover it.

    Args:
        buckets: The buckets up to *now*.
        now: The current time in Unix seconds.
        margin: The time after its end at which a bucket is settled.
    """
    today = now // DAY * DAY
    until = now - margin.total_seconds()
    whole = (each for each in buckets if each.end_time - each.start_time == DAY)
    settled = max((each.start_time for each in whole if each.end_time <= until), default=0)
    spans: Mapping[str, tuple[int, int]] = {
        "today": (today, today + DAY),
        "yesterday": (today - DAY, today),
        "last_settled_day": (settled, settled + DAY),
        "month_to_date": (_month_start(now), today + DAY),
    }
    chosen = {
        period: [each for each in buckets if first <= each.start_time < end]
        for period, (first, end) in spans.items()
    }
    return {
        period: found
        for period, found in chosen.items()
        if found and (period in _IN_PROGRESS or _seconds_of(found) == DAY)
    }


def _seconds_of(buckets: Sequence[Bucket[R]]) -> int:
    return sum(each.end_time - each.start_time for each in buckets)


def count_missing(buckets: Sequence[Bucket[object]], now: int) -> int:
    """Return the number of days of this month for which the API returned no whole bucket.

    Today counts once its bucket is late.
    """
    month, today = _month_start(now), now // DAY * DAY
    covered = dict.fromkeys(range(month, today, DAY), 0)
    for each in buckets:
        day = each.start_time // DAY * DAY
        if day in covered:
            covered[day] += each.end_time - each.start_time
    missing = sum(seconds < DAY for seconds in covered.values())
    has_today = any(each.start_time >= today for each in buckets)
    return missing + (not has_today and now - today >= LATE)
