"""An event loop whose clock jumps: where nothing is left to do but wait, the wait is over at once.

The tests speak HTTP over real sockets and still never sleep. How long something *would* have
waited is exact: `loop.time()` moves by nothing but those waits.
"""

import asyncio
import selectors

_GRACE = 0.002
"""Seconds given to the kernel to hand over what one end has just written to the other."""


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc, unused-ignore]
    """Tells its loop how long it would have slept, instead of sleeping."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        ready = super().select(min(timeout, _GRACE))
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

    async def shutdown_default_executor(self, _: float | None = None) -> None:
        """Wait for its threads, which do not go by this clock, as long as it takes."""
        await super().shutdown_default_executor()


def loop_time() -> float:
    """The time of the running loop, in seconds."""
    return asyncio.get_running_loop().time()
