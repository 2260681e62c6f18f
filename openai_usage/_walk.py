"""Walk: the way through all pages of a range, complete or an error.

Every bucket comes once, in order; a walk never ends early in silence. Nothing is held across a
`yield` but what was asked for ahead, and that is given up when the walk is.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from attrs import evolve

from openai_usage._codec import NoPageError, Pairs, page_of, query_pairs
from openai_usage._generators import Owned
from openai_usage._telemetry import WalkSpan, walk_span
from openai_usage._transport import Transport
from openai_usage.endpoints import Endpoint
from openai_usage.errors import BadRequestError, PaginationError, UsageError
from openai_usage.plans import SECONDS, windows_of
from openai_usage.range_query import RangeQuery
from openai_usage.results import Bucket, Page
from openai_usage.times import YEAR_10000

R_co = TypeVar("R_co", covariant=True)

_EMPTY_AT_MOST = 1_000
"""Empty pages in a row that a walk goes through: a year of minutes in which nothing happened comes
to 365 of them, and cursors without end must not go on for ever."""

_log = logging.getLogger("openai_usage")


class Reply(NamedTuple, Generic[R_co]):
    """One answer: what it says, and the bytes that said it where they are wanted."""

    page: Page[R_co]
    body: bytes


class Walk(Generic[R_co]):
    """Fetches the pages of an endpoint, one or all of a range."""

    def __init__(
        self, transport: Transport, endpoint: Endpoint[..., R_co], *, with_bodies: bool = False
    ) -> None:
        self.transport = transport
        self.endpoint = endpoint
        self.with_bodies = with_bodies
        self.span = WalkSpan()

    async def fetch(self, asked: Pairs, cursor: str | None = None) -> Reply[R_co]:
        """The one page that is *asked* for, at a *cursor*."""
        pairs = asked if cursor is None else [*asked, ("page", cursor)]
        body = await self.transport.get(self.endpoint.path, pairs, self.span)
        try:
            page = await page_of(self.endpoint.result, body)
        except NoPageError as wrong:
            raise self.transport.no_page(wrong.what, wrong.path, body) from None
        return Reply(page, bytes(body) if self.with_bodies else b"")

    async def first_page(self, query: RangeQuery) -> Page[R_co]:
        """The one page that *query* asks for, checked as every page is."""
        async with walk_span("page", self.endpoint.name) as self.span:
            page = (await self.fetch(query_pairs(query))).page
            begin = query.start_time if query.page is None else None
            done = self._end_of_last(page, begin, query)
            if not page.has_more:
                self._check_end(done, query)
            self.span.handed_over(len(page.data))
        return page

    async def replies(
        self, query: RangeQuery, at_once: int | None
    ) -> AsyncGenerator[Reply[R_co], None]:
        """Every answer in order, with windows *at_once*; an error says how far they came."""
        replies = self._one_by_one(query)
        if at_once != 1 and query.end_time is not None:  # only a range with an end can be cut
            replies = self._side_by_side(query, query.end_time, at_once)
        handed_over: int | None = None
        try:
            span = walk_span("walk", self.endpoint.name, at_once)
            async with span as self.span, Owned(replies) as owned:
                async for reply in owned:
                    handed_over = _follow(reply.page, handed_over)
                    self.span.handed_over(len(reply.page.data))
                    yield reply
        except UsageError as error:
            error.resume_from = handed_over
            raise

    async def _one_by_one(self, query: RangeQuery) -> AsyncGenerator[Reply[R_co], None]:
        """Follow the cursors from page to page, to the page that has no more.

        A cursor that is refused on the way is given up, once at a place, for a fresh start at
        the end of the last bucket.
        """
        seen: set[str] = set()
        # Where a walk begins that begins at a page, only its cursor knows: no bucket is missing
        # before the first, and nothing but a bucket gives a place for a fresh start.
        done = query.start_time if query.page is None else None
        restarted_at: int | None = None
        cursor = query.page
        asked = query_pairs(evolve(query, page=None))  # on every page the same, but for the cursor
        empty_in_a_row = 0
        while empty_in_a_row < _EMPTY_AT_MOST:
            try:
                reply = await self.fetch(asked, cursor)
            except BadRequestError as error:
                refused = cursor in seen and error.param in (None, "page")
                if not refused or done is None or done == restarted_at:
                    raise
                if query.end_time is not None and done >= query.end_time:
                    return  # every bucket is there already
                self._warn_of_restart(done, error)
                cursor, restarted_at = None, done
                asked = query_pairs(evolve(query, start_time=done, page=None))
                seen.clear()
                continue
            done = self._end_of_last(reply.page, done, query)
            if not reply.page.has_more:
                self._check_end(done, query)
            yield reply
            if not reply.page.has_more:
                return
            empty_in_a_row = 0 if reply.page.data else empty_in_a_row + 1
            cursor = next_cursor(reply.page.next_page, seen)
        raise PaginationError(f"the API keeps giving cursors to empty pages, {_EMPTY_AT_MOST} now")

    async def _side_by_side(
        self, query: RangeQuery, end_time: int, at_once: int | None
    ) -> AsyncGenerator[Reply[R_co], None]:
        """Walk the windows of the range, some of them at once, and hand them over in order.

        How many is up to the gate where *at_once* does not say.
        """
        windows = (
            evolve(query, start_time=w.start_time, end_time=w.end_time)
            for w in windows_of(query, end_time)
        )
        ahead: deque[asyncio.Task[list[Reply[R_co]]]] = deque()

        def start_more() -> None:
            room = max(0, (at_once or self.transport.gate.windows) - len(ahead))
            ahead.extend(asyncio.create_task(self._whole(w)) for w in islice(windows, room))

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

    async def _whole(self, window: RangeQuery) -> list[Reply[R_co]]:
        return [reply async for reply in self._one_by_one(window)]

    def _end_of_last(self, page: Page[R_co], done: int | None, query: RangeQuery) -> int | None:
        """Where the last bucket of *page* ends, or *done*, where a walk is, if there is none.

        Each bucket must begin where the one before ended, and within the range. Where it begins
        later, buckets are missing: the API gives them even where nothing was used.
        """
        begin = query.start_time if done is None else done
        beyond = YEAR_10000 if query.end_time is None else query.end_time
        gaps = []
        for bucket in page.data:
            start, end = bucket.start_time, bucket.end_time
            if not begin <= start < end < YEAR_10000 or start >= beyond:
                raise _misplaced(bucket, begin)
            if start != begin and done is not None:
                gaps.append((begin, start))
            begin = done = end
        for gap in gaps:  # once it is known that nothing is out of order
            self._miss(*gap)
        return done

    def _check_end(self, done: int | None, query: RangeQuery) -> None:
        """Miss what is missing at the end: buckets that were over before the last that can be."""
        due = time.time() - SECONDS[query.bucket_width]
        if query.end_time is not None and done is not None and done < min(query.end_time, due):
            self._miss(done, query.end_time)

    def _miss(self, start: int, end: int) -> None:
        dates = " to ".join(datetime.fromtimestamp(each, UTC).isoformat() for each in (start, end))
        missing = f"the API gave no bucket from {start} to {end} ({dates})"
        if self.transport.options.on_gap == "raise":
            raise PaginationError(missing)
        _log.warning(
            "GET %s: %s, though it gives empty ones elsewhere: what was used then is not known",
            self.endpoint.path,
            missing,
            extra={"endpoint": self.endpoint.path, "start_time": start, "end_time": end},
        )

    def _warn_of_restart(self, place: int, error: BadRequestError) -> None:
        _log.warning(
            "GET %s refused its own cursor, starting again at %d: %s",
            self.endpoint.path,
            place,
            error,
            extra={"endpoint": self.endpoint.path, "start_time": place},
        )


def _follow(page: Page[object], handed_over: int | None) -> int | None:
    """Where the last bucket of *page* ends; windows were checked, but each for itself."""
    if not page.data:
        return handed_over
    if handed_over is not None and page.data[0].start_time < handed_over:
        raise _misplaced(page.data[0], handed_over)
    return page.data[-1].end_time


def _misplaced(bucket: Bucket[object], done: int) -> PaginationError:
    return PaginationError(
        f"the API gave a bucket from {bucket.start_time} to {bucket.end_time}, where the walk had "
        f"come to {done}: it is out of order, was given before, or is outside of what was asked"
    )


def next_cursor(cursor: str | None, seen: set[str]) -> str:
    """The *cursor* that came with a page which has more: it must be there and lead on."""
    if not cursor or not cursor.strip():
        raise PaginationError("the API says that there is more, and gives no cursor to it")
    if cursor in seen:
        raise PaginationError("the API gave the same cursor twice: the walk would never end")
    seen.add(cursor)
    return cursor
