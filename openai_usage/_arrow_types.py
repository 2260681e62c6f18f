"""Map kinds of columns to Arrow types, and build arrays of them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from math import inf
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from attrs import frozen

from openai_usage._digits import DECIMALS, DIGITS, MONEY_AS_TEXT, NOT_IN_A_TABLE, digits, quantize
from openai_usage.schema.results import MoneyType
from openai_usage.schema.validation import validate

_DECIMAL = pa.decimal128(DIGITS, DECIMALS)
_TIMES = pa.timestamp("us", tz="UTC")  # all times are in UTC, in this unit
_SECONDS = pa.timestamp("s", tz="UTC")

_PLAIN = f"^-?[0-9]{{1,{DIGITS - DECIMALS}}}([.][0-9]{{1,{DECIMALS}}})?$"

MISFITS = (TypeError, ValueError, ArithmeticError)
"""The errors that pyarrow and decimal raise if a value does not fit into a column."""

Report: TypeAlias = Callable[[Decimal, Decimal], None]
"""A function that is called for each rounded value, with the value before and after."""


@frozen
class ArrowType:
    """The Arrow type of one kind of column."""

    arrow: pa.DataType
    """The type of the column."""
    holds: str
    """A description of the values that fit, for messages."""
    array: Callable[[list[Any], Report], "pa.Array[Any]"]
    """A function that builds an array of values. It reports rounding and raises for misfits."""
    hint: str = NOT_IN_A_TABLE
    """The way to get values that do not fit, for messages."""

    def fits(self, value: object) -> bool:
        """Return whether a value fits into the column."""
        try:
            self.array([value], lambda *_: None)
        except MISFITS:
            return False
        return True


def _plain(arrow: pa.DataType, holds: str) -> ArrowType:
    return ArrowType(arrow, holds, lambda values, _: pa.array(values, arrow))


def _times(values: Sequence[int], _: Report) -> "pa.Array[Any]":
    return pa.array(values, _SECONDS).cast(_TIMES)


def _decimals(values: list[Decimal | None], report: Report) -> "pa.Array[Any]":
    """Return decimals that are exact or rounded here; pyarrow alone would change some silently.

    When pyarrow changes a scale, it reads beyond its table of powers for some values (`4E-63`
    becomes thousands), and lets others overflow. So it gets either plain digits that fit, to which
    it only appends zeros, or values that have the scale of the column already.
    """
    if values and values[0] is not None:
        texts = pa.array(list(map(str, values)))
        if pc.all(pc.match_substring_regex(texts, _PLAIN)).as_py():
            return texts.cast(_DECIMAL)
    rounded = [None if each is None else quantize(each) for each in values]
    if rounded != values:  # compared as a whole first, because most often they are equal
        for value, result in zip(values, rounded, strict=True):
            if value is not None and result is not None and value != result:
                report(value, result)
    return pa.array(rounded, _DECIMAL)


def _texts(values: list[Decimal | None], _: Report) -> "pa.Array[Any]":
    return pa.array([None if each is None else digits(each) for each in values], pa.string())


def _floats(values: list[Decimal | None], _: Report) -> "pa.Array[Any]":
    floats = [None if each is None else float(each) for each in values]
    if inf in floats or -inf in floats:
        raise OverflowError
    return pa.array(floats, pa.float64())


_TYPES: Mapping[type, ArrowType] = {
    datetime: ArrowType(_TIMES, "times", _times),
    int: _plain(pa.int64(), "integers of 64 bits"),
    float: _plain(pa.float64(), "floats of 64 bits"),
    bool: _plain(pa.bool_(), "true and false"),
    str: _plain(pa.dictionary(pa.int32(), pa.string()), "text"),
}
"""The types by the kind of a column, except decimals, which have several."""

_MONEY: Mapping[MoneyType, ArrowType] = {
    "decimal": ArrowType(
        _DECIMAL, f"{DIGITS - DECIMALS} digits before the point", _decimals, MONEY_AS_TEXT
    ),
    "text": ArrowType(pa.string(), "text", _texts),
    "float": ArrowType(pa.float64(), "floats of 64 bits", _floats, MONEY_AS_TEXT),
}
"""The types of decimals, by the `money` argument."""


def types_of(money: MoneyType) -> Mapping[type, ArrowType]:
    """Return the types by the kind of a column, with the type of decimals that *money* names.

    Raises:
        InvalidQueryError: *money* is not one of its allowed values.
    """
    validate("money", money, MoneyType)
    return {**_TYPES, Decimal: _MONEY[money]}
