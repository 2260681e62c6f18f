"""UsageClient: the same client for programs that block, such as scripts and notebooks.

Every call runs the async client in a background thread.
"""

from collections.abc import Callable, Collection, Generator
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, ParamSpec, Self, TypeVar, overload

from openai_usage._http.config import ClientConfig, configured_by
from openai_usage._http.transport import Transport
from openai_usage.buckets import EVERY, Buckets
from openai_usage.client import BaseClient
from openai_usage.endpoints import Endpoint
from openai_usage.errors import InvalidQueryError
from openai_usage.limits import Limits
from openai_usage.names import Names, WorkKind
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.results import Bucket, MoneyType, Page
from openai_usage.schema.times import Timestamp
from openai_usage.schema.windows import Plan

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from pyarrow import RecordBatch, Table

    from openai_usage._loop_thread import LoopThread
    from openai_usage.updates import FollowRound, Update


__all__ = ["BlockingBuckets", "UsageClient"]

R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")
P = ParamSpec("P")


class BlockingBuckets(Generic[R_co]):
    """The response to a query, fetched while it is read.

    Nothing is sent before the first step. Every way to read it sends new requests::

        page = client.costs(start_time=days_ago(7)).first_page()  # one page, as the API pages it
        for bucket in client.costs(start_time=days_ago(90)):  # every bucket, in time order
            ...

    Reading raises an `APIError` if the API cannot be reached, rejects the query, or returns
    something that is not a valid page or does not continue the pages before. The error's
    `resume_from` says where to continue. A `RuntimeError` means that the client is closed, or was
    used before this process was forked.
    """

    def __init__(self, background: "LoopThread", buckets: Buckets[R_co]) -> None:
        self._background = background
        self._buckets = buckets
        self.endpoint = buckets.endpoint
        """The row of the endpoint table."""
        self.query = buckets.query
        """The parameters of the request."""
        self.resume_from = buckets.resume_from
        """The Unix time at which `settled()` buckets end, where a later query goes on. None for
        buckets of the whole range."""

    def __iter__(self) -> Generator[Bucket[R_co], None, None]:
        with closing(self.pages()) as pages:
            for page in pages:
                yield from page.data

    def first_page(self) -> Page[R_co]:
        """Return one page, as `await` does with `Buckets`."""
        return self._background.run(lambda: self._buckets)

    def pages(self) -> Generator[Page[R_co], None, None]:
        """Yield every page."""
        return self._background.iterate(self._buckets.pages())

    def raw_pages(self) -> Generator[bytes, None, None]:
        """Yield the body of every page, exactly as received. Every page is checked."""
        return self._background.iterate(self._buckets.raw_pages())

    def collect(self) -> list[Bucket[R_co]]:
        """Return every bucket, or raise without returning any."""
        return self._background.run(self._buckets.collect)

    def to_arrow(self, *, money: MoneyType = "decimal") -> "Table":
        """Return every result as a row of one Arrow table, as `Buckets.to_arrow` does.

        *money* is the type of money and quantities: `decimal`, `text` or `float`.
        """
        return self._background.run(lambda: self._buckets.to_arrow(money=money))

    def to_pandas(self, *, money: MoneyType = "decimal") -> "pd.DataFrame":
        """Return the rows of `to_arrow()` as a data frame of pandas, as `Buckets.to_pandas` does.

        Times are in UTC, text is `str`, and counts are `Int64`. Use `money="float"` for arithmetic
        other than sums, and for charts.
        """
        return self._background.run(lambda: self._buckets.to_pandas(money=money))

    def to_polars(self, *, money: MoneyType = "decimal") -> "pl.DataFrame":
        """Return the rows of `to_arrow()` as a data frame of polars, as `Buckets.to_polars` does.

        Times are in UTC, text is `String`, and counts are `Int64`. Use `money="float"` for
        arithmetic other than sums, and for charts.
        """
        return self._background.run(lambda: self._buckets.to_polars(money=money))

    def arrow_batches(
        self, *, money: MoneyType = "decimal"
    ) -> "Generator[RecordBatch, None, None]":
        """Return the rows of `to_arrow()` as they come, as `Buckets.arrow_batches` does."""
        return self._background.iterate(self._buckets.arrow_batches(money=money))

    def concurrently(self, windows_at_once: int | None = None) -> "BlockingBuckets[R_co]":
        """Return the same buckets in the same order, fetching several windows at once.

        Windows are fetched while the program is busy with a bucket. See `Buckets.concurrently`.

        Raises:
            InvalidQueryError: The number is not a positive one, or the query has a `page`.
        """
        return BlockingBuckets(self._background, self._buckets.concurrently(windows_at_once))

    def settled(
        self, after: timedelta | None = None, now: Timestamp | None = None
    ) -> "BlockingBuckets[R_co]":
        """Return the buckets that the API no longer revises: those that ended some time ago.

        `resume_from` of the returned buckets is where a later query goes on. See
        `Buckets.settled`.

        Raises:
            InvalidQueryError: *now* is not a time, or the query has a `page`.
        """
        return BlockingBuckets(self._background, self._buckets.settled(after, now))

    def follow(
        self,
        every: timedelta | float = EVERY,
        *,
        revisions: bool = False,
        after: timedelta | None = None,
        on_round: "Callable[[FollowRound], object] | None" = None,
    ) -> "Generator[Update[R_co], None, None]":
        """Yield each bucket once it is settled, and go on reading as time passes.

        With *revisions*, also yield a bucket each time it changes. The thread waits meanwhile;
        Ctrl-C and closing the client end the wait at once. *on_round* is called in the client's
        thread. See `Buckets.follow`.

        Raises:
            InvalidQueryError: An argument is not valid, or the query has a `page`.
        """
        updates = self._buckets.follow(every, revisions=revisions, after=after, on_round=on_round)
        return self._background.iterate(updates)

    def plan(self) -> Plan:
        """Return the windows and the number of requests of an iteration; nothing is sent."""
        return self._buckets.plan()

    def __repr__(self) -> str:
        return f"<Blocking{repr(self._buckets)[1:]}"

    def _repr_html_(self) -> str:
        return self._buckets._repr_html_()


