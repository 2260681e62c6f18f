"""Results as Arrow: typed columns, a row for each result. Needs the extra `[arrow]`.

Moments are in UTC and labels are dictionaries. Money and quantities are decimals of 128 bits, text
or floats, as the caller says. What may be null is what the class of the results says, so the schema
never depends on what was used.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import accumulate
from typing import Any

from openai_usage._digits import Rounding
from openai_usage._pagination.generators import Owned
from openai_usage._text import short_repr
from openai_usage.endpoints import Endpoint
from openai_usage.errors import ColumnError
from openai_usage.schema.columns import Column, columns_of
from openai_usage.schema.results import Bucket, MoneyType, Page

try:
    import pyarrow as pa
    import pyarrow.compute as pc
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"{error.name} is missing, which comes with the extra for data frames: "
        "pip install 'openai-usage-client[arrow]'",
        name=error.name,
    ) from error

from openai_usage._arrow_types import MISFITS, types_of

__all__ = ["Rounding", "record_batch", "record_batches", "schema", "table"]

_ROWS = 10_000
"""Rows that are made in one go, in a few milliseconds; a larger page is taken in turns."""


def schema(endpoint: Endpoint[..., object], *, money: MoneyType = "decimal") -> pa.Schema:
    """The schema of an endpoint's rows, always the same.

    Raises:
        ColumnError: A field of its results is declared as something that has no column.
        InvalidQueryError: There is no such form of *money*.
    """
    columns, types = columns_of(endpoint.result), types_of(money)
    for column in columns:
        if column.kind not in types:
            raise ColumnError(
                f"{endpoint.result.__name__}.{column.name} is of a type that has no column: make "
                "it an int, float, bool, str, Decimal or Amount, which may be None, or read the "
                "results with `async for`",
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
    """The rows of some buckets, all in one batch.

    What is rounded is added to *rounding*, to be said once for several batches; without it, it is
    logged.

    Raises:
        ColumnError: A result has no place in its columns.
        InvalidQueryError: There is no such form of *money*.
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
    """The rows of each page, of a large one in several batches; at least one batch a page.

    What was rounded is logged once, when the iteration ends.

    Raises:
        ColumnError: A result has no place in its columns. Its `resume_from` is where the buckets
            end whose rows were handed over.
        InvalidQueryError: There is no such form of *money*.
    """
    rows = _Rows(endpoint, money)  # what has no column is said before anything is sent
    handed_over: int | None = None
    try:
        async with Owned(pages) as owned:
            async for page in owned:
                for buckets in _in_turns(page.data):
                    try:
                        batch = rows.batch(buckets)
                    except ColumnError as error:
                        error.resume_from = handed_over
                        raise
                    yield batch
                    handed_over = buckets[-1].end_time if buckets else handed_over
                    await asyncio.sleep(0)
    finally:
        rows.rounding.log(endpoint.path)


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


class _Rows:
    """Makes batches of an endpoint's rows, and counts what is rounded in them."""

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
        """What stands in each column, a row for each result; each has the times of its bucket."""
        bounds = [0, *accumulate(len(bucket.results) for bucket in buckets)]
        bucket_of = pc.list_parent_indices(pa.ListArray.from_arrays(bounds, pa.nulls(bounds[-1])))
        for column in self._columns:
            array = self._array(column, buckets)
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
            f"{column.name} is {short_repr(value)} in the bucket that begins at "
            f"{bucket.start_time} ({bucket.start.isoformat()}). Its column, {kind.arrow}, holds "
            f"{kind.holds}. Use {kind.way_out} to keep every digit.",
            column=column.name,
            start_time=bucket.start_time,
        )
