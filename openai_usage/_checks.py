"""Holds what a caller passed against the type that its parameter is declared with.

The declaration is the only rule there is: a new parameter, or a new query class of a user's own,
is checked without a line written for it.
"""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Literal, NoReturn, Union, get_args, get_origin

from openai_usage.errors import InvalidQueryError


def checked(param: str, value: object, declared: object) -> object:
    """*value* as a query keeps it: lists become tuples, everything else stays as it is.

    Raises:
        InvalidQueryError: *value* is not of the *declared* type.
    """
    origin, args = get_origin(declared), get_args(declared)
    if origin in (Union, UnionType):
        if value is None and NoneType in args:
            return None
        declared = next(arg for arg in args if arg is not NoneType)
        return checked(param, value, declared)
    if origin is Literal:
        return _one_of(param, value, args)
    if origin in (Sequence, list, tuple):
        return _list(param, value, args[0])
    if origin is Mapping:
        return _mapping(param, value)
    return _plain(param, value, declared)


def _one_of(param: str, value: object, allowed: tuple[object, ...]) -> object:
    if value in allowed:
        return value
    close = get_close_matches(str(value), map(str, allowed), n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise InvalidQueryError(
        f"{param}={value!r} is not one of {', '.join(map(repr, allowed))}.{hint}",
        param=param,
    )


def _list(param: str, value: object, declared: object) -> tuple[object, ...]:
    if isinstance(value, str):
        refuse(param, value, f"a list: [{value!r}]")
    if not isinstance(value, Collection) or isinstance(value, bytes | Mapping):
        refuse(param, value, "a list")
    return tuple(checked(param, item, declared) for item in value)


def _mapping(param: str, value: object) -> dict[str, object]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        refuse(param, value, "a mapping from names to values")
    return dict(value)


def _plain(param: str, value: object, declared: object) -> object:
    if not isinstance(declared, type):
        raise TypeError(f"{param} is declared as {declared!r}, which cannot be checked")
    # A bool is an int to Python, and never what is meant here.
    if not isinstance(value, declared) or (isinstance(value, bool) and declared is not bool):
        refuse(param, value, f"{declared.__name__}")
    if isinstance(value, str) and not value.strip():
        refuse(param, value, "text that is not blank")
    return value


def refuse(param: str, value: object, wanted: str) -> NoReturn:
    raise InvalidQueryError(f"{param} takes {wanted}, not {value!r}", param=param)
