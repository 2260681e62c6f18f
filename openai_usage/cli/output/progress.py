"""Show the progress of an iteration on stderr, if it takes longer than a second."""

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

_DELAY = 1.0
"""Seconds before the progress is shown."""


class ProgressTracker(logging.Handler):
    """Counts the buckets that were read and written, and the retries of the client.

    It is a log handler because the client reports retries and their delays only in its log.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.position: int | None = None
        """The end of the last bucket that was written, in Unix seconds."""
        self.is_done = False
        """True if every bucket was read and written."""
        self._ends: list[int] = []
        """The ends of the planned windows."""
        self._read = 0
        self._retries = 0
        self._waits_until = 0.0
        self._is_limited = False

    async def track(self, buckets: Buckets[object]) -> AsyncIterator[Bucket[object]]:
        """Yield every bucket and count it."""
        self._ends = [window.end_time for window in buckets.plan().windows]
        async with Owned(aiter(buckets)) as iterator:
            async for bucket in iterator:
                self._read += 1
                yield bucket
                self.position = bucket.end_time  # asking for the next one means this one is written

    def emit(self, record: logging.LogRecord) -> None:
        """Count a retry, or print any other message of the client."""
        wait: float | None = getattr(record, "wait", None)
        if wait is None:
            say(record.getMessage())
        else:
            self._retries += 1
            self._waits_until = time.monotonic() + wait
            self._is_limited = getattr(record, "status", None) == 429

    @property
    def windows(self) -> tuple[int, int]:
        """The number of finished windows, and the number of planned ones."""
        return bisect_right(self._ends, self.position or 0), len(self._ends)

    def __str__(self) -> str:
        done, planned = self.windows
        parts = [f"{done} of {planned} windows", f"{self._read:,} buckets"]
        if self._retries:
            parts.append(f"{self._retries} retr{'y' if self._retries == 1 else 'ies'}")
        if (wait := self._waits_until - time.monotonic()) > 0:
            parts.append(f"{'rate limited' if self._is_limited else 'failed'}, {wait:.0f} s")
        return " · ".join(parts)


@contextmanager
def show_progress(tracker: ProgressTracker) -> Iterator[None]:
    """Show the state of *tracker* on stderr after the first second."""
    bar = Progress(
        BarColumn(10), _StateColumn(tracker), console=Console(stderr=True), transient=True
    )
    bar.add_task("")
    log = logging.getLogger("openai_usage")
    log.addHandler(tracker)
    log.propagate = False  # other handlers would print the same messages into the progress bar
    timer = asyncio.get_running_loop().call_later(_DELAY, bar.start)
    try:
        yield
    finally:
        timer.cancel()
        bar.stop()
        log.propagate = True
        log.removeHandler(tracker)


class _StateColumn(ProgressColumn):
    """The column for the text of a tracker, which also updates the bar."""

    def __init__(self, tracker: ProgressTracker) -> None:
        super().__init__(Column(no_wrap=True))
        self._tracker = tracker

    def render(self, task: Task) -> Text:
        """Return the current state of the tracker as text."""
        task.completed, task.total = self._tracker.windows
        return Text(str(self._tracker), overflow="ellipsis")
