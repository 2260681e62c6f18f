"""Validate arguments against the declared types of parameters.

The declaration is the only rule: a new parameter, or a user's own query class, needs no code here.
"""

from collections.abc import Collection, Mapping, Sequence
from types import NoneType, UnionType
from typing import Literal, NoReturn, TypeVar, Union, get_args, get_origin

from openai_usage._text import contains_key, did_you_mean, listed, short_repr
from openai_usage.errors import InvalidQueryError

T = TypeVar("T")

ONLY_AS_KEY = "Pass the key only as admin_api_key."
"""The hint for a key in the wrong place."""


def validate(param: str, value: object, declared: object) -> object:
    """Return *value* as a query stores it: as a plain type, with lists as tuples.

    Raises:
        InvalidQueryError: *value* is not of the *declared* type.
    """
    origin, args = get_origin(declared), get_args(declared)
    if origin in (Union, UnionType):
        return _any_of(param, value, args)
    if origin is Literal:
        return choose(param, value, args)
    if origin in (Sequence, list, tuple):
        return _list(param, value, args[0])
    if origin is Mapping:
        return _mapping(param, value, args[1])
    return _plain(param, value, declared)


def _any_of(param: str, value: object, kinds: tuple[object, ...]) -> object:
    if value is None and NoneType in kinds:
        return None
    wanted = [kind for kind in kinds if kind is not NoneType]
    if len(wanted) == 1:
        return validate(param, value, wanted[0])
    for kind in wanted:
        try:
            return validate(param, value, kind)
        except InvalidQueryError as error:
            if type(value) is kind or error.hint == ONLY_AS_KEY:  # the type is right
                raise
    return reject(param, value, listed(map(_named, wanted), "or"))


def _named(kind: object) -> str:
    return kind.__name__ if isinstance(kind, type) else f"a list of {get_args(kind)[0].__name__}"


def choose(param: str, value: object, allowed: Sequence[T]) -> T:
    """Return the one of the *allowed* values that equals *value*.

    Raises:
        InvalidQueryError: None does. The error has a hint if *value* is similar to one of them.
    """
    for each in allowed:
        if isinstance(value, type(each)) and each == value:
            return each  # not *value*, which can be a member of an enum
    hint = did_you_mean(value, map(str, allowed)) if isinstance(value, str) else ""
    return reject(param, value, listed(map(repr, allowed), "or"), hint)


def _list(param: str, value: object, declared: object) -> tuple[object, ...]:
    if isinstance(value, str):
        reject(param, value, "a list", f"Pass [{short_repr(value)}].")
    if not isinstance(value, Collection) or isinstance(value, bytes | Mapping):
        reject(param, value, "a list")
    return tuple(validate(param, item, declared) for item in value)


def _mapping(param: str, value: object, declared: object) -> dict[str, object]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        reject(param, value, "a mapping from names to values")
    items = {
        str(validate(param, name, str)): validate(f"{param}[{short_repr(name)}]", item, declared)
        for name, item in value.items()
    }
    for name, item in items.items():
        if item == ():  # an empty list is not sent
            reject(f"{param}[{short_repr(name)}]", [], "a list that is not empty")
    return items


def _plain(param: str, value: object, declared: object) -> object:
    if not isinstance(declared, type):
        raise TypeError(f"{param} is declared as {declared!r}, which cannot be checked")
    # In Python a bool is an int, but here it is a mistake. An int is allowed for a float.
    kinds = (int, float) if declared is float else declared
    if not isinstance(value, kinds) or (isinstance(value, bool) and declared is not bool):
        reject(param, value, declared.__name__)
    if isinstance(value, str) and not value.strip():
        reject(param, value, "text that is not blank")
    if isinstance(value, str) and not _is_text(value):
        reject(param, value, "text without lone surrogates")
    if isinstance(value, str) and contains_key(value):
        reject_key(param, "an API key")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        reject(param, value, "an integer of 64 bits")
    # Store the value of an enum member, not its name.
    if isinstance(value, str):
        return str.__str__(value)
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def reject(param: str, value: object, expected: str, hint: str = "") -> NoReturn:
    """Raise an `InvalidQueryError`: *param* takes *expected*, not *value*."""
    raise InvalidQueryError(param=param, value=short_repr(value), expected=expected, hint=hint)


def reject_key(param: str, kind: str) -> NoReturn:
    """Raise an `InvalidQueryError`: the value of *param* is a key of this *kind*, and not shown."""
    expected = "a value that may be sent in a URL"
    raise InvalidQueryError(param=param, value=kind, expected=expected, hint=ONLY_AS_KEY)
