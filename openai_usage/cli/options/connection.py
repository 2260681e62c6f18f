"""Connection options: the API, or a sandbox that runs for the duration of the command."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from attrs import frozen
from cyclopts import Group, Parameter

from openai_usage import AsyncUsageClient, Gap, Organizations, PaginationError, Retry
from openai_usage._gap_text import describe_gaps
from openai_usage._http.config import OnGap
from openai_usage._text import listed
from openai_usage._time_format import date_and_time
from openai_usage.cli.options.flags import flag
from openai_usage.cli.output.messages import say, shows_progress
from openai_usage.cli.output.retry_summary import RetrySummary
from openai_usage.cli.wording import CommandError

_GROUP = Group("Connection", sort_key=4)


def _raise(gap: Gap) -> None:
    """Raise an error that gives the dates of a gap in the form in which people type them."""
    raise PaginationError(*describe_gaps([gap]))


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

    from_: Annotated[
        str | None,
        Parameter(
            name="--from",
            help="Read a copy that `openai-usage sync` keeps, such as duckdb:usage.duckdb, and "
            "send nothing.",
        ),
    ] = None

    organization: Annotated[
        str | None,
        Parameter(help="The organization to read from a copy that has several."),
    ] = None

    on_gap: Annotated[
        Literal["warn", "raise"],
        Parameter(
            help="If the API returns no bucket for a part of the range: warn on stderr, or exit "
            "with 1."
        ),
    ] = "warn"

    @asynccontextmanager
    async def client(
        self,
        make: Callable[..., AsyncUsageClient] = AsyncUsageClient,
        *,
        on_gap: Callable[[Gap], object] | None = None,
        on_retry: Callable[[Retry], object] | None = None,
        reading: str = "",
    ) -> AsyncIterator[AsyncUsageClient]:
        """Open a client, made by *make*, of the API or of a sandbox.

        *on_gap* and *on_retry* are called in place of the warnings in the log. *reading* names what
        is read: a terminal shows it in a line, with the retries, and *on_retry* is not called.
        Without either, and if stderr is not a terminal, one sentence at the end says how many
        retries there were.

        Raises:
            MissingAdminKeyError: The environment does not have a key.
            InvalidOptionError: The environment has an invalid value.
            CommandError: Options contradict each other.
            SyncError: The copy cannot be read.
        """
        gap_option: OnGap = _raise if self.on_gap == "raise" else on_gap or "warn"
        with ExitStack() as stack:
            if self.from_ is not None:
                yield stack.enter_context(self._copy(self.from_, gap_option))
                return
            if self.organization is not None:
                raise CommandError("--organization is only possible with --from.")
            if reading and shows_progress():
                on_retry = stack.enter_context(_shown(reading))
            if not self.sandbox:
                summary = RetrySummary()
                if on_retry is None and not sys.stderr.isatty():
                    on_retry = summary.count
                stack.enter_context(summary.said())
                async with make(on_gap=gap_option, on_retry=on_retry) as client:
                    yield client
                return
            from openai_usage.sandbox import Sandbox  # noqa: PLC0415 - only if used

            if sys.stderr.isatty():
                say("these figures are made up (--sandbox).")
            async with (
                Sandbox() as server,
                make(
                    server.admin_api_key,
                    base_url=server.base_url,
                    on_gap=gap_option,
                    on_retry=on_retry,
                ) as client,
            ):
                yield client

    @contextmanager
    def _copy(self, place: str, on_gap: OnGap) -> Iterator[AsyncUsageClient]:
        """Open a copy, and return a client of it."""
        from openai_usage.sync import SyncedClient  # noqa: PLC0415 - an extra
        from openai_usage.sync.duckdb_sink import DuckDBSink  # noqa: PLC0415 - likewise

        if self.sandbox:
            raise CommandError("--from and --sandbox contradict each other. Use only one of them.")
        with DuckDBSink(duckdb_path(place, "--from"), read_only=True) as sink:
            known = sink.organizations()
            label = self.organization or (known[0] if len(known) == 1 else None)
            if label not in known:
                labels = listed(known, "and") if known else "no organizations"
                raise CommandError(
                    f"--from {place} has {labels}. Choose one with --organization LABEL."
                )
            if (read_at := sink.read_at(label)) is not None:
                say(
                    f"this is a copy of {label}, read at {date_and_time(read_at)} UTC. For what it "
                    "does not have, use openai-usage sync."
                )
            yield SyncedClient(sink, label, on_gap=on_gap)

    @asynccontextmanager
    async def clients(
        self, organizations: Path | None, label: str | None, *, reading: str
    ) -> AsyncIterator[Mapping[str, AsyncUsageClient]]:
        """Open a client of each organization in a file, or of the only one, which is *label*.

        Without either, the file is that of the environment, if there is one.

        Missing buckets are not reported, because the caller finds them. *reading* names what is
        read, as for `client`.

        Raises:
            CommandError: There is a file, and the sandbox was chosen.
            InvalidOptionError: The file or the environment has an invalid value.
            MissingAdminKeyError: Without a file, the environment does not have a key.
        """
        if self.from_ is not None:
            raise CommandError("--from is not possible here: a copy is made of the API.")
        file = "" if organizations is None else str(organizations)
        if label is None and not self.sandbox:
            file = file or os.environ.get("OPENAI_USAGE_ORGANIZATIONS", "")
        if not file:
            name = label or ("sandbox" if self.sandbox else "default")
            async with self.client(on_gap=lambda _: None, reading=reading) as client:
                yield {name: client}
            return
        if self.sandbox:
            raise CommandError(
                "--sandbox and --organizations contradict each other: a sandbox is one "
                "organization. Leave out one of them."
            )
        summary = RetrySummary()
        with ExitStack() as stack:
            on_retry = stack.enter_context(_shown(reading)) if shows_progress() else summary.count
            stack.enter_context(summary.said())
            make = partial(AsyncUsageClient, on_gap=lambda _: None, on_retry=on_retry)
            async with Organizations.from_file(file, make=make) as clients:
                yield clients


def duckdb_path(place: str, option: str) -> str:
    """Return the path in the value of an option, such as `duckdb:usage.duckdb`.

    Raises:
        CommandError: The value has another form.
    """
    kind, _, path = place.partition(":")
    if kind != "duckdb" or not path:
        raise CommandError(
            f"{option} takes duckdb:FILE, such as duckdb:usage.duckdb, not {place!r:.60}."
        )
    return path


@contextmanager
def _shown(reading: str) -> Iterator[Callable[[Retry], object]]:
    """Show that something is read, and the retries for which the function is called."""
    from openai_usage.cli.output.progress import (  # noqa: PLC0415 - slow, and rarely needed
        ReadingTracker,
        show_progress,
    )

    tracker = ReadingTracker(reading)
    with show_progress(tracker):
        yield tracker.count_retry
