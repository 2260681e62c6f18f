"""Convert the text of an option into a value of its type."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

from openai_usage._text import short_repr
from openai_usage.errors import InvalidOptionError
from openai_usage.schema.times import parse_time

__all__ = [
    "reject_text",
    "to_count",
    "to_duration",
    "to_flag",
    "to_list",
    "to_number",
    "to_path",
    "to_time",
]

_WORDS: Mapping[str, bool] = {"true": True, "false": False}


def to_time(name: str, text: str) -> object:
    """Return the time in *text*. A time of day needs a time zone."""
    found = parse_time(text)
    expected = "2026-01-01, 2026-01-01T12:00Z or Unix seconds"
    if found is None:
        reject_text(name, text, expected)
    if isinstance(found, datetime) and found.tzinfo is None:
        reject_text(name, text, expected, "Add Z for UTC, or an offset such as +02:00.")
    return found


def to_list(name: str, text: str) -> list[Any]:
    """Return the items of `a,b`, or of a list in JSON, whose items can have commas."""
    if not text.startswith("["):
        return [each.strip() for each in text.split(",")] if text else []
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        reject_text(name, text, 'a list such as a,b or ["a", "b"]')
    return [*items]


def to_flag(name: str, text: str) -> bool:
    """Return True for `true` and False for `false`, in any case."""
    if text.lower() not in _WORDS:
        reject_text(name, text, "true or false")
    return _WORDS[text.lower()]


def to_count(name: str, text: str) -> int:
    """Return a whole number from 1 to 9999."""
    if not re.fullmatch("0*[1-9][0-9]{0,3}", text):
        reject_text(name, text, "a whole number from 1 to 9999")
    return int(text)


def to_number(name: str, text: str) -> Decimal:
    """Return a number that is not negative."""
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        reject_text(name, text, "a number such as 5 or 0.5")
    return Decimal(text)


def to_duration(name: str, text: str) -> timedelta:
    """Return a number of seconds."""
    return timedelta(seconds=float(to_number(name, text)))


def to_path(name: str, text: str) -> str:
    """Return the path of a file."""
    if not text:
        reject_text(name, text, "the path of a file")
    return text


def reject_text(option: str, text: str, expected: str, hint: str = "") -> NoReturn:
    """Raise an `InvalidOptionError`: *option* takes *expected*, not *text*."""
    raise InvalidOptionError(option=option, value=short_repr(text), expected=expected, hint=hint)
