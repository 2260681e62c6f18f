"""Format times, in UTC."""

from datetime import UTC, date, datetime

Moment = datetime | int
"""A time: a datetime in UTC, or Unix seconds."""


def iso(moment: Moment) -> str:
    """Return a time in ISO 8601, with Z: `2026-09-10T12:00:00Z`."""
    if not isinstance(moment, datetime):
        moment = datetime.fromtimestamp(moment, UTC)
    return moment.isoformat().replace("+00:00", "Z")


def iso_date(moment: Moment) -> str:
    """Return the date of a time: `2026-09-10`."""
    return iso(moment)[:10]


def written_date(day: date | int) -> str:
    """Return a date, or the date of a time in UTC, as people write it: `10 September 2026`."""
    moment = datetime.fromtimestamp(day, UTC) if isinstance(day, int) else day
    return f"{moment.day} {moment:%B %Y}"


def date_and_time(moment: Moment) -> str:
    """Return a time to the minute: `2026-09-10 12:00`."""
    return iso(moment)[:16].replace("T", " ")


def typed_time(seconds: int) -> str:
    """Return a time as people type it: `2026-09-10` at midnight, or else `2026-09-10T12:00:00Z`.

    Return *seconds* unchanged if they are before the first or after the last datetime.
    """
    try:
        return iso(seconds).removesuffix("T00:00:00Z")
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def short_time(seconds: int) -> str:
    """Return a time to the minute, and at midnight only its date: `2026-09-10`.

    Return *seconds* unchanged if they are before the first or after the last datetime.
    """
    try:
        return date_and_time(seconds).removesuffix(" 00:00")
    except (ValueError, OverflowError, OSError):  # no datetime is that early or late
        return str(seconds)


def short_span(start: int, end: int) -> str:
    """Return a span of time: `2026-09-10 … 2026-09-11`."""
    return f"{short_time(start)} … {short_time(end)}"
