"""Divide a range into the partitions that Spark reads at the same time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from attrs import evolve, frozen

from openai_usage.integrations.spark_options import SparkOptions
from openai_usage.schema.windows import Window, windows_of

__all__ = ["Partition", "narrowed", "partitions_of", "settled_until"]

_EPOCH = datetime.fromtimestamp(0, UTC)


@frozen
class Partition:
    """A part of the range of one organization. It has no key, because Spark stores it."""

    organization: str
    """The label."""
    start_time: int
    """Unix seconds, inclusive. A bound of buckets, unless the range begins there."""
    end_time: int
    """Unix seconds, exclusive. A bound of buckets, unless the range ends there."""
    siblings: int
    """The number of partitions of the organization, which share its pace."""


def partitions_of(options: SparkOptions, window: Window) -> list[Partition]:
    """Return the partitions of a window: at most so many of each organization as the options say.

    Each has whole pages, so that several partitions send no more requests than one.
    """
    query = evolve(options.query, start_time=window.start_time, end_time=None)
    pages = [*windows_of(query, window.end_time)]
    count = min(options.partitions, len(pages))
    bounds = [number * len(pages) // max(count, 1) for number in range(count + 1)]
    return [
        Partition(label, pages[first].start_time, pages[after - 1].end_time, count)
        for label in options.labels
        for first, after in pairwise(bounds)
    ]


def narrowed(
    window: Window, width: int, column: str, moment: datetime, *, relations: str
) -> Window:
    """Return the part of *window* in which a time of a bucket can be before, at or after *moment*.

    The bounds are those of buckets, so that no bucket is cut. There can be a bucket too many. If
    there is no such part, the window ends before it begins, and has no partitions.

    Args:
        window: The range.
        width: Seconds in a bucket.
        column: The time of the bucket: `start` or `end`.
        moment: The time to compare it with.
        relations: The relations that the time can have: any of `<`, `=` and `>`.
    """
    bound = (moment - _EPOCH) // timedelta(seconds=width) * width
    start, end = window.start_time, window.end_time
    if "<" not in relations:
        start = max(start, bound if column == "start" else bound - width)
    if ">" not in relations:
        end = min(end, bound + width)
    return Window(start, end)


def settled_until(options: SparkOptions, now: float) -> int:
    """Return the bound of buckets up to which every bucket of the range is settled at *now*.

    It is not before the start of the range. A bucket that the end of the range cuts is never whole.
    """
    query = options.query
    moment = now - options.settled_after.total_seconds()
    until = int(moment if query.end_time is None else min(moment, query.end_time))
    return max(query.start_time, until // options.width * options.width)
