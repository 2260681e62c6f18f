"""An event loop whose clock jumps: where nothing is left to do but wait, the wait is over at once.

The tests speak HTTP over real sockets and still never sleep. How long something *would* have
waited is exact: `loop.time()` moves by nothing but those waits.
"""

import asyncio
import selectors
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar, TypeVarTuple

from attrs import define

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

_GRACE = 0.0002
"""Seconds given to the kernel to hand over what one end has just written to the other.

Both ends are in this process, so it has usually done so before the write returned.
"""

_GRACE_OF_THREADS = 1.0
"""Seconds given to threads that run for the loop, such as one that resolves a name.

They do not go by its clock, and can be slow on a busy machine. A thread that ends wakes the loop at
once, so this only costs time where a thread hangs.
"""


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc, unused-ignore]
    """Tells its loop how long it would have slept, instead of sleeping."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.threads = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if ready or timeout <= 0:
            return ready
        if self.threads:
            ready = super().select(min(timeout, _GRACE_OF_THREADS))
        else:
            time.sleep(_GRACE)
            ready = super().select(0)
        if not ready:
            self.now += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop on a `_JumpingSelector`."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[*_Ts], _T],
        *args: *_Ts,
    ) -> asyncio.Future[_T]:
        """Run *func* in a thread, and give it more time before the clock jumps."""
        self._jumping.threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_ended)
        return future

    def _thread_ended(self, _: object) -> None:
        self._jumping.threads -= 1

    async def shutdown_default_executor(self, _: float | None = None) -> None:
        """Wait for its threads, which do not go by this clock, as long as it takes."""
        await super().shutdown_default_executor()


def loop_time() -> float:
    """The time of the running loop, in seconds."""
    return asyncio.get_running_loop().time()


@define
class WallClock:
    """The time of the client and of the sandbox, which passes as that of the loop."""

    loop: asyncio.AbstractEventLoop
    start: int
    moved: int = 0

    def __call__(self) -> float:
        return self.start + self.moved + self.loop.time()
