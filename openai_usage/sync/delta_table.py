"""DeltaTable: one table of a copy in Delta Lake, which nobody else writes meanwhile."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self

import deltalake
import pyarrow as pa
from deltalake import CommitProperties, QueryBuilder, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from openai_usage._text import printable
from openai_usage.errors import SyncError
from openai_usage.schema.windows import Window

__all__ = ["DeltaTable", "in_span", "where"]

_APP_ID = "openai_usage"
"""The name under which the log of a table keeps the number of the last replacement."""

_DECORATION = re.compile(r"\x1b\[[0-9;]*m|↳")
_BACKTRACE = re.compile(r"\n\s*0: .*", re.DOTALL)
_LONGEST = 300


class DeltaTable:
    """A Delta table: as it was when it was opened, with what was written through it since.

    A write fails if the table has changed in the meantime, whatever the change. The library would
    write again if the other change were elsewhere in the table. But the order of writes to several
    tables is what keeps a copy whole, and nobody else must write in between.
    """

    def __init__(self, table: deltalake.DeltaTable, place: str) -> None:
        self._table = table
        self._place = place
        self._schema = _schema_of(table)
        if "organization" not in self._schema.names:
            raise SyncError(f"{place} is not of a copy.", hint="Use another folder or prefix.")
        self.sequence = table.transaction_version(_APP_ID) or 0
        """The number of the last replacement. It survives the cleanup of the log."""

    @classmethod
    def open(cls, place: str, options: Mapping[str, str]) -> Self | None:
        """Return the table in a folder or an object store, or None if there is none.

        Raises:
            SyncError: It cannot be read, or is not of a copy.
        """
        with _errors(place, "opened"):
            try:
                table = deltalake.DeltaTable(place, storage_options={**options})
            except TableNotFoundError:
                return None
            return cls(table, place)

    @classmethod
    def create(
        cls, place: str, options: Mapping[str, str], schema: pa.Schema, *partitions: str
    ) -> Self:
        """Return a new table without rows.

        Raises:
            SyncError: It cannot be written, or exists already.
        """
        with _errors(place, "created"):
            table = deltalake.DeltaTable.create(
                place,
                _nullable(schema),
                partition_by=[*partitions],
                storage_options={**options},
            )
            return cls(table, place)

    def refresh(self) -> bool:
        """See what others wrote, and return whether there was something."""
        with _errors(self._place, "read"):
            before = self._table.version()
            self._table.update_incremental()
            return self._table.version() > before

    def rows(self, condition: str = "true") -> pa.Table:
        """Return the rows that fulfil a condition. No other files are read, as far as possible."""
        return self._query("*", condition).cast(self._schema)

    def start_times(self, condition: str) -> tuple[datetime | None, datetime | None]:
        """Return the first and the last start of the rows that fulfil a condition."""
        found = self._query("min(start) AS first, max(start) AS last", condition)
        [row] = found.to_pylist()
        return row["first"], row["last"]

    def append(self, rows: pa.Table) -> None:
        """Add rows in one commit. Without rows, there is a commit, too."""
        with self._writing():
            write_deltalake(
                self._table,
                _writable(rows),
                mode="append",
                schema_mode="merge",
                commit_properties=_commit(),
            )

    def replace(
        self, condition: str | None, rows: pa.Table, *, sequence: int | None = None
    ) -> None:
        """Replace the rows that fulfil a condition, or all, in one commit.

        Args:
            condition: The condition. None replaces all rows.
            rows: The rows. Their columns can be more or fewer than those of the table.
            sequence: The number of this replacement, which is committed with it.
        """
        with self._writing():
            write_deltalake(
                self._table,
                _writable(rows),
                mode="overwrite",
                predicate=condition,
                schema_mode="merge",
                commit_properties=_commit(sequence),
            )
        if sequence is not None:
            self.sequence = sequence

    def remove(self, condition: str) -> None:
        """Delete the rows that fulfil a condition. Without such rows, nothing is committed."""
        with self._writing():
            self._table.delete(condition, commit_properties=_commit())

    def empty(self) -> pa.Table:
        """Return no rows, with the columns of this table."""
        return self._schema.empty_table()

    def _query(self, columns: str, condition: str) -> pa.Table:
        # With the library's own engine: it prunes files, and reads what pyarrow cannot, such as
        # tables with deletion vectors, which other programs can leave.
        with _errors(self._place, "read"):
            lake = QueryBuilder().register("found", self._table)
            return pa.table(lake.execute(f"SELECT {columns} FROM found WHERE {condition}"))  # noqa: S608 - values are quoted

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with _errors(self._place, "written"):
            yield
            self._schema = _schema_of(self._table)


def where(**values: str) -> str:
    """Return the condition that columns have these texts."""
    return " AND ".join(f"{name} = {_literal(value)}" for name, value in values.items())


def in_span(span: Window) -> str:
    """Return the condition that a bucket starts in *span*."""
    start, end = (
        datetime.fromtimestamp(each, UTC).isoformat() for each in (span.start_time, span.end_time)
    )
    return f"start >= '{start}' AND start < '{end}'"


def _schema_of(table: deltalake.DeltaTable) -> pa.Schema:
    found: Any = table.schema().to_arrow()  # of another library, which pyarrow understands
    return pa.schema(found)


def _commit(sequence: int | None = None) -> CommitProperties:
    transactions = [] if sequence is None else [Transaction(_APP_ID, sequence)]
    return CommitProperties(max_commit_retries=0, app_transactions=transactions)


def _literal(text: str) -> str:
    quoted = text.replace("'", "''")
    return f"'{quoted}'"


def _nullable(schema: pa.Schema) -> pa.Schema:
    """Return *schema* without fields that must have values.

    Otherwise versions of this package that lack one of these fields could not write.
    """
    return pa.schema([field.with_nullable(nullable=True) for field in schema])


def _writable(rows: pa.Table) -> pa.Table:
    """Return *rows* with a partition column of plain text. Other dictionaries can be written."""
    schema = _nullable(rows.schema)
    place = schema.get_field_index("organization")
    return rows.cast(schema.set(place, pa.field("organization", pa.string())))


@contextmanager
def _errors(place: str, done: str) -> Iterator[None]:
    """Raise a `SyncError` for an error of the library, or of the place that it reads or writes."""
    try:
        yield
    except CommitFailedError:
        raise SyncError(
            f"{place} cannot be {done}: another process wrote to it.",
            hint="Try again when that has ended.",
        ) from None
    except (DeltaError, OSError, pa.ArrowException) as error:
        raise SyncError(f"{place} cannot be {done}: {_one_line(error)}") from None


def _one_line(error: Exception) -> str:
    text = printable(_BACKTRACE.sub("", _DECORATION.sub("", str(error))))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
