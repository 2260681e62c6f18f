"""The Delta sink: its tables, what a killed run leaves, and writers that meet."""

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import deltalake
import pyarrow as pa
import pytest
from attrs import evolve

import openai_usage.sync
from openai_usage import SyncError
from openai_usage.schema.windows import Window
from openai_usage.sync import DeltaSink
from openai_usage.sync.delta_table import DeltaTable
from tests.conftest import DAY, TODAY
from tests.support.sinks import EVER, STATE, changes, contents, replace, rows

LATER = evolve(STATE, read_at=STATE.read_at + DAY, layout="1h")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lake"


def table(path: Path, name: str) -> deltalake.DeltaTable:
    """Return a table as other programs see it."""
    return deltalake.DeltaTable(path / name)


def stored(path: Path, name: str) -> pa.Table:
    """Return the rows of a table as other programs see them."""
    found = deltalake.QueryBuilder().register("t", table(path, name)).execute("SELECT * FROM t")
    return pa.table(found)


# ------------------------------------------------------------------------- its tables


def test_columns_have_the_types_of_the_package(path: Path) -> None:
    with DeltaSink(path) as sink:
        replace(sink, rows(2, amount=pa.scalar(1, pa.decimal128(38, 24)).as_py()))
    schema: Any = table(path, "costs").schema().to_arrow()
    times = pa.timestamp("us", tz="UTC")
    expected = {"organization": pa.string(), **dict.fromkeys(("read_at", "start", "end"), times)}
    assert {each.name: each.type for each in pa.schema(schema)} == {
        **expected,
        "amount": pa.decimal128(25, 24),
        "month": pa.date32(),
    }
    assert all(each.nullable for each in pa.schema(schema))


def test_a_month_that_is_over_is_not_written_again(path: Path) -> None:
    def files() -> set[str]:
        return {Path(uri).relative_to(path).as_posix() for uri in table(path, "costs").file_uris()}

    with DeltaSink(path) as sink:
        replace(sink, months(40))
        before = files()
        replace(sink, months(10), span=Window(TODAY - 9 * DAY, TODAY + DAY))
    assert table(path, "costs").metadata().partition_columns == ["organization", "month"]
    [changed] = files() - before
    assert changed.startswith("costs/organization=acme/month=2026-09-01/")
    assert {*stored(path, "costs").column("month").to_pylist()} == {
        date(2026, 8, 1),
        date(2026, 9, 1),
    }


def months(days: int) -> pa.Table:
    """Return a row for each of the days up to today."""
    last = datetime.fromtimestamp(TODAY, UTC)
    starts = pa.array([last - timedelta(days=each) for each in range(days)])
    found = pa.repeat(pa.scalar("acme"), days)
    return pa.table({"organization": found, "read_at": starts, "start": starts, "end": starts})


def test_one_row_says_how_far_an_endpoint_was_read(path: Path) -> None:
    for state in (STATE, LATER):
        with DeltaSink(path) as sink:
            replace(sink, rows(3), state=state, changes=changes())
    [row] = stored(path, "_state").to_pylist()
    assert (row["endpoint"], row["organization"], row["layout"]) == ("costs", "acme", "1h")
    assert (row["sequence"], row["changes_since"]) == (2, 0)
    assert {*stored(path, "_changes").column("sequence").to_pylist()} == {1, 2}


def test_without_changes_their_table_has_no_commit(path: Path) -> None:
    with DeltaSink(path) as sink:
        replace(sink, rows(3))
        replace(sink, rows(3))
    assert table(path, "_changes").version() == 0
    assert table(path, "costs").version() == 2


def test_states_survive_the_cleanup_of_logs(path: Path) -> None:
    with DeltaSink(path) as sink:
        replace(sink, rows(3))
    for name in ("costs", "_state"):
        table(path, name).create_checkpoint()
        *old, _ = sorted((path / name / "_delta_log").glob("*.json"))
        for each in old:
            each.unlink()
    with DeltaSink(path) as sink:
        assert sink.state("costs", "acme") == STATE
        replace(sink, rows(2), state=LATER)
        assert sink.state("costs", "acme") == LATER