class UsageClient(BaseClient):
    """Read an organization's usage and costs from OpenAI's API, in programs that are not async.

    Every row of the endpoint table (`Endpoints`) is a method. It takes the parameters of its
    endpoint and returns `BlockingBuckets`, to be iterated::

        with UsageClient() as client:
            for bucket in client.costs(start_time=days_ago(30), group_by=["line_item"]):
                ...

    Use it as a context manager, or `close()` it. One client serves all threads of a program. A
    thread that runs an event loop, as in a notebook, blocks that loop meanwhile. A client belongs
    to the process in which it first sends. When the program ends, a daemon thread that still reads
    ends with it, without a message.

    The options are those of `AsyncUsageClient` without `session`, which belongs to an event loop.

    Raises:
        MissingAdminKeyError: No key was passed, and the environment has none.
        InvalidOptionError: An option is not valid, such as a `base_url` without `https`.
    """

    _returns = BlockingBuckets.__name__

    @configured_by(ClientConfig)
    def __init__(self, options: ClientConfig) -> None:
        self._transport = Transport(options)
        from openai_usage._loop_thread import LoopThread  # noqa: PLC0415 - on use

        self._background = LoopThread("client", self._transport.close)

    def names(
        self,
        *,
        personal: bool = False,
        kinds: Collection[WorkKind] = ("projects", "api_keys"),
        project_ids: Collection[str] | None = None,
    ) -> Names:
        """Return the names of projects and API keys, and with *personal* those of people.

        See `AsyncUsageClient.names` for the arguments. Ids whose list cannot be read are marked.

        Raises:
            InvalidQueryError: An argument has another type, or a kind does not exist; nothing was
                sent.
        """
        try:
            return self._background.run(
                lambda: self._names(personal=personal, kinds=kinds, project_ids=project_ids)
            )
        except InvalidQueryError as error:
            # An argument can be a key by mistake, and tracebacks can show locals.
            del personal, kinds, project_ids
            raise error.with_traceback(None) from None

    def limits(self, *, project_ids: Collection[str] | None = None) -> Limits:
        """Return the limits of spending that the organization has set, for it and its projects.

        See `AsyncUsageClient.limits`. What cannot be read is in `unread`, which says why.

        Raises:
            InvalidQueryError: *project_ids* is not a list of ids; nothing was sent.
        """
        try:
            return self._background.run(lambda: self._limits(project_ids))
        except InvalidQueryError as error:
            del project_ids  # as in names()
            raise error.with_traceback(None) from None

    @overload
    def query(
        self, endpoint: Endpoint[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> BlockingBuckets[R]: ...
    @overload
    def query(self, endpoint: str, **params: object) -> BlockingBuckets[object]: ...
    def query(
        self, endpoint: Endpoint[P, R] | str, *args: P.args, **params: P.kwargs
    ) -> BlockingBuckets[R] | BlockingBuckets[object]:
        """Query an *endpoint*, a row of the table or its name, as `AsyncUsageClient.query` does."""
        try:
            return self._row(endpoint).__get__(self, type(self))(*args, **params)
        except (InvalidQueryError, TypeError) as error:
            # An argument can be a key by mistake, and tracebacks can show locals.
            del endpoint, args, params
            raise error.with_traceback(None) from None

    def _query(self, endpoint: Endpoint[..., R], query: RangeQuery) -> BlockingBuckets[R]:
        return BlockingBuckets(self._background, Buckets(self._transport, endpoint, query))

    def close(self) -> None:
        """Close the connections, and end the thread. Closing twice is fine.

        Other threads that wait for a response get a `RuntimeError`.
        """
        self._background.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()
