"""`UsageClient`: what the async client gives, to programs that block, and nothing left behind."""

import asyncio
import gc
import inspect
import logging
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import attrs
import pytest

from openai_usage import (
    APIStatusError,
    AsyncUsageClient,
    BlockingBuckets,
    CompletionsResult,
    CostsResult,
    Endpoint,
    Endpoints,
    InvalidQueryError,
    Names,
    RangeQuery,
    UsageClient,
)
from openai_usage._loop_thread import LoopThread, _Worker
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, TODAY, client_of

pytestmark = pytest.mark.real_clock

NAME = "openai-usage client"
"""Of the thread that a client works in."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7, now=NOW) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[UsageClient]:
    with blocking(sandbox) as made:
        yield made


def blocking(sandbox: Sandbox, **options: Any) -> UsageClient:
    return UsageClient(sandbox.admin_api_key, base_url=sandbox.base_url, **options)


def costs(client: UsageClient, days: int = 3, **asked: Any) -> BlockingBuckets[CostsResult]:
    return client.costs(start_time=TODAY - days * DAY, end_time=TODAY, **asked)


def threads() -> int:
    return [thread.name for thread in threading.enumerate()].count(NAME)


# The same as the async one


@pytest.mark.parametrize("row", Endpoints.table().values(), ids=Endpoints.table())
def test_every_row_gives_what_the_async_client_gives(
    row: Endpoint[..., object], client: UsageClient, sandbox: Sandbox
) -> None:
    asked: dict[str, Any] = {"start_time": TODAY - 9 * DAY, "end_time": TODAY, "limit": 4}

    async def theirs() -> list[object]:
        async with client_of(sandbox) as other:
            buckets = getattr(other, row.name)(**asked)
            return [
                await buckets,
                await buckets.collect(),
                [bucket async for bucket in buckets],
                [page async for page in buckets.pages()],
                [body async for body in buckets.raw_pages()],
                await buckets.concurrently(2).collect(),
                buckets.plan(),
                buckets.concurrently().plan(),
                await buckets.to_arrow(),
                [batch async for batch in buckets.arrow_batches()],
            ]

    buckets = getattr(client, row.name)(**asked)
    ours = [
        buckets.first_page(),
        buckets.collect(),
        list(buckets),
        list(buckets.pages()),
        list(buckets.raw_pages()),
        buckets.concurrently(2).collect(),
        buckets.plan(),
        buckets.concurrently().plan(),
        buckets.to_arrow(),
        list(buckets.arrow_batches()),
    ]
    asked_by_us = sorted((each.path, each.query) for each in sandbox.requests)
    sandbox.requests.clear()
    assert ours == asyncio.run(theirs())
    assert asked_by_us == sorted((each.path, each.query) for each in sandbox.requests)
    assert len(buckets.collect()) == 9
    assert (buckets.endpoint, buckets.query.limit) == (row, 4)
    assert repr(buckets).startswith(f"<BlockingBuckets {row.name} start_time=")


def test_names_are_those_of_the_async_client_and_are_read_once(
    client: UsageClient, sandbox: Sandbox
) -> None:
    async def theirs() -> Names:
        async with client_of(sandbox) as other:
            return await other.names(personal=True)

    ours = client.names(personal=True)
    read = len(sandbox.requests)
    assert client.names(personal=True) == ours
    assert len(sandbox.requests) == read
    assert ours.known
    assert ours == asyncio.run(theirs())
    with pytest.raises(InvalidQueryError, match="personal"):
        client.names(personal="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_all_that_buckets_can_do_blocking_ones_can() -> None:
    from openai_usage import Buckets

    def public(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")}

    assert public(BlockingBuckets) == public(Buckets)
    assert public(UsageClient) == public(AsyncUsageClient)


def test_methods_show_their_parameters_and_what_they_give() -> None:
    import inspect

    ours, theirs = UsageClient("sk-admin-1").costs, AsyncUsageClient("sk-admin-1").costs
    assert inspect.signature(ours).parameters == inspect.signature(theirs).parameters
    assert inspect.signature(ours).return_annotation == "BlockingBuckets[CostsResult]"
    assert getattr(ours, "__qualname__", "") == "UsageClient.costs"
    assert ours.__doc__ == theirs.__doc__
    assert "`first_page()`" in (ours.__doc__ or "")


@attrs.frozen(kw_only=True)
class VideosResult:
    seconds: int


class Client(UsageClient):
    videos = Endpoint("organization/usage/videos", RangeQuery, VideosResult)


def test_a_row_of_ones_own(sandbox: Sandbox) -> None:
    results = '[{"start_time":0,"end_time":60,"results":[{"seconds":5}]}]'
    sandbox.faults.status(200, body=f'{{"data":{results},"has_more":false}}')
    with Client(sandbox.admin_api_key, base_url=sandbox.base_url) as client:
        [bucket] = client.videos(start_time=0, end_time=60)
    assert bucket.results == (VideosResult(seconds=5),)
    assert sandbox.requests[0].path == "/v1/organization/usage/videos"


# Lazy


def test_nothing_begins_before_the_first_step(sandbox: Sandbox) -> None:
    with blocking(sandbox) as client:
        buckets = costs(client, 20, limit=5)
        iterations = [
            iter(buckets),
            buckets.pages(),
            buckets.raw_pages(),
            iter(buckets.concurrently()),
        ]
        assert buckets.plan().requests == 4
        assert (sandbox.requests, threads()) == ([], 0)
        for each in iterations:
            each.close()
        assert threads() == 0
        iteration = iter(buckets)
        for _ in range(5):
            next(iteration)
        assert (len(sandbox.requests), threads()) == (1, 1)
        next(iteration)
        assert len(sandbox.requests) == 2
        assert len(list(iteration)) == 14
    assert threads() == 0


def test_threads_change_once_a_page_and_not_once_a_bucket(
    client: UsageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[object] = []
    begin = _Worker.submit

    def counted(self: _Worker, ask: Callable[[], Any], future: Future[Any]) -> bool:
        begun.append(ask)
        return begin(self, ask, future)

    monkeypatch.setattr(_Worker, "submit", counted)
    assert len(list(costs(client, 60, limit=30))) == 60
    assert len(begun) == 4  # two pages, what comes after them, and closing


async def test_it_works_where_a_loop_runs(sandbox: Sandbox) -> None:
    with blocking(sandbox) as client:
        assert len(list(costs(client))) == 3
        assert len(costs(client).collect()) == 3
        assert costs(client).to_arrow().num_rows == 3
    assert asyncio.get_running_loop().is_running()


# Errors


def test_an_error_comes_as_it_is_and_says_where_to_go_on(
    client: UsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(404, after=1, times=9)
    seen = []
    with pytest.raises(APIStatusError, match="404") as caught:
        for bucket in costs(client, 10, limit=4):
            seen.append(bucket.end_time)
    error = caught.value
    assert seen[-1] == error.resume_from == TODAY - 6 * DAY
    assert (error.__cause__, error.__context__) == (None, None)
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    here = "test_an_error_comes_as_it_is_and_says_where_to_go_on"
    assert names[:4] == [here, "__iter__", "iterate", "run"]
    assert names.index("step") < 8  # there it goes on in the loop
    assert names[-1] == "once"
    with pytest.raises(APIStatusError) as caught:
        costs(client).collect()
    assert caught.value.resume_from is None
    sandbox.faults.clear()
    assert len([*seen, *client.costs(start_time=error.resume_from or 0, end_time=TODAY)]) == 10


def test_what_cannot_be_asked_is_refused_before_anything_begins(client: UsageClient) -> None:
    with pytest.raises(InvalidQueryError):
        client.costs(start_time=5, limit=1000)
    with pytest.raises(InvalidQueryError):
        costs(client).concurrently(0)
    assert threads() == 0


def test_a_session_belongs_to_an_event_loop_so_it_is_not_an_option() -> None:
    blocking, asynchronous = map(inspect.signature, (UsageClient, AsyncUsageClient))
    assert [*asynchronous.parameters] == [*blocking.parameters, "session"]
    with pytest.raises(TypeError, match="unexpected keyword argument 'session'"):
        UsageClient("sk-admin-1", session=None)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


# Nothing is left behind


def assert_nothing_is_left(client: UsageClient) -> None:
    """The loop closes, in its own time, what was left."""
    worker = client._background._worker
    assert worker is not None

    async def settled() -> None:
        async with asyncio.timeout(120):
            while worker.iterations or len(asyncio.all_tasks()) > 2:  # the loop's own, and this one
                await asyncio.sleep(0.001)

    client._background.run(settled)
    session = client._transport.sessions._opened
    assert session is not None
    assert session.connector is not None
    assert not session.connector._acquired
    assert [each for each in vars(worker._loop)["_asyncgens"] if each.ag_frame is not None] == []


Reading = Callable[[BlockingBuckets[CompletionsResult]], Any]
each_reading = pytest.mark.parametrize(
    "reading",
    [
        iter,
        BlockingBuckets[CompletionsResult].pages,
        BlockingBuckets[CompletionsResult].raw_pages,
        lambda buckets: iter(buckets.concurrently(3)),
    ],
    ids=["iter", "pages", "raw_pages", "concurrently"],
)


def requests_of_ten(client: UsageClient) -> BlockingBuckets[CompletionsResult]:
    return client.completions(start_time=TODAY - 10 * DAY, end_time=TODAY, limit=1)


@each_reading
def test_break(client: UsageClient, reading: Reading) -> None:
    for _ in reading(requests_of_ten(client)):
        break
    assert_nothing_is_left(client)


@each_reading
def test_exception_in_the_loop_body(client: UsageClient, reading: Reading) -> None:
    with pytest.raises(ZeroDivisionError):
        for _ in reading(requests_of_ten(client)):
            raise ZeroDivisionError
    assert_nothing_is_left(client)


@each_reading
def test_closing_the_generator(client: UsageClient, reading: Reading) -> None:
    iteration = reading(requests_of_ten(client))
    next(iteration)
    iteration.close()
    assert_nothing_is_left(client)
    assert list(iteration) == []


@pytest.mark.slow
@each_reading
@pytest.mark.parametrize("where", ["here", "in the loop"])
def test_garbage_wherever_it_is_collected(
    client: UsageClient, reading: Reading, where: str
) -> None:
    cycle = [reading(requests_of_ten(client))]
    next(cycle[0])
    cycle.append(cycle)
    del cycle

    async def collect() -> None:
        gc.collect()

    if where == "here":
        gc.collect()
    else:
        client._background.run(collect)
    assert_nothing_is_left(client)


@each_reading
def test_the_end_and_an_error(client: UsageClient, sandbox: Sandbox, reading: Reading) -> None:
    assert len(list(reading(requests_of_ten(client)))) == 10
    assert_nothing_is_left(client)
    sandbox.faults.status(404, after=2, times=100)
    with pytest.raises(APIStatusError):
        list(reading(requests_of_ten(client)))
    assert_nothing_is_left(client)


@each_reading
def test_closing_the_client_in_the_middle_of_an_iteration(
    sandbox: Sandbox, reading: Reading
) -> None:
    with blocking(sandbox) as client:
        iteration = reading(requests_of_ten(client))
        next(iteration)
    assert threads() == 0
    with pytest.raises(RuntimeError, match="this client is closed; make a new one"):
        list(iteration)


def test_a_client_that_is_garbage_ends_its_thread_but_not_before_its_buckets(
    sandbox: Sandbox,
) -> None:
    buckets = costs(blocking(sandbox))
    assert len(buckets.collect()) == 3
    iteration = iter(buckets)
    del buckets
    assert len(list(iteration)) == 3
    [thread] = [each for each in threading.enumerate() if each.name == NAME]
    del iteration
    thread.join(120)
    assert not thread.is_alive()


# Its life


def test_a_closed_client_says_so(sandbox: Sandbox) -> None:
    for used in (True, False):
        client = blocking(sandbox)
        if used:
            costs(client).collect()
        client.close()
        client.close()
        for read in (list, BlockingBuckets.collect, BlockingBuckets.first_page):
            with pytest.raises(RuntimeError, match="this client is closed; make a new one"):
                read(costs(client))


def test_what_another_thread_waits_for_ends_when_the_client_is_closed(sandbox: Sandbox) -> None:
    sandbox.faults.stall(60, times=100)
    with ThreadPoolExecutor() as pool:
        with blocking(sandbox) as client:
            waiting = [
                pool.submit(costs(client).collect),
                pool.submit(list, costs(client)),
                pool.submit(list, costs(client, 90, limit=10).concurrently(4)),
            ]
            while len(sandbox.requests) < 6:
                threading.Event().wait(0.001)
        for each in waiting:
            with pytest.raises(RuntimeError, match="this client is closed; make a new one"):
                each.result(120)


def test_many_threads_share_one_client(client: UsageClient) -> None:
    counts = [1 + n % 5 for n in range(40)]
    together = threading.Barrier(8)  # the first of them, too, which begin the loop

    def days(count: int) -> tuple[int, int]:
        together.wait(120)
        return len(list(costs(client, count, limit=2))), len(costs(client, count).collect())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(days, counts)) == [(count, count) for count in counts]
    assert threads() == 1


def test_it_does_not_wait_for_itself(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    said: list[str] = []

    class Asking(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002
            with pytest.raises(RuntimeError) as caught:
                costs(asking).collect()
            said.append(str(caught.value))

    log, handler = logging.getLogger("openai_usage"), Asking()
    caplog.set_level(logging.DEBUG, "openai_usage")
    log.addHandler(handler)
    try:
        with blocking(sandbox) as asking:
            assert len(costs(asking).collect()) == 3
    finally:
        log.removeHandler(handler)
    assert "would wait for itself" in said[0]


def test_the_thread_of_a_loop_that_is_never_asked_does_not_begin() -> None:
    async def closing() -> None:
        raise AssertionError

    with LoopThread("client", closing):
        pass
    assert threads() == 0


# As a process


def outcome(code: str, sandbox: Sandbox, *, interrupt: bool = False) -> tuple[int, str, str]:
    """How a program ends whose warnings are errors, Ctrl-C being pressed once it has asked."""
    options = f"{sandbox.admin_api_key!r}, base_url={sandbox.base_url!r}"
    begin = f"""
