"""`openai-usage sandbox`: a made-up organization, served to other programs until it is stopped."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Annotated, Literal

from cyclopts import Group, Parameter
from cyclopts.validators import Number

from openai_usage.cli.options.time_range import moment
from openai_usage.cli.output.console import silence_stdout
from openai_usage.cli.output.messages import say
from openai_usage.sandbox import Sandbox

_GROUP = Group("Sandbox", sort_key=1)


def sandbox(
    *,
    port: Annotated[
        int,
        Parameter(
            group=_GROUP,
            help="Where to listen on loopback; 0 is any that is free.",
            validator=Number(gte=0, lt=2**16),
        ),
    ] = 0,
    seed: Annotated[
        int, Parameter(group=_GROUP, help="Decides the organization and all that it does.")
    ] = 0,
    now: Annotated[
        str | None,
        Parameter(
            group=_GROUP,
            help="Up to when anything has happened: 2026-09-10, 2026-09-10T22:40Z or Unix seconds. "
            "Left out: the real now, at each request.",
        ),
    ] = None,
    amounts: Annotated[
        Literal["number", "string"],
        Parameter(group=_GROUP, help="How money is sent in JSON; the API has done both."),
    ] = "number",
    requests_per_second: Annotated[
        int | None,
        Parameter(
            group=_GROUP,
            help="How many requests a second are answered; the others get a 429.",
            validator=Number(gte=1),
        ),
    ] = None,
) -> None:
    """Serve a made-up organization until Ctrl-C or SIGTERM.

    What other programs need to ask it is printed as lines for a shell, to be read or evaluated:

        eval "$(openai-usage sandbox &)"; …; kill $OPENAI_USAGE_SANDBOX_PID
    """
    server = Sandbox(
        seed,
        now=None if now is None else moment(now, "--now", "now"),
        amounts=amounts,
        requests_per_second=requests_per_second,
        port=port,
    )
    asyncio.run(_serve(server, port))


async def _serve(server: Sandbox, port: int) -> None:
    stopped = asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.enter_context(_stopping(stopped))
        try:
            await stack.enter_async_context(server)
        except OSError as error:  # of which asyncio makes a long sentence
            reason = os.strerror(error.errno or 0)
            raise OSError(error.errno, f"cannot listen at port {port}: {reason}") from None
        _tell(server)
        await stopped.wait()


@contextmanager
def _stopping(stopped: asyncio.Event) -> Iterator[None]:
    """Set *stopped* at Ctrl-C and at SIGTERM, on whichever system."""
    loop = asyncio.get_running_loop()
    before = {
        each: signal.signal(each, lambda *_: loop.call_soon_threadsafe(stopped.set))
        for each in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _tell(server: Sandbox) -> None:
    """Say where it is: to programs on stdout, to people on stderr."""
    print(f"export OPENAI_BASE_URL={server.base_url}")
    print(f"export OPENAI_ADMIN_KEY={server.admin_api_key}")
    print(f"export OPENAI_USAGE_SANDBOX_PID={os.getpid()}", flush=True)
    say(f"a made-up organization answers at {server.base_url} until Ctrl-C.")
    if not sys.stdout.isatty():
        # Whoever reads on until the end, as a shell does in $(…), is not to wait for ours.
        silence_stdout()
