"""However an iteration ends, it leaves no task, no connection in use and no warning behind."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import aclosing
from types import AsyncGeneratorType

import pytest

from openai_usage import AsyncUsageClient, Buckets, CompletionsResult
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY, client_of

Iteration = Buckets[CompletionsResult]


@pytest.fixture(params=["plain", "concurrent"])
async def iteration(
    request: pytest.FixtureRequest, client: AsyncUsageClient, sandbox: Sandbox
) -> AsyncIterator[Iteration]:
    """An iteration of ten requests, and the proof that nothing of it is left afterwards."""
    await client.costs(start_time=TODAY)  # the session and its connector are there to stay
    buckets = client.completions(start_time=TODAY - 10 * DAY, end_time=TODAY, limit=1)
    yield buckets.concurrently(3) if request.param == "concurrent" else buckets
    for _ in range(5):
        await asyncio.sleep(0)  # what was dropped is closed by the loop's next turns
    assert _left() == []
    session = client._transport.sessions._opened
    assert session is not None
    assert session.connector is not None
    assert not session.connector._acquired
    # No generator is left half-way either.
    assert _half_way() == []


def _left() -> list[asyncio.Task[object]]:
    """The tasks that run, but for this one and those that serve the sandbox's connections."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    return [task for task in others if "RequestHandler" not in repr(task)]


def _half_way() -> list[object]:
    """The generators of iterations that have begun and not ended."""
    return [
        agen
        for agen in gc.get_objects()  # the loop knows the outermost only
        if isinstance(agen, AsyncGeneratorType)
        and agen.__qualname__.startswith(("Buckets.", "Iteration.", "record_batches"))
        and agen.ag_frame is not None
    ]


async def test_break(iteration: Iteration) -> None:
    async for _ in iteration:
        break


async def test_break_out_of_pages(iteration: Iteration) -> None:
    async for _ in iteration.pages():
        break


async def test_break_out_of_batches(iteration: Iteration) -> None:
    async for _ in iteration.arrow_batches():
        break


async def test_exception_in_the_loop_body(iteration: Iteration) -> None:
    with pytest.raises(ZeroDivisionError):
        async for _ in iteration:
            raise ZeroDivisionError


async def test_aclose(iteration: Iteration) -> None:
    async with aclosing(iteration.__aiter__()) as buckets:
        await anext(buckets)
    async with aclosing(iteration.raw_pages()) as bodies:
        await anext(bodies)


@pytest.mark.parametrize("reading", ["__aiter__", "pages", "raw_pages"])
async def test_aclose_leaves_nothing_for_later(iteration: Iteration, reading: str) -> None:
    reader = getattr(iteration, reading)()
    await anext(reader)
    assert _half_way() != []
    await reader.aclose()
    assert _left() == []
    assert _half_way() == []


async def test_aclose_before_the_first_step(iteration: Iteration) -> None:
    await iteration.__aiter__().aclose()


@pytest.mark.parametrize("moment", [0, 0.5, 1.5, 2.5])
async def test_cancellation(iteration: Iteration, sandbox: Sandbox, moment: float) -> None:
    sandbox.faults.stall(1, times=100)
    task = asyncio.create_task(iteration.collect())
    await asyncio.sleep(moment)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_timeout_of_the_callers(iteration: Iteration, sandbox: Sandbox) -> None:
    sandbox.faults.stall(1, times=100)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5):
            await iteration.collect()


async def test_the_end(iteration: Iteration) -> None:
    assert len(await iteration.collect()) == 10


async def test_an_error(iteration: Iteration, sandbox: Sandbox) -> None:
    sandbox.faults.status(404, after=2, times=100)
    with pytest.raises(Exception, match="404"):
        await iteration.collect()


def test_a_program_that_ends_in_the_middle_of_an_iteration() -> None:
    async def main() -> None:
        async with Sandbox() as sandbox, client_of(sandbox) as client:
            buckets = client.completions(start_time=TODAY - 10 * DAY, limit=1).concurrently(4)
            async for _ in buckets:
                return

    asyncio.run(main())
