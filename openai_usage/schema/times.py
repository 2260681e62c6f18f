"""Times of the API: whole Unix seconds, days and months in UTC."""

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from operator import index
from typing import Literal, SupportsIndex, TypeAlias

from openai_usage.schema.validation import reject

__all__ = [
    "SECONDS",
    "BucketWidth",
    "Timestamp",
    "days_ago",
    "month_start",
    "parse_time",
    "unix_seconds",
]

Timestamp: TypeAlias = int | datetime | date
"""Unix seconds, an aware datetime, or a date (its midnight in UTC)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

BucketWidth: TypeAlias = Literal["1m", "1h", "1d"]
"""A minute, an hour, or a day in UTC."""

DAY = 86_400
"""Seconds in a day of UTC."""

SECONDS: Mapping[BucketWidth, int] = {"1m": 60, "1h": 3600, "1d": DAY}
"""Seconds in a bucket."""

YEAR_10000 = 253_402_300_800
"""The first second that a datetime cannot hold."""


def unix_seconds(moment: Timestamp, *, param: str) -> int:
    """Return *moment* in Unix seconds, without fractions of a second.

    Raises:
        InvalidQueryError: *moment* is not a `Timestamp`, or is out of range. The message names
            *param*.
    """
    seconds: int | None = None
    match moment:
        case datetime() if moment.utcoffset() is None:
            hint = "A naive one could mean any time zone: give it one, as in datetime.now(UTC)."
            reject(param, moment, "an aware datetime", hint)
        case datetime():
            seconds = (moment - _EPOCH) // timedelta(seconds=1)  # exact, as a float is not
        case date():
            seconds = (moment - _EPOCH.date()).days * DAY
        case bool():
            pass  # an int in Python, but a mistake here
        case SupportsIndex():  # an int, or an integer of NumPy
            # NumPy arrays have this method too, but it works only with one number.
            with suppress(TypeError):
                seconds = index(moment)
    if seconds is None:
        reject(param, moment, "Unix seconds (int), an aware datetime or a date")
    if not 0 <= seconds < YEAR_10000:
        hint = "Unix seconds are meant, not milliseconds."
        reject(param, seconds, "a time from 1970 to 9999", hint)
    return seconds


def parse_time(text: str) -> int | datetime | None:
    """Return the time in *text*, or None if it is not a time.

    A time is Unix seconds of 9 to 12 digits, a date (its midnight in UTC), or a date and time in
    ISO 8601. The latter can be naive.
    """
    if re.fullmatch("[0-9]{9,12}", text):
        return int(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    is_date = re.fullmatch("[0-9]{4}-?[0-9]{2}-?[0-9]{2}", text)
    return found.replace(tzinfo=UTC) if is_date else found


def days_ago(days: int) -> datetime:
    """Return midnight in UTC, *days* days before today; `days_ago(0)` is today's midnight."""
    return _midnight(_now() - timedelta(days=days))


def month_start(months_ago: int = 0) -> datetime:
    """Return the first midnight in UTC of a month; `month_start(1)` is that of last month."""
    now = _now()
    year, month = divmod(now.year * 12 + now.month - 1 - months_ago, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
