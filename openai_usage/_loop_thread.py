"""Run an event loop in a background thread, for blocking programs."""

import asyncio
import atexit
import os
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import AsyncExitStack, suppress
from typing import Self, TypeVar

T = TypeVar("T")


class LoopThread:
    """A background thread with an event loop, which awaits for threads that block meanwhile.

    The thread starts with the first use. It ends when this is closed or garbage-collected, or when
    the program ends. Any number of threads may use it at once.

    Args:
        owner: A noun for error messages and the name of the thread, such as "client".
        closing: A coroutine function that is awaited in the loop at the very end.
    """

    def __init__(self, owner: str, closing: Callable[[], Awaitable[None]]) -> None:
        self._owner = owner
        self._closing = closing
        self._closed = False
        # Reentrant, because Python 3.14 can leave a lock locked if a signal interrupts `with`, and
        # the interrupted thread must still be able to close this.
        self._lock = threading.RLock()
        self._worker: _Worker | None = None

    def run(self, function: Callable[[], Awaitable[T]]) -> T:
        """Await the result of *function* in the loop; return its value or raise its error.

        If the wait is interrupted, for example by Ctrl-C, cancel the awaitable.

        Raises:
            RuntimeError: This is closed, was started in another process, or would wait for itself.
            SystemExit: The program is ending, and with it the calling daemon thread.
        """
        worker = self._running()
        future: Future[T] = Future()
        try:
            if worker.submit(function, future):
                return future.result()
        except CancelledError:
            pass
        finally:
            future.cancel()  # no effect if it is done
        raise self._closed_error()

    def iterate(self, items: AsyncGenerator[T, None]) -> Generator[T, None, None]:
        """Yield each of the *items*, none of which may be None, with one thread switch for each.

        When iteration ends early, close *items* in the loop, without waiting for that. The iterator
        can be garbage-collected anywhere, even while a lock is held that the loop needs.
        """
        lock = asyncio.Lock()  # a cancelled step must finish before items are closed

        async def step() -> T | None:
            async with lock:
                return await anext(items, None)

        async def close() -> None:
            async with lock:
                await items.aclose()
            worker.iterations.discard(items)

        worker = self._running()
        try:
            worker.iterations.add(items)
            while (item := self.run(step)) is not None:
                yield item
        finally:
            worker.submit(close, Future())

    def close(self) -> None:
        """Cancel running tasks, close what is open, and end the thread. May be called again."""
        if self._worker is not None and self._worker.process != os.getpid():
            return  # in a fork the thread is gone, and the copied lock may stay locked
        with self._lock:
            self._closed = True
        if self._worker is not None:
            self._worker.end()

    def _running(self) -> "_Worker":
        # Before taking the lock, because a fork's copy of it may stay locked forever.
        if self._worker is not None and self._worker.process != os.getpid():
            raise RuntimeError(
                f"this {self._owner} was used before this process was forked, and its thread "
                f"exists only in the parent process; make a {self._owner} for each process."
            )
        with self._lock:
            if self._closed:
                raise self._closed_error()
            worker = self._worker or self._start()
        if threading.current_thread() is worker.thread:
            raise RuntimeError(
                f"this {self._owner} would wait for itself, because it was used in its own thread, "
                "for example by a log handler or a callback; use it in another thread."
            )
        return worker

    def _start(self) -> "_Worker":
        worker = _Worker(f"openai-usage {self._owner}", self._closing)
        try:
            worker.start()
            self._worker = worker
        except BaseException as error:
            worker.abandon()  # its thread may have started already
            if isinstance(error, RuntimeError) and _is_ending():
                raise SystemExit from None
            raise
        return worker

    def _closed_error(self) -> RuntimeError | SystemExit:
        if _is_ending():
            return SystemExit()
        return RuntimeError(f"this {self._owner} is closed; make a new one.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self._worker is not None:
            self._worker.request_stop()  # without waiting, see `iterate`


def _is_ending() -> bool:
    """Return whether the program is ending without waiting for this thread.

    Errors in such a thread are of no use then, and must not be printed.
    """
    return threading.current_thread().daemon and not threading.main_thread().is_alive()


class _Worker:
    """The thread and its loop. It does not refer to its user, so that can be garbage-collected.

    Create in the thread whatever must be closed or awaited. Signals interrupt the main thread at
    any point, and would leave such objects unclosed there.
    """

    def __init__(self, name: str, closing: Callable[[], Awaitable[None]]) -> None:
        self.process = os.getpid()
        self.iterations: set[AsyncGenerator[object, None]] = set()
        """The running iterations, which are closed at the end."""
        self._closing = closing
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_requested = asyncio.Event()
        self._is_stopping = False
        # Guards `_is_stopping`, so that nothing is submitted after the request to stop. Reentrant,
        # because garbage collection can request a stop while this thread holds the lock.
        self._lock = threading.RLock()
        self._ready: Future[None] = Future()
        # A daemon, because Python joins all other threads before it runs `atexit` functions.
        self.thread = threading.Thread(target=self._main, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread, and wait for its loop."""
        self.thread.start()
        self._ready.result()

    def abandon(self) -> None:
        """Stop the thread before anything runs in it, if it has started at all."""

        async def nothing() -> None:
            pass

        self._closing = nothing
        self.request_stop()

    def submit(self, function: Callable[[], Awaitable[T]], future: Future[T]) -> bool:
        """Await the result of *function* for *future*; return False if this has stopped."""
        if self.process != os.getpid():
            return False
        with self._lock:
            if self._is_stopping or self._loop is None:
                return False
            self._loop.call_soon_threadsafe(self._await, self._loop, function, future)
            return True

    def _await(
        self,
        loop: asyncio.AbstractEventLoop,
        function: Callable[[], Awaitable[T]],
        future: Future[T],
    ) -> None:
        async def await_result() -> T:
            return await function()

        def settle(task: asyncio.Task[T]) -> None:
            error = None if task.cancelled() else task.exception()
            with suppress(InvalidStateError):  # the future was cancelled meanwhile
                if task.cancelled():
                    future.cancel()
                elif error is not None:
                    future.set_exception(error)
                else:
                    future.set_result(task.result())

        def cancel(_: Future[T]) -> None:
            with suppress(RuntimeError):  # the loop is closed, so the task is done
                loop.call_soon_threadsafe(task.cancel)

        task = loop.create_task(await_result())
        task.add_done_callback(settle)
        future.add_done_callback(cancel)  # called at once if the future is cancelled already

    def request_stop(self) -> None:
        """Ask the thread to end. May be called again, because any call can be interrupted."""
        if self.process != os.getpid():
            return
        with self._lock:
            self._is_stopping = True
            if self._loop is not None:
                with suppress(RuntimeError):  # the loop is closed
                    self._loop.call_soon_threadsafe(self._stop_requested.set)

    def end(self) -> None:
        """Ask the thread to end, and wait for it."""
        self.request_stop()
        if self.process == os.getpid():
            self.thread.join()

    def _main(self) -> None:
        runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        try:
            self._loop = runner.get_loop()
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits for it
            self._ready.set_exception(error)
            return
        atexit.register(self.end)
        try:
            with runner:
                self._ready.set_result(None)
                main = self._loop.create_task(self._until_stopped())
                while not main.done():
                    # asyncio stops the loop if any task ends with one of these. They are meant for
                    # the thread that waits for the task, and the loop must go on.
                    with suppress(KeyboardInterrupt, SystemExit):
                        self._loop.run_until_complete(main)
        finally:
            atexit.unregister(self.end)

    async def _until_stopped(self) -> None:
        while not self._is_stopping:
            await self._stop_requested.wait()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        async with AsyncExitStack() as stack:  # continues if one of them fails
            stack.push_async_callback(self._closing)
            for items in list(self.iterations):  # other threads may still add some
                stack.push_async_callback(items.aclose)
