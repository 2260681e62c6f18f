"""Store: a sink for many tasks, which calls its methods one at a time, in a thread."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from attrs import field, frozen

from openai_usage.sync.sink import Sink

T = TypeVar("T")


@frozen
class Store:
    """A sink for many tasks."""

    sink: Sink
    """The place that keeps the rows."""
    _lock: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    async def run(self, call: Callable[[], T]) -> T:
        """Call a method of the sink. If this is cancelled, wait for the end of the call."""
        async with self._lock:
            task = asyncio.ensure_future(asyncio.to_thread(call))
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                await asyncio.wait([task])
                task.exception()  # what stopped the sync is raised, and not what failed after it
                raise
