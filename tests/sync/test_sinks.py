"""What every sink does: it keeps rows, states and changes, and replaces them at once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import evolve

from openai_usage import AsyncUsageClient, SyncError
from openai_usage.sandbox import Sandbox
from openai_usage.schema.windows import Window
from openai_usage.sync import SyncedClient, sync
from tests.conftest import DAY, TODAY, client_of
from tests.support.sinks import (
    EVER,
    SPAN,
    STATE,
    Open,
    changes,
    contents,
    kinds,
    replace,
    rows,
)
from tests.support.synced import Clock, query


@pytest.fixture(params=["duckdb", "delta"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """A function that opens the sink, again and again."""
    return kinds(tmp_path)[request.param]


def test_what_is_stored_is_read_again(opened: Open) -> None:
    with opened() as sink:
        assert sink.state("costs", "acme") is None
        assert sink.layouts("costs") == {}
        assert sink.rows("costs", "acme", EVER) is None
        replace(sink, rows(3))
        assert sink.state("costs", "acme") == STATE
    with opened() as sink:
        assert sink.states() == {("costs", "acme"): STATE}
        assert sink.states("costs") == sink.states(organization="acme") == sink.states()
        assert sink.state("costs", "globex") is None
        assert sink.state("images", "acme") is None
        assert sink.layouts("costs") == {"acme": "1d"}
        read = sink.rows("costs", "acme", EVER)
        assert read is not None
        assert read.to_pylist() == rows(3).to_pylist()


def test_rows_are_those_whose_buckets_start_in_the_span(opened: Open) -> None:
    with opened() as sink:
        replace(sink, rows(3))
        read = sink.rows("costs", "acme", Window(TODAY, TODAY + DAY))
        assert read is not None
        assert read.column("start").to_pylist() == [datetime.fromtimestamp(TODAY, UTC)]
        other = sink.rows("costs", "globex", EVER)
        assert other is not None
        assert other.num_rows == 0


def test_what_is_outside_of_the_span_stays(opened: Open) -> None:
    with opened() as sink:
        replace(sink, rows(3, note="old"))
        replace(sink, rows(3, "globex", note="old"), organization="globex")
        new = rows(2, note="new")[1:]
        replace(sink, new, span=Window(TODAY, TODAY + DAY))
        read = sink.rows("costs", "acme", EVER)
        other = sink.rows("costs", "globex", EVER)
    assert read is not None
    assert other is not None
    found = {row["start"].timestamp() - TODAY: row["note"] for row in read.to_pylist()}
    assert found == {-DAY: "old", 0: "new", DAY: "old"}
    assert other.column("note").to_pylist() == ["old"] * 3


def test_no_rows_remove_those_of_the_span(opened: Open) -> None:
    with opened() as sink:
        replace(sink, rows(3))
        replace(sink, rows(0), span=Window(TODAY, TODAY + DAY))
        read = sink.rows("costs", "acme", EVER)
        assert read is not None
        assert read.num_rows == 2
        replace(sink, rows(0))
        read = sink.rows("costs", "acme", EVER)
        assert read is not None
        assert read.num_rows == 0


def test_an_endpoint_without_rows_has_a_table(opened: Open) -> None:
    with opened() as sink:
        replace(sink, rows(0, note="x"))
    with opened() as sink:
        read = sink.rows("costs", "acme", SPAN)
        assert read is not None
        assert (read.num_rows, read.column_names) == (0, rows(1, note="x").column_names)
        assert sink.state("costs", "acme") == STATE


def test_new_fields_become_new_columns(opened: Open) -> None:
    with opened() as sink:
        replace(sink, rows(2))
        replace(sink, rows(1, note="new"))
        replace(sink, rows(1, "globex", note="x"), organization="globex")
        read = sink.rows("costs", "acme", EVER)
        assert read is not None
        assert read.column("note").to_pylist() == ["new"]
        replace(sink, rows(2))  # an older version of this package
        read = sink.rows("costs", "acme", EVER)
        other = sink.rows("costs", "globex", EVER)
    assert read is not None
    assert other is not None
    assert read.column("note").to_pylist() == [None] * 2
    assert other.column("note").to_pylist() == ["x"]


def test_changes_are_those_of_all_replacements(opened: Open) -> None:
    with opened() as sink:
        for measure in ("amount", "quantity"):
            replace(sink, rows(3), changes=changes("acme", measure))
        replace(sink, rows(3))
        found = sink.changes().to_pylist()
        expected = [*changes().to_pylist(), *changes(measure="quantity").to_pylist()]
        assert sorted(found, key=str) == sorted(expected, key=str)
        [lag] = sink.lags()
        assert (lag.endpoint, lag.buckets) == ("costs", 1)


def test_one_organization_can_be_rebuilt(opened: Open) -> None:
    with opened() as sink:
        for label in ("acme", "globex"):
            replace(sink, rows(3, label), organization=label, changes=changes(label))
        new = evolve(STATE, layout="1h")
        span = Window(TODAY - DAY, TODAY)
        replace(sink, rows(1), span=span, state=new, changes=changes()[:0], rebuild=True)
        assert sink.layouts("costs") == {"acme": "1h", "globex": "1d"}
        counts = []
        for label in ("acme", "globex"):
            read = sink.rows("costs", label, EVER)
            assert read is not None
            counts.append(read.num_rows)
        assert counts == [1, 3]
        assert sink.changes().column("organization").to_pylist() == ["globex"]
        replace(sink, rows(3), changes=changes())
        assert {*sink.changes().column("organization").to_pylist()} == {"acme", "globex"}


def test_names_can_have_quotes(opened: Open) -> None:
    prefix, endpoint, label = 'a "b" ', "o'clock", "it's"
    for days in (3, 2):
        with opened(prefix=prefix) as sink:
            replace(sink, rows(days, label), endpoint, organization=label)
            read = sink.rows(endpoint, label, EVER)
            assert read is not None
            assert read.num_rows == days
    with opened(prefix=prefix, read_only=True) as sink:
        assert sink.states() == {(endpoint, label): STATE}


def test_prefixes_keep_copies_apart(opened: Open) -> None:
    with opened() as sink:
        replace(sink, rows(3))
    with opened(prefix="second_") as sink:
        assert sink.states() == {}
        replace(sink, rows(1))
    with opened() as sink:
        read = sink.rows("costs", "acme", EVER)
        assert read is not None
        assert read.num_rows == 3


def test_a_copy_can_be_read_by_several(opened: Open) -> None:
    with pytest.raises(SyncError):
        opened(read_only=True)
    with opened() as sink:
        replace(sink, rows(1))
        assert sink.organizations() == ["acme"]
        assert sink.read_at("acme") == STATE.read_at
        assert sink.read_at("globex") is None
    with opened(read_only=True) as one, opened(read_only=True) as other:
        assert one.state("costs", "acme") == other.state("costs", "acme") == STATE
        with pytest.raises(SyncError, match="cannot be written: "):
            replace(one, rows(1))
    with pytest.raises(SyncError, match=r'is not a copy: the table "?x_state'):
        opened(read_only=True, prefix="x")


# ------------------------------------------------------------------------- a whole sync

START = TODAY - 40 * DAY
SYNCED = ["completions", "costs", "images", "vector_stores"]


@pytest.fixture
async def restating(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Sandbox, Clock]]:
    async with Sandbox(seed=7, restates=True) as sandbox:
        yield sandbox, Clock([sandbox], monkeypatch)


@pytest.mark.real_clock
async def test_all_kinds_keep_the_same(restating: tuple[Sandbox, Clock], tmp_path: Path) -> None:
    sandbox, clock = restating
    moment, found = TODAY + DAY // 2, {}
    async with client_of(sandbox) as client:
        for days in (0, 1, 4.5, 0.25):
            moment += int(days * DAY)
            clock.at(moment)
            for kind, opened in kinds(tmp_path).items():
                with opened() as sink:
                    result = await sync({"acme": client}, sink, start_time=START, endpoints=SYNCED)
                    assert result.failed == []
                with opened(read_only=True) as sink:
                    found[kind] = contents(sink)
            assert found["delta"] == found["duckdb"]
    assert found["duckdb"]["changes"]
    # Rows tell without a state whether they are settled, as the README says.
    for name, days in (("costs", 3), ("completions", 1)):
        by_rows = f'"end" <= read_at - INTERVAL {days} DAY'
        sql = f"SELECT is_settled, {by_rows} AS by_rows FROM {name}_with_status"
        both = {
            (row["is_settled"], row["by_rows"]) for row in query(tmp_path / "usage.duckdb", sql)
        }
        assert both == {(True, True), (False, False)}


@pytest.mark.real_clock
async def test_a_copy_is_read_like_the_api(restating: tuple[Sandbox, Clock], opened: Open) -> None:
    sandbox, clock = restating
    clock.at(TODAY + DAY // 2)

    async def costs(client: AsyncUsageClient) -> list[object]:
        query = client.costs(start_time=START, end_time=sandbox.now, group_by=["project_id"])
        return [
            (each.start, sorted(each.results, key=lambda result: str(result.project_id)))
            for each in await query.collect()
        ]

    async with client_of(sandbox) as client:
        with opened() as sink:
            await sync({"acme": client}, sink, start_time=START, endpoints=["costs"])
            assert await costs(SyncedClient(sink, "acme")) == await costs(client)
