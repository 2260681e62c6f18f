"""Label buckets with the hour, day, week or month that contains them, in UTC."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from openai_usage._time_format import iso
from openai_usage.errors import InvalidQueryError
from openai_usage.schema.pages import Span

__all__ = ["PERIODS", "period_label"]

PERIODS: Mapping[str, Callable[[datetime], str]] = {
    "start": iso,
    "hour": lambda moment: f"{moment:%Y-%m-%dT%H:00Z}",
    "day": lambda moment: f"{moment:%Y-%m-%d}",
    "week": lambda moment: f"{moment:%G-W%V}",
    "month": lambda moment: f"{moment:%Y-%m}",
}
"""A function from a moment to the label of its period, by the name of the period.

Labels follow ISO 8601, so sorted labels are in time order: `2026-W40` begins on a Monday.
"""


def period_label(name: str, bucket: Span) -> str:
    """Return the label of the period that contains a bucket: `2026-10` for the name `month`.

    Raises:
        InvalidQueryError: The bucket is longer than the period, or extends into the next one.
    """
    label = PERIODS[name]
    found = label(bucket.start)
    if name != "start" and label(datetime.fromtimestamp(bucket.end_time - 1, UTC)) != found:
        raise InvalidQueryError(
            param="by",
            value=name,
            expected=f"a period that contains the bucket from {iso(bucket.start)} to "
            f"{iso(bucket.end)}",
            hint="Query shorter buckets: bucket_width='1h' for hours.",
        )
    return found
