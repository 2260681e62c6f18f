"""An event loop in a thread of its own, for programs that have none to spare."""

import asyncio
import atexit
import os
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from concurrent.futures import CancelledError, Future
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")


class BackgroundLoop:
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
        self._beginning = threading.Lock()
        self._life: _Life | None = None

    def run(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What *ask* gives once it is awaited, or the error that comes of it.

        Whatever ends the waiting, as Ctrl-C does, cancels what is waited for.

        Raises:
            RuntimeError: This is closed, began in another process, or would wait for itself.
        """
        life = self._alive()
        future = life.begin(ask)
        if future is None:
            raise self._is_over(life)
        try:
            return future.result()
        except CancelledError:
            raise self._is_over(life) from None
        finally:
            future.cancel()  # which means nothing where it is done

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
        life.walks.add(items)
        try:
            while (item := self.run(step)) is not None:
                yield item
        finally:
            life.begin(close)

    def close(self) -> None:
        """Cancel what is under way, close what is open, and end the thread; twice is fine."""
        with self._beginning:
            self._closed = True
        if self._life is not None:
            self._life.end()

    def _alive(self) -> "_Life":
        # First of all, since a lock that a fork has copied may never be released.
        if self._life is not None and self._life.process != os.getpid():
            raise RuntimeError(
                f"this {self._owner} was used before this process was forked off, and its thread "
                f"stayed behind; make a {self._owner} for each process"
            )
        with self._beginning:
            if self._closed:
                raise self._is_closed()
            self._life = self._life or _Life(f"openai-usage {self._owner}", self._closing)
        if threading.current_thread() is self._life.thread:
            raise RuntimeError(
                f"this {self._owner} would wait for itself: it was used in its own thread, by what "
                "looks on there, such as a log handler"
            )
        return self._life

    def _is_over(self, life: "_Life") -> BaseException:
        # At the exit of the interpreter daemon threads end without a word, as they do elsewhere.
        is_late = life.at_exit and threading.current_thread().daemon
        return SystemExit() if is_late else self._is_closed()

    def _is_closed(self) -> RuntimeError:
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
            self._life.tell()  # and not wait, see `iterate`


class _Life:
    """The thread and its loop, which do not know who uses them, so that those can be garbage."""

    def __init__(self, name: str, closing: Callable[[], Awaitable[None]]) -> None:
        self.process = os.getpid()
        self.walks: set[AsyncGenerator[object, None]] = set()
        """What is iterated now, to be closed at the end, from the outside in."""
        self._closing = closing
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._over = asyncio.Event()
        self._told = False
        self.at_exit = False
        """Whether it ends because the interpreter does."""
        # What is begun comes to the loop before the end does, or not at all. A thread can come by
        # twice: where garbage is collected while it is here.
        self._telling = threading.RLock()
        # Python joins all others before it says that it ends.
        self.thread = threading.Thread(target=self._live, name=name, daemon=True)
        try:
            self.thread.start()
        except RuntimeError:  # there are too many threads
            self._loop.close()
            raise
        atexit.register(self._exit)

    def begin(self, ask: Callable[[], Awaitable[T]]) -> Future[T] | None:
        """Await what *ask* gives, unless this is over or in another process."""
        future: Future[T] = Future()

        async def awaited() -> T:
            return await ask()

        def start() -> None:
            # Made in the loop's thread, where no signal comes between a coroutine and its task.
            task = self._loop.create_task(awaited())
            task.add_done_callback(lambda done: _copy(done, future))
            future.add_done_callback(lambda _: self._submit(task.cancel))

        if self.process != os.getpid():
            return None
        return future if self._submit(start) else None

    def _submit(self, call: Callable[[], object]) -> bool:
        """Have the loop make a *call*, unless this is over."""
        with self._telling:
            if not self._told:
                self._loop.call_soon_threadsafe(call)
            return not self._told

    def _exit(self) -> None:
        self.at_exit = True
        self.end()

    def tell(self) -> None:
        """Let it end."""
        if self.process != os.getpid():
            return
        with self._telling:
            if not self._told:
                self._told = True
                self._loop.call_soon_threadsafe(self._over.set)

    def end(self) -> None:
        """Let it end, and wait for that."""
        self.tell()
        if self.process == os.getpid():
            self.thread.join()

    def _live(self) -> None:
        with self._runner:
            self._runner.run(self._until_told())
        atexit.unregister(self._exit)

    async def _until_told(self) -> None:
        await self._over.wait()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for walk in list(self.walks):
            await walk.aclose()
        await self._closing()


def _copy(task: asyncio.Task[T], future: Future[T]) -> None:
    """Give *future* what came of *task*, unless nobody waits for it any more."""
    error = CancelledError() if task.cancelled() else task.exception()
    if not future.set_running_or_notify_cancel():
        return
    if error is None:
        future.set_result(task.result())
    else:
        future.set_exception(error)
