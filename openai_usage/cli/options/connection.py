"""Connection options: the API, a copy, or a sandbox that runs for the duration of the command."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from attrs import frozen
from cyclopts import Group, Parameter

from openai_usage import AsyncUsageClient, Gap, Organizations, PaginationError, Retry
from openai_usage._gap_text import describe_gaps
from openai_usage._http.config import OnGap
from openai_usage._organizations_file import read_entries
from openai_usage._text import listed
from openai_usage._time_format import date_and_time
from openai_usage.analysis.budget import Budget
from openai_usage.cli.options.budget import of_one
from openai_usage.cli.options.flags import flag
from openai_usage.cli.options.place import open_place
from openai_usage.cli.options.sources import opened_sandbox, shown_reading
from openai_usage.cli.output.messages import say, shows_progress
from openai_usage.cli.output.retry_summary import RetrySummary
from openai_usage.cli.wording import CommandError

_GROUP = Group("Connection", sort_key=4)


def ignore(_: Gap) -> None:
    """Leave a gap to the caller, who finds it."""


@Parameter(name="*", group=_GROUP)
@frozen(kw_only=True)
class Connection:
    """Options for the connection.

    The key and the address come from the environment.
    """

    sandbox: Annotated[
        bool,
        flag("Use a synthetic organization, without a key or a network."),
    ] = False

    organizations: Annotated[
        Path | None,
        Parameter(
            help="A TOML file of organizations, each with its own key, which are all read. "
            "Default: that of OPENAI_USAGE_ORGANIZATIONS, or else the organization of "
            "OPENAI_ADMIN_KEY.",
        ),
    ] = None

    from_: Annotated[
        str | None,
        Parameter(
            name="--from",
            help="Read a copy that `openai-usage sync` keeps, such as duckdb:usage.duckdb, and "
            "send nothing.",
        ),
    ] = None

    prefix: Annotated[
        str,
        Parameter(help="The beginning of the names of the tables of a copy, if it has one."),
    ] = ""

    organization: Annotated[
        str | None,
        Parameter(help="The only organization to read, if the file or the copy has several."),
    ] = None

    on_gap: Annotated[
        Literal["warn", "raise"],
        Parameter(
            help="If the API returns no bucket for a part of the range: warn on stderr, or exit "
            "with 1."
        ),
    ] = "warn"

    @property
    def labels(self) -> Sequence[str]:
        """The organizations that are read together, so that rows have their label.

        Empty if one organization is read alone.

        Raises:
            CommandError: Options contradict each other.
            InvalidOptionError: The file of organizations is not valid.
            SyncError: The copy cannot be read.
        """
        self._check()
        if self.organization is not None:
            return ()
        if self.from_ is not None:
            with open_place(self.from_, "--from", prefix=self.prefix, read_only=True) as sink:
                known = sink.organizations()
            return known if len(known) > 1 else ()
        file = self._file()
        return [each.label for each in read_entries(file)] if file is not None else ()

    @property
    def budgets(self) -> Sequence[Budget]:
        """The budgets in the file of organizations, for a month in dollars.

        Raises:
            InvalidOptionError: The file is not valid.
        """
        file = self._file()
        entries = () if file is None or self.from_ is not None else read_entries(file)
        budgets = [
            Budget(amount=each.budget, organization=each.label)
            for each in entries
            if each.budget is not None
        ]
        return of_one(budgets, self.organization)

    @asynccontextmanager
    async def client(
        self,
        make: Callable[..., AsyncUsageClient] = AsyncUsageClient,
        *,
        on_gap: Callable[[Gap], object] | None = None,
        on_retry: Callable[[Retry], object] | None = None,
        reading: str = "",
        keep_partial: bool = False,
    ) -> AsyncIterator[AsyncUsageClient]:
        """Open a client, made by *make*, of the API, of a copy or of a sandbox.

        It reads all organizations together if there are several. A bucket that one of them lacks
        is left out unless *keep_partial* is true, because sums need all of them. *on_gap* is called
        in place of the warnings in the log. The other arguments are those of `clients`.

        Raises:
            MissingAdminKeyError: The environment does not have a key.
            InvalidOptionError: The environment or the file of organizations has an invalid value.
            CommandError: Options contradict each other.
            SyncError: The copy cannot be read.
        """
        if self.prefix and self.from_ is None:
            raise CommandError("--prefix is only possible with --from.")
        gap_option: OnGap = self._raise if self.on_gap == "raise" else on_gap or "warn"
        is_combined = bool(self.labels)
        each = ignore if is_combined else gap_option
        async with self.clients(make, on_gap=each, on_retry=on_retry, reading=reading) as clients:
            if is_combined:
                from openai_usage import CombinedClient  # noqa: PLC0415 - slow, and rarely used

                yield CombinedClient(
                    clients, on_gap=gap_option, skip_unread=True, keep_partial=keep_partial
                )
            else:
                [client] = clients.values()
                yield client

    @asynccontextmanager
    async def clients(
        self,
        make: Callable[..., AsyncUsageClient] = AsyncUsageClient,
        *,
        on_gap: OnGap = "warn",
        on_retry: Callable[[Retry], object] | None = None,
        reading: str = "",
        label: str | None = None,
    ) -> AsyncIterator[Mapping[str, AsyncUsageClient]]:
        """Open a client, made by *make*, of each organization by label.

        *on_gap* is that of each client. *on_retry* is called in place of the warnings in the log.
        *reading* names what is read: a terminal shows it in a line, with the retries, and
        *on_retry* is not called. Without either, and if stderr is not a terminal, one sentence at
        the end says how many retries there were.
        With a *label*, there is one organization, of this label.

        Raises:
            MissingAdminKeyError: The environment does not have a key.
            InvalidOptionError: The environment or the file of organizations has an invalid value.
            CommandError: Options contradict each other.
            SyncError: The copy cannot be read.
        """
        self._check()
        async with AsyncExitStack() as stack:
            if self.from_ is not None:
                yield stack.enter_context(self._copies(self.from_, on_gap))
                return
            make = partial(make, on_gap=on_gap)
            if reading and shows_progress():
                on_retry = stack.enter_context(shown_reading(reading))
            if self.sandbox:
                yield {
                    label or "sandbox": await stack.enter_async_context(
                        opened_sandbox(make, on_retry)
                    )
                }
                return
            summary = RetrySummary()
            if on_retry is None and not sys.stderr.isatty():
                on_retry = summary.count
            stack.enter_context(summary.said())
            make = partial(make, on_retry=on_retry)
            file = self._file() if label is None else None
            if file is None:
                yield {label or "default": await stack.enter_async_context(make())}
                return
            known = [each.label for each in read_entries(file)]
            only = self._chosen(known, str(file))
            clients = Organizations.from_file(file, make=make, only=only)
            yield await stack.enter_async_context(clients)

    def describe_gaps(self, gaps: Iterable[Gap]) -> list[str]:
        """Return sentences on missing buckets, of the API or of a copy."""
        return describe_gaps(gaps, of_copy=self.from_ is not None)

    def _raise(self, gap: Gap) -> None:
        """Raise an error that gives the dates of a gap in the form in which people type them."""
        raise PaginationError(*self.describe_gaps([gap]))

    def _check(self) -> None:
        """Reject options that contradict each other.

        Raises:
            CommandError: They do.
        """
        given = {
            "--from": self.from_ is not None,
            "--sandbox": self.sandbox,
            "--organizations": self.organizations is not None,
        }
        first, *others = [*(name for name, is_given in given.items() if is_given), ""]
        if len(others) > 1:
            raise CommandError(
                f"{first} and {others[0]} contradict each other. Use only one of them."
            )
        if self.organization is not None and self.from_ is None and self._file() is None:
            raise CommandError("--organization is only possible with --organizations or --from.")

    def _file(self) -> Path | None:
        """Return the file of organizations, if there is one."""
        if self.organizations is not None:
            return self.organizations
        file = os.environ.get("OPENAI_USAGE_ORGANIZATIONS", "")
        return Path(file) if file and not self.sandbox else None

    def _chosen(self, labels: Sequence[str], where: str) -> Sequence[str]:
        """Return the label of the chosen organization, or those of all.

        Raises:
            CommandError: The chosen organization does not exist, or there is none.
        """
        if not labels:
            raise CommandError(f"{where} is empty. Fill it with openai-usage sync.")
        if self.organization is None:
            return labels
        if self.organization not in labels:
            raise CommandError(
                f"{where} has {listed(labels, 'and')}. Choose one with --organization LABEL."
            )
        return [self.organization]

    @contextmanager
    def _copies(self, place: str, on_gap: OnGap) -> Iterator[Mapping[str, AsyncUsageClient]]:
        """Open a copy, and return a client of each organization in it."""
        from openai_usage.sync import SyncedClient  # noqa: PLC0415 - an extra

        with open_place(place, "--from", prefix=self.prefix, read_only=True) as sink:
            labels = self._chosen(sink.organizations(), f"--from {place}")
            times = [sink.read_at(label) or 0 for label in labels]
            say(
                f"this is a copy of {listed(labels, 'and')}, read at {date_and_time(min(times))} "
                "UTC. For what it does not have, use openai-usage sync."
            )
            yield {label: SyncedClient(sink, label, on_gap=on_gap) for label in labels}
