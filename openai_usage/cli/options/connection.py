"""Whom the commands ask: the API, or a sandbox that lives as long as the command."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Literal

from attrs import frozen
from cyclopts import Group, Parameter

from openai_usage import AsyncUsageClient, Gap, PaginationError
from openai_usage._gap_text import describe_gaps
from openai_usage.cli.options.flags import flag

_GROUP = Group("Connection", sort_key=4)


def _end(gap: Gap) -> None:
    """End at a gap, with a message that has dates, as people type them."""
    raise PaginationError(*describe_gaps([gap]))


@Parameter(name="*", group=_GROUP)
@frozen(kw_only=True)
class Connection:
    """The options that say whom to ask, and what to take for an answer.

    The key and the address are the environment's.
    """

    sandbox: Annotated[
        bool,
        flag("Ask a made-up organization: no key and no network."),
    ] = False

    on_gap: Annotated[
        Literal["warn", "raise"],
        Parameter(
            help="Where the API gives no bucket for a part of the range, of which it is not known: "
            "warn, or end with 1."
        ),
    ] = "warn"

    @asynccontextmanager
    async def client(
        self,
        make: Callable[..., AsyncUsageClient] = AsyncUsageClient,
        *,
        on_gap: Callable[[Gap], object] | None = None,
    ) -> AsyncIterator[AsyncUsageClient]:
        """A client of the API, or of a sandbox, as *make* makes them.

        *on_gap* is called with each gap instead of a warning in the log, to say it in other words.

        Raises:
            MissingAdminKeyError: The environment has no key.
            InvalidOptionError: The environment has something that cannot work.
        """
        gap_option = _end if self.on_gap == "raise" else on_gap or "warn"
        if not self.sandbox:
            async with make(on_gap=gap_option) as client:
                yield client
            return
        from openai_usage.sandbox import Sandbox  # noqa: PLC0415 - only where it is asked for

        async with (
            Sandbox() as server,
            make(server.admin_api_key, base_url=server.base_url, on_gap=gap_option) as client,
        ):
            yield client
