"""Read a file of organizations: where the key of each one is, and how to reach it."""

import os
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import attrs
from attrs import frozen

from openai_usage._http.config import LEAST_PACE
from openai_usage._http.secret import Secret
from openai_usage._text import contains_key, listed, printable, short_repr
from openai_usage._toml import read_toml, reject_unknown, shown_name, shown_path
from openai_usage.errors import InvalidOptionError

_OPTION = "organizations"
_FORM = "the table of an organization begins with [organizations.NAME]."
_LEAST = {"requests_per_second": LEAST_PACE, "budget": Decimal("0.01")}
"""The least pace and the least budget. A smaller one is a typing error."""

_KEYS = ("admin_key", "admin_api_key", "key")


@frozen(kw_only=True)
class Entry:
    """One organization of the file."""

    label: str
    """The name of its table."""
    admin_key_env: str | None = None
    """The environment variable that holds the key."""
    admin_key_file: str | None = None
    """The file that holds the key, relative to the file of organizations."""
    base_url: str | None = None
    organization: str | None = None
    requests_per_second: int | Decimal | None = None
    budget: int | Decimal | None = None
    """The budget for a month, in dollars."""

    def admin_key(self, folder: Path) -> Secret:
        """Return the key.

        Raises:
            InvalidOptionError: The variable is not set, or the file cannot be read.
        """
        if self.admin_key_env is not None:
            key = os.environ.get(self.admin_key_env, "")
            where = f"the environment variable {self.admin_key_env}"
        else:
            path = folder / Path(str(self.admin_key_file)).expanduser()
            where = f"the file {printable(str(self.admin_key_file))}"
            try:
                key = path.read_text(encoding="utf-8-sig")
            except (OSError, ValueError):
                raise _problem(f"{where} cannot be read.") from None
        if not key.strip():
            raise _problem(f"{where} has no key. Set it to an admin key.")
        return Secret(key.strip())


def read_entries(path: Path) -> list[Entry]:
    """Return the organizations of a file.

    Raises:
        InvalidOptionError: The file cannot be read, or something in it is not valid.
    """
    problem = ""
    try:
        return [*_entries(path)]
    except InvalidOptionError as error:
        problem = error.message
    # Raise it here, where no variable holds the text of the file, which can contain a key.
    raise _problem(f"{shown_path(path)}: {problem}")


def _entries(path: Path) -> Iterator[Entry]:
    found = read_toml(path, _OPTION, _FORM)
    reject_unknown(found, [_OPTION], "The file takes only tables [organizations.NAME].", _OPTION)
    tables = found.get(_OPTION)
    if not isinstance(tables, Mapping) or not tables:
        raise _problem("the file defines no organization. Add a table [organizations.NAME].")
    for label, table in tables.items():
        if not re.fullmatch("[a-z0-9-]+", label) or contains_key(label):
            raise _problem(
                f"{shown_name(label)} is not a label. Use small letters, digits and hyphens."
            )
        try:
            yield _entry(label, table)
        except InvalidOptionError as error:
            raise _problem(f"{label}: {error.message}") from None


def _entry(label: str, table: object) -> Entry:
    if not isinstance(table, Mapping):
        raise _problem(f"it is not a table. Write [organizations.{label}].")
    if any(contains_key(text) for text in table.values() if isinstance(text, str)) or any(
        name in table for name in _KEYS
    ):
        raise _problem(
            "a key must not be in this file. Name the environment variable that holds it with "
            "admin_key_env, or a file with admin_key_file."
        )
    names = [each.name for each in attrs.fields(Entry) if each.name != "label"]
    reject_unknown(table, names, f"An organization takes {listed(names, 'and')}.", _OPTION)
    for name, value in table.items():
        _check(name, value)
    entry = Entry(label=label, **table)
    if (entry.admin_key_env is None) == (entry.admin_key_file is None):
        raise _problem("it takes either admin_key_env or admin_key_file.")
    return entry


def _check(name: str, value: object) -> None:
    if name in _LEAST:
        is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        number = Decimal(str(value)) if is_number else Decimal("nan")
        is_valid = number.is_finite() and number >= _LEAST[name]
        expected = f"a number from {_LEAST[name]}, without quotes"
    else:
        is_valid, expected = isinstance(value, str) and bool(value.strip()), "text"
    if not is_valid:
        shown = short_repr(str(value) if isinstance(value, Decimal) else value)
        raise InvalidOptionError(option=name, value=shown, expected=expected)


def _problem(message: str) -> InvalidOptionError:
    return InvalidOptionError(message, option=_OPTION)
