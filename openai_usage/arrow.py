"""Convert results to Arrow: typed columns, a row for each result. Needs the extra `[arrow]`.

Times are in UTC, and text columns are dictionaries. Money and quantities are decimals of 128 bits,
text or floats, as the caller chooses. The schema depends only on the class of the results, nulls
included, and never on the data.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import accumulate
from typing import Any

from openai_usage._digits import Rounding, digits
from openai_usage._extras import missing_library
from openai_usage._pagination.generators import Owned
from openai_usage._pagination.resume_point import ResumePoint
from openai_usage._text import short_repr
from openai_usage._time_format import iso
from openai_usage.endpoints import Endpoint
from openai_usage.errors import ColumnError
from openai_usage.schema.columns import Column, columns_of, examples_by
from openai_usage.schema.results import Bucket, MoneyType, Page

try:
    import pyarrow as pa
    import pyarrow.compute as pc
except ModuleNotFoundError as error:
    raise missing_library(str(error.name), "arrow") from None

from openai_usage._arrow_types import MISFITS, types_of

__all__ = ["Rounding", "record_batch", "record_batches", "schema", "table"]

_ROWS = 10_000
"""Rows that are converted at once, in a few milliseconds. Larger pages become several batches."""

_LONGEST = 60
"""The most characters of a decimal in a message."""


def schema(endpoint: Endpoint[..., object], *, money: MoneyType = "decimal") -> pa.Schema:
    """Return the schema of an endpoint's rows, which never depends on the data.

    Raises:
        ColumnError: A field of the results has a type without a column.
        InvalidQueryError: *money* is not one of its allowed values.
    """
    columns, types = columns_of(endpoint.result), types_of(money)
    for column in columns:
        if column.kind not in types:
            raise ColumnError(
                f"{endpoint.result.__name__}.{column.name} does not fit into a column. Make "
                "it an int, float, bool, str, Decimal or Amount, optionally with None, or read the "
                "results with `async for`.",
                column=column.name,
            )
    return pa.schema(
        [pa.field(each.name, types[each.kind].arrow, each.nullable) for each in columns]
    )


def record_batch(
    endpoint: Endpoint[..., object],
    buckets: Sequence[Bucket[object]],
    *,
    money: MoneyType = "decimal",
    rounding: Rounding | None = None,
) -> pa.RecordBatch:
    """Return the rows of some buckets in one batch.

    Add the rounded values to *rounding*, so that they can be reported once for several batches. If
    it is None, log them.

    Raises:
        ColumnError: A value does not fit into its column.
        InvalidQueryError: *money* is not one of its allowed values.
    """
    rows = _Rows(endpoint, money, rounding)
    batch = rows.batch(buckets)
    if rounding is None:
        rows.rounding.log(endpoint.path)
    return batch


async def record_batches(
    endpoint: Endpoint[..., object],
    pages: AsyncGenerator[Page[object], None],
    *,
    money: MoneyType = "decimal",
) -> AsyncGenerator[pa.RecordBatch, None]:
    """Yield the rows of each page: at least one batch for a page, and several for a large page.

    Log rounded values once, when the iteration ends.

    Raises:
        ColumnError: A value does not fit into its column. Its `resume_from` is the end of the last
            bucket whose rows were yielded.
        InvalidQueryError: *money* is not one of its allowed values.
    """
    rows = _Rows(endpoint, money)  # raises before anything is sent
    try:
        async with Owned(pages) as owned:
            with ResumePoint() as yielded:
                async for page in owned:
                    for buckets in _chunks(page.data):
                        yield rows.batch(buckets)
                        if buckets:
                            yielded.end_time = buckets[-1].end_time
                        await asyncio.sleep(0)
    finally:
        rows.rounding.log(endpoint.path)


def table(batches: Sequence[pa.RecordBatch]) -> pa.Table:
    """Return one table of at least one batch: each column in one chunk, with one dictionary.

    Keeping the chunks would copy less, but many readers would have to combine them first.
    """
    return pa.Table.from_batches(batches).combine_chunks()


def _chunks(buckets: Sequence[Bucket[object]]) -> Iterator[Sequence[Bucket[object]]]:
    """Yield *buckets* in chunks. Without buckets, yield one empty chunk."""
    chunk: list[Bucket[object]] = []
    rows = 0
    for bucket in buckets:
        if chunk and rows + len(bucket.results) > _ROWS:
            yield chunk
            chunk, rows = [], 0
        chunk.append(bucket)
        rows += len(bucket.results)
    yield chunk


class _Rows:
    """Makes batches of an endpoint's rows, and counts rounded values."""

    def __init__(
        self, endpoint: Endpoint[..., object], money: MoneyType, rounding: Rounding | None = None
    ) -> None:
        self.rounding = Rounding() if rounding is None else rounding
        self._schema = schema(endpoint, money=money)
        self._columns = columns_of(endpoint.result)
        self._types = types_of(money)

    def batch(self, buckets: Sequence[Bucket[object]]) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays(list(self._arrays(buckets)), schema=self._schema)

    def _arrays(self, buckets: Sequence[Bucket[object]]) -> Iterator["pa.Array[Any]"]:
        """Yield the array of each column: a row for each result, with the times of its bucket."""
        bounds = [0, *accumulate(len(bucket.results) for bucket in buckets)]
        bucket_of = pc.list_parent_indices(pa.ListArray.from_arrays(bounds, pa.nulls(bounds[-1])))
        derived_from = {column.derived_from for column in self._columns}
        decisive: dict[str, tuple[pa.DictionaryArray[Any, Any], Mapping[Any, object]]] = {}
        for column in self._columns:
            if column.derived_from in decisive:
                encoded, examples = decisive[column.derived_from]
                values = column.derived_values(examples)
                if values.get(None) is None:  # otherwise a null would have to become a value
                    yield _derived(values, encoded)
                    continue
            array = self._array(column, buckets)
            if column.name in derived_from and isinstance(array, pa.DictionaryArray):
                decisive[column.name] = array, examples_by(column.name, buckets)
            yield array.take(bucket_of) if column.kind is datetime else array

    def _array(self, column: Column, buckets: Sequence[Bucket[object]]) -> "pa.Array[Any]":
        kind = self._types[column.kind]
        try:
            return kind.array(column.values(buckets), partial(self.rounding.add, column.name))
        except MISFITS:
            bucket, value = next(
                (bucket, value)
                for bucket in buckets
                for value in column.values([bucket])
                if not kind.fits(value)
            )
        raise ColumnError(
            f"{column.name} is {_shown(value)} in the bucket that begins at {iso(bucket.start)}. "
            f"Its column, {kind.arrow}, holds {kind.holds}.",
            column=column.name,
            start_time=bucket.start_time,
            hint=kind.hint,
        )


def _derived(
    values: Mapping[Any, Any], decisive: "pa.DictionaryArray[Any, Any]"
) -> "pa.Array[Any]":
    """Return the array of a derived text column, from that of the field that decides it."""
    texts = [values[field] for field in decisive.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).dictionary_encode().take(decisive.indices)


def _shown(value: object) -> str:
    """Return a *value* for a message: a decimal with every digit, or rounded if it is long."""
    if not isinstance(value, Decimal):
        return short_repr(value)
    text = digits(value)
    return text if len(text) <= _LONGEST else f"about {value:.3g}"
