"""How a range of time is cut into windows of one full page each, and what a walk will cost."""

from collections.abc import Iterator

from attrs import frozen

from openai_usage.schema.range_query import BucketWidth, RangeQuery
from openai_usage.schema.results import Span

__all__ = ["Plan", "Window"]

SECONDS: dict[BucketWidth, int] = {"1m": 60, "1h": 3600, "1d": 86400}
"""How long a bucket is."""


@frozen
class Window(Span):
    """A part of a range, from bound to bound of buckets."""

    start_time: int
    """Unix seconds, inclusive."""
    end_time: int
    """Unix seconds, exclusive."""


@frozen
class Plan:
    """What a walk over a range comes to, if pages come full."""

    windows: tuple[Window, ...]
    """The range in pieces of one full page each, which `.concurrently()` fetches side by side."""
    requests: int
    """How many requests the walk sends. One for each window where they go side by side; a plain
    walk over costs asks for larger pages than a window is, and may need fewer."""


def buckets_in(query: RangeQuery, end_time: int) -> int:
    """How many buckets there are from the query's start to *end_time*, cut ones included."""
    width = SECONDS[query.bucket_width]
    return -(-end_time // width) - query.start_time // width


def windows_of(query: RangeQuery, end_time: int) -> Iterator[Window]:
    """The windows from the query's start to *end_time*, each of one full page."""
    width = SECONDS[query.bucket_width]
    full = min(query.limit or query.page_size.maximum, query.page_size.full)
    start = query.start_time
    while start < end_time:
        end = min(end_time, (start // width + full) * width)
        yield Window(start, end)
        start = end
