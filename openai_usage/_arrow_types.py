"""What columns are to Arrow, by what they hold: their types, and how arrays of them are made."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from math import inf
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from attrs import frozen

from openai_usage._digits import DECIMALS, DIGITS, digits, fitted
from openai_usage.schema.results import MoneyType
from openai_usage.schema.validation import validate

_DECIMAL = pa.decimal128(DIGITS, DECIMALS)
_MOMENTS = pa.timestamp("us", tz="UTC")  # the one unit that all of them have, in UTC
_SECONDS = pa.timestamp("s", tz="UTC")

_PLAIN = f"^-?[0-9]{{1,{DIGITS - DECIMALS}}}([.][0-9]{{1,{DECIMALS}}})?$"

MISFITS = (TypeError, ValueError, ArithmeticError)
"""What is raised where a value is not for a column: pyarrow's and decimal's errors are of these."""

Report: TypeAlias = Callable[[Decimal, Decimal], None]
"""Called for each value that is rounded, with the value and what stands in its place."""


@frozen
class ArrowType:
    """What a column of one kind is to Arrow."""

    arrow: pa.DataType
    """The type of the column."""
    holds: str
    """What the column holds, in English."""
    array: Callable[[list[Any], Report], "pa.Array[Any]"]
    """Makes an array of values. It reports what it rounds, and raises where a value has no room."""
    way_out: str = "collect()"
    """What to use for values that have no room."""

    def fits(self, value: object) -> bool:
        """Return whether there is room for a value."""
        try:
            self.array([value], lambda *_: None)
        except MISFITS:
            return False
        return True


def _plain(arrow: pa.DataType, holds: str) -> ArrowType:
    return ArrowType(arrow, holds, lambda values, _: pa.array(values, arrow))


def _moments(values: Sequence[int], _: Report) -> "pa.Array[Any]":
    return pa.array(values, _SECONDS).cast(_MOMENTS)


def _decimals(values: list[Decimal | None], report: Report) -> "pa.Array[Any]":
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


def _texts(values: list[Decimal | None], _: Report) -> "pa.Array[Any]":
    return pa.array([None if each is None else digits(each) for each in values], pa.string())


def _floats(values: list[Decimal | None], _: Report) -> "pa.Array[Any]":
    floats = [None if each is None else float(each) for each in values]
    if inf in floats or -inf in floats:
        raise OverflowError
    return pa.array(floats, pa.float64())


_TYPES: Mapping[type, ArrowType] = {
    datetime: ArrowType(_MOMENTS, "moments", _moments),
    int: _plain(pa.int64(), "integers of 64 bits"),
    float: _plain(pa.float64(), "floats of 64 bits"),
    bool: _plain(pa.bool_(), "true and false"),
    str: _plain(pa.dictionary(pa.int32(), pa.string()), "text"),
}
"""The types, by the kind of a column; but for decimals, which have several."""

_AS_TEXT = 'money="text"'

_MONEY: Mapping[MoneyType, ArrowType] = {
    "decimal": ArrowType(
        _DECIMAL, f"{DIGITS - DECIMALS} digits before the point", _decimals, _AS_TEXT
    ),
    "text": ArrowType(pa.string(), "text", _texts),
    "float": ArrowType(pa.float64(), "floats of 64 bits", _floats, _AS_TEXT),
}
"""The types of decimals, by what the caller wants."""


def types_of(money: MoneyType) -> Mapping[type, ArrowType]:
    """Return the types by the kind of a column, with *money* as the caller wants it.

    Raises:
        InvalidQueryError: There is no such type of *money*.
    """
    validate("money", money, MoneyType)
    return {**_TYPES, Decimal: _MONEY[money]}
