"""Format times, in UTC."""

from datetime import UTC, datetime

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


def date_and_time(moment: Moment) -> str:
    """Return a time to the minute: `2026-09-10 12:00`."""
    return iso(moment)[:16].replace("T", " ")
