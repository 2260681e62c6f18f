"""Writes a sheet as Parquet. Needs the extra `[arrow]`."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack, aclosing
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from openai_usage import Page
from openai_usage.cli.naming import name_columns, named
from openai_usage.cli.rows import Sheet
from openai_usage.integrations.arrow import record_batches

_ROWS = 10_000
"""Rows in a group of rows, at least, but for the last."""


async def write_parquet(sheet: Sheet, file: BinaryIO) -> None:
    """Write all of a sheet, with the types that `to_arrow()` has.

    Whatever happens, pyarrow ends what it began to write as a valid file. So it is written
    elsewhere first: half a walk must not look like a whole one.
    """
    with TemporaryFile() as whole:
        with ExitStack() as writing:
            writer: ParquetWriter | None = None
            async with aclosing(record_batches(sheet.asked.endpoint, _pages(sheet))) as batches:
                async for batch in batches:
                    rows = _with_names(sheet, batch)
                    writer = writer or writing.enter_context(ParquetWriter(whole, rows.schema))
                    writer.write_batch(rows)
        whole.seek(0)
        copyfileobj(whole, file)


async def _pages(sheet: Sheet) -> AsyncGenerator[Page[object], None]:
    """The buckets of a sheet, so many at once that they are worth a group of rows."""
    some, rows = [], 0
    async for bucket in sheet.buckets:
        some.append(bucket)
        rows += len(bucket.results)
        if rows >= _ROWS:
            yield Page(data=tuple(some), has_more=True)
            some, rows = [], 0
    yield Page(data=tuple(some), has_more=False)


def _with_names(sheet: Sheet, batch: pa.RecordBatch) -> pa.RecordBatch:
    if sheet.names is None:
        return batch
    columns = dict(_columns(sheet, batch))
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _columns(sheet: Sheet, batch: pa.RecordBatch) -> Iterator[tuple[str, "pa.Array[Any]"]]:
    """The columns of *batch*, names after the ids that they belong to."""
    labels = pa.dictionary(pa.int32(), pa.string())
    for ids, column in zip(batch.schema.names, batch.columns, strict=True):
        yield ids, column
        for name in name_columns(sheet.names).get(ids, ()):
            names = [named(sheet.names, name, each) for each in column.to_pylist()]
            yield name, pa.array(names, labels)
