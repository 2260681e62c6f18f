"""Organizations: a client for each of several organizations, from a TOML file."""

from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Mapping
from contextlib import AsyncExitStack
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from openai_usage._http.config import OnGap
from openai_usage._organizations_file import Entry, read_entries
from openai_usage._pagination.at_once import for_each
from openai_usage._pagination.generators import Owned
from openai_usage._refusals import without_arguments_in_tracebacks
from openai_usage._toml import shown_path
from openai_usage.buckets import Buckets
from openai_usage.client import AsyncUsageClient
from openai_usage.endpoints import Endpoint, Endpoints
from openai_usage.errors import APIError, InvalidOptionError, OrganizationsError, SyncError
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.results import Bucket

if TYPE_CHECKING:
    from openai_usage.combined_client import CombinedClient

__all__ = ["ByOrganization", "Organizations"]

C = TypeVar("C")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
E = TypeVar("E", bound=Exception)


class ByOrganization(Generic[R_co]):
    """The response to a query of every organization, fetched while it is read.

    Iterating yields the label and each bucket, one organization after the other::

        async for label, bucket in organizations.costs(start_time=days_ago(30)):
            ...

    If an organization cannot be read, the others are yielded, and then an `OrganizationsError` is
    raised, which has the reasons by label.
    """

    def __init__(self, buckets: Mapping[str, Buckets[R_co]]) -> None:
        self.buckets = buckets
        """The response of each organization, by label."""

    async def __aiter__(self) -> AsyncGenerator[tuple[str, Bucket[R_co]], None]:
        errors: dict[str, APIError | SyncError] = {}
        for label, buckets in self.buckets.items():
            try:
                async with Owned(aiter(buckets)) as owned:
                    async for bucket in owned:
                        yield label, bucket
            except (APIError, SyncError) as error:
                errors[label] = error
        if errors:
            raise OrganizationsError(errors)

    async def collect(self) -> dict[str, list[Bucket[R_co]]]:
        """Return every bucket by organization, reading several at the same time.

        Raises:
            OrganizationsError: An organization cannot be read. The error has the buckets of the
                others in `collected`.
        """

        async def read(buckets: Buckets[R_co]) -> list[Bucket[R_co]] | APIError | SyncError:
            try:
                return await buckets.collect()
            except (APIError, SyncError) as error:  # a copy can lack an endpoint
                return error

        results = await for_each(self.buckets, read)
        collected = {label: each for label, each in results.items() if isinstance(each, list)}
        errors = {label: each for label, each in results.items() if not isinstance(each, list)}
        if errors:
            raise OrganizationsError(errors, collected=collected)
        return collected


class Organizations(Endpoints, Mapping[str, AsyncUsageClient]):
    """Clients of several organizations by label, with a method for every row of the table.

    ::

        async with Organizations.from_file("organizations.toml") as organizations:
            async for label, bucket in organizations.costs(start_time=days_ago(30)):
                print(label, bucket.start, sum(each.amount for each in bucket.results))

    Use it as an async context manager, which closes the clients.
    """

    _returns = ByOrganization.__name__

    def __init__(self, clients: Mapping[str, AsyncUsageClient]) -> None:
        self._clients = dict(clients)
        self.budgets: Mapping[str, Decimal] = {}
        """The budget for a month in dollars, of the organizations that have one in the file."""

    @classmethod
    @without_arguments_in_tracebacks
    def from_file(
        cls,
        path: str | PathLike[str],
        *,
        make: Callable[..., AsyncUsageClient] = AsyncUsageClient,
        only: Collection[str] | None = None,
    ) -> Self:
        """Return a client for each organization of a TOML file.

        The file says where keys are, and never contains one::

            [organizations.acme]
            admin_key_env = "ACME_ADMIN_KEY"

            [organizations.globex]
            admin_key_file = "globex.key"
            requests_per_second = 5
            budget = 10000

        Args:
            path: The file. It also takes `base_url` and `organization` for each organization.
            make: The class of the clients, or a function that takes the options of one.
            only: The labels of the organizations to open. Default: all. The keys of the others are
                not read.

        Raises:
            InvalidOptionError: The file cannot be read, something in it is not valid, or a key is
                not where the file says.
        """
        entries = [each for each in read_entries(Path(path)) if only is None or each.label in only]
        problem = ""
        found: list[tuple[Entry, AsyncUsageClient]] = []
        try:
            found.extend((entry, client_of(entry, Path(path).parent, make)) for entry in entries)
        except InvalidOptionError as error:
            problem = error.message
        # Raise it here, where no variable holds a key.
        if problem:
            raise InvalidOptionError(f"{shown_path(path)}: {problem}", option="organizations")
        made = cls({entry.label: client for entry, client in found})
        made.budgets = {
            entry.label: Decimal(entry.budget) for entry, _ in found if entry.budget is not None
        }
        return made

    def combined(
        self, *, on_gap: OnGap = "warn", skip_unread: bool = False, keep_partial: bool = False
    ) -> "CombinedClient":
        """Return one client that reads all organizations as if they were one.

        Args:
            on_gap: The reaction if an organization lacks a bucket, as for a client. Such a bucket
                is left out, because a sum of the others would be wrong.
            skip_unread: If an organization cannot be read, yield the results of the others, and add
                the reason to `unread` of the client. Otherwise an `OrganizationsError` is raised.
            keep_partial: True to yield a bucket that an organization lacks with the results of the
                others.
        """
        from openai_usage.combined_client import CombinedClient  # noqa: PLC0415 - slow to import

        return CombinedClient(
            self, on_gap=on_gap, skip_unread=skip_unread, keep_partial=keep_partial
        )

    def _query(self, endpoint: Endpoint[..., R], query: RangeQuery) -> ByOrganization[R]:
        return ByOrganization(
            {label: client._query(endpoint, query) for label, client in self.items()}  # noqa: SLF001
        )

    def _without_key(self, error: E) -> E:
        for client in self.values():
            error = client._without_key(error)  # noqa: SLF001
        return error

    async def close(self) -> None:
        """Close all clients."""
        async with AsyncExitStack() as stack:
            for client in self.values():
                stack.push_async_callback(client.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.close()

    def __getitem__(self, label: str) -> AsyncUsageClient:
        return self._clients[label]

    def __iter__(self) -> Iterator[str]:
        return iter(self._clients)

    def __len__(self) -> int:
        return len(self._clients)

    def __repr__(self) -> str:
        return f"<Organizations {', '.join(self) or 'none'}>"


def client_of(entry: Entry, folder: Path, make: Callable[..., C]) -> C:
    """Return a client, made by *make*, of an organization of a file in *folder*.

    Raises:
        InvalidOptionError: The key is not where the file says, or an option is not valid.
    """
    try:
        return make(
            entry.admin_key(folder).reveal(),
            base_url=entry.base_url,
            organization=entry.organization or "",  # never that of the environment
            requests_per_second=(
                None if entry.requests_per_second is None else float(entry.requests_per_second)
            ),
        )
    except InvalidOptionError as error:
        raise InvalidOptionError(f"{entry.label}: {error.message}", option=error.option) from None