def test_maintenance_changes_nothing(path: Path) -> None:
    with DeltaSink(path) as sink:
        for days in (3, 2):
            replace(sink, rows(days), changes=changes())
            replace(sink, rows(1), span=Window(TODAY - DAY, TODAY))
        before = contents(sink)
    for name in ("costs", "_state", "_changes"):
        table(path, name).optimize.compact()
        table(path, name).vacuum(0, dry_run=False, enforce_retention_duration=False)
    with DeltaSink(path) as sink:
        assert contents(sink) == before
        replace(sink, rows(3), state=LATER)
        assert sink.state("costs", "acme") == LATER


def test_rows_that_are_all_replaced_are_removed_by_their_partitions(path: Path) -> None:
    conditions = []
    with DeltaSink(path) as sink:
        for days in (3, 3, 1):
            replace(sink, rows(days), span=Window(TODAY - DAY, TODAY - DAY + days * DAY))
            [commit] = table(path, "costs").history(1)
            conditions.append(commit["operationParameters"]["predicate"])
    assert conditions[:2] == ["organization = 'acme'"] * 2
    assert "start >= " in conditions[2]


def test_files_of_other_organizations_are_not_read(path: Path) -> None:
    with DeltaSink(path) as sink:
        for label in ("acme", "globex"):
            replace(sink, rows(3, label), organization=label)
    shutil.rmtree(path / "costs" / "organization=globex")
    with DeltaSink(path) as sink:
        replace(sink, rows(2))
        read = sink.rows("costs", "acme", EVER)
        assert read is not None
        assert read.num_rows == 2
        with pytest.raises(SyncError, match=r"lake/costs cannot be read: .*organization=globex"):
            sink.rows("costs", "globex", EVER)


def test_columns_of_a_newer_version_stay_in_the_states(path: Path) -> None:
    with DeltaSink(path) as sink:
        replace(sink, rows(3))
        replace(sink, rows(3), "images")
    newer = stored(path, "_state").append_column("note", pa.array(["x", "y"]))
    deltalake.write_deltalake(path / "_state", newer, mode="overwrite", schema_mode="merge")
    with DeltaSink(path) as sink:
        replace(sink, rows(2), "images")
    found = stored(path, "_state").to_pylist()
    assert {row["endpoint"]: row["note"] for row in found}.keys() == {"costs", "images"}
    [note] = [row["note"] for row in found if row["endpoint"] == "costs"]
    assert note in ("x", "y")


# ------------------------------------------------------------------------- killed


class Killed(BaseException):
    """A process has ended here."""


@contextmanager
def before_commits(action: Callable[[int, str], None]) -> Iterator[None]:
    """Do something before each commit, with its number and the name of its table."""
    writing, create = DeltaTable._writing, DeltaTable.create
    commits = count()

    def counted_writing(self: DeltaTable) -> Any:
        action(next(commits), Path(self._place).name)
        return writing(self)

    def counted_create(place: str, *args: Any) -> DeltaTable:
        action(next(commits), Path(place).name)
        return create(place, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DeltaTable, "_writing", counted_writing)
        patch.setattr(DeltaTable, "create", counted_create)
        yield


def seen(path: Path) -> Mapping[str, Any]:
    """Return all that a new sink finds."""
    with DeltaSink(path) as sink:
        return contents(sink)


def is_killed(path: Path, commit: int, **what: Any) -> bool:
    """Replace, and return whether that was killed before a commit, counted from 0."""

    def kill(number: int, _: str) -> None:
        if number == commit:
            raise Killed

    try:
        with before_commits(kill), DeltaSink(path) as sink:
            replace(sink, **what)
    except Killed:
        return True
    return False


REPLACEMENTS: dict[str, dict[str, Any]] = {
    "rows and changes": {"found": rows(2), "state": LATER, "changes": changes(measure="rows")},
    "no rows": {"found": rows(0), "state": LATER, "span": Window(TODAY, TODAY + DAY)},
    "a rebuild": {"found": rows(1, note="new"), "state": LATER, "rebuild": True},
    "another organization": {
        "found": rows(2, "initech"),
        "organization": "initech",
        "changes": changes("initech"),
    },
    "another endpoint": {"found": rows(2), "endpoint": "images", "changes": changes()[:0]},
}


