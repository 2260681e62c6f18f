"""Stop a server at Ctrl-C and at SIGTERM."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stopping(stopped: asyncio.Event) -> Iterator[None]:
    """Set *stopped* at Ctrl-C and at SIGTERM, also on Windows."""
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
