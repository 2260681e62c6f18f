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
        """
        gap_option = _raise if self.on_gap == "raise" else on_gap or "warn"
        with ExitStack() as stack:
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

    @asynccontextmanager
    async def clients(
        self, organizations: Path | None, label: str, *, reading: str
    ) -> AsyncIterator[Mapping[str, AsyncUsageClient]]:
        """Open a client of each organization in a file, or of the only one, which is *label*.

        Without *organizations*, the file is that of the environment, if there is one.

        Missing buckets are not reported, because the caller finds them. *reading* names what is
        read, as for `client`.

        Raises:
            CommandError: There is a file, and the sandbox was chosen.
            InvalidOptionError: The file or the environment has an invalid value.
            MissingAdminKeyError: There is no file, and the environment does not have a key.
        """
        file = organizations or os.environ.get("OPENAI_USAGE_ORGANIZATIONS")
        if not file or (self.sandbox and organizations is None):
            async with self.client(on_gap=lambda _: None, reading=reading) as client:
                yield {label: client}
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