@pytest.mark.parametrize("what", REPLACEMENTS.values(), ids=REPLACEMENTS)
def test_a_run_that_is_killed_between_commits(what: dict[str, Any], path: Path) -> None:
    for label in ("acme", "globex"):
        with DeltaSink(path) as sink:
            replace(sink, rows(3, label), organization=label, changes=changes(label))
    before = seen(path)
    expected = path.with_name("expected")
    shutil.copytree(path, expected)
    assert not is_killed(expected, 99, **what)
    after = seen(expected)
    assert after != before
    outcomes = []
    for commit in count():
        shutil.rmtree(folder := path.with_name("killed"), ignore_errors=True)
        shutil.copytree(path, folder)
        if not is_killed(folder, commit, **what):
            break
        found = seen(folder)
        outcomes.append(found == after)
        assert found in (before, after)
        if found == before:  # and the next run, too, is killed at each place
            for second in count():
                if not is_killed(folder, second, **what):
                    break
                if seen(folder) == after:
                    break
                assert seen(folder) == before
            assert seen(folder) == after
            [*states] = stored(folder, "_state").to_pylist()
            assert len(states) == len({(e["endpoint"], e["organization"]) for e in states})
            assert stored(folder, "_changes").num_rows == len(after["changes"])
    assert outcomes == sorted(outcomes)
    assert outcomes[0] is False


def test_a_rebuild_that_was_killed_is_completed_by_the_next_run(path: Path) -> None:
    with DeltaSink(path) as sink:
        replace(sink, rows(3), changes=changes())
    assert is_killed(path, 2, found=rows(2), state=LATER, rebuild=True)
    assert seen(path)["changes"] == []
    assert stored(path, "_changes").num_rows == 1
    with DeltaSink(path) as sink:
        replace(sink, rows(2), state=LATER)
    assert stored(path, "_changes").num_rows == 0


def test_a_table_that_was_deleted_begins_anew(path: Path) -> None:
    with DeltaSink(path) as sink:
        replace(sink, rows(3), changes=changes())
        replace(sink, rows(3), "images")
    shutil.rmtree(path / "costs")
    with DeltaSink(path) as sink:
        assert sink.states() == {("images", "acme"): STATE}
        assert sink.rows("costs", "acme", EVER) is None
        assert sink.changes().num_rows == 0
        replace(sink, rows(2), state=LATER)
        assert sink.state("costs", "acme") == LATER
        assert sink.changes().num_rows == 0


# ------------------------------------------------------------------------- several writers


@pytest.mark.parametrize("found", [changes("acme", "quantity"), changes()[:0]], ids=["some", "no"])
@pytest.mark.parametrize("label", ["acme", "globex"])
@pytest.mark.parametrize("commit", range(3))
def test_of_two_writers_at_the_same_time_one_fails(
    commit: int, label: str, found: pa.Table, path: Path
) -> None:
    with DeltaSink(path) as sink:
        replace(sink, rows(3), changes=changes())
    with DeltaSink(path) as one, DeltaSink(path) as other:
        assert one.state("costs", "acme") == STATE

        def meanwhile(number: int, _: str) -> None:
            if number == commit:
                replace(other, rows(2, label), organization=label, changes=found)

        with (
            before_commits(meanwhile),
            pytest.raises(SyncError, match="cannot be written: another process wrote to it"),
        ):
            replace(one, rows(1), state=LATER, changes=changes(measure="rows"))
        assert seen(path) == contents(other) == contents(one)
        replace(one, rows(1), state=LATER)
        assert one.state("costs", "acme") == LATER


