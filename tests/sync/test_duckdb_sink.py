"""The DuckDB sink: its file, its views, its names, and what it does not lose."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

import openai_usage.sync
from openai_usage import SyncError
from openai_usage.schema.windows import Window
from openai_usage.sync import DuckDBSink
from tests.conftest import DAY, TODAY
from tests.support.sinks import replace, rows
from tests.support.synced import query


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.duckdb"


def test_views_say_what_is_partial_and_settled(path: Path) -> None:
    with DuckDBSink(path, prefix='a "b" ') as sink:
        replace(sink, rows(3), "o'clock")
    found = query(path, """SELECT is_partial, is_settled FROM "a ""b"" o'clock_with_status" """)
    assert [(each["is_partial"], each["is_settled"]) for each in found] == [
        (False, True),
        (False, False),
        (True, False),
    ]


def test_views_have_new_columns(path: Path) -> None:
    with DuckDBSink(path) as sink:
        replace(sink, rows(2))
        replace(sink, rows(1, note="new"))
    assert [each["note"] for each in query(path, "FROM costs_with_status")] == ["new"]


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


def test_a_copy_without_states_is_refused(path: Path) -> None:
    with pytest.raises(SyncError, match=r"usage\.duckdb cannot be opened: "):
        DuckDBSink(path, read_only=True)
    DuckDBSink(path).close()
    with pytest.raises(SyncError, match='is not a copy: the table "x_state"'):
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
