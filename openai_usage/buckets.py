"""Buckets: the response of a client's method. Await it for a page, iterate it for every bucket."""

import time
from collections.abc import AsyncGenerator, Callable, Generator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from attrs import evolve

from openai_usage._html import html_table
from openai_usage._http.config import OnGap
from openai_usage._http.transport import Transport
from openai_usage._number_format import counted
from openai_usage._pagination.generators import Owned
from openai_usage._pagination.paginator import FetchedPage, Paginator
from openai_usage._pagination.resume_point import ResumePoint
from openai_usage._tables import Tables
from openai_usage._text import without_keys
from openai_usage._time_format import short_time
from openai_usage._wire.params import to_params
from openai_usage.endpoints import Endpoint
from openai_usage.errors import InvalidQueryError
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.results import Bucket, Page
from openai_usage.schema.settling import settles_after
from openai_usage.schema.times import SECONDS, Timestamp, unix_seconds
from openai_usage.schema.validation import reject, validate
from openai_usage.schema.windows import Plan, buckets_in, windows_of

if TYPE_CHECKING:
    from openai_usage.updates import FollowRound, Update

__all__ = ["Buckets"]

R_co = TypeVar("R_co", covariant=True)

_TIMES = ("start_time", "end_time")

EVERY = timedelta(hours=1)
"""The default time between the beginnings of two rounds of `follow()`."""


