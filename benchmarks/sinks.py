"""Measures what a copy costs: `python -m benchmarks.sinks duckdb sink <job>`, or `ingest`.

The sink deletes, inserts, and stores the state and the changes, all of it or nothing. The other one
is the bare ingest of the same finished Arrow table by the same library. Both write the rows into a
new place, and then replace them. Opening the place and closing it is not measured, for either.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import duckdb
import pyarrow as pa

from benchmarks.job import Job
from benchmarks.sums import bill_of
from openai_usage import AsyncUsageClient, Window
from openai_usage.arrow import record_batch
from openai_usage.sync import DeltaSink, DuckDBSink, State
from openai_usage.sync.changes import CHANGES
from openai_usage.sync.stored_sink import StoredSink

STATE = State(layout="1d", started=0, settled_until=0, read_until=0, read_at=0)

Write: TypeAlias = Callable[[], object]
"""A function that writes all rows, in place of those that are there."""


def rows_of(job: Job) -> tuple[Window, pa.Table]:
    """Rows of costs as a sync makes them, and the time that they are of."""
    bill = bill_of(job)
    rows = pa.Table.from_batches([record_batch(AsyncUsageClient.table()["costs"], bill)])
    labels = pa.array(["acme"]).dictionary_encode().take(pa.repeat(0, rows.num_rows))
    now = pa.scalar(datetime(2026, 1, 1, tzinfo=UTC), pa.timestamp("us", tz="UTC"))
    read_at = pa.repeat(now, rows.num_rows)
    rows = rows.add_column(0, "organization", labels).add_column(1, "read_at", read_at)
    return Window(bill[0].start_time, bill[-1].end_time), rows


def _warehouse(folder: Path) -> str:
    return f"duckdb:///{folder / 'warehouse.duckdb'}"


def sink_of(library: str, folder: Path) -> StoredSink:
    """The sink that writes with a library."""
    if library == "duckdb":
        return DuckDBSink(folder / "usage.duckdb")
    if library == "delta":
        return DeltaSink(folder / "lake")
    import dlt

    from openai_usage.sync import DltSink

    return DltSink(dlt.destinations.duckdb(_warehouse(folder)), dataset="usage")


def sink(library: str, folder: Path, span: Window, rows: pa.Table) -> Write:
    """Replace the rows in a copy."""
    copy = sink_of(library, folder)
    changes = CHANGES.empty_table()
    return lambda: copy.replace("costs", "acme", span, rows=rows, state=STATE, changes=changes)


def ingest(library: str, folder: Path, _: Window, rows: pa.Table) -> Write:
    """Write the rows into a table of their own."""
    return INGESTS[library](folder, rows)


def _into_duckdb(folder: Path, rows: pa.Table) -> Write:
    connection = duckdb.connect(str(folder / "usage.duckdb"))
    connection.register("incoming", rows)
    return lambda: connection.execute("CREATE OR REPLACE TABLE costs AS FROM incoming")


def _into_delta(folder: Path, rows: pa.Table) -> Write:
    from deltalake import write_deltalake

    return lambda: write_deltalake(folder / "lake", rows, mode="overwrite")


def _with_dlt(folder: Path, rows: pa.Table) -> Write:
    import dlt

    pipeline = dlt.pipeline(
        "bare",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.duckdb(_warehouse(folder)),
        dataset_name="usage",
    )
    return lambda: pipeline.run(dlt.resource([rows], name="costs", write_disposition="replace"))


INGESTS = {"duckdb": _into_duckdb, "delta": _into_delta, "dlt": _with_dlt}

CONTENDERS: Mapping[str, Callable[[str, Path, Window, pa.Table], Write]] = {
    "sink": sink,
    "ingest": ingest,
}


def main(library: str, contender: str, job: Job) -> dict[str, float]:
    """Processor time of the first write and of the next: the least of several."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    span, rows = rows_of(job)
    first = again = float("inf")
    until, repeats = time.perf_counter() + job.repeated_for, 0
    while repeats < 3 or time.perf_counter() < until:
        with TemporaryDirectory() as folder:
            write = CONTENDERS[contender](library, Path(folder), span, rows)
            first, again = min(first, _seconds(write)), min(again, _seconds(write))
        repeats += 1
    return {"seconds": first, "again": again, "total": rows.num_rows}


def _seconds(write: Write) -> float:
    gc.collect()
    before = time.process_time()
    write()
    return time.process_time() - before


if __name__ == "__main__":
    library, contender, job = sys.argv[1:]
    print(json.dumps(main(library, contender, Job.from_json(job))))
