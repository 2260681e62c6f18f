"""The DuckDB sink: its file, its views, its names, and what it does not lose."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from attrs import evolve

import openai_usage.sync
from openai_usage import SyncError
from openai_usage.schema.windows import Window
from openai_usage.sync import DuckDBSink, State
from openai_usage.sync.changes import CHANGES
from tests.conftest import DAY, TODAY
from tests.support.synced import query

NOON = datetime.fromtimestamp(TODAY + DAY // 2, UTC)
STATE = State(
    layout="1d", started=0, settled_until=TODAY, read_until=TODAY + 2 * DAY, read_at=TODAY + DAY + 5
)


def rows(days: int = 2, **more: object) -> pa.Table:
    """A row for each day, of which the last is not over when it is read."""
    start = datetime.fromtimestamp(TODAY - DAY, UTC)
    return pa.Table.from_pylist(
        [
            {
                "organization": "acme",
                "read_at": datetime.fromtimestamp(STATE.read_at, UTC),
                "start": start + timedelta(days=day),
                "end": start + timedelta(days=day + 1),
                **more,
            }
            for day in range(days)
        ]
    )


def replace(sink: DuckDBSink, found: pa.Table, endpoint: str = "costs") -> None:
    span = Window(TODAY - DAY, TODAY + 2 * DAY)
    sink.replace(endpoint, "acme", span, rows=found, state=STATE, changes=CHANGES.empty_table())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.duckdb"


def test_what_is_stored_is_read_again(path: Path) -> None:
    with DuckDBSink(path) as sink:
        assert sink.state("costs", "acme") is None
        assert sink.layouts("costs") == {}
        assert sink.rows("costs", "acme", Window(0, TODAY)) is None
        replace(sink, rows(3))
    with DuckDBSink(path) as sink:
        assert sink.state("costs", "acme") == STATE
        assert sink.state("costs", "globex") is None
        assert sink.layouts("costs") == {"acme": "1d"}
        read = sink.rows("costs", "acme", Window(TODAY, TODAY + DAY))
        assert read is not None
        assert read.num_rows == 1
        replace(sink, rows(1))
        read = sink.rows("costs", "acme", Window(0, TODAY + 9 * DAY))
        assert read is not None
        assert read.num_rows == 1


def test_views_say_what_is_partial_and_settled(path: Path) -> None:
    with DuckDBSink(path, prefix='a "b" ') as sink:
        replace(sink, rows(3), "o'clock")
    found = query(path, """SELECT is_partial, is_settled FROM "a ""b"" o'clock_with_status" """)
    assert [(each["is_partial"], each["is_settled"]) for each in found] == [
        (False, True),
        (False, False),
        (True, False),
    ]


def test_new_fields_become_new_columns(path: Path) -> None:
    with DuckDBSink(path) as sink:
        replace(sink, rows(2))
        replace(sink, rows(1, note="new"))
        read = sink.rows("costs", "acme", Window(0, TODAY + 9 * DAY))
        assert read is not None
        assert read.column("note").to_pylist() == ["new"]
        replace(sink, rows(2))  # an older version of this package
    assert [each["note"] for each in query(path, "SELECT * FROM costs_with_status")] == [None] * 2


def test_one_organization_can_be_rebuilt(path: Path) -> None:
    span = Window(TODAY - DAY, TODAY + 2 * DAY)
    change = {"read_at": NOON, "endpoint": "costs", "start": NOON, "end": NOON, "kind": "added"}
    with DuckDBSink(path) as sink:
        for label in ("acme", "globex"):
            found = rows(3).set_column(0, "organization", pa.array([label] * 3))
            changes = pa.Table.from_pylist([{**change, "organization": label}], CHANGES)
            sink.replace("costs", label, span, rows=found, state=STATE, changes=changes)
        new = Window(TODAY, TODAY + DAY)
        state = evolve(STATE, layout="1h")
        sink.replace(
            "costs", "acme", new, rows=rows(1), state=state, changes=changes[:0], rebuild=True
        )
        assert sink.layouts("costs") == {"acme": "1h", "globex": "1d"}
    counts = query(path, "SELECT organization, count(*) AS n FROM costs GROUP BY 1 ORDER BY 1")
    assert [each["n"] for each in counts] == [1, 3]
    assert [each["organization"] for each in query(path, "FROM _changes")] == ["globex"]


def test_names_are_the_same_whatever_their_case(path: Path) -> None:
    for prefix in ("Hours_", "hours_"):
        with DuckDBSink(path, prefix=prefix) as sink:
            replace(sink, rows(3))
    assert len(query(path, "FROM hours_costs")) == 3


def test_times_are_in_utc_whatever_the_readers_zone(path: Path) -> None:
    with DuckDBSink(path) as sink:
        replace(sink, rows(1))
        read = sink.rows("costs", "acme", Window(0, TODAY))
    assert read is not None
    assert read.column("start").to_pylist() == [datetime.fromtimestamp(TODAY - DAY, UTC)]
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'America/New_York'")
        [(day, settled)] = connection.execute(
            "SELECT CAST(start AS DATE), settled_until FROM costs, _state"
        ).fetchall()
    assert day == datetime.fromtimestamp(TODAY - DAY, UTC).date()
    assert settled == datetime.fromtimestamp(TODAY, UTC).replace(tzinfo=None)


def test_a_table_of_somebody_else_is_an_error(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE costs (amount INTEGER)")
    with DuckDBSink(path) as sink:
        with pytest.raises(SyncError, match="cannot be read: Binder Error"):
            sink.rows("costs", "acme", Window(0, TODAY))
        with pytest.raises(SyncError, match='the table "costs" is not of a copy'):
            replace(sink, rows(1))
    assert [each["column_name"] for each in query(path, "DESCRIBE costs")] == ["amount"]


def test_a_copy_can_be_read_by_several(path: Path) -> None:
    with pytest.raises(SyncError, match="cannot be opened"):
        DuckDBSink(path, read_only=True)
    with DuckDBSink(path) as sink:
        replace(sink, rows(1))
        assert sink.organizations() == ["acme"]
        assert sink.read_at("acme") == STATE.read_at
        assert sink.read_at("globex") is None
    with DuckDBSink(path, read_only=True) as one, DuckDBSink(path, read_only=True) as other:
        assert one.state("costs", "acme") == other.state("costs", "acme") == STATE
        with pytest.raises(SyncError, match="cannot be written: "):
            replace(one, rows(1))
    with pytest.raises(SyncError, match='is not a copy: it has no table "x_state"'):
        DuckDBSink(path, read_only=True, prefix="x")


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_text("month,amount\n" * 9999)
    with pytest.raises(SyncError, match=r"usage\.duckdb cannot be opened: "):
        DuckDBSink(path)
    with pytest.raises(SyncError, match="cannot be opened: "):
        DuckDBSink(path.parent / "nowhere" / "usage.duckdb")


def test_without_duckdb_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    monkeypatch.delitem(sys.modules, "openai_usage.sync.duckdb_sink")
    with pytest.raises(ModuleNotFoundError, match=r"It comes with the extra \[duckdb\]: pip"):
        openai_usage.sync.DuckDBSink  # noqa: B018
