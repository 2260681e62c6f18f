"""A copy in PostgreSQL, through dlt."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from openai_usage import SyncError
from openai_usage.sandbox import Sandbox
from openai_usage.sync import DltSink, SyncedClient
from tests.conftest import DAY, TODAY, client_of
from tests.support.synced import of_api, row_of
from tests.support.terminal import asking
from tests.support.warehouse import changes, everything, in_order, read, replace, rows

pytestmark = [pytest.mark.postgres, pytest.mark.real_clock]

ENDPOINTS = ["costs", "completions", "vector_stores"]
START = TODAY - 40 * DAY


@pytest.fixture
def dataset(request: pytest.FixtureRequest) -> str:
    """A dataset of the test's own."""
    return str(request.node.name)[:60].lower()


@pytest.fixture
def sink(postgres: str, dataset: str, monkeypatch: pytest.MonkeyPatch) -> DltSink:
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", postgres)
    return DltSink("postgres", dataset=dataset)


def test_every_digit_and_text_is_kept(sink: DltSink) -> None:
    replace(sink, rows(0))
    assert read(sink) == []
    replace(sink, rows(9), 1, 2)
    state = replace(sink, rows(7), 3)
    assert read(sink) == in_order(rows(7))
    assert in_order(sink.changes()) == in_order(changes(1, 2, 3))
    assert sink.states() == {("costs", "acme"): state}
    replace(sink, rows(3), 4, rebuild=True)
    assert in_order(sink.changes()) == in_order(changes(4))


def test_columns_of_other_versions(sink: DltSink) -> None:
    replace(sink, rows(2))
    replace(sink, rows(3, note="new"))
    assert [each["note"] for each in read(sink)] == ["new"] * 3
    replace(sink, rows(2))
    assert [each["note"] for each in read(sink)] == [None] * 2


def test_times_are_the_same_whatever_the_readers_zone(sink: DltSink, dataset: str) -> None:
    replace(sink, rows(1))
    with sink._reading() as tables:
        run = tables.client.sql_client.execute_sql
        run("SET TIME ZONE 'America/New_York'")
        found = run(f'SELECT start, "end", amount FROM {dataset}.costs')
    assert found == [(each["start"], each["end"], each["amount"]) for each in rows(1).to_pylist()]


def test_a_part_that_fails_takes_the_others_back(sink: DltSink, dataset: str) -> None:
    replace(sink, rows(2), 1)
    before = everything(sink, "costs")
    with sink._reading() as tables:
        tables.client.sql_client.execute_sql(
            f"ALTER TABLE {dataset}._state ADD CHECK (read_until < '2000-01-01') NOT VALID"
        )
    with pytest.raises(SyncError, match='new row for relation "_state" violates check') as raised:
        replace(sink, rows(3), 2)
    assert "\n" not in str(raised.value)
    assert everything(sink, "costs") == before


PROGRAM = """
import asyncio, sys, time

start, now = int(sys.argv[2]), float(sys.argv[3])
time.time = lambda: now

from openai_usage import AsyncUsageClient
from openai_usage.sync import DltSink, sync


async def main():
    sink = DltSink("postgres", dataset=sys.argv[1])
    async with AsyncUsageClient() as client:
        result = await sync({"acme": client}, sink, start_time=start, endpoints=sys.argv[4:])
    assert not result.failed, result.failed[0].error


asyncio.run(main())
"""


def started(sandbox: Sandbox, dataset: str, now: int, folder: Path) -> subprocess.Popen[bytes]:
    """Start a sync in a process of its own, at a time of its own.

    If it is killed, it leaves a temporary folder, which is to be in *folder*.
    """
    sandbox.now = now
    sandbox.requests.clear()
    command = [sys.executable, "-c", PROGRAM, dataset, str(START), str(now), *ENDPOINTS]
    return subprocess.Popen(command, env={**asking(sandbox), "TMPDIR": str(folder)})


async def test_a_sync_that_is_killed_again_and_again(
    sink: DltSink, dataset: str, tmp_path: Path
) -> None:
    chance = random.Random(5)
    with Sandbox(seed=7, restates=True) as sandbox:
        now = TODAY
        killed = 0
        for number in range(12):
            now += chance.randrange(2 * DAY)
            process = started(sandbox, dataset, now, tmp_path)
            while process.poll() is None and not sandbox.requests:
                await asyncio.sleep(0.001)
            if number % 3:
                await asyncio.sleep(chance.random())  # it reads for a moment, and then it loads
                process.kill()
            killed += process.wait() != 0
        assert killed > 4
        assert started(sandbox, dataset, now + 60, tmp_path).wait() == 0
        async with client_of(sandbox) as client:
            for name in ENDPOINTS:
                expected = await of_api(client, name, START, now + 60)
                assert sorted(map(row_of, read(sink, endpoint=name)), key=str) == expected
            both = (SyncedClient(sink, "acme"), client)
            span: dict[str, Any] = {"start_time": TODAY - 9 * DAY, "end_time": TODAY - DAY}
            ours, theirs = [await each.costs(**span).collect() for each in both]
            assert ours == theirs
    assert_chained(in_order(sink.changes()))


def assert_chained(changes: Sequence[Mapping[str, Any]]) -> None:
    """Check that no change is missing or there twice: each begins where the one before ended."""
    ends: dict[tuple[object, ...], object] = {}
    repeated = 0
    for each in sorted(changes, key=itemgetter("read_at")):
        key = itemgetter("endpoint", "start", "measure", "currency")(each)
        repeated += key in ends
        assert each["before"] == ends.get(key, each["before"])
        ends[key] = each["after"]
    assert repeated
