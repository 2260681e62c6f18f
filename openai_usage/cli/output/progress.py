"""Show on stderr what is read and how far it is, if that takes longer than a second."""

import asyncio
import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task
from rich.table import Column
from rich.text import Text

from openai_usage import Bucket, Buckets, RateLimitError, Retry
from openai_usage._pagination.generators import Owned
from openai_usage._pagination.resume_point import ResumePoint

_DELAY = 1.0
"""Seconds before the progress is shown."""


class ReadingTracker:
    """Counts the retries of the client, and says how long it waits.

    Args:
        what: The parts that are read: `costs and usage`.
    """

    def __init__(self, what: str = "") -> None:
        self._what = what
        self._retries = 0
        self._waits_until = 0.0
        self._is_limited = False

    def count_retry(self, retry: Retry) -> None:
        """Count a *retry*, and remember its delay."""
        self._retries += 1
        self._waits_until = time.monotonic() + retry.wait
        self._is_limited = isinstance(retry.error, RateLimitError)

    @property
    def windows(self) -> tuple[int, int | None]:
        """The number of finished windows, and that of planned ones. None if it is unknown."""
        return 0, None

    def _parts(self) -> Iterator[str]:
        yield f"reading {self._what}"

    def __str__(self) -> str:
        parts = [*self._parts()]
        if self._retries:
            parts.append(f"{self._retries} retr{'y' if self._retries == 1 else 'ies'}")
        if (wait := self._waits_until - time.monotonic()) > 0:
            parts.append(f"{'rate limited' if self._is_limited else 'failed'}, {wait:.0f} s")
        return " · ".join(parts)


class ProgressTracker(ReadingTracker):
    """Counts the buckets that were read and written, and the retries of the client.

    Args:
        is_incremental: True if written output is kept and can be used after an error.
    """

    def __init__(self, *, is_incremental: bool = True) -> None:
        super().__init__()
        self.written = ResumePoint()
        """The place to continue from after an error: the end of the last bucket that was kept."""
        self.position: int | None = None
        """The end of the last bucket that was written, in Unix seconds."""
        self.is_done = False
        """True if every bucket was read and written."""
        self._is_incremental = is_incremental
        self._ends: list[int] = []
        """The ends of the planned windows."""
        self._read = 0

    async def track(self, buckets: Buckets[object]) -> AsyncIterator[Bucket[object]]:
        """Yield every bucket and count it."""
        self._ends = [window.end_time for window in buckets.plan().windows]
        async with Owned(aiter(buckets)) as iterator:
            async for bucket in iterator:
                self._read += 1
                yield bucket
                self.position = bucket.end_time  # asking for the next one means this one is written
                if self._is_incremental:
                    self.written.end_time = self.position

    @property
    def windows(self) -> tuple[int, int]:
        """The number of finished windows, and the number of planned ones."""
        return bisect_right(self._ends, self.position or 0), len(self._ends)

    def _parts(self) -> Iterator[str]:
        done, planned = self.windows
        yield f"{done} of {planned} windows"
        yield f"{self._read:,} buckets"


@contextmanager
def show_progress(tracker: ReadingTracker) -> Iterator[None]:
    """Show the state of *tracker* on stderr after the first second."""
    bar = Progress(
        BarColumn(10), _StateColumn(tracker), console=Console(stderr=True), transient=True
    )
    bar.add_task("")
    timer = asyncio.get_running_loop().call_later(_DELAY, bar.start)
    try:
        yield
    finally:
        timer.cancel()
        bar.stop()


class _StateColumn(ProgressColumn):
    """The column for the text of a tracker, which also updates the bar."""

    def __init__(self, tracker: ReadingTracker) -> None:
        super().__init__(Column(no_wrap=True))
        self._tracker = tracker

    def render(self, task: Task) -> Text:
        """Return the current state of the tracker as text."""
        task.completed, task.total = self._tracker.windows
        return Text(str(self._tracker), overflow="ellipsis")
