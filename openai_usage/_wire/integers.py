"""Decode JSON strictly, but accept whole numbers written as `5.0` or `"5"`, without rounding.

The lenient mode of msgspec reads `5.0` and `"5"` through a float: `9007199254740993.0` loses its
last digit, `1e-400` becomes 0, and it takes `"null"` for null and `"true"` for true. So bodies are
decoded strictly, at full speed, and only a rejected body is decoded again, value by value. The API
sends plain integers, so this second pass is rare.
"""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")

_Buffer: TypeAlias = bytes | bytearray | msgspec.Raw
Coercer: TypeAlias = Callable[[Any], Any]

_NUMBER = r"(?a)-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?"

_TOO_LARGE = 2**63
"""The bound of whole numbers written as `5.0` or `"5"`: converting `1e999999` would take long."""


class ExactDecoder(Generic[T]):
    """Decodes JSON to one type: strictly, except that other forms of whole numbers are integers."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self._strict: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)

    def decode(self, body: _Buffer) -> T:
        """Return the value that *body* holds.

        Raises:
            msgspec.DecodeError: *body* holds a value of another type.
        """
        try:
            return self._strict.decode(body)
        except msgspec.ValidationError:
            value: T = msgspec.convert(self._coerce(_plain.decode(body)), self._kind, str_keys=True)
            return value

    @cached_property
    def _coerce(self) -> Coercer:
        return build_coercer(inspect.type_info(self._kind))


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise msgspec.ValidationError(
            f"{text:.40} is not a finite number within decimal128 range"
        ) from None


_plain = msgspec.json.Decoder(float_hook=_decimal)


def build_coercer(kind: inspect.Type) -> Coercer:
    """Return a function that converts whole numbers in a value of *kind* to integers.

    A union of several types, such as integer or text, stays strict.
    """
    match kind:
        case inspect.IntType():
            return coerce_int
        case inspect.Metadata():
            return (
                _str_or_none if "undocumented" in (kind.extra or ()) else build_coercer(kind.type)
            )
        case inspect.UnionType(types=(other, inspect.NoneType())):
            return build_coercer(other)
        case inspect.VarTupleType() | inspect.ListType():
            return _coerce_items(build_coercer(kind.item_type))
        case inspect.StructType() | inspect.DataclassType():
            coercers = {field.encode_name: build_coercer(field.type) for field in kind.fields}
            return _coerce_fields(
                {name: coerce for name, coerce in coercers.items() if coerce is not _unchanged}
            )
    return _unchanged


def _unchanged(value: Any) -> Any:
    return value


def coerce_int(value: Any) -> Any:
    """Return *value* as an integer if it is a whole number in another form, else unchanged."""
    number = _decimal(value) if isinstance(value, str) and re.fullmatch(_NUMBER, value) else value
    # Comparisons are exact, while arithmetic, abs() included, would round.
    if isinstance(number, Decimal) and -_TOO_LARGE <= number < _TOO_LARGE and number == int(number):
        return int(number)
    return value


def _str_or_none(value: Any) -> Any:
    # An undocumented field of another type must not make the whole page invalid.
    return value if isinstance(value, str) else None


def _coerce_items(coerce: Coercer) -> Coercer:
    return lambda value: list(map(coerce, value)) if isinstance(value, list) else value


def _coerce_fields(coercers: dict[str, Coercer]) -> Coercer:
    def coerce(value: Any) -> Any:
        if isinstance(value, dict):
            for name in coercers.keys() & value.keys():
                value[name] = coercers[name](value[name])
        return value

    return coerce
