"""Paginator: follow the cursors of a range to its end, or raise.

Every bucket is yielded once, in order. Iteration never ends early without an error. Only windows
that were requested ahead are held across a `yield`. Closing the iteration cancels them.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from attrs import evolve

from openai_usage._gap_text import billed_or_used
from openai_usage._http.config import OnGap
from openai_usage._http.transport import Body, Transport
from openai_usage._pagination.continuity import Continuity
from openai_usage._pagination.generators import Owned
from openai_usage._pagination.resume_point import ResumePoint
from openai_usage._telemetry import IterationSpan, iteration_span
from openai_usage._time_format import typed_time
from openai_usage._wire.decoder import decode_page
from openai_usage._wire.params import Params, to_params
from openai_usage.endpoints import Endpoint
from openai_usage.errors import BadRequestError, PaginationError
from openai_usage.gaps import Gap
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.results import Page
from openai_usage.schema.times import SECONDS
from openai_usage.schema.windows import Window, windows_of

R_co = TypeVar("R_co", covariant=True)

_EMPTY_AT_MOST = 1_000
"""Empty pages in a row before iteration gives up. A year of minutes without usage has 365 empty
pages; cursors that never end must not be followed forever."""

_log = logging.getLogger("openai_usage")


class FetchedPage(NamedTuple, Generic[R_co]):
    """A decoded page, and its body if bodies were requested."""

    page: Page[R_co]
    body: bytes


class Paginator(Generic[R_co]):
    """Fetch one page of an endpoint, or all pages of a range."""

    def __init__(
        self, transport: Transport, endpoint: Endpoint[..., R_co], *, with_bodies: bool = False
    ) -> None:
        self.transport = transport
        self.endpoint = endpoint
        self.with_bodies = with_bodies
        self.on_gap: OnGap = transport.options.on_gap
        self.span = IterationSpan()

    async def fetch(self, params: Params, cursor: str | None = None) -> FetchedPage[R_co]:
        """Return the page at *cursor*, or the first page without one."""
        params = params if cursor is None else [*params, ("page", cursor)]
        fetched = await self.transport.get(self.endpoint.path, params, self.span, self._parse)
        if self.transport.is_key(fetched.page.next_page):
            del fetched  # tracebacks can show locals
            raise PaginationError("the API sent an API key as the cursor, which is not followed.")
        return fetched

    async def _parse(self, body: Body) -> FetchedPage[R_co]:
        page = await decode_page(self.endpoint.result, body)
        return FetchedPage(page, bytes(body) if self.with_bodies else b"")

    async def first_page(self, query: RangeQuery) -> Page[R_co]:
        """Return one page. Its buckets are checked as in an iteration."""
        async with iteration_span("page", self.endpoint.name) as self.span:
            page = (await self.fetch(to_params(query))).page
            continuity = _continuity(query)
            continuity.check_page(page.data)
            if not page.has_more:
                continuity.check_end(_due(query))
            self._report_gaps(continuity)
            self.span.record_page(len(page.data))
        return page

    async def fetched_pages(
        self, query: RangeQuery, at_once: int | None
    ) -> AsyncGenerator[FetchedPage[R_co], None]:
        """Yield every page in order, from up to *at_once* windows at a time.

        An error's `resume_from` is the end of the last bucket that was yielded.
        """
        continuity = _continuity(query)
        pages = self._follow_cursors(query, continuity)
        in_windows = False
        if at_once != 1 and query.end_time is not None:  # only a range with an end has windows
            pages, in_windows = self._prefetch_windows(query, query.end_time, at_once), True
        with ResumePoint() as yielded:
            span = iteration_span("iterate", self.endpoint.name, at_once)
            async with span as self.span, Owned(pages) as owned:
                async for fetched in owned:
                    buckets = fetched.page.data
                    if in_windows:  # a gap can span several windows
                        continuity.check_page(buckets)
                    if buckets:
                        self._report_gaps(continuity)
                        yielded.end_time = buckets[-1].end_time
                    self.span.record_page(len(buckets))
                    yield fetched
                continuity.check_end(_due(query))
                self._report_gaps(continuity)

    async def _follow_cursors(
        self, query: RangeQuery, continuity: Continuity
    ) -> AsyncGenerator[FetchedPage[R_co], None]:
        """Yield the pages of *query*, following cursors until `has_more` is false.

        If the API rejects a cursor, start again without one at the end of the last bucket. This is
        done once per position.
        """
        seen: set[str] = set()
        restarted_at: int | None = None
        cursor = query.page
        params = to_params(evolve(query, page=None))  # the same on every page but for the cursor
        empty_in_a_row = 0
        while empty_in_a_row < _EMPTY_AT_MOST:
            try:
                fetched = await self.fetch(params, cursor)
            except BadRequestError as error:
                position = continuity.position
                refused = cursor in seen and error.param in (None, "page")
                if not refused or position is None or position == restarted_at:
                    raise
                if query.end_time is not None and position >= query.end_time:
                    return  # every bucket was yielded
                self._warn_of_restart(position, error)
                cursor, restarted_at = None, position
                params = to_params(evolve(query, start_time=position, page=None))
                seen.clear()
                continue
            continuity.check_page(fetched.page.data)
            yield fetched
            if not fetched.page.has_more:
                return
            empty_in_a_row = 0 if fetched.page.data else empty_in_a_row + 1
            cursor = next_cursor(fetched.page.next_page, seen)
        raise PaginationError(
            f"the API returned {_EMPTY_AT_MOST} empty pages in a row, each with another cursor."
        )

    async def _prefetch_windows(
        self, query: RangeQuery, end_time: int, at_once: int | None
    ) -> AsyncGenerator[FetchedPage[R_co], None]:
        """Yield the pages of the range in order, fetching several windows at a time.

        The rate limiter decides how many if *at_once* is None.
        """
        windows = (
            evolve(query, start_time=w.start_time, end_time=w.end_time)
            for w in windows_of(query, end_time)
        )
        tasks: deque[asyncio.Task[list[FetchedPage[R_co]]]] = deque()

        def start_more() -> None:
            room = max(0, (at_once or self.transport.rate_limiter.windows) - len(tasks))
            tasks.extend(
                asyncio.create_task(self._collect_window(w)) for w in islice(windows, room)
            )

        try:
            start_more()
            while tasks:
                pages = await tasks[0]
                tasks.popleft()
                start_more()
                for fetched in pages:
                    yield fetched
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _collect_window(self, window: RangeQuery) -> list[FetchedPage[R_co]]:
        return [fetched async for fetched in self._follow_cursors(window, _continuity(window))]

    def gap(self, found: Window) -> Gap:
        """Return a part of the range without a bucket as a `Gap` of this endpoint."""
        return Gap(
            endpoint=self.endpoint.name, start_time=found.start_time, end_time=found.end_time
        )

    def _report_gaps(self, continuity: Continuity) -> None:
        """Report each gap as the option `on_gap` says: warn, raise, or call a function."""
        on_gap = self.on_gap
        for found in continuity.take_gaps():
            gap = self.gap(found)
            if on_gap == "raise":
                raise PaginationError(f"{gap}.")
            if on_gap == "warn":
                _log.warning(
                    "GET %s: %s, though it gives empty ones elsewhere: what was %s then is not "
                    "known",
                    self.endpoint.path,
                    gap,
                    billed_or_used([gap.endpoint]),
                    extra={
                        "endpoint": self.endpoint.path,
                        "start_time": gap.start_time,
                        "end_time": gap.end_time,
                    },
                )
            else:
                on_gap(gap)

    def _warn_of_restart(self, place: int, error: BadRequestError) -> None:
        _log.warning(
            "GET %s refused its own cursor, starting again at %s: %s",
            self.endpoint.path,
            typed_time(place),
            error,
            extra={"endpoint": self.endpoint.path, "start_time": place},
        )


def _continuity(query: RangeQuery) -> Continuity:
    start_time = query.start_time if query.page is None else None
    return Continuity(start_time, query.end_time, SECONDS[query.bucket_width])


def _due(query: RangeQuery) -> float:
    """Return the time before which every bucket should exist, with one bucket of tolerance.

    The clocks of client and server differ, so the latest bucket may be missing.
    """
    return time.time() - SECONDS[query.bucket_width]


def next_cursor(cursor: str | None, seen: set[str]) -> str:
    """Return *cursor*, the cursor of a page with `has_more`, once it is known to be a new one.

    Raises:
        PaginationError: The cursor is missing, empty, or was returned before.
    """
    if not cursor or not cursor.strip():
        raise PaginationError(
            "the API says that there are more pages, but returned no cursor to them."
        )
    if cursor in seen:
        raise PaginationError(
            "the API returned the same cursor twice: the iteration would never end."
        )
    seen.add(cursor)
    return cursor
