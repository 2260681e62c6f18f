"""The same client for programs that block: scripts, notebooks, threads.

Nothing is done here: all of it is asked of the async side, in a thread in the background.
"""

from collections.abc import Collection, Generator
from contextlib import closing
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from openai_usage.buckets import Buckets
from openai_usage.client import BaseClient
from openai_usage.endpoints import Endpoint
from openai_usage.errors import InvalidOptionError
from openai_usage.names import Names, WorkKind
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.results import Bucket, MoneyType, Page
from openai_usage.schema.windows import Plan

if TYPE_CHECKING:
    from pyarrow import RecordBatch, Table

    from openai_usage._loop_thread import LoopThread


__all__ = ["BlockingBuckets", "UsageClient"]

R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")


class BlockingBuckets(Generic[R_co]):
    """The answer to a query, fetched as it is read, by a program that waits for it.

    Nothing is sent before the first step, and every way to read it asks anew::

        page = client.costs(start_time=days_ago(7)).first_page()  # one page, as the API pages it
        for bucket in client.costs(start_time=days_ago(90)):  # every bucket, in time order
            ...

    Every way to read it raises an `APIError` where the API cannot be asked, refuses, or answers
    with something that is no page or does not add up to a complete walk. The error's
    `resume_from` says where to go on. A `RuntimeError` says that its client is closed, or that it
    was used before this process was forked off.
    """

    def __init__(self, background: "LoopThread", buckets: Buckets[R_co]) -> None:
        self._background = background
        self._buckets = buckets
        self.endpoint = buckets.endpoint
        """The row of the table that is asked."""
        self.query = buckets.query
        """What it is asked."""

    def __iter__(self) -> Generator[Bucket[R_co], None, None]:
        with closing(self.pages()) as pages:
            for page in pages:
                yield from page.data

    def first_page(self) -> Page[R_co]:
        """One page, as the API pages it."""
        return self._background.run(lambda: self._buckets)

    def pages(self) -> Generator[Page[R_co], None, None]:
        """Every page of the walk."""
        return self._background.iterate(self._buckets.pages())

    def raw_pages(self) -> Generator[bytes, None, None]:
        """The body of every page of the walk, as the bytes that came, checked as all pages are."""
        return self._background.iterate(self._buckets.raw_pages())

    def collect(self) -> list[Bucket[R_co]]:
        """Every bucket of the walk, once all of them are there; none if it fails."""
        return self._background.run(self._buckets.collect)

    def to_arrow(self, *, money: MoneyType = "decimal") -> "Table":
        """Return every result of the walk as a row of one Arrow table, as `Buckets.to_arrow` does.

        *money* is the type of money and quantities: `decimal`, `text` or `float`.
        """
        return self._background.run(lambda: self._buckets.to_arrow(money=money))

    def arrow_batches(
        self, *, money: MoneyType = "decimal"
    ) -> "Generator[RecordBatch, None, None]":
        """Return the rows of `to_arrow()` as they come, as `Buckets.arrow_batches` does."""
        return self._background.iterate(self._buckets.arrow_batches(money=money))

    def concurrently(self, windows_at_once: int | None = None) -> "BlockingBuckets[R_co]":
        """The same buckets in the same order, fetched in up to *windows_at_once* windows at once.

        Those that are ahead go on while the program is busy with a bucket. All else is as with
        `Buckets.concurrently`.

        Raises:
            InvalidQueryError: The number is not a positive one, or the query has a `page`.
        """
        return BlockingBuckets(self._background, self._buckets.concurrently(windows_at_once))

    def plan(self) -> Plan:
        """What walking this comes to; nothing is sent. Without an `end_time`, as of now."""
        return self._buckets.plan()

    def __repr__(self) -> str:
        return f"<Blocking{repr(self._buckets)[1:]}"


class UsageClient(BaseClient):
    """Reads an organization's usage and costs from OpenAI's API, for programs that are not async.

    Every row of the table (`Endpoints`) is a method that takes what its endpoint can be asked and
    gives `BlockingBuckets`, to be iterated::

        with UsageClient() as client:
            for bucket in client.costs(start_time=days_ago(30), group_by=["line_item"]):
                ...

    Use it as a context manager, or `close()` it. One client serves all threads of a program, those
    that run an event loop too, as a notebook's does; that loop stands still meanwhile. It belongs
    to the process in which it first sends. Where the program ends, a daemon thread that still reads
    ends with it, in silence.

    Its options are those of `AsyncUsageClient`, but for `session`, which belongs to an event loop.

    Raises:
        MissingAdminKeyError: No key was passed, and the environment has none.
        InvalidOptionError: An option cannot work, such as a `base_url` without `https`.
    """

    _returns = BlockingBuckets.__name__

    def _post_init(self) -> None:
        if self._transport.user_session is not None:
            raise InvalidOptionError(
                "a session belongs to the event loop that it was made in, and UsageClient has one "
                "of its own: leave session= out, or use AsyncUsageClient",
                option="session",
            )
        from openai_usage._loop_thread import LoopThread  # noqa: PLC0415 - only for those who block

        self._background = LoopThread("client", self._transport.close)

    def names(
        self,
        *,
        personal: bool = False,
        kinds: Collection[WorkKind] = ("projects", "api_keys"),
        project_ids: Collection[str] | None = None,
    ) -> Names:
        """Return what the ids of projects and API keys stand for, and with *personal* of people.

        They are asked for and kept as with `AsyncUsageClient.names`, which says more of the
        arguments; what cannot be read is marked.

        Raises:
            InvalidQueryError: An argument is of another type, or a kind is neither of both;
                nothing was sent.
        """
        return self._background.run(
            lambda: self._names(personal=personal, kinds=kinds, project_ids=project_ids)
        )

    def _query(self, endpoint: Endpoint[..., R], query: RangeQuery) -> BlockingBuckets[R]:
        return BlockingBuckets(self._background, Buckets(self._transport, endpoint, query))

    def close(self) -> None:
        """Close the connections, and end the thread. Closing twice is fine.

        What other threads wait for is a `RuntimeError` to them.
        """
        self._background.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
