"""`openai-usage sandbox`: serve a synthetic organization to other programs until interrupted."""

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from typing import Annotated, Literal

from cyclopts import Group, Parameter
from cyclopts.validators import Number

from openai_usage.cli.options.flags import flag
from openai_usage.cli.options.time_range import moment
from openai_usage.cli.output.console import silence_stdout
from openai_usage.cli.output.messages import say
from openai_usage.cli.stopping import stopping
from openai_usage.sandbox import Sandbox

_GROUP = Group("Sandbox", sort_key=1)


def sandbox(
    *,
    port: Annotated[
        int,
        Parameter(
            group=_GROUP,
            help="The port to listen on, on the loopback interface; 0 means any free port.",
            validator=Number(gte=0, lt=2**16),
        ),
    ] = 0,
    seed: Annotated[
        int, Parameter(group=_GROUP, help="The seed of the synthetic organization and its usage.")
    ] = 0,
    now: Annotated[
        str | None,
        Parameter(
            group=_GROUP,
            help="The time at which the data ends: 2026-09-10, 2026-09-10T22:40Z or Unix seconds. "
            "Default: the time of each request.",
        ),
    ] = None,
    amounts: Annotated[
        Literal["number", "string"],
        Parameter(group=_GROUP, help="The JSON type of money; the API has used both."),
    ] = "number",
    requests_per_second: Annotated[
        int | None,
        Parameter(
            group=_GROUP,
            help="The number of requests per second that are answered; others get a 429.",
            validator=Number(gte=1),
        ),
    ] = None,
    restates: Annotated[
        bool,
        flag("Restate usage and costs for some time after their bucket is over, as the API does."),
        Parameter(group=_GROUP),
    ] = False,
) -> None:
    """Serve a synthetic organization until Ctrl-C or SIGTERM.

    It prints the address and the key as lines for a shell, which other programs can evaluate:

        eval "$(openai-usage sandbox &)"; …; kill $OPENAI_USAGE_SANDBOX_PID
    """
    server = Sandbox(
        seed,
        now=None if now is None else moment(now, "--now"),
        amounts=amounts,
        requests_per_second=requests_per_second,
        restates=restates,
        port=port,
    )
    asyncio.run(_serve(server, port))


async def _serve(server: Sandbox, port: int) -> None:
    stopped = asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.enter_context(stopping(stopped))
        try:
            await stack.enter_async_context(server)
        except OSError as error:  # asyncio's own message is long and repeats the address
            reason = os.strerror(error.errno or 0)
            raise OSError(
                error.errno, f"cannot listen on port {port}: {reason}. Use --port 0 for a free one."
            ) from None
        _announce(server)
        await stopped.wait()


def _announce(server: Sandbox) -> None:
    """Print the address of *server*: for programs on stdout, for people on stderr."""
    print(f"export OPENAI_BASE_URL={server.base_url}")
    print(f"export OPENAI_ADMIN_KEY={server.admin_api_key}")
    print(f"export OPENAI_USAGE_SANDBOX_PID={os.getpid()}", flush=True)
    say(f"serving a synthetic organization at {server.base_url} until Ctrl-C.")
    if not sys.stdout.isatty():
        # A shell that reads $(…) waits for the end of stdout, not only for these lines.
        silence_stdout()
