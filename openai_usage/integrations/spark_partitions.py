"""Divide a range into the partitions that Spark reads at the same time."""

from itertools import pairwise

from attrs import evolve, frozen

from openai_usage.integrations.spark_options import SparkOptions
from openai_usage.schema.windows import Window, windows_of

__all__ = ["Partition", "partitions_of", "settled_until"]


@frozen
class Partition:
    """A part of the range of one organization. It must not contain a key: Spark stores it."""

    organization: str
    """The label."""
    start_time: int
    """Unix seconds, inclusive. A bound of buckets, unless the range begins there."""
    end_time: int
    """Unix seconds, exclusive. A bound of buckets, unless the range ends there."""
    siblings: int
    """The number of partitions of the organization, which share its pace."""


def partitions_of(options: SparkOptions, window: Window) -> list[Partition]:
    """Return the partitions of a window: at most `options.partitions` for each organization.

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


def settled_until(options: SparkOptions, now: float) -> int:
    """Return the bound of buckets up to which every bucket is settled at *now*.

    It can be before the start of the range. A bucket that is cut by the end is never settled.
    """
    moment = now - options.settled_after.total_seconds()
    end = options.query.end_time
    until = int(moment if end is None else min(moment, end))
    return until // options.width * options.width
