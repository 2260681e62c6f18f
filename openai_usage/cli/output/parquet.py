"""Writes a sheet as Parquet. Needs the extra `[arrow]`."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from openai_usage import Bucket
from openai_usage.arrow import Rounding, record_batch, schema
from openai_usage.cli.output.messages import say
from openai_usage.cli.output.rows import ResultRows

_ROWS = 10_000
"""Rows in a group of rows, at least, but for the last; it ends where a bucket does."""

_LABELS = pa.dictionary(pa.int32(), pa.string())


async def write_parquet(sheet: ResultRows, file: BinaryIO) -> None:
    """Write all of a sheet, with the types that `to_arrow()` has.

    What was rounded is said on stderr, once.

    Whatever happens, pyarrow ends what it began to write as a valid file. So it is written
    elsewhere first: half a walk must not look like a whole one.
    """
    known = pa.schema(list(_fields(sheet)))
    rounding = Rounding()
    with TemporaryFile() as whole:
        with ParquetWriter(whole, known) as writer:
            async with aclosing(_groups(sheet)) as groups:
                async for buckets in groups:
                    writer.write_batch(_rows(sheet, buckets, known, rounding))
        whole.seek(0)
        copyfileobj(whole, file)
    if rounding.columns:
        say(rounding.message("--money text"))


async def _groups(sheet: ResultRows) -> AsyncGenerator[Sequence[Bucket[object]], None]:
    """The buckets of a sheet, so many at once that they are worth a group of rows."""
    some: list[Bucket[object]] = []
    rows = 0
    async for bucket in sheet.buckets:
        some.append(bucket)
        rows += len(bucket.results)
        if rows >= _ROWS:
            yield some
            some, rows = [], 0
    if some:
        yield some


def _fields(sheet: ResultRows) -> Iterator["pa.Field[Any]"]:
    """The fields of `to_arrow()`, with names where the columns of the sheet have them."""
    names = {name for names in sheet.names.columns.values() for name in names}
    plain = schema(sheet.asked.endpoint, money=sheet.money)
    for name in sheet.columns:
        yield pa.field(name, _LABELS) if name in names else plain.field(name)


def _rows(
    sheet: ResultRows, buckets: Sequence[Bucket[object]], known: pa.Schema, rounding: Rounding
) -> pa.RecordBatch:
    sheet.names.learn(result for bucket in buckets for result in bucket.results)
    batch = record_batch(sheet.asked.endpoint, buckets, money=sheet.money, rounding=rounding)
    arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
    for ids, names in sheet.names.columns.items():
        for name in names if ids in arrays else ():
            found = [sheet.names.named(name, each) for each in arrays[ids].to_pylist()]
            arrays[name] = pa.array(found, _LABELS)
    return pa.RecordBatch.from_arrays([arrays[name] for name in known.names], schema=known)