def test_a_writer_that_was_taken_for_killed_cannot_commit_any_more(path: Path) -> None:
    """One waits before it commits the rows. Another one thinks that it was killed."""
    with DeltaSink(path) as sink:
        replace(sink, rows(3))
    waits, goes_on = Event(), Event()
    one, other = DeltaSink(path), DeltaSink(path)

    def order(number: int, name: str) -> None:
        if (number, name) == (1, "costs"):
            waits.set()
            goes_on.wait()
        elif waits.is_set() and name == "_state":  # the other one is about to write its state
            goes_on.set()
            failed.exception()

    with before_commits(order), ThreadPoolExecutor() as pool:
        failed = pool.submit(replace, one, rows(1))
        waits.wait()
        replace(other, rows(2), state=LATER)
        goes_on.set()
        assert isinstance(failed.exception(), SyncError)
    assert seen(path) == contents(other)
    assert other.state("costs", "acme") == LATER


def test_a_writer_that_read_the_copy_earlier_fails(path: Path) -> None:
    with DeltaSink(path) as one, DeltaSink(path) as other:
        assert one.rows("costs", "acme", EVER) is None
        replace(other, rows(3))
        with pytest.raises(SyncError, match=r"costs cannot be created: .*already exists"):
            replace(one, rows(2))
        assert one.state("costs", "acme") == STATE
        replace(other, rows(1), state=LATER)
        with pytest.raises(SyncError, match="another process wrote to it"):
            replace(one, rows(2))


def test_a_reader_sees_states_that_are_as_new_as_the_rows(path: Path) -> None:
    with DeltaSink(path) as sink, DeltaSink(path) as early:
        replace(sink, rows(3))
        assert early.state("costs", "acme") == STATE
        replace(sink, rows(1), state=LATER)
        # It has opened the tables, and goes on seeing what it saw.
        assert early.state("costs", "acme") == STATE
        read = early.rows("costs", "acme", EVER)
        assert read is not None
        assert read.num_rows == 3
        early.close()
        assert early.state("costs", "acme") == LATER


# ------------------------------------------------------------------------- what is no copy


def test_a_table_of_somebody_else_is_refused(path: Path) -> None:
    deltalake.write_deltalake(path / "costs", pa.table({"amount": [1]}))
    with DeltaSink(path) as sink:
        with pytest.raises(SyncError, match=r"costs is not of a copy\. Use another folder"):
            sink.rows("costs", "acme", EVER)
        with pytest.raises(SyncError, match=r"costs is not of a copy\. Use another folder"):
            replace(sink, rows(1))
    assert stored(path, "costs").to_pylist() == [{"amount": 1}]


def test_reading_creates_nothing(path: Path) -> None:
    with pytest.raises(SyncError, match="lake is not a copy: the table _state"):
        DeltaSink(path, read_only=True)
    assert not path.exists()
    DeltaSink(path).close()
    shutil.rmtree(path / "_changes")
    with pytest.raises(SyncError, match="lake is not a copy: the table _changes"):
        DeltaSink(path, read_only=True)
    with DeltaSink(path) as sink:
        replace(sink, rows(1), changes=changes())
        assert sink.changes().num_rows == 1


def test_errors_of_the_library_have_one_line(path: Path) -> None:
    log = path / "_state" / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text("nonsense")
    with pytest.raises(SyncError, match="_state cannot be opened: ") as raised:
        DeltaSink(path)
    assert str(raised.value).isprintable()
    path.with_name("file").touch()
    with pytest.raises(SyncError, match="file/_changes cannot be "):
        DeltaSink(path.with_name("file"))


def test_an_object_store_has_options() -> None:
    options = {"aws_endpoint_url": "http://127.0.0.1:1", "aws_region": "x", "max_retries": "0"}
    options |= {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    with pytest.raises(SyncError, match=r"s3://bucket/_state cannot be opened: .*127\.0\.0\.1:1"):
        DeltaSink("s3://bucket/", storage_options=options)


def test_an_address_can_stand_for_a_folder(path: Path) -> None:
    with DeltaSink(path.as_uri()) as sink:
        replace(sink, rows(1))
    with DeltaSink(str(path), read_only=True) as sink:
        assert sink.state("costs", "acme") == STATE


def test_without_deltalake_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deltalake", None)
    for name in ("delta_sink", "delta_states", "delta_table"):
        monkeypatch.delitem(sys.modules, f"openai_usage.sync.{name}")
    with pytest.raises(ModuleNotFoundError, match=r"It comes with the extra \[delta\]: pip"):
        openai_usage.sync.DeltaSink  # noqa: B018
