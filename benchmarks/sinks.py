"""Measures what a copy costs: `python -m benchmarks.sinks sink <job>`, or `ingest`.

The sink deletes, inserts, and stores the state and the changes in one transaction. The other one is
the bare ingest of the same finished Arrow table into a new file.
"""

import gc
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from benchmarks.job import Job
from benchmarks.sums import bill_of
from openai_usage import AsyncUsageClient, Window
from openai_usage.arrow import record_batch
from openai_usage.sync import DuckDBSink, State
from openai_usage.sync.changes import CHANGES

STATE = State(layout="1d", started=0, settled_until=0, read_until=0, read_at=0)


def rows_of(job: Job) -> tuple[Window, pa.Table]:
    """Rows of costs as a sync makes them, and the time that they are of."""
    bill = bill_of(job)
    rows = pa.Table.from_batches([record_batch(AsyncUsageClient.table()["costs"], bill)])
    labels = pa.array(["acme"]).dictionary_encode().take(pa.repeat(0, rows.num_rows))
    now = pa.scalar(datetime(2026, 1, 1, tzinfo=UTC), pa.timestamp("us", tz="UTC"))
    read_at = pa.repeat(now, rows.num_rows)
    rows = rows.add_column(0, "organization", labels).add_column(1, "read_at", read_at)
    return Window(bill[0].start_time, bill[-1].end_time), rows


def sink(path: Path, span: Window, rows: pa.Table) -> None:
    """Replace the rows in a copy."""
    with DuckDBSink(path) as copy:
        changes = CHANGES.empty_table()
        copy.replace("costs", "acme", span, rows=rows, state=STATE, changes=changes)


def ingest(path: Path, _: Window, rows: pa.Table) -> None:
    """Write the rows into a new table."""
    with duckdb.connect(str(path)) as connection:
        connection.register("incoming", rows)
        connection.execute("CREATE TABLE costs AS FROM incoming")


def main(write: Callable[[Path, Window, pa.Table], None], job: Job) -> dict[str, float]:
    """Processor time of one write: the least of several."""
    span, rows = rows_of(job)
    least, until = float("inf"), time.perf_counter() + job.repeated_for
    repeats, total = 0, 0.0
    while repeats < 3 or time.perf_counter() < until:
        with TemporaryDirectory() as folder:
            path = Path(folder, "usage.duckdb")
            gc.collect()
            before = time.process_time()
            write(path, span, rows)
            least = min(least, time.process_time() - before)
            with duckdb.connect(str(path)) as connection:
                [(total,)] = connection.execute("SELECT sum(amount)::DOUBLE FROM costs").fetchall()
        repeats += 1
    return {"seconds": least, "total": round(total, 2)}


CONTENDERS: dict[str, Callable[[Path, Window, pa.Table], None]] = {"sink": sink, "ingest": ingest}

if __name__ == "__main__":
    contender, job = sys.argv[1:]
    print(json.dumps(main(CONTENDERS[contender], Job.from_json(job))))
