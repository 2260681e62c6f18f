"""DuckDBSink: keep rows in a DuckDB file, with one transaction for each chunk."""

# ruff: noqa: S608 - names in SQL are quoted, and values are parameters

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Self

from openai_usage._extras import missing_library
from openai_usage.errors import SyncError
from openai_usage.schema.windows import Window
from openai_usage.sync.changes import CHANGES
from openai_usage.sync.results import Lag
from openai_usage.sync.sink import State

try:
    import duckdb
except ModuleNotFoundError as error:
    raise missing_library(str(error.name), "duckdb") from None

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DuckDBSink"]

_STATE = """
    CREATE TABLE IF NOT EXISTS {state} (
        organization VARCHAR, endpoint VARCHAR, layout VARCHAR, started TIMESTAMPTZ,
        settled_until TIMESTAMPTZ, read_until TIMESTAMPTZ, read_at TIMESTAMPTZ,
        PRIMARY KEY (organization, endpoint)
    )
"""

_INCOMING = "_incoming"
"""The name under which a transaction sees the rows that it adds."""

_IN_SPAN = "organization = ? AND start >= to_timestamp(?) AND start < to_timestamp(?)"

_VIEW = """
    CREATE OR REPLACE VIEW {view} AS
    SELECT rows.*, "end" > rows.read_at AS is_partial, "end" <= settled_until AS is_settled
    FROM {table} AS rows JOIN {state} AS state
    ON state.organization = rows.organization AND state.endpoint = {endpoint}
"""