class Buckets(Tables[R_co]):
    """The response to a query, fetched while it is read.

    Nothing is sent before the first step. Every `await` or `async for` sends new requests::

        page = await client.costs(start_time=days_ago(7))       # one page, as the API pages it
        async for bucket in client.costs(start_time=days_ago(90)):  # every bucket, in time order
            ...

    Reading raises an `APIError` if the API cannot be reached, rejects the query, or returns
    something that is not a valid page or does not continue the pages before. The error's
    `resume_from` says where to continue.
    """

    _paginator: ClassVar[type[Paginator[Any]]] = Paginator
    """The class that fetches pages."""

    def __init__(
        self,
        transport: Transport,
        endpoint: Endpoint[..., R_co],
        query: RangeQuery,
        *,
        windows_at_once: int | None = 1,
        resume_from: int | None = None,
    ) -> None:
        super().__init__(endpoint)
        self._transport = transport
        self.query = query
        """The parameters of the request."""
        self._windows_at_once = windows_at_once
        self._on_gap: OnGap = transport.options.on_gap
        self.resume_from = resume_from
        """The Unix time at which `settled()` buckets end, where a later query goes on. None for
        buckets of the whole range."""

    def __await__(self) -> Generator[object, None, Page[R_co]]:
        return self._first_page().__await__()

    async def _first_page(self) -> Page[R_co]:
        if self._is_empty:
            return Page(data=(), has_more=False)
        return await self._paginator(self._transport, self.endpoint).first_page(self.query)

    async def first_page(self) -> Page[R_co]:
        """Return one page, as `await` does."""
        return await self

    async def __aiter__(self) -> AsyncGenerator[Bucket[R_co], None]:
        async with Owned(self._fetched_pages()) as pages:
            async for fetched in pages:
                for bucket in fetched.page.data:
                    yield bucket

    async def pages(self) -> AsyncGenerator[Page[R_co], None]:
        """Yield every page."""
        async with Owned(self._fetched_pages()) as pages:
            async for fetched in pages:
                yield fetched.page

    async def raw_pages(self) -> AsyncGenerator[bytes, None]:
        """Yield the body of every page, exactly as received. Every page is checked."""
        async with Owned(self._fetched_pages(with_bodies=True)) as pages:
            async for fetched in pages:
                yield fetched.body

    async def collect(self) -> list[Bucket[R_co]]:
        """Return every bucket, or raise without returning any."""
        with ResumePoint():  # all or nothing
            return [bucket async for bucket in self]

    def concurrently(self, windows_at_once: int | None = None) -> "Buckets[R_co]":
        """Return the same buckets in the same order, fetching several windows at once.

        The range is cut at bucket bounds into windows of one full page. At most *windows_at_once*
        are in flight, or waiting to be read, at any time. Without a number the client decides: it
        begins with 4 windows, goes up to 16 while responses take their usual time, and down to 1
        while they take longer.

        Raises:
            InvalidQueryError: The number is not a positive one, or the query has a `page`: a cursor
                belongs to its exact range, which cannot be cut.
        """
        if windows_at_once is not None:
            validate("windows_at_once", windows_at_once, int)
            if windows_at_once < 1:
                reject("windows_at_once", windows_at_once, "a positive number of windows")
        self._reject_page("a cursor only if the range is not cut into windows")
        return type(self)(
            self._transport,
            self.endpoint,
            self.query,
            windows_at_once=windows_at_once,
            resume_from=self.resume_from,
        )

    def settled(
        self, after: timedelta | None = None, now: Timestamp | None = None
    ) -> "Buckets[R_co]":
        """Return the buckets that the API no longer revises: those that ended some time ago.

        Iteration stops before the first bucket that is not settled. `resume_from` of the returned
        buckets is its start, where a later query goes on. If no bucket is settled, nothing is
        sent::

            settled = client.costs(start_time=watermark).settled()
            async for bucket in settled:
                ...
            watermark = settled.resume_from

        Args:
            after: The time after its end for which a bucket is revised. Default: 24 hours for
                usage and 72 hours for costs, which is practice, and not a promise of OpenAI.
            now: The current time. Default: that of the local clock.

        Raises:
            InvalidQueryError: *now* is not a time, or the query has a `page`: a cursor belongs to
                its exact range, which cannot be shortened.
        """
        self._reject_page("a cursor only if the range is not shortened")
        moment = int(time.time()) if now is None else unix_seconds(now, param="now")
        margin = settles_after(self.endpoint.result) if after is None else after
        query, width = self.query, SECONDS[self.query.bucket_width]
        until = int(moment - margin.total_seconds())
        # A bucket in which the range ends may be cut, and would count twice if it is read again.
        until = max(query.start_time, min(until, query.end_time or until) // width * width)
        if until > query.start_time:
            query = evolve(query, end_time=until)
        return type(self)(
            self._transport,
            self.endpoint,
            query,
            windows_at_once=self._windows_at_once,
            resume_from=until,
        )

    def follow(
        self,
        every: timedelta | float = EVERY,
        *,
        revisions: bool = False,
        after: timedelta | None = None,
        on_round: "Callable[[FollowRound], object] | None" = None,
    ) -> "AsyncGenerator[Update[R_co], None]":
        """Yield each bucket once it is settled, and go on reading as time passes.

        Settled buckets come in time order, without a gap, each of them once::

            async for update in client.costs(start_time=watermark).follow():
                store(update.bucket, watermark=update.resume_from)

        A program that stores `resume_from` after each update, and begins there again, gets each
        settled bucket at least once. If it stores both in one transaction, that is exactly once.

        With *revisions*, a bucket is also yielded when it is new, and each time its results
        change, with what it was `before`. A bucket in progress changes each time it grows. In the
        end each bucket is yielded as settled, whether it has changed or not.

        Iteration ends when every bucket before the `end_time` of the query is settled, and never if
        there is none. A bucket that the end cuts is not yielded. To stop earlier, leave the loop,
        or cancel the task.

        A missing bucket is not settled. The client's `on_gap` reports it in each round. No bucket
        after it is yielded as settled until it has come.

        If a round fails, after all retries, for a reason that can be over later (no connection, a
        timeout, a status of 408, 409, 429 or 5xx), the client's `on_retry` is called, and a later
        round goes on: after a minute, after two, and so on, up to *every*, or when the API says.
        All other errors are raised. `resume_from` of the error is that of the last update, or None
        if there was none.

        Args:
            every: The time from the beginning of a round to that of the next: a timedelta, or
                seconds. If a round takes longer, the next one begins when it ends. A round in which
                nothing can be new sends no request.
            revisions: True to yield buckets that are not settled, too, each time they change.
            after: The time after its end at which a bucket is settled, as in `settled()`. The
                clock of this machine decides.
            on_round: A function to call with a `FollowRound` after each round, such as one that
                notes for a monitor that this program still reads. An error that it raises ends the
                iteration.

        Raises:
            InvalidQueryError: An argument is not valid, the query has a `page`, or the client reads
                a copy or can leave out organizations.
        """
        from openai_usage._pagination.follower import (  # noqa: PLC0415 - on use
            Follower,
            seconds_between_rounds,
        )

        seconds = seconds_between_rounds(every)
        validate("revisions", revisions, bool)
        margin = settles_after(self.endpoint.result) if after is None else after
        if not isinstance(margin, timedelta) or margin < timedelta():
            reject("after", after, "a timedelta that is not negative")
        self._reject_following()
        return Follower(
            query=self.query,
            end_time=self.query.end_time if self.resume_from is None else self.resume_from,
            path=self.endpoint.path,
            read=self._read_between,
            announce=self._transport.announce,
            on_round=on_round,
            every=seconds,
            margin=margin,
            revisions=revisions,
        ).updates()

    def _reject_following(self) -> None:
        """Raise an error if these buckets cannot be followed. Subclasses add their reasons."""
        self._reject_page("a cursor only if the range is not followed")

    def _read_between(self, start_time: int, end_time: int) -> AsyncGenerator[Bucket[R_co], None]:
        """Yield the buckets of a part of the range."""
        query = evolve(self.query, start_time=start_time, end_time=end_time)
        part = type(self)(
            self._transport, self.endpoint, query, windows_at_once=self._windows_at_once
        )
        return aiter(part)

    def plan(self) -> Plan:
        """Return the windows and the number of requests of an iteration, without sending anything.

        A query without an `end_time` ends now.
        """
        if self._is_empty:
            return Plan(windows=(), requests=0)
        query = self._full_query()
        end_time = _end_of(query)
        windows = tuple(windows_of(query, end_time))
        if self._windows_at_once != 1:
            return Plan(windows=windows, requests=len(windows))
        # Only a query that begins at a page can lack a limit here: it is sent unchanged.
        limit = query.limit or query.page_size.default
        return Plan(windows=windows, requests=-(-buckets_in(query, end_time) // limit))

    def __repr__(self) -> str:
        params = " ".join(f"{name}={value}" for name, value in to_params(self.query))
        return f"<Buckets {self.endpoint.name} {self._redacted(params)}>"

    def _repr_html_(self) -> str:
        """Return what will be asked as a table, without sending anything."""
        rows = [
            (name, short_time(int(value)) if name in _TIMES else self._redacted(value))
            for name, value in to_params(self.query)
        ]
        requests = counted(self.plan().requests, "request")
        return html_table(
            f"{self.endpoint.name}: GET {self.endpoint.path}",
            ["parameter", "value"],
            rows,
            note=f"Nothing is sent before it is read. To iterate it takes {requests}.",
        )

    def _redacted(self, text: str) -> str:
        return self._transport.options.admin_api_key.redacted(without_keys(text))

    def _reject_page(self, expected: str) -> None:
        if self.query.page is not None:
            raise InvalidQueryError(param="page", expected=expected, hint="Leave it out.")

    def _fetched_pages(
        self, *, with_bodies: bool = False
    ) -> AsyncGenerator[FetchedPage[R_co], None]:
        if self._is_empty:
            return _empty_page(with_bodies=with_bodies)
        paginator = self._paginator(self._transport, self.endpoint, with_bodies=with_bodies)
        paginator.on_gap = self._on_gap
        return paginator.fetched_pages(self._full_query(), self._windows_at_once)

    @property
    def _is_empty(self) -> bool:
        """True if nothing of the range is settled. The API rejects an empty range."""
        return self.resume_from == self.query.start_time

    def _full_query(self) -> RangeQuery:
        """Return the query for an iteration: with a fixed end, and with the largest pages."""
        query = self.query
        if query.page is not None:
            return query  # a cursor is only valid for the query that returned it
        limit = query.limit or query.page_size.maximum
        now = int(time.time())
        # If a range begins at or after our now, the clocks differ, and the API's clock is right.
        end_time = now if query.end_time is None and query.start_time < now else query.end_time
        return evolve(query, end_time=end_time, limit=limit)


def _end_of(query: RangeQuery) -> int:
    """Return where the range of *query* ends. The default is now."""
    return query.end_time or max(int(time.time()), query.start_time + 1)


async def _empty_page(*, with_bodies: bool) -> AsyncGenerator[FetchedPage[Any], None]:
    """Yield one empty page, or nothing if bodies are wanted, which only the API has."""
    if not with_bodies:
        yield FetchedPage(Page(data=(), has_more=False), b"")
