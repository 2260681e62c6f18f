"""The DuckDB sink: its file, its views, its names, and what it does not lose."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from openai_usage import SyncError
from openai_usage.schema.windows import Window
from openai_usage.sync import DuckDBSink, State
from openai_usage.sync.changes import CHANGES
from tests.conftest import DAY, TODAY
from tests.support.synced import query

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
        assert sink.layouts("costs") == set()
        assert sink.rows("costs", "acme", Window(0, TODAY)) is None
        replace(sink, rows(3))
    with DuckDBSink(path) as sink:
        assert sink.state("costs", "acme") == STATE
        assert sink.state("costs", "globex") is None
        assert sink.layouts("costs") == {"1d"}
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


def test_one_endpoint_can_be_cleared(path: Path) -> None:
    with DuckDBSink(path) as sink:
        for endpoint in ("costs", "images"):
            replace(sink, rows(2), endpoint)
        sink.clear("costs")
        sink.clear("moderations")
        assert sink.state("costs", "acme") is None
        assert sink.state("images", "acme") == STATE
        assert sink.lags() == []
    assert len(query(path, "SELECT * FROM images")) == 2
    with pytest.raises(duckdb.CatalogException, match="costs"):
        query(path, "SELECT * FROM costs")


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_text("month,amount\n" * 9999)
    with pytest.raises(SyncError, match=r"usage\.duckdb cannot be opened: "):
        DuckDBSink(path)
    with pytest.raises(SyncError, match="cannot be opened: "):
        DuckDBSink(path.parent / "nowhere" / "usage.duckdb")
