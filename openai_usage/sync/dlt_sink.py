"""DltSink: keep rows in a warehouse that dlt can write, with one transaction for each chunk.

dlt merges each table of a load in a transaction of its own. Killed in between, it would leave rows
without their watermark, or without what changed. So dlt only brings rows into incoming tables, and
one transaction of plain SQL moves them from there. What a killed load has left in incoming tables
never counts, and the next load replaces it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.destination import Destination
from dlt.common.destination.client import JobClientBase
from dlt.destinations.job_client_impl import SqlJobClientBase

from openai_usage.errors import SyncError
from openai_usage.schema.windows import Window
from openai_usage.sync.changes import CHANGES
from openai_usage.sync.dlt_errors import errors_of_dlt
from openai_usage.sync.dlt_load import Load, Part
from openai_usage.sync.dlt_tables import Condition, DltTables
from openai_usage.sync.sink import State
from openai_usage.sync.stored_sink import STATES, States, StoredSink, state_table, states_in

__all__ = ["DltSink"]

_PIPELINE = "openai_usage_sync"
"""The name of the pipeline. A DuckDB file is named so by default, and not like the dataset."""


class DltSink(StoredSink):
    """Keep rows in a warehouse that dlt can write: a table for each endpoint.

    Two more tables are in the dataset: `_state` has how far each endpoint was read, and `_changes`
    has what was different at a later run. Tables whose names begin with `_incoming` have the rows
    of the last load, and those that begin with `_dlt` are dlt's.

    Credentials come from the configuration of dlt: `.dlt/secrets.toml`, or a variable such as
    `DESTINATION__POSTGRES__CREDENTIALS`. The admin key never gets to dlt, which has only finished
    tables. Everything is kept in the warehouse, so each sync can run in a new container.

    Args:
        destination: The name of a destination of dlt, such as `postgres` or `bigquery`, or one that
            `dlt.destinations` has made. It has to run SQL.
        dataset: The dataset of the copy, which most warehouses call a schema.
        prefix: The beginning of the names of all tables, to keep several copies in one dataset. dlt
            writes names in small letters.
        read_only: True to read a copy that exists.

    Raises:
        SyncError: The warehouse cannot be reached, or the dataset is not of a copy.
        ModuleNotFoundError: dlt is missing, which comes with the extra `[dlt]`.
    """

    def __init__(
        self,
        destination: str | Destination[Any, Any],
        *,
        dataset: str = "openai_usage",
        prefix: str = "",
        read_only: bool = False,
    ) -> None:
        self._destination = destination
        self._dataset = dataset
        self._prefix = prefix
        self._read_only = read_only
        with self._reading() as tables:
            _reject_file_of_same_name(tables)
            for name in ("_state", "_changes"):
                tables.reject_others(name)
            if read_only and not tables.columns("_state"):
                raise SyncError(
                    f"{dataset} is not a copy: the table {tables.name('_state')} is missing."
                )

    def states(self, endpoint: str | None = None, organization: str | None = None) -> States:
        """Return the states by endpoint and organization: all, or those of one of them."""
        wanted = {"endpoint": endpoint, "organization": organization}
        where = [(name, "=", value) for name, value in wanted.items() if value is not None]
        return states_in(self._stored("_state", STATES, where))

    def rows(self, endpoint: str, organization: str, span: Window) -> pa.Table | None:
        """Return the rows whose buckets start in *span*, or None before their table exists."""
        with self._reading() as tables:
            columns = tables.columns(endpoint)
            return tables.rows(endpoint, columns, _in_span(organization, span)) if columns else None

    def changes(self) -> pa.Table:
        """Return what changed: a row for each measure of a bucket that had been over before."""
        return self._stored("_changes", CHANGES)

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
            raise SyncError("the copy cannot be written: it was opened to be read.")
        whose: Condition = [("organization", "=", organization), ("endpoint", "=", endpoint)]
        # The state is last, so that a sync that is killed in a warehouse without transactions is
        # begun again.
        parts = [
            Part(endpoint, rows, whose[:1] if rebuild else _in_span(organization, span)),
            Part("_changes", changes, whose if rebuild else None),
            Part("_state", state_table(endpoint, organization, state), whose),
        ]
        with self._pipeline("written") as pipeline:
            with self._tables(pipeline) as tables:
                tables.reject_others(endpoint)
                load = Load(parts, tables)
            pipeline.run([*load.resources()])
            with self._tables(pipeline) as tables:
                load.move(tables)

    def close(self) -> None:
        """Do nothing, because each call closes its connection."""

    def _stored(self, table: str, schema: pa.Schema, where: Condition = ()) -> pa.Table:
        with self._reading() as tables:
            if not tables.columns(table):
                return schema.empty_table()
            return tables.rows(table, {each.name: each.type for each in schema}, where)

    @contextmanager
    def _reading(self) -> Iterator[DltTables]:
        with self._pipeline("read") as pipeline, self._tables(pipeline) as tables:
            yield tables

    @contextmanager
    def _pipeline(self, done: str) -> Iterator[dlt.Pipeline]:
        """Yield a pipeline with a working folder of its own, so that it never finishes old loads.

        An old load would bring back rows that another sync has replaced since.

        Raises:
            SyncError: Something failed.
        """
        with (
            errors_of_dlt(f"the copy cannot be {done}"),
            TemporaryDirectory(prefix="openai-usage-") as folder,
        ):
            pipeline = dlt.pipeline(
                _PIPELINE,
                pipelines_dir=folder,
                destination=self._destination,
                dataset_name=self._dataset,
            )
            try:
                yield pipeline
            finally:
                pipeline.deactivate()

    @contextmanager
    def _tables(self, pipeline: dlt.Pipeline) -> Iterator[DltTables]:
        client = pipeline.destination_client()
        if not isinstance(client, SqlJobClientBase):
            raise SyncError(
                f"{_kind(client)} is not a warehouse that runs SQL.",
                hint="Use another destination.",
            )
        with client:
            yield DltTables(client, self._prefix)


def _in_span(organization: str, span: Window) -> Condition:
    start, end = (datetime.fromtimestamp(each, UTC) for each in (span.start_time, span.end_time))
    return [("organization", "=", organization), ("start", ">=", start), ("start", "<", end)]


def _kind(client: JobClientBase) -> str:
    """Return the name of a destination of dlt: `postgres` for `dlt.destinations.postgres`."""
    return client.config.destination_type.rpartition(".")[2]


def _reject_file_of_same_name(tables: DltTables) -> None:
    """Reject a DuckDB file that has the name of the dataset, because SQL could mean either.

    Raises:
        SyncError: The names are equal.
    """
    client = tables.client
    name, database = client.sql_client.dataset_name, "SELECT current_database()"
    if _kind(client) == "duckdb" and client.sql_client.execute_sql(database) == [(name,)]:
        raise SyncError(
            f"the DuckDB file and its dataset are both named {name}.",
            hint="Use another name for one of them.",
        )
