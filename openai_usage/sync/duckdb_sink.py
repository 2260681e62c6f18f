"""DuckDBSink: keep rows in a DuckDB file, with one transaction for each chunk."""

# ruff: noqa: S608 - names in SQL are quoted, and values are parameters

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from os import PathLike, fspath
from threading import RLock
from typing import Any

import duckdb
import pyarrow as pa

from openai_usage.errors import SyncError
from openai_usage.schema.windows import Window
from openai_usage.sync.changes import CHANGES
from openai_usage.sync.sink import State
from openai_usage.sync.stored_sink import States, StoredSink, state_table, states_in

__all__ = ["DuckDBSink"]

_STATE = """
    CREATE TABLE IF NOT EXISTS {state} (
        organization VARCHAR, endpoint VARCHAR, layout VARCHAR, organization_id VARCHAR,
        started TIMESTAMP, settled_until TIMESTAMP, read_until TIMESTAMP, read_at TIMESTAMP,
        PRIMARY KEY (organization, endpoint)
    )
"""

_MOMENT = "make_timestamp(CAST(? AS BIGINT) * 1000000)"
"""A time without a zone, which is UTC: with one, SQL would use the zone of whoever reads."""

_MEMORY = "SET memory_limit = '48MB'"
"""The memory that DuckDB may keep. Without a limit it grows with the file. This is enough for a
chunk of a million rows."""

_INCOMING = "_incoming"
"""The name under which a transaction sees the rows that it adds."""

_IN_SPAN = f"organization = ? AND start >= {_MOMENT} AND start < {_MOMENT}"

_VIEW = """
    CREATE OR REPLACE VIEW {view} AS
    SELECT rows.*, "end" > rows.read_at AS is_partial, "end" <= settled_until AS is_settled
    FROM {table} AS rows JOIN {state} AS state
    ON state.organization = rows.organization AND state.endpoint = {endpoint}
"""


