"""Write results as Parquet. Needs the extra `[arrow]`."""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from datetime import datetime
from functools import partial
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

import pyarrow as pa
from pyarrow.parquet import ParquetWriter, write_table

from openai_usage import Bucket, CostsResult
from openai_usage._arrow_types import types_of
from openai_usage.arrow import Rounding, record_batch, schema
from openai_usage.cli.output.focus_rows import FocusRows
from openai_usage.cli.output.messages import say
from openai_usage.cli.output.rows import ResultRows, SumRows
from openai_usage.integrations.focus import count_without_quantity
from openai_usage.integrations.focus_arrow import focus_schema, focus_table

_ROWS = 10_000
"""The fewest rows in a row group, except the last. Row groups end at the end of a bucket."""

_LABELS = pa.dictionary(pa.int32(), pa.string())


async def write_results(rows: ResultRows, file: BinaryIO) -> None:
    """Write all results with the types of `to_arrow()`, and say once on stderr what was rounded."""
    table_schema = pa.schema(list(_fields(rows)))
    rounding = Rounding()

    def batch(buckets: Sequence[Bucket[object]]) -> pa.RecordBatch:
        return _batch(rows, buckets, table_schema, rounding)

    await _write_groups(rows, file, table_schema, batch)
    if rounding.columns:
        say(rounding.message("--money text"))


async def write_focus(rows: FocusRows, file: BinaryIO) -> None:
    """Write all results of costs as FOCUS, and say once on stderr what was rounded."""
    rounding = Rounding()

    def table(buckets: Sequence[Bucket[object]]) -> pa.Table:
        costs = cast("Sequence[Bucket[CostsResult]]", buckets)
        found = focus_table(costs, rounding=rounding, **rows.options)
        charges = found.select(["ChargeCategory", "PricingQuantity"]).to_pylist()
        rows.without_quantity += count_without_quantity(charges)
        return found

    await _write_groups(rows.results, file, focus_schema(rows.results.focus_version), table)
    if rounding.columns:
        say(rounding.message("--output FILE.csv"))


async def write_sums(rows: SumRows, file: BinaryIO) -> None:
    """Write all sums with the types of `to_arrow()`, and say once on stderr what was rounded."""
    types, rounding = types_of(rows.money), Rounding()
    found = [row async for batch in rows for row in batch]
    arrays = {
        name: types[kind].array(
            [_unix_seconds(row[name]) if kind is datetime else row[name] for row in found],
            partial(rounding.add, name),
        )
        for name, kind in rows.kinds.items()
    }
    write_table(pa.table(arrays), file)
    if rounding.columns:
        say(rounding.message("--money text"))


def _unix_seconds(text: object) -> int:
    return int(datetime.fromisoformat(str(text)).timestamp())


async def _write_groups(
    rows: ResultRows,
    file: BinaryIO,
    table_schema: pa.Schema,
    convert: Callable[[Sequence[Bucket[object]]], pa.RecordBatch | pa.Table],
) -> None:
    """Write a row group for each group of buckets.

    They are written to a temporary file first: on an error, pyarrow completes the file that it has
    begun, and incomplete output must not look like a complete file.
    """
    with TemporaryFile() as complete:
        with ParquetWriter(complete, table_schema) as writer:
            async with aclosing(_groups(rows)) as groups:
                async for buckets in groups:
                    writer.write(convert(buckets))
        complete.seek(0)
        copyfileobj(complete, file)


async def _groups(rows: ResultRows) -> AsyncGenerator[Sequence[Bucket[object]], None]:
    """Yield the buckets in groups that are large enough for a row group."""
    group: list[Bucket[object]] = []
    count = 0
    async for bucket in rows.read():
        group.append(bucket)
        count += len(bucket.results)
        if count >= _ROWS:
            yield group
            group, count = [], 0
    if group:
        yield group


def _fields(rows: ResultRows) -> Iterator["pa.Field[Any]"]:
    """Yield the fields of `to_arrow()` and those of the requested names."""
    names = {name for names in rows.names.columns.values() for name in names}
    plain = schema(rows.source.endpoint, money=rows.money)
    for name in rows.columns:
        yield pa.field(name, _LABELS) if name in names else plain.field(name)


def _batch(
    rows: ResultRows, buckets: Sequence[Bucket[object]], table_schema: pa.Schema, rounding: Rounding
) -> pa.RecordBatch:
    batch = record_batch(rows.source.endpoint, buckets, money=rows.money, rounding=rounding)
    arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
    for ids, names in rows.names.columns.items():
        for name in names if ids in arrays else ():
            values = [rows.names.named(name, each) for each in arrays[ids].to_pylist()]
            arrays[name] = pa.array(values, _LABELS)
    return pa.RecordBatch.from_arrays(
        [arrays[name] for name in table_schema.names], schema=table_schema
    )
