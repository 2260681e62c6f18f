"""Windows: parts of a range of one full page each, and the requests an iteration takes."""

from collections.abc import Iterator

from attrs import frozen

from openai_usage._html import html_table
from openai_usage._number_format import counted
from openai_usage._time_format import short_span, short_time
from openai_usage.schema.pages import Span
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.times import SECONDS

__all__ = ["Plan", "Window"]


@frozen
class Window(Span):
    """A part of a range, from bound to bound of buckets."""

    start_time: int
    """Unix seconds, inclusive."""
    end_time: int
    """Unix seconds, exclusive."""


@frozen(repr=False)
class Plan:
    """The requests of an iteration, if every page is full."""

    windows: tuple[Window, ...]
    """The parts of the range, of one full page each, that `.concurrently()` fetches."""
    requests: int
    """The number of requests: one for each window with `.concurrently()`. Plain iteration over
    costs requests larger pages than a window, and can need fewer."""

    def __repr__(self) -> str:
        return f"Plan({self._describe()})"

    def _repr_html_(self) -> str:
        rows = [(short_time(each.start_time), short_time(each.end_time)) for each in self.windows]
        return html_table(self._describe(), ["start", "end"], rows)

    def _describe(self) -> str:
        parts = [counted(self.requests, "request"), counted(len(self.windows), "window")]
        if self.windows:
            parts.append(short_span(self.windows[0].start_time, self.windows[-1].end_time))
        return ", ".join(parts)


def buckets_in(query: RangeQuery, end_time: int) -> int:
    """Return the number of buckets from the query's start to *end_time*, with partial ones."""
    width = SECONDS[query.bucket_width]
    return -(-end_time // width) - query.start_time // width


def windows_of(query: RangeQuery, end_time: int) -> Iterator[Window]:
    """Yield the windows from the query's start to *end_time*, of one full page each."""
    width = SECONDS[query.bucket_width]
    full = min(query.limit or query.page_size.maximum, query.page_size.full)
    start = query.start_time
    while start < end_time:
        end = min(end_time, (start // width + full) * width)
        yield Window(start, end)
        start = end


def is_in_progress(query: RangeQuery, bucket: Span, now: int) -> bool:
    """Return whether the time of *bucket* is not over at *now*, in Unix seconds.

    A bucket of usage can end at the end of the range, before its time is over.
    """
    width = SECONDS[query.bucket_width]
    return (bucket.start_time // width + 1) * width > now
