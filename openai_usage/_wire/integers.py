"""ExactDecoder: integers may come in other clothes, and none of them is rounded on the way.

msgspec's own lenient mode reads `5.0` and `"5"` through a float: `9007199254740993.0` loses its
last digit there, `1e-400` is 0, and `"null"` and `"true"` stand for what they only spell. So what
is decoded is decoded strictly, at full speed; only what this refuses is looked at once more, value
by value. The API sends plain integers, so that costs something where there is something to mend.
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
"""For a whole number that comes as `5.0` or `"5"`; `1e999999` would take its time to write out."""


class ExactDecoder(Generic[T]):
    """Decodes JSON to one type: strictly, but that whole numbers will do for integers."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self._strict: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)

    def decode(self, body: _Buffer) -> T:
        """What *body* holds.

        Raises:
            msgspec.DecodeError: *body* holds something else.
        """
        try:
            return self._strict.decode(body)
        except msgspec.ValidationError:
            read: T = msgspec.convert(self._ease(_plain.decode(body)), self._kind, str_keys=True)
            return read

    @cached_property
    def _ease(self) -> Coercer:
        return build_coercer(inspect.type_info(self._kind))


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise msgspec.ValidationError(f"{text:.40} is no number to reckon with") from None


_plain = msgspec.json.Decoder(float_hook=_decimal)


def build_coercer(kind: inspect.Type) -> Coercer:
    """What makes integers of the whole numbers in a value of a *kind*, where it has integers.

    A kind that can be several things, such as integer or text, is left as strict as it is.
    """
    match kind:
        case inspect.IntType():
            return coerce_int
        case inspect.Metadata():
            return _text if "undocumented" in (kind.extra or ()) else build_coercer(kind.type)
        case inspect.UnionType(types=(other, inspect.NoneType())):
            return build_coercer(other)
        case inspect.VarTupleType() | inspect.ListType():
            return _each(build_coercer(kind.item_type))
        case inspect.StructType() | inspect.DataclassType():
            eases = {field.encode_name: build_coercer(field.type) for field in kind.fields}
            return _fields({name: ease for name, ease in eases.items() if ease is not _as_it_is})
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def coerce_int(value: Any) -> Any:
    number = _decimal(value) if isinstance(value, str) and re.fullmatch(_NUMBER, value) else value
    # Comparing is exact; abs() would round, as decimals do in all that is reckoned with them.
    if isinstance(number, Decimal) and -_TOO_LARGE <= number < _TOO_LARGE and number == int(number):
        return int(number)
    return value


def _text(value: Any) -> Any:
    # What nobody has promised must not stand in the way of the money beside it.
    return value if isinstance(value, str) else None


def _each(ease: Coercer) -> Coercer:
    return lambda value: list(map(ease, value)) if isinstance(value, list) else value


def _fields(eases: dict[str, Coercer]) -> Coercer:
    def ease(value: Any) -> Any:
        if isinstance(value, dict):
            for name in eases.keys() & value.keys():
                value[name] = eases[name](value[name])
        return value

    return ease
