"""Read budgets from a TOML file."""

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path

import attrs

from openai_usage._refusals import without_arguments_in_tracebacks
from openai_usage._text import listed
from openai_usage._toml import read_toml, reject_unknown, shown_path
from openai_usage.analysis.budget import Budget
from openai_usage.errors import InvalidOptionError

__all__ = ["read_budgets"]

_KEYS = [each.name for each in attrs.fields(Budget)]


@without_arguments_in_tracebacks
def read_budgets(path: str | PathLike[str]) -> list[Budget]:
    """Return the budgets in a TOML file.

    Each table `[[budgets]]` has the fields of a `Budget`::

        [[budgets]]
        amount = 500
        project = "proj_abc"
        warn_at = [0.5, 0.8]

    Args:
        path: The file.

    Raises:
        InvalidOptionError: The file cannot be read, it does not define any budget, or a budget is
            not valid.
    """
    problem = ""
    budgets: list[Budget] = []
    try:
        budgets.extend(_budgets(_tables(Path(path))))
    except InvalidOptionError as error:
        problem = error.message
    # Raise it here, where no variable holds the text of the file, which can contain a key.
    if problem:
        raise InvalidOptionError(f"{shown_path(path)}: {problem}", option="budgets")
    return budgets


def _tables(path: Path) -> Sequence[object]:
    """Return the tables of the file."""
    found = read_toml(path, "budgets", "the table of a budget begins with [[budgets]].")
    reject_unknown(found, ["budgets"], "The file takes only tables [[budgets]].", "budgets")
    tables = found.get("budgets", [])
    if not isinstance(tables, list):
        raise _problem("budgets is not a list of tables. Write [[budgets]], with two brackets.")
    if not tables:
        raise _problem(
            "the file does not define any budget. Add a table [[budgets]] with an amount."
        )
    return tables


def _budgets(tables: Sequence[object]) -> Iterator[Budget]:
    seen: dict[object, int] = {}
    for number, table in enumerate(tables, 1):
        try:
            budget = _budget(table)
        except InvalidOptionError as error:
            raise _problem(f"table {number}: {error.message}") from None
        same = (budget.owner, budget.of, budget.per, budget.currency)
        if same in seen:
            raise _problem(
                f"tables {seen[same]} and {number} contradict each other: both are for the same "
                f"costs per {budget.per}. Delete one of them."
            )
        seen[same] = number
        yield budget


def _budget(table: object) -> Budget:
    if not isinstance(table, Mapping):
        raise _problem("it is not a table. Write [[budgets]], with two brackets.")
    reject_unknown(table, _KEYS, f"A budget takes {listed(_KEYS, 'and')}.", "budgets")
    if "amount" not in table:
        raise _problem("amount is missing. Add one, such as amount = 500.")
    return Budget(**table)


def _problem(message: str) -> InvalidOptionError:
    return InvalidOptionError(message.rstrip(), option="budgets")
