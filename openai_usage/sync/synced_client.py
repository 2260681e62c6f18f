"""SyncedClient: read a copy with the methods of a client. Nothing is sent."""

import json
import time
from collections.abc import AsyncGenerator
from typing import TypeVar

from openai_usage._http.config import ClientConfig, OnGap
from openai_usage._http.no_transport import NoTransport
from openai_usage._pagination.continuity import Continuity
from openai_usage._pagination.paginator import FetchedPage, Paginator
from openai_usage._time_format import date_and_time
from openai_usage.buckets import Buckets
from openai_usage.client import AsyncUsageClient
from openai_usage.endpoints import Endpoint
from openai_usage.errors import InvalidQueryError
from openai_usage.schema.pages import Bucket, Page
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.times import SECONDS
from openai_usage.schema.windows import Window, windows_of
from openai_usage.sync.copy_rows import CopyRows
from openai_usage.sync.sink import Sink
from openai_usage.sync.store import Store

__all__ = ["SyncedClient"]

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class SyncedClient(AsyncUsageClient):
    """Read a copy with the methods of `AsyncUsageClient`. Nothing is sent, and no key is needed.

    ::

        with DuckDBSink("usage.duckdb", read_only=True) as sink:
            client = SyncedClient(sink, "acme")
            async for bucket in client.costs(start_time=days_ago(400), group_by=["model"]):
                ...

    A query can have fewer labels in `group_by` than the copy, wider buckets, and filters of labels
    that the copy has. Buckets are always whole. Names and limits are not in a copy.

    Args:
        sink: The copy.
        organization: The label of the organization in the copy.
        on_gap: The reaction if the copy does not have a part of the range, as for a client.

    Raises:
        SyncError: On reading, if the copy does not have what a query asks for.
    """

    def __init__(self, sink: Sink, organization: str, *, on_gap: OnGap = "warn") -> None:
        # The key is not one, and is never sent.
        super().__init__("none", base_url="https://copy.invalid", organization="", on_gap=on_gap)
        self._transport = _Copy(self._transport.options, sink, organization)
        states = (sink.state(name, organization) for name in self.table())
        self._read_at = max((each.read_at for each in states if each is not None), default=None)
        self._label = organization

    @property
    def base_url(self) -> str:
        """The name of the copy, since there is no API."""
        return self._source

    @property
    def _is_copy(self) -> bool:
        return True

    @property
    def _source(self) -> str:
        when = "" if self._read_at is None else f", read at {date_and_time(self._read_at)} UTC"
        return f"a copy of {self._label}{when}"

    def _response(self, endpoint: Endpoint[..., R], query: RangeQuery) -> Buckets[R]:
        return _SyncedBuckets(self._transport, endpoint, query)


class _Copy(NoTransport):
    """A copy, in place of a connection."""

    def __init__(self, options: ClientConfig, sink: Sink, label: str) -> None:
        super().__init__(options, "a copy")
        self.store = Store(sink)
        self.label = label


class _CopyPaginator(Paginator[R_co]):
    """Read the pages of a copy. Buckets are checked as those of the API."""

    transport: _Copy

    async def first_page(self, query: RangeQuery) -> Page[R_co]:
        """Return one page, with as many buckets as the API returns."""
        start, end = _span(query)
        limit = query.limit or query.page_size.default
        width = SECONDS[query.bucket_width]
        window = Window(start, min(end, (start // width + limit) * width))
        has_more = window.end_time < end
        return Page(
            data=await self._buckets(query, window),
            has_more=has_more,
            next_page=str(window.end_time) if has_more else None,
        )

    def fetched_pages(
        self,
        query: RangeQuery,
        at_once: int | None,  # noqa: ARG002
    ) -> AsyncGenerator[FetchedPage[R_co], None]:
        """Yield every page in order. A copy is not read faster by several at a time."""
        return super().fetched_pages(query, 1)

    async def _follow_cursors(
        self, query: RangeQuery, continuity: Continuity
    ) -> AsyncGenerator[FetchedPage[R_co], None]:
        start, end = _span(query)
        for window in windows_of(query, end):
            if window.end_time <= start:
                continue
            page = Page(data=await self._buckets(query, window), has_more=window.end_time < end)
            continuity.check_page(page.data)
            body = json.dumps(page.to_dict()).encode() if self.with_bodies else b""
            yield FetchedPage(page, body)

    async def _buckets(self, query: RangeQuery, window: Window) -> tuple[Bucket[R_co], ...]:
        copy = self.transport
        rows = CopyRows(copy.store.sink, copy.label, self.endpoint, query)
        return await copy.store.run(lambda: rows.buckets(window))


class _SyncedBuckets(Buckets[R_co]):
    _paginator = _CopyPaginator

    def _reject_following(self) -> None:
        raise InvalidQueryError(
            "follow() cannot read a copy: a bucket that was read early would count as settled.",
            param="follow",
            hint="Follow the API, or read the changes that each sync returns.",
        )


def _span(query: RangeQuery) -> tuple[int, int]:
    """Return the part of the range that is left: from the cursor on, if there is one."""
    start = query.start_time if query.page is None else int(query.page)
    return start, query.end_time or max(start, int(time.time()))
