"""Whom the commands ask: the API, or a sandbox that lives as long as the command."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated

from attrs import frozen
from cyclopts import Group, Parameter

from openai_usage import AsyncUsageClient
from openai_usage.cli.flags import flag

_GROUP = Group("Connection", sort_key=4)


@Parameter(name="*", group=_GROUP)
@frozen(kw_only=True)
class Connection:
    """The option that says whom to ask; the key and the address are the environment's."""

    sandbox: Annotated[
        bool,
        flag("Ask a made-up organization: no key and no network."),
    ] = False

    @asynccontextmanager
    async def client(
        self, make: Callable[..., AsyncUsageClient] = AsyncUsageClient
    ) -> AsyncIterator[AsyncUsageClient]:
        """A client of the API, or of a sandbox, as *make* makes them.

        Raises:
            MissingAdminKeyError: The environment has no key.
            InvalidOptionError: The environment has something that cannot work.
        """
        if not self.sandbox:
            async with make() as client:
                yield client
            return
        from openai_usage.sandbox import Sandbox  # noqa: PLC0415 - only where it is asked for

        async with (
            Sandbox() as server,
            make(server.admin_api_key, base_url=server.base_url) as client,
        ):
            yield client
