"""`UsageClient` passes errors and `SystemExit` from its loop to the thread that waits."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NoReturn

import pytest

from openai_usage import UsageClient
from openai_usage._loop_thread import LoopThread
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, TODAY

pytestmark = pytest.mark.real_clock
thread_fails = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7, now=NOW) as running:
        yield running


@pytest.mark.parametrize("ending", [SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("windows", [None, 2])
def test_a_function_that_ends_the_program_ends_no_loop(
    ending: type[BaseException], windows: int | None, sandbox: Sandbox
) -> None:
    def leave(_: object) -> NoReturn:
        raise ending(3)

    sandbox.faults.missing_bucket()
    with UsageClient(sandbox.admin_api_key, base_url=sandbox.base_url, on_gap=leave) as client:
        costs = client.costs(start_time=TODAY - 9 * DAY, end_time=TODAY, limit=3)
        with pytest.raises(ending) as caught:
            list(costs if windows is None else costs.concurrently(windows))
        assert caught.value.args == (3,)
        sandbox.faults.clear()
        assert len(costs.collect()) == 9


def test_who_gave_up_waiting_is_not_told() -> None:
    given_up: Future[None] = Future()

    async def leave() -> NoReturn:
        given_up.cancel()
        raise SystemExit

    with LoopThread("client", _nothing) as loop:
        loop.run(_nothing)
        assert loop._worker
        assert loop._worker.submit(leave, given_up)
        loop.run(_nothing)
    assert given_up.cancelled()


def test_a_callback_that_ends_the_program_ends_no_loop() -> None:
    closed: list[str] = []

    async def closing() -> None:
        closed.append("client")

    def leave() -> NoReturn:
        raise SystemExit

    with LoopThread("client", closing) as loop:
        loop.run(_nothing)
        assert loop._worker
        assert loop._worker._loop
        loop._worker._loop.call_soon_threadsafe(leave)
        loop.run(_nothing)
    assert closed == ["client"]


def test_a_task_within_a_task_that_ends_the_program_ends_no_loop() -> None:
    async def leave() -> NoReturn:
        raise SystemExit(7)

    async def ask() -> None:
        await asyncio.create_task(leave())

    def run(loop: LoopThread, ask: Callable[[], Awaitable[None]]) -> object:
        try:
            loop.run(ask)
        except SystemExit as error:
            return error.code
        return None

    with LoopThread("client", _nothing) as loop, ThreadPoolExecutor(8) as pool:
        asked = [ask if number % 4 == 0 else _nothing for number in range(80)]
        codes = [future.result(120) for future in [pool.submit(run, loop, each) for each in asked]]
    assert codes == [7 if each is ask else None for each in asked]


@thread_fails
def test_all_is_closed_where_one_iteration_fails_to() -> None:
    closed: list[str] = []

    async def closing() -> None:
        closed.append("client")

    async def iteration(name: str) -> AsyncGenerator[str, None]:
        try:
            yield name
        finally:
            closed.append(name)
            raise ZeroDivisionError

    loop = LoopThread("client", closing)
    iterations = [loop.iterate(iteration(name)) for name in ("first", "second")]
    assert [next(each) for each in iterations] == ["first", "second"]
    loop.close()
    assert sorted(closed) == ["client", "first", "second"]


async def _nothing() -> None:
    pass
