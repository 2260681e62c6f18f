"""The dlt sink: what it keeps in a warehouse, here a DuckDB file, and what stops it."""

import os
import re
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import pytest
from dlt.common.destination import Destination

import openai_usage.sync
from openai_usage import SyncError
from openai_usage.sandbox import Sandbox
from openai_usage.schema.windows import Window
from openai_usage.sync import DltSink, DuckDBSink, SyncedClient, sync
from openai_usage.sync.dlt_errors import errors_of_dlt
from openai_usage.sync.dlt_load import Load, Part
from tests.conftest import DAY, TODAY, client_of
from tests.support.synced import Clock, query
from tests.support.warehouse import (
    SPAN,
    at,
    changes,
    days_of,
    everything,
    in_order,
    read,
    replace,
    rows,
)

pytestmark = pytest.mark.real_clock

ROOT = Path(__file__).parents[2]
Target = Destination[Any, Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


@pytest.fixture
def target(path: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A warehouse in a file. dlt finds no configuration."""
    monkeypatch.setenv("HOME", str(here))
    return dlt.destinations.duckdb(str(path))


def test_what_is_stored_is_read_again(target: Target) -> None:
    sink = DltSink(target)
    assert sink.states() == {}
    assert sink.changes().num_rows == 0
    assert sink.rows("costs", "acme", SPAN) is None
    replace(sink, rows(0))
    empty = sink.rows("costs", "acme", SPAN)
    assert empty is not None
    replace(sink, rows(6), 1, 2)
    state = replace(sink, rows(4), 3)
    with DltSink(target, read_only=True) as reader:
        assert reader.states() == {("costs", "acme"): state}
        assert reader.state("costs", "globex") is None
        found = reader.rows("costs", "acme", SPAN)
        assert found is not None
        assert found.schema == empty.schema
        assert in_order(found) == in_order(rows(4))
        assert in_order(reader.changes()) == in_order(changes(1, 2, 3))
        part = reader.rows("costs", "acme", Window(TODAY + DAY, TODAY + 3 * DAY))
        assert part is not None
        assert days_of(part) == [at(1), at(2)]


def test_columns_of_other_versions(target: Target) -> None:
    sink = DltSink(target)
    replace(sink, rows(2))
    replace(sink, rows(3, label="globex", note="new"), label="globex")
    assert [each["note"] for each in read(sink)] == [None] * 2
    replace(sink, rows(5))  # an older version of this package
    assert [each["note"] for each in read(sink, "globex")] == ["new"] * 3
    assert [each["note"] for each in read(sink)] == [None] * 5


def test_columns_that_dlt_adds(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID", "true")
    replace(DltSink(target), rows(3))
    found = read(DltSink(target))
    assert [bool(each.pop("_dlt_load_id")) for each in found] == [True] * 3
    assert found == in_order(rows(3))


def test_one_organization_can_be_rebuilt(target: Target) -> None:
    sink = DltSink(target)
    for label in ("acme", "globex"):
        replace(sink, rows(3, label), 1, label=label)
    replace(sink, rows(1), 0, span=Window(TODAY, TODAY + DAY), rebuild=True)
    assert len(read(sink)) == 1
    assert len(read(sink, "globex")) == 3
    assert in_order(sink.changes()) == in_order(
        pa.concat_tables([changes(0), changes(1, label="globex")])
    )
    assert sink.organizations() == ["acme", "globex"]


def test_quotes_in_names_and_prefixes(target: Target, path: Path) -> None:
    label = "o'clock {%s}"
    replace(DltSink(target, prefix="Hours-"), rows(1, label), label=label)
    replace(DltSink(target), rows(2, label), label=label)
    assert len(read(DltSink(target, prefix="hours_"), label)) == 1
    names = [each["name"] for each in query(path, "SHOW TABLES FROM openai_usage")]
    assert {"hours_costs", "hours_state", "hours_changes", "costs", "_state"} <= {*names}


async def test_a_copy_is_that_of_duckdb(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["costs", "vector_stores"]
    async with Sandbox(seed=7, restates=True) as sandbox, client_of(sandbox) as client:
        clock = Clock([sandbox], monkeypatch)
        with DuckDBSink(tmp_path / "usage.duckdb") as other:
            for days in (0, 2):
                clock.at(TODAY + days * DAY)
                for sink in (DltSink(target), other):
                    start = TODAY - 9 * DAY
                    result = await sync({"acme": client}, sink, start_time=start, endpoints=names)
                    assert result.failed == []
            copy = everything(DltSink(target), *names)
            assert DltSink(target).changes().num_rows > 3
            assert copy == everything(other, *names)
        synced = SyncedClient(DltSink(target, read_only=True), "acme")
        span: dict[str, Any] = {"start_time": TODAY - 5 * DAY, "group_by": ["line_item"]}
        ours, theirs = [await each.costs(**span).collect() for each in (synced, client)]
        assert [total(each.results) for each in ours] == [total(each.results) for each in theirs]


def total(results: Any) -> Any:
    return sorted((str(each.line_item), each.amount) for each in results)


# ------------------------------------------------------------------ all or nothing


def test_if_the_last_part_fails_nothing_is_replaced(target: Target, path: Path) -> None:
    sink = DltSink(target)
    replace(sink, rows(2), 1)
    before = everything(sink, "costs")
    with duckdb.connect(str(path)) as connection:
        connection.execute("ALTER TABLE openai_usage._state RENAME layout TO other")
    with pytest.raises(SyncError, match="the copy cannot be written: Binder Error: "):
        replace(sink, rows(3), 2)
    with duckdb.connect(str(path)) as connection:
        connection.execute("ALTER TABLE openai_usage._state RENAME other TO layout")
    assert everything(sink, "costs") == before
    replace(sink, rows(3), 2)
    assert in_order(sink.changes()) == in_order(changes(1, 2))


KILLED = """
import os, sys, threading

where, count = sys.argv[2], int(sys.argv[3])


def kill(frame, event, argument):
    global count
    if event == "call" and frame.f_code.co_name == where:
        count -= 1
        if count == 0:
            os._exit(9)


import dlt
from openai_usage.sync import DltSink
from tests.support.warehouse import replace, rows

sink = DltSink(dlt.destinations.duckdb(sys.argv[1]))
threading.setprofile(kill)
sys.setprofile(kill)
replace(sink, rows(3), 2)
"""


def killed(path: Path, function: str, count: int) -> bool:
    """Replace rows in a process that is killed at a call. Return whether it was."""
    command = [sys.executable, "-c", KILLED, str(path), function, str(count)]
    folder = {**os.environ, "TMPDIR": str(path.parent)}  # a killed process leaves its own there
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=folder
    )
    assert done.returncode in (0, 9), done.stderr
    return done.returncode == 9


def test_if_it_is_killed_before_the_last_part_nothing_is_replaced(
    target: Target, path: Path
) -> None:
    sink = DltSink(target)
    replace(sink, rows(2), 1)
    before = everything(sink, "costs")
    assert killed(path, "copy", 3)
    assert everything(sink, "costs") == before
    replace(sink, rows(1), 2)
    assert in_order(sink.changes()) == in_order(changes(1, 2))


@pytest.mark.slow
def test_it_can_be_killed_at_any_statement(target: Target, path: Path) -> None:
    sink = DltSink(target)
    replace(sink, rows(2), 1)
    before = everything(sink, "costs")
    count = 1
    while killed(path, "execute_query", count):
        assert everything(sink, "costs") == before, count
        count += 4
    assert count > 30
    assert in_order(sink.changes()) == in_order(changes(1, 2))
    assert len(read(sink)) == 3


def test_two_syncs_at_the_same_time_do_not_mix_their_rows(target: Target) -> None:
    sink = DltSink(target)
    loads = []
    for days in (2, 3):
        with sink._pipeline("written") as pipeline:
            with sink._tables(pipeline) as tables:
                loads.append(Load([Part("costs", rows(days), None)], tables))
            pipeline.run([*loads[-1].resources()])
    with sink._reading() as tables:
        with pytest.raises(SyncError, match=r"has 0 of 2 new rows for costs: .* Run only one"):
            loads[0].move(tables)
        loads[1].move(tables)
    assert len(read(sink)) == 3


# ------------------------------------------------------------------ what stops it


def test_a_dataset_of_somebody_else_is_an_error(target: Target, path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA openai_usage")
        connection.execute("CREATE TABLE openai_usage.costs (amount INTEGER)")
        connection.execute("CREATE TABLE openai_usage.x_state (name TEXT)")
    with pytest.raises(SyncError, match="is not a copy: the table _state"):
        DltSink(target, read_only=True)
    with pytest.raises(SyncError, match=r"the table x_state is not of a copy\. Use another"):
        DltSink(target, prefix="x_")
    with pytest.raises(SyncError, match="the table costs is not of a copy"):
        replace(DltSink(target), rows(1))
    columns = query(path, "DESCRIBE openai_usage.costs")
    assert [each["column_name"] for each in columns] == ["amount"]


def test_a_copy_that_is_read_is_not_written(target: Target) -> None:
    replace(DltSink(target), rows(1))
    with pytest.raises(SyncError, match="it was opened to be read"):
        replace(DltSink(target, read_only=True), rows(2))


def test_a_file_is_not_named_like_its_dataset(target: Target) -> None:
    with pytest.raises(SyncError, match="the DuckDB file and its dataset are both named warehouse"):
        DltSink(target, dataset="warehouse")


@pytest.mark.parametrize(
    ("destination", "message"),
    [
        ("postgers", "dlt does not know the destination postgers."),
        (
            "postgres",
            (
                "Missing 1 field(s) in configuration `PostgresClientConfiguration`: `credentials`; "
                "field `credentials` is itself a configuration `PostgresCredentials` with missing "
                "field(s): `database`, `password`, `username`, `host`. "
                "Put the credentials of the warehouse into .dlt/secrets.toml, or into a variable "
                "such as DESTINATION__POSTGRES__CREDENTIALS."
            ),
        ),
        (
            lambda: dlt.destinations.postgres("postgresql://me:s3cret@127.0.0.1:1/db"),
            'connection to server at "127.0.0.1", port 1 failed: Connection refused',
        ),
        (
            lambda: dlt.destinations.duckdb("nowhere/usage.duckdb"),
            'IO Error: Cannot open file "{here}/nowhere/usage.duckdb": No such file or directory',
        ),
        (
            lambda: dlt.destinations.snowflake("snowflake://me:s3cret@host/db"),
            "a library is missing. pip install 'dlt[snowflake]'",
        ),
    ],
)
def test_what_stops_a_warehouse_is_one_plain_line(
    destination: str | Callable[[], Target],
    message: str,
    target: Target,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "snowflake", None)
    with pytest.raises(SyncError) as raised:
        DltSink(destination if isinstance(destination, str) else destination())
    expected = message.replace("{here}", str(here))
    assert str(raised.value) == f"the copy cannot be read: {expected}"


def test_folders_of_files_are_not_a_warehouse(target: Target) -> None:
    with pytest.raises(SyncError, match="filesystem is not a warehouse that runs SQL"):
        DltSink(dlt.destinations.filesystem("lake"))


def test_no_error_has_a_secret(target: Target) -> None:
    password = "-".join(["s3cret"] * 3)  # so that it is not in the lines that a traceback shows
    with pytest.raises(SyncError, match="`PostgresCredentials` cannot parse") as first:
        DltSink(dlt.destinations.postgres(f"me:{password}@localhost/db"))
    shown = re.escape("x: at a://***host/db?password=***")
    with pytest.raises(SyncError, match=shown) as second, errors_of_dlt("x"):
        raise ValueError(f"at a://me:{password}@host/db?password={password}")
    for raised in (first, second):
        assert password not in "".join(traceback.format_exception(raised.value))


def test_without_dlt_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlt", None)
    monkeypatch.delitem(sys.modules, "openai_usage.sync.dlt_sink")
    with pytest.raises(ModuleNotFoundError, match=r"It comes with the extra \[dlt\]: pip"):
        openai_usage.sync.DltSink  # noqa: B018
    with pytest.raises(AttributeError, match="has no attribute 'Sync'"):
        getattr(openai_usage.sync, "Sync")  # noqa: B009 - type checkers know that it is missing
