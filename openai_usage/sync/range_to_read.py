"""Cut a sync into chunks: the part of a range that is read again, and what is replaced at once."""

from collections.abc import Iterator

from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.times import SECONDS
from openai_usage.schema.windows import Window
from openai_usage.sync.sink import State

_PAGES = 4
"""The full pages in a chunk. They are read concurrently, and held in memory until the sink has
them."""


def first_to_read(query: RangeQuery, state: State | None, now: int) -> int:
    """Return the start of what is read: of the query, or of what can have changed since.

    At least the last full page is read again. That takes one request, as the latest bucket does,
    and finds what is restated later than usual.
    """
    width = SECONDS[query.bucket_width]
    start = query.start_time // width * width
    if state is None or start < state.started:
        return start
    last_page = (now // width - query.page_size.full + 1) * width
    return max(state.started, min(state.settled_until, last_page))


def chunks_of(query: RangeQuery, start: int, now: int) -> Iterator[Window]:
    """Yield what is read at once, from *start* to *now*, in time order."""
    length = _PAGES * query.page_size.full * SECONDS[query.bucket_width]
    while start < now:
        end = min(start + length, now)
        yield Window(start, end)
        start = end
