"""Read a TOML file that must not contain a key, and say what is wrong without quoting one."""

import re
import tomllib
from collections.abc import Collection, Mapping
from decimal import Decimal
from os import PathLike, fspath
from pathlib import Path

from openai_usage._text import contains_key, did_you_mean, printable, short_repr
from openai_usage.errors import InvalidOptionError


def read_toml(path: Path, option: str, advice: str) -> Mapping[str, object]:
    """Return the values of the file, with decimals for numbers that have a point.

    Args:
        path: The file.
        option: The option that the file belongs to.
        advice: A sentence on what the file has to look like, for people who write it.

    Raises:
        InvalidOptionError: The file cannot be read, or is not valid TOML.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text, parse_float=Decimal)
    except OSError as error:
        problem = f"the file cannot be read: {error.strerror}."
    except UnicodeDecodeError:
        problem = "the file is not text in UTF-8. Save it in this encoding."
    except (ValueError, ArithmeticError, RecursionError) as error:
        # Some messages quote a name, which can be a key.
        place = re.search(r" \((at [a-z0-9, ]+)\)\Z", str(error))
        where = f" {place[1]}" if place else ""
        problem = f"the file is not valid TOML{where}. Text needs quotes, and {advice}"
    raise InvalidOptionError(problem, option=option) from None


def reject_unknown(
    table: Mapping[str, object], known: Collection[str], takes: str, option: str
) -> None:
    """Reject a table with a name that is not *known*. The sentence *takes* says what is.

    Raises:
        InvalidOptionError: A name is unknown.
    """
    for name in table:
        if name not in known:
            message = f"{shown_name(name)} is unknown. {takes} {did_you_mean(name, known)}"
            raise InvalidOptionError(message.rstrip(), option=option)


def shown_path(path: str | PathLike[str]) -> str:
    """Return a path for a message, unless it contains a key."""
    return printable("a file" if contains_key(fspath(path)) else fspath(path))


def shown_name(name: str) -> str:
    """Return a name in the file for a message, unless it is a key."""
    return "an API key in place of a name" if contains_key(name) else short_repr(name)
