"""Open a sandbox for the duration of a command, and show that a command reads."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from openai_usage import AsyncUsageClient, Retry
from openai_usage.cli.output.messages import say


@asynccontextmanager
async def opened_sandbox(
    make: Callable[..., AsyncUsageClient], on_retry: Callable[[Retry], object] | None
) -> AsyncIterator[AsyncUsageClient]:
    """Start a sandbox, and open a client of it."""
    from openai_usage.sandbox import Sandbox  # noqa: PLC0415 - only if used

    if sys.stderr.isatty():
        say("these figures are made up (--sandbox).")
    async with (
        Sandbox() as server,
        make(server.admin_api_key, base_url=server.base_url, on_retry=on_retry) as client,
    ):
        yield client


@contextmanager
def shown_reading(reading: str) -> Iterator[Callable[[Retry], object]]:
    """Show that something is read, and the retries for which the function is called."""
    from openai_usage.cli.output.progress import (  # noqa: PLC0415 - slow, and rarely needed
        ReadingTracker,
        show_progress,
    )

    tracker = ReadingTracker(reading)
    with show_progress(tracker):
        yield tracker.count_retry
