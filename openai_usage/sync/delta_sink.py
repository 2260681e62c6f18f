"""DeltaSink: keep rows as Delta Lake tables, in a folder or an object store."""

from collections.abc import Mapping
from contextlib import ExitStack
from os import PathLike, fspath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from openai_usage.errors import SyncError
from openai_usage.schema.windows import Window
from openai_usage.sync.changes import CHANGES
from openai_usage.sync.delta_states import DELTA_STATES, DeltaStates, Record
from openai_usage.sync.delta_table import DeltaTable, in_span, where
from openai_usage.sync.sink import State
from openai_usage.sync.stored_sink import States, StoredSink

__all__ = ["DeltaSink"]

_SEQUENCE = pa.field("sequence", pa.int64())
_MONTH = pa.field("month", pa.date32())
_TABLES = {"_state": DELTA_STATES, "_changes": CHANGES.append(_SEQUENCE)}


class DeltaSink(StoredSink):
    """Keep rows as Delta Lake tables: one for each endpoint.

    Two more tables are there: `_state` has how far each endpoint was read, and `_changes` has what
    was different at a later run.

    An object sees the copy as it was when it was read first, and what it writes itself. So open one
    for each sync. If another process writes at the same time, one of the two gets an error.

    Args:
        path: The folder that contains the tables, or its address, such as `s3://bucket/usage`.
        prefix: The beginning of the names of all tables, to keep several copies in one folder.
        read_only: True to read a copy that exists.
        storage_options: The options of an object store, as `deltalake` takes them.

    Raises:
        SyncError: The tables cannot be opened.
        ModuleNotFoundError: deltalake is missing, which comes with the extra `[delta]`.
    """

    # A transaction of Delta Lake is of one table, and a replacement needs three. So the commit of
    # the rows decides: it has a number, one more than that of the commit before. The state and the
    # changes are written first, with the same number, and count once the rows have it, too.

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        prefix: str = "",
        read_only: bool = False,
        storage_options: Mapping[str, str] | None = None,
    ) -> None:
        self._path = fspath(path)
        self._prefix = prefix
        self._read_only = read_only
        self._options = storage_options or {}
        self._opened: _Tables | None = self._open()

    def states(self, endpoint: str | None = None, organization: str | None = None) -> States:
        """Return the states by endpoint and organization: all, or those of one of them."""
        tables = self._tables
        found: dict[tuple[str, str], State] = {}
        for name in tables.states.endpoints() if endpoint is None else [endpoint]:
            tables.rows(name)  # which can show states that were written meanwhile
            records = tables.states.records(name)
            for label in records if organization is None else records.keys() & {organization}:
                record = tables.record(name, label)
                if record is not None:
                    found[name, label] = record.state
        return found

    def rows(self, endpoint: str, organization: str, span: Window) -> pa.Table | None:
        """Return the rows whose buckets start in *span*, or None before their table exists."""
        table = self._tables.rows(endpoint)
        if table is None or not table.sequence:
            return None
        found = table.rows(f"{where(organization=organization)} AND {in_span(span)}")
        return found.drop_columns([_MONTH.name])

    def changes(self) -> pa.Table:
        """Return what changed: a row for each measure of a bucket that had been over before."""
        found = self._tables.changes.rows()
        columns = [
            found.column(each).to_pylist() for each in ("endpoint", "organization", "sequence")
        ]
        counts = [self._tables.counts(*each) for each in zip(*columns, strict=True)]
        return found.filter(pa.array(counts, pa.bool_())).drop_columns([_SEQUENCE.name])

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
        if self._read_only:
            raise SyncError(f"{self._path} cannot be written: it was opened with read_only=True.")
        with ExitStack() as stack:
            stack.callback(self.close)  # so that what is there is read again
            tables = self._tables
            table = tables.rows(endpoint) or tables.create_rows(endpoint, rows.schema)
            tables.recover(endpoint, table)
            before = tables.record(endpoint, organization)
            number = table.sequence + 1
            since = number if rebuild else before.changes_since if before else 0
            record = Record(state, number, since, before.to_json() if before else None)
            ours = where(organization=organization)
            tables.states.write(endpoint, {organization: record})
            if changes.num_rows:
                numbers = pa.repeat(pa.scalar(number, _SEQUENCE.type), changes.num_rows)
                tables.changes.append(changes.append_column(_SEQUENCE, numbers))
            everything = rebuild or _contains(span, table, ours)
            condition = ours if everything else f"{ours} AND {in_span(span)}"
            table.replace(condition, _with_month(rows), sequence=number)
            if rebuild or (before and before.is_rebuild):  # which may have been killed here
                those = where(endpoint=endpoint, organization=organization)
                tables.changes.remove(f"{those} AND sequence < {since}")
            stack.pop_all()

    def close(self) -> None:
        """Forget what was read. The next call opens the tables again."""
        self._opened = None

    @property
    def _tables(self) -> "_Tables":
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _open(self) -> "_Tables":
        return _Tables(self._path, self._prefix, self._options, create=not self._read_only)