class DuckDBSink(StoredSink):
    """Keep rows in a DuckDB file: a table for each endpoint.

    Three more things are in the file: `_state` has how far each endpoint was read, `_changes` has
    what was different at a later run, and a view for each table, such as `costs_with_status`, has
    `is_partial` and `is_settled`. Times are in UTC and have no zone. Only one process can have the
    file open for writing.

    Args:
        path: The file, which is created if it does not exist. `:memory:` keeps nothing.
        prefix: The beginning of the names of all tables, to keep several copies in one file.
        read_only: True to read a file that exists. Other processes can read it, too.

    Raises:
        SyncError: The file cannot be opened.
        ModuleNotFoundError: duckdb is missing, which comes with the extra `[duckdb]`.
    """

    def __init__(
        self, path: str | PathLike[str], *, prefix: str = "", read_only: bool = False
    ) -> None:
        self._prefix = prefix
        self._lock = RLock()
        try:
            self._connection = duckdb.connect(fspath(path), read_only=read_only)
            self._connection.execute(_MEMORY)
        except duckdb.Error as error:
            why = _first_line(error)
            if "Could not set lock" in why:
                why = "another process has it open. Try again when that has ended."
            raise SyncError(f"{fspath(path)} cannot be opened: {why}") from None
        self._state, self._changes = self._name("_state"), self._name("_changes")
        if not read_only:
            with self._transaction():
                self._connection.execute(_STATE.format(state=self._state))
                self._prepare(self._changes, CHANGES.empty_table())
        elif not self._has("_state"):
            raise SyncError(f"{fspath(path)} is not a copy: the table {self._state} is missing.")

    def states(self, endpoint: str | None = None, organization: str | None = None) -> States:
        """Return the states by endpoint and organization: all, or those of one of them."""
        wanted = {"endpoint": endpoint, "organization": organization}
        given = {name: value for name, value in wanted.items() if value is not None}
        where = "".join(f" AND {name} = ?" for name in given)
        return states_in(self._table(f"FROM {self._state} WHERE true{where}", [*given.values()]))

    def rows(self, endpoint: str, organization: str, span: Window) -> pa.Table | None:
        """Return the rows whose buckets start in *span*, or None before their table exists."""
        if not self._has(endpoint):
            return None
        return self._table(
            f"FROM {self._name(endpoint)} WHERE {_IN_SPAN}",
            [organization, span.start_time, span.end_time],
        )

    def changes(self) -> pa.Table:
        """Return what changed: a row for each measure of a bucket that had been over before."""
        return self._table(f"FROM {self._changes}")

    def replace(
        self,
        endpoint: str,
        organization: str,
        span: Window,
        *,
        rows: pa.Table,
        state: State,
        changes: pa.Table,
        rebuild: bool = False,
    ) -> None:
        """Replace the rows whose buckets start in *span*, and store the state and the changes.

        With *rebuild*, first remove all rows and changes of the endpoint and the organization.
        """
        table, connection = self._name(endpoint), self._connection
        with self._transaction():
            self._prepare(table, rows)  # before rows are deleted, or older versions would refuse it
            if rebuild:
                self._remove(endpoint, organization)
            connection.execute(
                f"DELETE FROM {table} WHERE {_IN_SPAN}",
                [organization, span.start_time, span.end_time],
            )
            self._append(table, rows)
            self._append(self._changes, changes)
            with self._incoming(state_table(endpoint, organization, state)):
                connection.execute(f"INSERT OR REPLACE INTO {self._state} BY NAME FROM {_INCOMING}")
            connection.execute(
                _VIEW.format(
                    view=self._view(endpoint),
                    table=table,
                    state=self._state,
                    endpoint=_literal(endpoint),
                )
            )

    def close(self) -> None:
        """Close the file, once a call in another thread has ended."""
        with self._lock:
            self._connection.close()

    def _name(self, name: str) -> str:
        """Return the quoted name of a table, with the prefix."""
        quoted = f"{self._prefix}{name}".replace('"', '""')
        return f'"{quoted}"'

    def _view(self, endpoint: str) -> str:
        return self._name(f"{endpoint}_with_status")

    def _has(self, name: str) -> bool:
        # Names are the same in DuckDB whatever their case.
        sql = "SELECT 1 FROM duckdb_tables() WHERE lower(table_name) = lower(?)"
        return bool(self._query(sql, [f"{self._prefix}{name}"]))

    def _remove(self, endpoint: str, organization: str) -> None:
        self._connection.execute(
            f"DELETE FROM {self._name(endpoint)} WHERE organization = ?", [organization]
        )
        self._connection.execute(
            f"DELETE FROM {self._changes} WHERE endpoint = ? AND organization = ?",
            [endpoint, organization],
        )

    def _query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        # All rows are fetched, because an unfinished result blocks the connection.
        with self._lock, _errors("read"):
            return self._connection.execute(sql, values).fetchall()

    def _table(self, sql: str, values: Sequence[object] = ()) -> pa.Table:
        with self._lock, _errors("read"):
            return _in_utc(self._connection.sql(sql, params=[*values]).to_arrow_table())

    def _prepare(self, table: str, rows: pa.Table) -> None:
        """Create a table, or add the columns that it does not have yet."""
        with self._incoming(rows):
            execute = self._connection.execute
            execute(f"CREATE TABLE IF NOT EXISTS {table} AS FROM {_INCOMING} LIMIT 0")
            known = {name for name, *_ in self._query(f"DESCRIBE {table}")}
            if "organization" not in known:
                raise SyncError(f"the table {table} is not of a copy. Use another file or prefix.")
            for name, kind, *_ in self._query(f"DESCRIBE {_INCOMING}"):
                if name not in known:
                    execute(f'ALTER TABLE {table} ADD COLUMN "{name}" {kind}')

    def _append(self, table: str, rows: pa.Table) -> None:
        with self._incoming(rows):
            self._connection.execute(f"INSERT INTO {table} BY NAME FROM {_INCOMING}")

    @contextmanager
    def _incoming(self, rows: pa.Table) -> Iterator[None]:
        """Let SQL see *rows*."""
        self._connection.register(_INCOMING, _without_zone(rows))
        try:
            yield
        finally:
            self._connection.unregister(_INCOMING)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Commit at the end, or roll back if anything fails.

        Raises:
            SyncError: The file cannot be written.
        """
        with self._lock, _errors("written"), ExitStack() as stack:
            self._connection.begin()
            stack.callback(self._roll_back)
            yield
            self._connection.commit()
            stack.pop_all()

    def _roll_back(self) -> None:
        with suppress(duckdb.Error):  # the connection may have rolled back by itself
            self._connection.rollback()


@contextmanager
def _errors(done: str) -> Iterator[None]:
    """Raise a `SyncError` for an error of DuckDB."""
    try:
        yield
    except duckdb.Error as error:
        raise SyncError(f"the file cannot be {done}: {_first_line(error)}") from None


def _without_zone(rows: pa.Table) -> pa.Table:
    """Return *rows* with times in UTC that have no zone."""
    return _cast(rows, lambda kind: pa.timestamp(kind.unit) if kind.tz else kind)


def _in_utc(rows: pa.Table) -> pa.Table:
    """Return *rows* with the zone UTC for all times."""
    return _cast(rows, lambda kind: pa.timestamp(kind.unit, "UTC"))


def _cast(
    rows: pa.Table, change: "Callable[[pa.TimestampType[Any, Any]], pa.DataType]"
) -> pa.Table:
    fields = [
        field.with_type(change(field.type)) if pa.types.is_timestamp(field.type) else field
        for field in rows.schema
    ]
    return rows.cast(pa.schema(fields))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _literal(text: str) -> str:
    quoted = text.replace("'", "''")
    return f"'{quoted}'"
