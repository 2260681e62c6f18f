"""An event loop in a thread of its own, for programs that have none to spare."""

import asyncio
import atexit
import os
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")


class LoopThread:
    """Awaits in a thread of its own, while the thread that asks for it waits.

    The thread begins with the first use. It ends when this is closed or garbage, or the program
    ends. Any number of threads may use it at once.

    Args:
        owner: What it is the loop of, for errors and for the name of the thread.
        closing: What is to be awaited in the loop at the very end, when all else is over.
    """

    def __init__(self, owner: str, closing: Callable[[], Awaitable[None]]) -> None:
        self._owner = owner
        self._closing = closing
        self._closed = False
        # Python 3.14 can leave a lock locked where a signal interrupts `with`: whoever was
        # interrupted, and then closes this, gets past one that knows its thread.
        self._beginning = threading.RLock()
        self._life: _Worker | None = None

    def run(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Return what *ask* gives once it is awaited, or raise the error that comes of it.

        Whatever ends the waiting, as Ctrl-C does, cancels what is waited for.

        Raises:
            RuntimeError: This is closed, began in another process, or would wait for itself.
            SystemExit: The program ends, and so does the daemon thread that this was called in.
        """
        life = self._alive()
        future: Future[T] = Future()
        try:
            if life.submit(ask, future):
                return future.result()
        except CancelledError:
            pass
        finally:
            future.cancel()  # which means nothing where it is done
        raise self._is_closed()

    def iterate(self, items: AsyncGenerator[T, None]) -> Generator[T, None, None]:
        """What *items* gives, of which nothing is None; the threads change once for each.

        Where it is left, *items* are closed in the loop. That is not waited for, since it can be
        left as garbage, which is collected anywhere, also where a lock is held that the loop needs.
        """
        turn = asyncio.Lock()  # a step that is cancelled takes its time, and is not to be disturbed

        async def step() -> T | None:
            async with turn:
                return await anext(items, None)

        async def close() -> None:
            async with turn:
                await items.aclose()
            life.walks.discard(items)

        life = self._alive()
        try:
            life.walks.add(items)
            while (item := self.run(step)) is not None:
                yield item
        finally:
            life.submit(close, Future())

    def close(self) -> None:
        """Cancel what is under way, close what is open, and end the thread; twice is fine."""
        if self._life is not None and self._life.process != os.getpid():
            return  # the thread stayed behind, and a lock that a fork has copied may stay locked
        with self._beginning:
            self._closed = True
        if self._life is not None:
            self._life.end()

    def _alive(self) -> "_Worker":
        # First of all, since a lock that a fork has copied may never be released.
        if self._life is not None and self._life.process != os.getpid():
            raise RuntimeError(
                f"this {self._owner} was used before this process was forked off, and its thread "
                f"stayed behind; make a {self._owner} for each process"
            )
        with self._beginning:
            if self._closed:
                raise self._is_closed()
            life = self._life or self._started()
        if threading.current_thread() is life.thread:
            raise RuntimeError(
                f"this {self._owner} would wait for itself: it was used in its own thread, by what "
                "looks on there, such as a log handler"
            )
        return life

    def _started(self) -> "_Worker":
        life = _Worker(f"openai-usage {self._owner}", self._closing)
        try:
            life.start()
            self._life = life
        except BaseException as error:
            life.abandon()  # its thread may have started, and nobody knows it
            if isinstance(error, RuntimeError) and _is_ending():
                raise SystemExit from None
            raise
        return life

    def _is_closed(self) -> RuntimeError | SystemExit:
        if _is_ending():
            return SystemExit()
        return RuntimeError(f"this {self._owner} is closed; make a new one")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if self._life is not None:
            self._life.request_stop()  # and not wait, see `iterate`


def _is_ending() -> bool:
    """Return whether the program ends without waiting for this thread.

    What fails in such a thread then is of no use to anyone, and is not to be printed.
    """
    return threading.current_thread().daemon and not threading.main_thread().is_alive()


class _Worker:
    """The thread and its loop, which do not know who uses them, so that those can be garbage.

    Whatever has to be closed or awaited is made in the thread. Signals interrupt the main thread,
    between any two steps, and would leave it behind there.
    """

    def __init__(self, name: str, closing: Callable[[], Awaitable[None]]) -> None:
        self.process = os.getpid()
        self.walks: set[AsyncGenerator[object, None]] = set()
        """What is iterated now, to be closed at the end, from the outside in."""
        self._closing = closing
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()
        self._told = False
        # What is begun comes to the loop before the end does, or not at all. A thread can come by
        # twice: where garbage is collected while it is here.
        self._telling = threading.RLock()
        self._ready: Future[None] = Future()
        # Python joins all others before it says that it ends.
        self.thread = threading.Thread(target=self._live, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread, and wait for its loop."""
        self.thread.start()
        self._ready.result()

    def abandon(self) -> None:
        """Let it end before anything has begun in it, where it has started at all."""

        async def nothing() -> None:
            pass

        self._closing = nothing
        self.request_stop()

    def submit(self, ask: Callable[[], Awaitable[T]], future: Future[T]) -> bool:
        """Await what *ask* gives for *future*, unless this is over or in another process."""
        if self.process != os.getpid():
            return False
        with self._telling:
            if self._told or self._loop is None:
                return False
            self._loop.call_soon_threadsafe(self._await, self._loop, ask, future)
            return True

    def _await(
        self, loop: asyncio.AbstractEventLoop, ask: Callable[[], Awaitable[T]], future: Future[T]
    ) -> None:
        async def awaited() -> T:
            return await ask()

        def settle(task: asyncio.Task[T]) -> None:
            error = None if task.cancelled() else task.exception()
            with suppress(InvalidStateError):  # where it was given up meanwhile
                if task.cancelled():
                    future.cancel()
                elif error is not None:
                    future.set_exception(error)
                else:
                    future.set_result(task.result())

        def give_up(_: Future[T]) -> None:
            with suppress(RuntimeError):  # where the loop is closed, and the task over
                loop.call_soon_threadsafe(task.cancel)

        task = loop.create_task(awaited())
        task.add_done_callback(settle)
        future.add_done_callback(give_up)  # at once, if it was given up before this began

    def request_stop(self) -> None:
        """Let it end; as often as one likes, since any time can be interrupted."""
        if self.process != os.getpid():
            return
        with self._telling:
            self._told = True
            if self._loop is not None:
                with suppress(RuntimeError):  # it has ended
                    self._loop.call_soon_threadsafe(self._over.set)

    def end(self) -> None:
        """Let it end, and wait for that."""
        self.request_stop()
        if self.process == os.getpid():
            self.thread.join()

    def _live(self) -> None:
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
                life = self._loop.create_task(self._until_told())
                while not life.done():
                    # asyncio breaks off where any task ends with one of these. They are for the
                    # thread that waits for that task, and the loop goes on.
                    with suppress(KeyboardInterrupt, SystemExit):
                        self._loop.run_until_complete(life)
        finally:
            atexit.unregister(self.end)

    async def _until_told(self) -> None:
        while not self._told:
            await self._over.wait()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        async with AsyncExitStack() as stack:  # which goes on where one of them fails
            stack.push_async_callback(self._closing)
            for walk in list(self.walks):  # other threads may still begin one
                stack.push_async_callback(walk.aclose)