class _Tables:
    """The tables of a copy, as they were when they were opened."""

    def __init__(self, path: str, prefix: str, options: Mapping[str, str], *, create: bool) -> None:
        self._beginning = f"{path.rstrip('/')}/{prefix}"
        self._options = options
        self._rows: dict[str, DeltaTable | None] = {}
        state, changes = (DeltaTable.open(self._place(each), options) for each in _TABLES)
        if not create and None in (state, changes):
            missing = "_changes" if state else "_state"
            raise SyncError(f"{path} is not a copy: the table {prefix}{missing} is missing.")
        self.changes = changes or self._create("_changes")
        self.states = DeltaStates(state or self._create("_state"))

    def rows(self, endpoint: str) -> DeltaTable | None:
        """Return the table with the rows of an endpoint, or None if there is none."""
        if endpoint not in self._rows:
            self._rows[endpoint] = DeltaTable.open(self._place(endpoint), self._options)
            # States are written before rows. If they are read after them, none is missing.
            self.states.refresh()
        return self._rows[endpoint]

    def create_rows(self, endpoint: str, schema: pa.Schema) -> DeltaTable:
        """Create the table for the rows of an endpoint."""
        table = DeltaTable.create(
            self._place(endpoint),
            self._options,
            schema.append(_MONTH),
            "organization",
            _MONTH.name,
        )
        self._rows[endpoint] = table
        return table

    def record(self, endpoint: str, organization: str) -> Record | None:
        """Return the record of an endpoint of an organization that counts."""
        table = self.rows(endpoint)
        record = self.states.records(endpoint).get(organization)
        return record and record.as_of(table.sequence if table else 0)

    def counts(self, endpoint: str, organization: str, sequence: int) -> bool:
        """Return whether the changes with a number count."""
        table = self.rows(endpoint)
        record = self.record(endpoint, organization)
        since = record.changes_since if record else 0
        return table is not None and since <= sequence <= table.sequence

    def recover(self, endpoint: str, table: DeltaTable) -> None:
        """Remove what a replacement has left that was killed before it committed the rows.

        It may also be that of a process that still runs. So there is a commit to each table, after
        which that process cannot commit any more.
        """
        records = self.states.records(endpoint)
        left = {label for label, each in records.items() if each.sequence > table.sequence}
        if left:
            table.append(table.empty())
            self.changes.replace(
                f"{where(endpoint=endpoint)} AND sequence > {table.sequence}", self.changes.empty()
            )
            self.states.write(endpoint, {each: self.record(endpoint, each) for each in left})

    def _create(self, name: str) -> DeltaTable:
        return DeltaTable.create(self._place(name), self._options, _TABLES[name])

    def _place(self, name: str) -> str:
        return f"{self._beginning}{name}"


def _with_month(rows: pa.Table) -> pa.Table:
    """Return *rows* with the month of each, for the partitions."""
    # Rows have few starts, and to compute with each of them once is much faster.
    starts: Any = rows.column("start").combine_chunks().dictionary_encode()
    months = pc.floor_temporal(starts.dictionary, unit="month").cast(_MONTH.type)
    return rows.append_column(_MONTH, months.take(starts.indices))


def _contains(span: Window, table: DeltaTable, condition: str) -> bool:
    """Return whether the rows that fulfil a condition all start in *span*.

    Then they can be removed by their partitions, without reading them.
    """
    first, last = table.start_times(condition)
    if first is None or last is None:
        return True
    return span.start_time <= first.timestamp() and last.timestamp() < span.end_time
