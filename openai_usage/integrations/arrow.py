"""Results as Arrow: typed columns, a row for each result. Needs the extra `[arrow]`.

Moments are in UTC, labels are dictionaries, and money and quantities are decimals of 128 bits, the
widest that Parquet, pandas, polars and DuckDB all have: exact, or an error. What may be null is
what the class of the results says, so the schema never depends on what was used.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from itertools import accumulate
from typing import Any

from attrs import frozen

from openai_usage._columns import Column, columns_of
from openai_usage._generators import Owned
from openai_usage._shown import shown
from openai_usage.endpoints import Endpoint
from openai_usage.errors import ColumnError
from openai_usage.results import Bucket, Page

try:
    import pyarrow as pa
    import pyarrow.compute as pc
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"{error.name} is missing, which comes with the extra for data frames: "
        "pip install 'openai-usage-client[arrow]'",
        name=error.name,
    ) from error

__all__ = ["record_batch", "record_batches", "schema", "table"]

_ROWS = 10_000
"""Rows that are made in one go, in a few milliseconds; a larger page is taken in turns."""

_DIGITS, _DECIMALS = 38, 24
"""Of money: the least price is some 1e-8 dollars, for a token, and what was once reckoned in floats
has up to 17 digits, all of them within 24 decimals. That leaves 14 digits before the point, which
is a hundred trillion dollars or tokens in one result. What the API is known to send beyond that is
zeros (`0E-6176`), and they are dropped."""

_MONEY = pa.decimal128(_DIGITS, _DECIMALS)
_MOMENTS = pa.timestamp("us", tz="UTC")  # the one unit that all of them have, in UTC
_SECONDS = pa.timestamp("s", tz="UTC")

_exactly = Context(prec=_DIGITS, traps=[Inexact, InvalidOperation]).quantize
_LAST = Decimal(1).scaleb(-_DECIMALS)
_PLAIN = f"^-?[0-9]{{1,{_DIGITS - _DECIMALS}}}([.][0-9]{{1,{_DECIMALS}}})?$"

_MISFITS = (TypeError, ValueError, ArithmeticError)
"""What is raised where a value is not for a column: pyarrow's and decimal's errors are of these."""


@frozen
class _Type:
    """What a column of one kind is to Arrow."""

    arrow: pa.DataType
    holds: str
    array: Callable[[Sequence[Any]], "pa.Array[Any]"]
    """Makes an array of values; what would be changed on the way is refused."""

    def fits(self, value: object) -> bool:
        try:
            self.array([value])
        except _MISFITS:
            return False
        return True


def _plain(arrow: pa.DataType, holds: str) -> _Type:
    return _Type(arrow, holds, lambda values: pa.array(values, arrow))


def _moments(values: Sequence[int]) -> "pa.Array[Any]":
    return pa.array(values, _SECONDS).cast(_MOMENTS)


def _decimals(values: Sequence[Decimal | None]) -> "pa.Array[Any]":
    """Exact, or an error; which pyarrow alone does not keep to.

    Where it has to change a scale, it reads beyond its table of powers for some values (`4E-63`
    becomes thousands), and lets others overflow. So it gets either plain digits for which there is
    room, to which it appends zeros, or values that were brought to the scale of the column before.
    """
    if values and values[0] is not None:
        texts = pa.array(list(map(str, values)))
        if pc.all(pc.match_substring_regex(texts, _PLAIN)).as_py():
            return texts.cast(_MONEY)
    exact = [None if each is None else _exactly(each, _LAST) for each in values]
    return pa.array(exact, _MONEY)


_TYPES: Mapping[type, _Type] = {
    datetime: _Type(_MOMENTS, "moments", _moments),
    Decimal: _Type(
        _MONEY,
        f"{_DIGITS - _DECIMALS} digits before the point and {_DECIMALS} after it",
        _decimals,
    ),
    int: _plain(pa.int64(), "integers of 64 bits"),
    float: _plain(pa.float64(), "floats of 64 bits"),
    bool: _plain(pa.bool_(), "true and false"),
    str: _plain(pa.dictionary(pa.int32(), pa.string()), "text"),
}
"""The types, by the kind of a column."""


def schema(endpoint: Endpoint[..., object]) -> pa.Schema:
    """The schema of an endpoint's rows, always the same.

    Raises:
        ColumnError: A field of its results is declared as something that has no column.
    """
    columns = columns_of(endpoint.result)
    for column in columns:
        if column.kind not in _TYPES:
            raise ColumnError(
                f"{endpoint.result.__name__}.{column.name} is of a type that has no column: make "
                "it an int, float, bool, str, Decimal or Amount, which may be None, or read the "
                "results with `async for`",
                column=column.name,
            )
    return pa.schema(
        [pa.field(each.name, _TYPES[each.kind].arrow, each.nullable) for each in columns]
    )


def record_batch(
    endpoint: Endpoint[..., object], buckets: Sequence[Bucket[object]]
) -> pa.RecordBatch:
    """The rows of some buckets, all in one batch.

    Raises:
        ColumnError: A result has no place in its columns.
    """
    return _batch(columns_of(endpoint.result), buckets, schema(endpoint))


async def record_batches(
    endpoint: Endpoint[..., object], pages: AsyncGenerator[Page[object], None]
) -> AsyncGenerator[pa.RecordBatch, None]:
    """The rows of each page, of a large one in several batches; at least one batch a page.

    Raises:
        ColumnError: A result has no place in its columns. Its `resume_from` is where the buckets
            end whose rows were handed over.
    """
    known = schema(endpoint)  # what has no column is said before anything is sent
    columns = columns_of(endpoint.result)
    handed_over: int | None = None
    async with Owned(pages) as owned:
        async for page in owned:
            for buckets in _in_turns(page.data):
                try:
                    batch = _batch(columns, buckets, known)
                except ColumnError as error:
                    error.resume_from = handed_over
                    raise
                yield batch
                handed_over = buckets[-1].end_time if buckets else handed_over
                await asyncio.sleep(0)


def table(batches: Sequence[pa.RecordBatch]) -> pa.Table:
    """One table of some batches, of one at least: columns in one piece, labels with one dictionary.

    Pieces can be shared, too, but not everybody reads them without putting them together.
    """
    return pa.Table.from_batches(batches).combine_chunks()


def _in_turns(buckets: Sequence[Bucket[object]]) -> Iterator[Sequence[Bucket[object]]]:
    """All *buckets*, some at a time; at least once, even if there are none."""
    some: list[Bucket[object]] = []
    rows = 0
    for bucket in buckets:
        if some and rows + len(bucket.results) > _ROWS:
            yield some
            some, rows = [], 0
        some.append(bucket)
        rows += len(bucket.results)
    yield some


def _batch(
    columns: Sequence[Column], buckets: Sequence[Bucket[object]], known: pa.Schema
) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(list(_arrays(columns, buckets)), schema=known)


def _arrays(
    columns: Sequence[Column], buckets: Sequence[Bucket[object]]
) -> Iterator["pa.Array[Any]"]:
    """What stands in each column, a row for each result; when its bucket was is in every row."""
    bounds = [0, *accumulate(len(bucket.results) for bucket in buckets)]
    bucket_of = pc.list_parent_indices(pa.ListArray.from_arrays(bounds, pa.nulls(bounds[-1])))
    for column in columns:
        array = _array(column, buckets)
        yield array.take(bucket_of) if column.kind is datetime else array


def _array(column: Column, buckets: Sequence[Bucket[object]]) -> "pa.Array[Any]":
    kind = _TYPES[column.kind]
    try:
        return kind.array(column.values(buckets))
    except _MISFITS:
        bucket, value = next(
            (bucket, value)
            for bucket in buckets
            for value in column.values([bucket])
            if not kind.fits(value)
        )
    raise ColumnError(
        f"{column.name} is {shown(value)} in the bucket that begins at {bucket.start_time} "
        f"({bucket.start.isoformat()}), but its column, {kind.arrow}, holds {kind.holds}. It was "
        "not rounded: read it with collect() or `async for`, which have every digit",
        column=column.name,
        start_time=bucket.start_time,
    )