from openai_usage import UsageClient
client = UsageClient({options})
buckets = client.completions(start_time={TODAY - 90 * DAY}, end_time={TODAY}, limit=1)
"""
    running = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", begin + code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with running:
        if interrupt:
            while not sandbox.requests and running.poll() is None:
                threading.Event().wait(0.01)
            running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=120)
    return running.returncode, out, err


ENDS = {
    "all was read": "print(len(buckets.concurrently(9).collect()))",
    "nothing was asked": "print(len(buckets.plan().windows) * 90 // len(buckets.plan().windows))",
    "midway": "reader = iter(buckets); next(reader); print(90)",
    "in windows": "reader = iter(buckets.concurrently(9)); next(reader); print(90)",
    "garbage": "next(iter(buckets.concurrently(9))); del buckets, client; print(90)",
    "in a cycle": "c = [iter(buckets.pages())]; next(c[0]); c.append(c); del buckets; print(90)",
    "while another thread reads": """
import threading
threading.Thread(target=lambda: [None for _ in buckets], daemon=True).start()
client.costs(start_time=0, end_time=86400).first_page(); print(90)""",
}


@pytest.mark.slow
@pytest.mark.parametrize("code", ENDS.values(), ids=ENDS)
def test_a_program_that_closes_nothing_ends_in_silence(code: str, sandbox: Sandbox) -> None:
    assert outcome(code, sandbox) == (0, "90\n", "")


LATE = """
import atexit
def late():
    try:
        buckets.collect()
    except RuntimeError as error:
        print(error)
