"""Buckets: what a client's methods give. Await it for a page, iterate it for every bucket."""

import time
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

from attrs import evolve

from openai_usage._http.transport import Transport
from openai_usage._pagination.generators import Owned
from openai_usage._pagination.paginator import FetchedPage, Paginator
from openai_usage._text import without_keys
from openai_usage._wire.decoder import to_params
from openai_usage.endpoints import Endpoint
from openai_usage.errors import InvalidQueryError, UsageError
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.results import Bucket, MoneyType, Page
from openai_usage.schema.validation import reject, validate
from openai_usage.schema.windows import Plan, buckets_in, windows_of

if TYPE_CHECKING:
    from pyarrow import RecordBatch, Table

__all__ = ["Buckets"]

R_co = TypeVar("R_co", covariant=True)


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
        windows_at_once: int | None = 1,
    ) -> None:
        self._transport = transport
        self.endpoint = endpoint
        """The row of the table that is asked."""
        self.query = query
        """What it is asked."""
        self._windows_at_once = windows_at_once

    def __await__(self) -> Generator[object, None, Page[R_co]]:
        return Paginator(self._transport, self.endpoint).first_page(self.query).__await__()

    async def __aiter__(self) -> AsyncGenerator[Bucket[R_co], None]:
        async with Owned(self._replies()) as replies:
            async for reply in replies:
                for bucket in reply.page.data:
                    yield bucket

    async def pages(self) -> AsyncGenerator[Page[R_co], None]:
        """Every page of the walk."""
        async with Owned(self._replies()) as replies:
            async for reply in replies:
                yield reply.page

    async def raw_pages(self) -> AsyncGenerator[bytes, None]:
        """The body of every page of the walk, as the bytes that came, checked as all pages are."""
        async with Owned(self._replies(with_bodies=True)) as replies:
            async for reply in replies:
                yield reply.body

    async def collect(self) -> list[Bucket[R_co]]:
        """Every bucket of the walk, once all of them are there; none if it fails."""
        with _all_or_nothing():
            return [bucket async for bucket in self]

    async def to_arrow(self, *, money: MoneyType = "decimal") -> "Table":
        """Return every result of the walk as a row of one Arrow table; none if it fails.

        Its columns are the bucket's `start` and `end`, then the fields of the endpoint's results,
        money with its `currency` beside it: the same whatever was used, or if nothing was.

        Args:
            money: The type of money and quantities. `decimal` is `decimal128(38, 24)`. What is
                rounded, half to even, at the 24th decimal is logged once, as a warning. `text` has
                every digit. `float` is for arithmetic, and has the 15 to 17 digits of a float.

        Raises:
            ModuleNotFoundError: pyarrow is missing, which comes with the extra `[arrow]`.
            ColumnError: A value does not fit into its column, such as an amount with more than 14
                digits before the point in a decimal column.
            InvalidQueryError: There is no such type of *money*; nothing was sent.
        """
        from openai_usage.arrow import table  # noqa: PLC0415 - an extra of its own

        with _all_or_nothing():
            return table([batch async for batch in self.arrow_batches(money=money)])

    def arrow_batches(self, *, money: MoneyType = "decimal") -> "AsyncGenerator[RecordBatch, None]":
        """Return the rows of `to_arrow()` as they come: a batch for each page, or several.

        A page in which nothing was used gives a batch without rows, so there always is a first one,
        which has the schema. No more than a page is held at a time. Each batch has dictionaries of
        its own.

        Args:
            money: The type of money and quantities, as in `to_arrow()`. What is rounded is logged
                once, when the iteration ends.

        Raises:
            ModuleNotFoundError: pyarrow is missing, which comes with the extra `[arrow]`.
            ColumnError: A value does not fit into its column, on the way.
            InvalidQueryError: There is no such type of *money*; nothing was sent.
        """
        from openai_usage.arrow import record_batches  # noqa: PLC0415 - likewise

        return record_batches(self.endpoint, self.pages(), money=money)

    def concurrently(self, windows_at_once: int | None = None) -> "Buckets[R_co]":
        """The same buckets in the same order, fetched in up to *windows_at_once* windows at once.

        The range is cut at bounds of buckets into windows of one full page. At most that many
        are in flight, or waiting to be read, at any time. Without a number it is up to the client,
        which begins with 4, goes up to 16 while the server answers as fast as it usually does,
        and down to 1 while it does not.

        Raises:
            InvalidQueryError: The number is not a positive one, or the query has a `page`: a cursor
                belongs to its exact range, which cannot be cut.
        """
        if windows_at_once is not None:
            validate("windows_at_once", windows_at_once, int)
            if windows_at_once < 1:
                reject("windows_at_once", windows_at_once, "a positive number of windows")
        if self.query.page is not None:
            raise InvalidQueryError(
                "a walk that begins at a page cannot be cut into windows: leave page= out",
                param="page",
            )
        return Buckets(self._transport, self.endpoint, self.query, windows_at_once=windows_at_once)

    def plan(self) -> Plan:
        """What walking this comes to; nothing is sent. Without an `end_time`, as of now."""
        query = self._walked()
        end_time = _end_of(query)
        windows = tuple(windows_of(query, end_time))
        if self._windows_at_once != 1:
            return Plan(windows=windows, requests=len(windows))
        # Only a walk that begins at a page has no limit here: nothing is added to its query.
        limit = query.limit or query.page_size.default
        return Plan(windows=windows, requests=-(-buckets_in(query, end_time) // limit))

    def __repr__(self) -> str:
        asked = " ".join(f"{name}={value}" for name, value in to_params(self.query))
        secret = self._transport.options.admin_api_key
        return f"<Buckets {self.endpoint.name} {secret.redacted(without_keys(asked))}>"

    def _replies(self, *, with_bodies: bool = False) -> AsyncGenerator[FetchedPage[R_co], None]:
        walk = Paginator(self._transport, self.endpoint, with_bodies=with_bodies)
        return walk.fetched_pages(self._walked(), self._windows_at_once)

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


@contextmanager
def _all_or_nothing() -> Iterator[None]:
    """For a walk of which nothing is handed over before its end: no error says where to go on."""
    try:
        yield
    except UsageError as error:
        error.resume_from = None
        raise


def _end_of(query: RangeQuery) -> int:
    """Where the range of *query* ends: now, unless it says so itself."""
    return query.end_time or max(int(time.time()), query.start_time + 1)
