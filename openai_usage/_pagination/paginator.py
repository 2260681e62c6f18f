"""Walk: the way through all pages of a range, complete or an error.

Every bucket comes once, in order; a walk never ends early in silence. Nothing is held across a
`yield` but what was asked for ahead, and that is given up when the walk is.
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
from openai_usage._http.transport import Transport
from openai_usage._pagination.continuity import Continuity
from openai_usage._pagination.generators import Owned
from openai_usage._telemetry import WalkSpan, walk_span
from openai_usage._wire.decoder import DecodeError, Params, decode_page, to_params
from openai_usage.endpoints import Endpoint
from openai_usage.errors import BadRequestError, PaginationError, UsageError
from openai_usage.gaps import Gap
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.results import Page
from openai_usage.schema.windows import SECONDS, windows_of

R_co = TypeVar("R_co", covariant=True)

_EMPTY_AT_MOST = 1_000
"""Empty pages in a row that a walk goes through: a year of minutes in which nothing happened comes
to 365 of them, and cursors without end must not go on for ever."""

_log = logging.getLogger("openai_usage")


class FetchedPage(NamedTuple, Generic[R_co]):
    """One answer: what it says, and the bytes that said it where they are wanted."""

    page: Page[R_co]
    body: bytes


class Paginator(Generic[R_co]):
    """Fetches the pages of an endpoint, one or all of a range."""

    def __init__(
        self, transport: Transport, endpoint: Endpoint[..., R_co], *, with_bodies: bool = False
    ) -> None:
        self.transport = transport
        self.endpoint = endpoint
        self.with_bodies = with_bodies
        self.span = WalkSpan()

    async def fetch(self, asked: Params, cursor: str | None = None) -> FetchedPage[R_co]:
        """The one page that is *asked* for, at a *cursor*."""
        pairs = asked if cursor is None else [*asked, ("page", cursor)]
        body = await self.transport.get(self.endpoint.path, pairs, self.span)
        try:
            page = await decode_page(self.endpoint.result, body)
        except DecodeError as wrong:
            raise self.transport.validation_error(wrong.what, wrong.path, body) from None
        if self.transport.is_key(page.next_page):
            del page  # tracebacks can show locals
            raise PaginationError("the API sent an API key as the cursor, which is not followed")
        return FetchedPage(page, bytes(body) if self.with_bodies else b"")

    async def first_page(self, query: RangeQuery) -> Page[R_co]:
        """The one page that *query* asks for, checked as every page is."""
        async with walk_span("page", self.endpoint.name) as self.span:
            page = (await self.fetch(to_params(query))).page
            continuity = _continuity(query)
            continuity.check_page(page.data)
            if not page.has_more:
                continuity.check_end(_due(query))
            self._report_gaps(continuity)
            self.span.handed_over(len(page.data))
        return page

    async def fetched_pages(
        self, query: RangeQuery, at_once: int | None
    ) -> AsyncGenerator[FetchedPage[R_co], None]:
        """Every answer in order, with windows *at_once*; an error says how far they came."""
        continuity = _continuity(query)
        fetched_pages = self._follow_cursors(query, continuity)
        in_windows = False
        if at_once != 1 and query.end_time is not None:  # only a range with an end can be cut
            fetched_pages, in_windows = self._prefetch_windows(query, query.end_time, at_once), True
        yielded_until: int | None = None
        try:
            span = walk_span("walk", self.endpoint.name, at_once)
            async with span as self.span, Owned(fetched_pages) as owned:
                async for reply in owned:
                    buckets = reply.page.data
                    if in_windows:  # each was checked alone; a gap over several of them is one gap
                        continuity.check_page(buckets)
                    if buckets:
                        self._report_gaps(continuity)
                        yielded_until = buckets[-1].end_time
                    self.span.handed_over(len(buckets))
                    yield reply
                continuity.check_end(_due(query))
                self._report_gaps(continuity)
        except UsageError as error:
            error.resume_from = yielded_until
            raise

    async def _follow_cursors(
        self, query: RangeQuery, continuity: Continuity
    ) -> AsyncGenerator[FetchedPage[R_co], None]:
        """Follow the cursors from page to page, to the page that has no more.

        A cursor that is refused on the way is given up, once at a place, for a fresh start at
        the end of the last bucket.
        """
        seen: set[str] = set()
        restarted_at: int | None = None
        cursor = query.page
        asked = to_params(evolve(query, page=None))  # on every page the same, but for the cursor
        empty_in_a_row = 0
        while empty_in_a_row < _EMPTY_AT_MOST:
            try:
                reply = await self.fetch(asked, cursor)
            except BadRequestError as error:
                position = continuity.position
                refused = cursor in seen and error.param in (None, "page")
                if not refused or position is None or position == restarted_at:
                    raise
                if query.end_time is not None and position >= query.end_time:
                    return  # every bucket is there already
                self._warn_of_restart(position, error)
                cursor, restarted_at = None, position
                asked = to_params(evolve(query, start_time=position, page=None))
                seen.clear()
                continue
            continuity.check_page(reply.page.data)
            yield reply
            if not reply.page.has_more:
                return
            empty_in_a_row = 0 if reply.page.data else empty_in_a_row + 1
            cursor = next_cursor(reply.page.next_page, seen)
        raise PaginationError(f"the API keeps giving cursors to empty pages, {_EMPTY_AT_MOST} now")

    async def _prefetch_windows(
        self, query: RangeQuery, end_time: int, at_once: int | None
    ) -> AsyncGenerator[FetchedPage[R_co], None]:
        """Walk the windows of the range, some of them at once, and hand them over in order.

        How many is up to the gate where *at_once* does not say.
        """
        windows = (
            evolve(query, start_time=w.start_time, end_time=w.end_time)
            for w in windows_of(query, end_time)
        )
        ahead: deque[asyncio.Task[list[FetchedPage[R_co]]]] = deque()

        def start_more() -> None:
            room = max(0, (at_once or self.transport.rate_limiter.windows) - len(ahead))
            ahead.extend(
                asyncio.create_task(self._collect_window(w)) for w in islice(windows, room)
            )

        try:
            start_more()
            while ahead:
                replies = await ahead[0]
                ahead.popleft()
                start_more()
                for reply in replies:
                    yield reply
        finally:
            for task in ahead:
                task.cancel()
            await asyncio.gather(*ahead, return_exceptions=True)

    async def _collect_window(self, window: RangeQuery) -> list[FetchedPage[R_co]]:
        return [reply async for reply in self._follow_cursors(window, _continuity(window))]

    def _report_gaps(self, continuity: Continuity) -> None:
        """Hand each gap found to `on_gap`: warn of it, raise it, or call a function with it."""
        on_gap = self.transport.options.on_gap
        for found in continuity.take_gaps():
            gap = Gap(
                endpoint=self.endpoint.name, start_time=found.start_time, end_time=found.end_time
            )
            if on_gap == "raise":
                raise PaginationError(str(gap))
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
            "GET %s refused its own cursor, starting again at %d: %s",
            self.endpoint.path,
            place,
            error,
            extra={"endpoint": self.endpoint.path, "start_time": place},
        )


def _continuity(query: RangeQuery) -> Continuity:
    start_time = query.start_time if query.page is None else None
    return Continuity(start_time, query.end_time, SECONDS[query.bucket_width])


def _due(query: RangeQuery) -> float:
    """The moment before which a bucket was complete for as long as a bucket is.

    What ended since then may be missing: the clocks of client and server differ.
    """
    return time.time() - SECONDS[query.bucket_width]


def next_cursor(cursor: str | None, seen: set[str]) -> str:
    """The *cursor* that came with a page which has more: it must be there and lead on."""
    if not cursor or not cursor.strip():
        raise PaginationError("the API says that there is more, and gives no cursor to it")
    if cursor in seen:
        raise PaginationError("the API gave the same cursor twice: the walk would never end")
    seen.add(cursor)
    return cursor
