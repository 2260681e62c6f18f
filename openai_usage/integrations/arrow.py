"""Results as Arrow: typed columns, a row for each result. Needs the extra `[arrow]`.

Moments are in UTC and labels are dictionaries. Money and quantities are decimals of 128 bits, text
or floats, as the caller says. What may be null is what the class of the results says, so the schema
never depends on what was used.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import accumulate
from math import inf
from typing import Any, TypeAlias

from attrs import frozen

from openai_usage._checks import checked
from openai_usage._columns import Column, columns_of
from openai_usage._digits import DECIMALS, DIGITS, Rounding, digits, fitted
from openai_usage._shown import shown
from openai_usage.endpoints import Endpoint
from openai_usage.errors import ColumnError
from openai_usage.results import Bucket, MoneyType, Page

try:
    import pyarrow as pa
    import pyarrow.compute as pc
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"{error.name} is missing, which comes with the extra for data frames: "
        "pip install 'openai-usage-client[arrow]'",
        name=error.name,
    ) from error

__all__ = ["Rounding", "record_batch", "record_batches", "schema", "table"]

_ROWS = 10_000
"""Rows that are made in one go, in a few milliseconds; a larger page is taken in turns."""

_DECIMAL = pa.decimal128(DIGITS, DECIMALS)
_MOMENTS = pa.timestamp("us", tz="UTC")  # the one unit that all of them have, in UTC
_SECONDS = pa.timestamp("s", tz="UTC")

_PLAIN = f"^-?[0-9]{{1,{DIGITS - DECIMALS}}}([.][0-9]{{1,{DECIMALS}}})?$"

_MISFITS = (TypeError, ValueError, ArithmeticError)
"""What is raised where a value is not for a column: pyarrow's and decimal's errors are of these."""

_Report: TypeAlias = Callable[[Decimal, Decimal], None]
"""Called for each value that is rounded, with the value and what stands in its place."""


@frozen
class _Type:
    """What a column of one kind is to Arrow."""

    arrow: pa.DataType
    holds: str
    array: Callable[[list[Any], _Report], "pa.Array[Any]"]
    """Makes an array of values. It reports what it rounds, and raises where a value has no room."""
    way_out: str = "collect()"
    """What to use for values that have no room."""

    def fits(self, value: object) -> bool:
        try:
            self.array([value], lambda *_: None)
        except _MISFITS:
            return False
        return True


def _plain(arrow: pa.DataType, holds: str) -> _Type:
    return _Type(arrow, holds, lambda values, _: pa.array(values, arrow))


def _moments(values: Sequence[int], _: _Report) -> "pa.Array[Any]":
    return pa.array(values, _SECONDS).cast(_MOMENTS)


def _decimals(values: list[Decimal | None], report: _Report) -> "pa.Array[Any]":
    """Return decimals that are exact, or rounded by us; pyarrow alone would change them silently.

    Where it has to change a scale, it reads beyond its table of powers for some values (`4E-63`
    becomes thousands), and lets others overflow. So it gets either plain digits for which there is
    room, to which it appends zeros, or values that were brought to the scale of the column before.
    """
    if values and values[0] is not None:
        texts = pa.array(list(map(str, values)))
        if pc.all(pc.match_substring_regex(texts, _PLAIN)).as_py():
            return texts.cast(_DECIMAL)
    rounded = [None if each is None else fitted(each) for each in values]
    if rounded != values:  # in one go, as most often they are the same
        for value, instead in zip(values, rounded, strict=True):
            if value is not None and instead is not None and value != instead:
                report(value, instead)
    return pa.array(rounded, _DECIMAL)


def _texts(values: list[Decimal | None], _: _Report) -> "pa.Array[Any]":
    return pa.array([None if each is None else digits(each) for each in values], pa.string())


def _floats(values: list[Decimal | None], _: _Report) -> "pa.Array[Any]":
    floats = [None if each is None else float(each) for each in values]
    if inf in floats or -inf in floats:
        raise OverflowError
    return pa.array(floats, pa.float64())


_TYPES: Mapping[type, _Type] = {
    datetime: _Type(_MOMENTS, "moments", _moments),
    int: _plain(pa.int64(), "integers of 64 bits"),
    float: _plain(pa.float64(), "floats of 64 bits"),
    bool: _plain(pa.bool_(), "true and false"),
    str: _plain(pa.dictionary(pa.int32(), pa.string()), "text"),
}
"""The types, by the kind of a column; but for decimals, which have several."""

_AS_TEXT = 'money="text"'

_MONEY: Mapping[MoneyType, _Type] = {
    "decimal": _Type(_DECIMAL, f"{DIGITS - DECIMALS} digits before the point", _decimals, _AS_TEXT),
    "text": _Type(pa.string(), "text", _texts),
    "float": _Type(pa.float64(), "floats of 64 bits", _floats, _AS_TEXT),
}
"""The types of decimals, by what the caller wants."""


def _types(money: MoneyType) -> Mapping[type, _Type]:
    checked("money", money, MoneyType)
    return {**_TYPES, Decimal: _MONEY[money]}


def schema(endpoint: Endpoint[..., object], *, money: MoneyType = "decimal") -> pa.Schema:
    """The schema of an endpoint's rows, always the same.

    Raises:
        ColumnError: A field of its results is declared as something that has no column.
        InvalidQueryError: There is no such form of *money*.
    """
    columns, types = columns_of(endpoint.result), _types(money)
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
        async with aclosing(pages):
            async for page in pages:
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
        self._types = _types(money)

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
        except _MISFITS:
            bucket, value = next(
                (bucket, value)
                for bucket in buckets
                for value in column.values([bucket])
                if not kind.fits(value)
            )
        raise ColumnError(
            f"{column.name} is {shown(value)} in the bucket that begins at {bucket.start_time} "
            f"({bucket.start.isoformat()}). Its column, {kind.arrow}, holds {kind.holds}. "
            f"Use {kind.way_out} to keep every digit.",
            column=column.name,
            start_time=bucket.start_time,
        )