class DuckDBSink:
    """Keep rows in a DuckDB file: a table for each endpoint.

    Besides there are `_state`, which says how far each endpoint was read, `_changes`, which says
    what was different at a later run, and a view for each table, such as `costs_with_status`, with
    `is_partial` and `is_settled`. Only one process can have the file open for writing.

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
        try:
            self._connection = duckdb.connect(fspath(path), read_only=read_only)
        except duckdb.Error as error:
            raise SyncError(f"{fspath(path)} cannot be opened: {_first_line(error)}") from None
        self._connection.execute("SET TimeZone = 'UTC'")
        self._state, self._changes = self._name("_state"), self._name("_changes")
        if not read_only:
            with self._transaction():
                self._connection.execute(_STATE.format(state=self._state))
                self._append(self._changes, CHANGES.empty_table())
        elif not self._has("_state"):
            raise SyncError(f"{fspath(path)} is not a copy: it has no table {self._state}.")

    def state(self, endpoint: str, organization: str) -> State | None:
        """Return the state of an endpoint, or None if nothing was stored."""
        times = ("started", "settled_until", "read_until", "read_at")
        seconds = ", ".join(f"CAST(epoch({name}) AS BIGINT)" for name in times)
        found = self._query(
            f"SELECT layout, {seconds} FROM {self._state} WHERE endpoint = ? AND organization = ?",
            [endpoint, organization],
        )
        if not found:
            return None
        layout, *moments = found[0]
        return State(layout=layout, **dict(zip(times, moments, strict=True)))

    def organizations(self) -> list[str]:
        """Return the labels of the organizations that were stored."""
        found = self._query(f"SELECT DISTINCT organization FROM {self._state} ORDER BY 1")
        return [label for (label,) in found]

    def layouts(self, endpoint: str) -> set[str]:
        """Return the layouts of the rows of an endpoint, over all organizations."""
        found = self._query(
            f"SELECT DISTINCT layout FROM {self._state} WHERE endpoint = ?", [endpoint]
        )
        return {layout for (layout,) in found}

    def rows(self, endpoint: str, organization: str, span: Window) -> "pa.Table | None":
        """Return the rows whose buckets start in *span*, or None if there is no table yet."""
        if not self._has(endpoint):
            return None
        found: pa.Table = self._connection.sql(
            f"SELECT * FROM {self._name(endpoint)} WHERE {_IN_SPAN}",
            params=[organization, span.start_time, span.end_time],
        ).to_arrow_table()
        return found

    def replace(
        self,
        endpoint: str,
        organization: str,
        span: Window,
        *,
        rows: "pa.Table",
        state: State,
        changes: "pa.Table",
    ) -> None:
        """Replace the rows whose buckets start in *span*, and store the state and the changes."""
        table, connection = self._name(endpoint), self._connection
        with self._transaction():
            if self._has(endpoint):
                connection.execute(
                    f"DELETE FROM {table} WHERE {_IN_SPAN}",
                    [organization, span.start_time, span.end_time],
                )
            self._append(table, rows)
            self._append(self._changes, changes)
            moments = [state.started, state.settled_until, state.read_until, state.read_at]
            connection.execute(
                f"INSERT OR REPLACE INTO {self._state} VALUES (?, ?, ?, to_timestamp(?), "
                "to_timestamp(?), to_timestamp(?), to_timestamp(?))",
                [organization, endpoint, state.layout, *moments],
            )
            connection.execute(
                _VIEW.format(
                    view=self._view(endpoint),
                    table=table,
                    state=self._state,
                    endpoint=_literal(endpoint),
                )
            )

    def lags(self) -> list[Lag]:
        """Return how long after the end of buckets changes were found, by endpoint."""
        found = self._query(
            "SELECT endpoint, COUNT(DISTINCT (organization, start)), "
            f'CAST(MAX(epoch(read_at) - epoch("end")) AS BIGINT) FROM {self._changes} '
            "GROUP BY endpoint ORDER BY endpoint"
        )
        return [
            Lag(endpoint=endpoint, buckets=buckets, latest=timedelta(seconds=seconds))
            for endpoint, buckets, seconds in found
        ]

    def clear(self, endpoint: str) -> None:
        """Remove the rows, the states and the changes of an endpoint, of all organizations."""
        with self._transaction():
            self._connection.execute(f"DROP VIEW IF EXISTS {self._view(endpoint)}")
            self._connection.execute(f"DROP TABLE IF EXISTS {self._name(endpoint)}")
            for table in (self._state, self._changes):
                self._connection.execute(f"DELETE FROM {table} WHERE endpoint = ?", [endpoint])

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _name(self, name: str) -> str:
        """Return the quoted name of a table, with the prefix."""
        quoted = f"{self._prefix}{name}".replace('"', '""')
        return f'"{quoted}"'

    def _view(self, endpoint: str) -> str:
        return self._name(f"{endpoint}_with_status")

    def _has(self, name: str) -> bool:
        table = f"{self._prefix}{name}"
        return bool(self._query("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [table]))

    def _query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        # All rows are fetched, because an unfinished result blocks the connection.
        return self._connection.execute(sql, values).fetchall()

    def _append(self, table: str, rows: "pa.Table") -> None:
        """Add *rows* to a table. Create it, or columns that it does not have yet, if necessary."""
        connection = self._connection
        connection.register(_INCOMING, rows)
        try:
            connection.execute(f"CREATE TABLE IF NOT EXISTS {table} AS FROM {_INCOMING} LIMIT 0")
            for name, kind, *_ in self._query(f"DESCRIBE {_INCOMING}"):
                connection.execute(f'ALTER TABLE {table} ADD COLUMN IF NOT EXISTS "{name}" {kind}')
            connection.execute(f"INSERT INTO {table} BY NAME FROM {_INCOMING}")
        finally:
            connection.unregister(_INCOMING)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Commit at the end, or roll back if anything fails.

        Raises:
            SyncError: The file cannot be written.
        """
        self._connection.begin()
        try:
            yield
            self._connection.commit()
        except BaseException as error:
            with suppress(duckdb.Error):  # the connection may have rolled back by itself
                self._connection.rollback()
            if isinstance(error, duckdb.Error):
                raise SyncError(f"the file cannot be written: {_first_line(error)}") from None
            raise


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _literal(text: str) -> str:
    quoted = text.replace("'", "''")
    return f"'{quoted}'"
