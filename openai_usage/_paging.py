"""Buckets: what a client's methods give. Await it for a page, iterate it for every bucket.

A walk over a range yields every bucket once, in order, or raises; it never ends early in silence.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from attrs import evolve

from openai_usage._checks import checked, refuse
from openai_usage._codec import page_of, query_pairs
from openai_usage._transport import Transport
from openai_usage.endpoints import Endpoint
from openai_usage.errors import (
    BadRequestError,
    InvalidQueryError,
    PaginationError,
    UsageError,
)
from openai_usage.plans import Plan, buckets_in, full_page, windows_of
from openai_usage.range_query import RangeQuery
from openai_usage.results import Bucket, Page

__all__ = ["Buckets"]

R_co = TypeVar("R_co", covariant=True)

_EMPTY_AT_MOST = 1_000
"""Empty pages in a row that a walk goes through: a year of minutes in which nothing happened comes
to 365 of them, and cursors without end must not go on for ever."""

_log = logging.getLogger("openai_usage")


class _Reply(NamedTuple, Generic[R_co]):
    """One answer: what it says, and the bytes that said it."""

    page: Page[R_co]
    body: bytes


class Buckets(Generic[R_co]):
    """The answer to a query, fetched as it is read.

    Nothing is sent before the first step, and every `await` or `async for` asks anew::

        page = await client.costs(start_time=days_ago(7))       # one page, as the API pages it
        async for bucket in client.costs(start_time=days_ago(90)):  # every bucket, in time order
            ...

    Every way to read it raises an `APIError` where the API cannot be asked, refuses, or answers
    with something that is no page or does not add up to a complete walk. The error's
    `resume_from` says where to go on.
    """

    def __init__(
        self,
        transport: Transport,
        endpoint: Endpoint[..., R_co],
        query: RangeQuery,
        *,
        windows_at_once: int = 1,
    ) -> None:
        self._transport = transport
        self.endpoint = endpoint
        """The row of the table that is asked."""
        self.query = query
        """What it is asked."""
        self._windows_at_once = windows_at_once

    def __await__(self) -> Generator[object, None, Page[R_co]]:
        return self._first_page().__await__()

    async def __aiter__(self) -> AsyncGenerator[Bucket[R_co], None]:
        async with aclosing(self._replies()) as replies:
            async for reply in replies:
                for bucket in reply.page.data:
                    yield bucket

    async def pages(self) -> AsyncGenerator[Page[R_co], None]:
        """Every page of the walk."""
        async with aclosing(self._replies()) as replies:
            async for reply in replies:
                yield reply.page

    async def raw_pages(self) -> AsyncGenerator[bytes, None]:
        """The body of every page of the walk, as the bytes that came, checked as all pages are."""
        async with aclosing(self._replies()) as replies:
            async for reply in replies:
                yield reply.body

    async def collect(self) -> list[Bucket[R_co]]:
        """Every bucket of the walk, once all of them are there; none if it fails."""
        try:
            return [bucket async for bucket in self]
        except UsageError as error:
            error.resume_from = None  # nothing was handed over, so there is nothing to go on from
            raise

    def concurrently(self, windows_at_once: int) -> "Buckets[R_co]":
        """The same buckets in the same order, fetched in up to *windows_at_once* windows at once.

        The range is cut at bounds of buckets into windows of one full page. At most that many
        are in flight, or waiting to be read, at any time.

        Raises:
            InvalidQueryError: The number is not a positive one, or the query has a `page`: a cursor
                belongs to its exact range, which cannot be cut.
        """
        checked("windows_at_once", windows_at_once, int)
        if windows_at_once < 1:
            refuse("windows_at_once", windows_at_once, "a positive number of windows")
        if self.query.page is not None:
            raise InvalidQueryError(
                "a walk that begins at a page cannot be cut into windows: leave page= out",
                param="page",
            )
        return Buckets(
            self._transport,
            self.endpoint,
            self.query,
            windows_at_once=windows_at_once,
        )

    def plan(self) -> Plan:
        """What walking this comes to; nothing is sent. Without an `end_time`, as of now."""
        query = self._walked()
        end_time = _end_of(query)
        windows = tuple(windows_of(query, end_time))
        if self._windows_at_once > 1:
            return Plan(windows=windows, requests=len(windows))
        limit = query.limit or query.page_size.default
        return Plan(windows=windows, requests=-(-buckets_in(query, end_time) // limit))

    def __repr__(self) -> str:
        asked = " ".join(f"{name}={value}" for name, value in query_pairs(self.query))
        return f"<Buckets {self.endpoint.name} {asked}>"

    async def _first_page(self) -> Page[R_co]:
        reply = await self._fetch(self.query)
        _end_of_last(reply.page, self.query.start_time, self.query.end_time)
        return reply.page

    async def _fetch(self, query: RangeQuery) -> _Reply[R_co]:
        body = await self._transport.get(self.endpoint.path, query_pairs(query))
        return _Reply(page_of(self.endpoint.result, body, self._transport.quoted), body)

    def _walked(self) -> RangeQuery:
        """The query as a whole walk repeats it: with its end fixed, and in the largest pages."""
        query = self.query
        if query.page is not None:
            return query  # a cursor is bound to the very query it came from
        limit = query.limit or query.page_size.maximum
        now = int(time.time())
        # Where a range begins at or after our now, the clocks differ, and the API's is right.
        end_time = now if query.end_time is None and query.start_time < now else query.end_time
        return evolve(query, end_time=end_time, limit=limit)

    async def _replies(self) -> AsyncGenerator[_Reply[R_co], None]:
        """Every answer of the walk in order; an error says how far they came."""
        query = self._walked()
        at_once = self._windows_at_once > 1 and query.end_time is not None
        replies = self._side_by_side(query) if at_once else self._one_by_one(query)
        done: int | None = None
        try:
            async with aclosing(replies):
                async for reply in replies:
                    for bucket in reply.page.data[:1]:  # windows were checked each for itself
                        if done is not None and bucket.start_time < done:
                            raise _misplaced(bucket, done)
                    done = reply.page.data[-1].end_time if reply.page.data else done
                    yield reply
        except UsageError as error:
            error.resume_from = done
            raise

    async def _one_by_one(self, query: RangeQuery) -> AsyncGenerator[_Reply[R_co], None]:
        """Follow the cursors from page to page, to the page that has no more.

        A cursor that is refused on the way is given up, once at a place, for a fresh start at
        the end of the last bucket.
        """
        seen: set[str] = set()
        done = query.start_time
        # Where a walk begins at a page, only that page's cursor says where that is.
        restarted_at = None if query.page is None else done
        empty_in_a_row = 0
        while empty_in_a_row < _EMPTY_AT_MOST:
            try:
                reply = await self._fetch(query)
            except BadRequestError as error:
                refused = query.page in seen and error.param in (None, "page")
                if not refused or done == restarted_at:
                    raise
                if query.end_time is not None and done >= query.end_time:
                    return  # every bucket is there already
                self._warn_of_restart(done, error)
                query, restarted_at = evolve(query, start_time=done, page=None), done
                seen.clear()
                continue
            done = _end_of_last(reply.page, done, query.end_time)
            yield reply
            if not reply.page.has_more:
                return
            empty_in_a_row = 0 if reply.page.data else empty_in_a_row + 1
            query = evolve(query, page=_next_cursor(reply.page, seen))
        raise PaginationError(f"the API keeps giving cursors to empty pages, {_EMPTY_AT_MOST} now")

    async def _side_by_side(self, query: RangeQuery) -> AsyncGenerator[_Reply[R_co], None]:
        """Walk the windows of the range, some of them at once, and hand them over in order."""
        windows = (
            evolve(query, start_time=w.start_time, end_time=w.end_time, limit=full_page(query))
            for w in windows_of(query, _end_of(query))
        )
        ahead: deque[asyncio.Task[list[_Reply[R_co]]]] = deque()

        def start_more() -> None:
            room = self._windows_at_once - len(ahead)
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

    async def _whole(self, window: RangeQuery) -> list[_Reply[R_co]]:
        return [reply async for reply in self._one_by_one(window)]

    def _warn_of_restart(self, place: int, error: BadRequestError) -> None:
        _log.warning(
            "GET %s refused its own cursor, starting again at %d: %s",
            self.endpoint.path,
            place,
            error,
            extra={"endpoint": self.endpoint.path, "start_time": place},
        )


def _end_of(query: RangeQuery) -> int:
    """Where the range of *query* ends: now, unless it says so itself."""
    return query.end_time or max(int(time.time()), query.start_time + 1)


def _end_of_last(page: Page[object], done: int, end_time: int | None) -> int:
    """Where the last bucket of *page* ends, or *done*, where a walk has come to, if it has none.

    Each bucket must begin where the one before ended, or later, and within the range.
    """
    for bucket in page.data:
        beyond = end_time is not None and bucket.start_time >= end_time
        if beyond or not done <= bucket.start_time < bucket.end_time:
            raise _misplaced(bucket, done)
        done = bucket.end_time
    return done


def _misplaced(bucket: Bucket[object], done: int) -> PaginationError:
    return PaginationError(
        f"the API gave a bucket from {bucket.start_time} to {bucket.end_time}, where the walk had "
        f"come to {done}: it is out of order, was given before, or is outside of what was asked"
    )


def _next_cursor(page: Page[object], seen: set[str]) -> str:
    """The cursor to the next page, which must be there and lead on."""
    cursor = page.next_page
    if not cursor:
        raise PaginationError("the API says that there is more, and gives no cursor to it")
    if cursor in seen:
        raise PaginationError("the API gave the same cursor twice: the walk would never end")
    seen.add(cursor)
    return cursor
