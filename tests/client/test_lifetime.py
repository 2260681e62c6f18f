"""Long-lived services: many tasks, threads with loops of their own, forks, closed loops."""

import asyncio
import os
import threading

import pytest

from openai_usage import AsyncUsageClient
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY, client_of

pytestmark = pytest.mark.real_clock


async def days(client: AsyncUsageClient, count: int = 3) -> int:
    return len(await client.costs(start_time=TODAY - count * DAY, end_time=TODAY).collect())


async def test_one_client_serves_many_tasks(client: AsyncUsageClient) -> None:
    counts = await asyncio.gather(*(days(client, 1 + n % 5) for n in range(50)))
    assert counts == [1 + n % 5 for n in range(50)]


def test_a_client_can_be_made_outside_of_a_loop(usage_sandbox: Sandbox) -> None:
    client = client_of(usage_sandbox)

    async def main() -> int:
        async with client:
            return await days(client)

    assert asyncio.run(main()) == 3


def test_a_client_says_that_its_loop_is_another(usage_sandbox: Sandbox) -> None:
    client = client_of(usage_sandbox)
    # An answer after which the server hangs up, so that no connection is left to a closed loop.
    last = {"body": '{"data":[],"has_more":false}', "headers": {"Connection": "close"}}
    usage_sandbox.faults.status(200, **last)  # type: ignore[arg-type]
    asyncio.run(days(client))
    with pytest.raises(RuntimeError, match=r"another event loop.*make a client for each"):
        asyncio.run(days(client))
    assert len(usage_sandbox.requests) == 1
    asyncio.run(client.close())


async def test_a_client_says_that_its_loop_runs_in_another_thread(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    await days(client)
    said: list[Exception] = []

    def elsewhere() -> None:
        try:
            asyncio.run(days(client))
        except RuntimeError as error:
            said.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    await asyncio.to_thread(thread.join)
    assert "another event loop" in str(said[0])
    assert await days(client) == 3  # here it goes on


def test_loops_in_threads_have_clients_of_their_own(usage_sandbox: Sandbox) -> None:
    counts: list[int] = []

    async def main() -> None:
        async with client_of(usage_sandbox) as client:
            counts.append(await days(client))

    threads = [threading.Thread(target=asyncio.run, args=[main()]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [3] * 4


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
@pytest.mark.parametrize(("used_before", "outcome"), [(False, 0), (True, 1)])
def test_a_fork_takes_a_client_along_that_was_not_used(
    usage_sandbox: Sandbox, used_before: bool, outcome: int
) -> None:
    client = client_of(usage_sandbox)
    loop = asyncio.new_event_loop()
    if used_before:
        loop.run_until_complete(days(client))
    child = os.fork()
    if not child:  # pragma: no cover - it ends without writing down what it covered
        code = 2
        try:
            code = 0 if asyncio.run(days(client)) == 3 else 3
        except RuntimeError as error:
            code = 1 if "another process" in str(error) else 4
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == outcome
    loop.run_until_complete(days(client) if used_before else asyncio.sleep(0))
    loop.run_until_complete(client.close())
    loop.close()


async def test_a_closed_client_says_so(client: AsyncUsageClient) -> None:
    await client.close()
    with pytest.raises(RuntimeError, match="closed; make a new one"):
        await days(client)
