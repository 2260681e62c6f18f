"""What ends a program, or fails, in the loop of a `UsageClient` reaches the thread that waits."""

from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import Future
from typing import NoReturn

import pytest

from openai_usage import UsageClient
from openai_usage._background import BackgroundLoop
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

    with BackgroundLoop("client", _nothing) as loop:
        loop.run(_nothing)
        assert loop._life
        assert loop._life.begin(leave, given_up)
        loop.run(_nothing)
    assert given_up.cancelled()


@thread_fails
def test_a_loop_that_broke_off_is_closed() -> None:
    closed: list[str] = []

    async def closing() -> None:
        closed.append("never")

    def leave() -> NoReturn:
        raise SystemExit

    loop = BackgroundLoop("client", closing)
    loop.run(_nothing)
    life = loop._life
    assert life
    assert life._loop
    life._loop.call_soon_threadsafe(leave)
    life.thread.join(120)
    with pytest.raises(RuntimeError, match="this client is closed; make a new one"):
        loop.run(_nothing)
    loop.close()
    assert closed == []


@thread_fails
def test_all_is_closed_where_one_walk_fails_to() -> None:
    closed: list[str] = []

    async def closing() -> None:
        closed.append("client")

    async def walk(name: str) -> AsyncGenerator[str, None]:
        try:
            yield name
        finally:
            closed.append(name)
            raise ZeroDivisionError

    loop = BackgroundLoop("client", closing)
    walks = [loop.iterate(walk(name)) for name in ("first", "second")]
    assert [next(each) for each in walks] == ["first", "second"]
    loop.close()
    assert sorted(closed) == ["client", "first", "second"]


async def _nothing() -> None:
    pass
