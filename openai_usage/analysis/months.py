"""Days and months in UTC: the bounds of months, and the days between two dates."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

__all__ = ["days_between", "end_of_month", "months_before", "start_of_last_month"]


def end_of_month(day: date) -> date:
    """Return the last day of the month of *day*."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def start_of_last_month(day: date) -> date:
    """Return the first day of the month before that of *day*."""
    return months_before(day, 1)


def months_before(day: date, months: int) -> date:
    """Return the first day of the month that is *months* before that of *day*."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, 1)


def days_between(first: date, last: date) -> Iterator[date]:
    """Yield the days from *first* to *last*."""
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