atexit.register(late)
buckets.first_page()
"""


def test_what_a_program_asks_when_it_has_ended_is_refused(sandbox: Sandbox) -> None:
    assert outcome(LATE, sandbox) == (0, "this client is closed; make a new one.\n", "")


CAUGHT = """
import asyncio
try:
    {reading}
except KeyboardInterrupt:
    worker = client._background._worker

    async def settled():
        async with asyncio.timeout(120):
            while worker.iterations or len(asyncio.all_tasks()) > 2:
                await asyncio.sleep(0.001)

    client._background.run(settled)
    print("interrupted", len(client._transport.sessions._opened.connector._acquired))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "reading",
    [
        "buckets.first_page()",
        "buckets.collect()",
        "list(buckets)",
        "list(buckets.concurrently(4))",
    ],
)
def test_ctrl_c_cancels_what_is_under_way(reading: str, sandbox: Sandbox) -> None:
    sandbox.faults.stall(60, times=100)
    done = outcome(CAUGHT.format(reading=reading), sandbox, interrupt=True)
    assert done == (0, "interrupted 0\n", "")


def test_ctrl_c_that_nobody_catches_ends_the_program(sandbox: Sandbox) -> None:
    sandbox.faults.stall(60, times=100)
    code, _, err = outcome("list(buckets.concurrently(4))", sandbox, interrupt=True)
    assert code == -signal.SIGINT
    assert err.count("Traceback") == 1
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert "unclosed" not in err.lower()


FORK = """
import os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads: it is the point
reader = iter(buckets.concurrently(4))
next(reader)
child = os.fork()
if not child:
    for read in (lambda: next(reader), buckets.collect):
        try:
            read()
        except RuntimeError as error:
            print(error)
    client.close()
    del reader, buckets, client
    sys.exit()
os.waitpid(child, 0)
print(len(list(reader)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_fork_is_told_to_make_a_client_of_its_own(sandbox: Sandbox) -> None:
    code, out, err = outcome(FORK, sandbox)
    assert (code, err) == (0, "")
    said = (
        "this client was used before this process was forked, and its thread exists only in the "
        "parent process; make a client for each process."
    )
    assert out.splitlines() == [said, said, "89"]
