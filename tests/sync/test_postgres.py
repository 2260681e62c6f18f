"""A copy in PostgreSQL, through dlt."""

from typing import Any

import pytest

from openai_usage import SyncError
from openai_usage.sandbox import Sandbox
from openai_usage.sync import DltSink, SyncedClient, sync
from tests.conftest import DAY, TODAY, client_of
from tests.support.synced import Clock, kept, of_api
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


async def test_a_copy_is_read_like_the_api(sink: DltSink, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(seed=7, restates=True) as sandbox:
        Clock([sandbox], monkeypatch).at(TODAY + DAY // 2)
        async with client_of(sandbox) as client:
            await sync({"acme": client}, sink, start_time=START, endpoints=ENDPOINTS)
            for name in ENDPOINTS:
                expected = await of_api(client, name, START, TODAY + DAY // 2)
                assert kept(sink, name) == expected
            both = (SyncedClient(sink, "acme"), client)
            span: dict[str, Any] = {"start_time": TODAY - 9 * DAY, "end_time": TODAY - DAY}
            ours, theirs = [await each.costs(**span).collect() for each in both]
    assert ours == theirs
