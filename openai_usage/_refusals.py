"""Refuse arguments without showing them in tracebacks."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from openai_usage.errors import InvalidOptionError, InvalidQueryError

__all__ = ["without_arguments_in_tracebacks"]

P = ParamSpec("P")
T = TypeVar("T")


def without_arguments_in_tracebacks(function: Callable[P, T]) -> Callable[P, T]:
    """Return *function*, which then refuses arguments without the frames that hold them.

    An argument can be a key by mistake, and tracebacks can show locals.
    """

    @wraps(function)
    def refusing(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except (InvalidOptionError, InvalidQueryError, TypeError) as error:
            del args, kwargs
            raise error.with_traceback(None) from None

    return refusing
