"""Says on stderr how far a walk has come, where it takes longer than a moment and someone looks."""

import asyncio
import logging
import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task
from rich.table import Column
from rich.text import Text

from openai_usage import Bucket, Buckets
from openai_usage._pagination.generators import Owned
from openai_usage.cli.output.messages import say

_PATIENCE = 1.0
"""Seconds before anything is shown."""


class ProgressTracker(logging.Handler):
    """What there is to say of a walk: what was read of it, and what of it was dealt with.

    Retries and their waits it hears from the log of the client, to whom alone they are known.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.place: int | None = None
        """Where the last bucket ended that was read and dealt with, in Unix seconds."""
        self.is_done = False
        """Whether all of it was read and dealt with."""
        self._ends: list[int] = []
        """Where the windows end that were planned."""
        self._read = 0
        self._retries = 0
        self._waits_until = 0.0
        self._is_limited = False

    async def over(self, buckets: Buckets[object]) -> AsyncIterator[Bucket[object]]:
        """Every bucket of *buckets*, watched."""
        self._ends = [window.end_time for window in buckets.plan().windows]
        async with Owned(aiter(buckets)) as walk:
            async for bucket in walk:
                self._read += 1
                yield bucket
                self.place = bucket.end_time  # whoever comes back for more has dealt with it

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of a retry; what else the client has to say is shown as it is."""
        wait: float | None = getattr(record, "wait", None)
        if wait is None:
            say(record.getMessage())
        else:
            self._retries += 1
            self._waits_until = time.monotonic() + wait
            self._is_limited = getattr(record, "status", None) == 429

    @property
    def windows(self) -> tuple[int, int]:
        """How many of the planned windows are done, and how many there are."""
        return bisect_right(self._ends, self.place or 0), len(self._ends)

    def __str__(self) -> str:
        done, planned = self.windows
        said = [f"{done} of {planned} windows", f"{self._read:,} buckets"]
        if self._retries:
            said.append(f"{self._retries} retr{'y' if self._retries == 1 else 'ies'}")
        if (wait := self._waits_until - time.monotonic()) > 0:
            said.append(f"{'rate limited' if self._is_limited else 'failed'}, {wait:.0f} s")
        return " · ".join(said)


@contextmanager
def shown(watch: ProgressTracker) -> Iterator[None]:
    """Show on the terminal at stderr what *watch* has to say, from the second second on."""
    bar = Progress(BarColumn(10), _Said(watch), console=Console(stderr=True), transient=True)
    bar.add_task("")
    log = logging.getLogger("openai_usage")
    log.addHandler(watch)
    log.propagate = False  # or the same would be said in lines through the bar
    timer = asyncio.get_running_loop().call_later(_PATIENCE, bar.start)
    try:
        yield
    finally:
        timer.cancel()
        bar.stop()
        log.propagate = True
        log.removeHandler(watch)


class _Said(ProgressColumn):
    """What the watch says, beside the bar that follows it."""

    def __init__(self, watch: ProgressTracker) -> None:
        super().__init__(Column(no_wrap=True))
        self._watch = watch

    def render(self, task: Task) -> Text:
        """What the watch says now."""
        task.completed, task.total = self._watch.windows
        return Text(str(self._watch), overflow="ellipsis")
