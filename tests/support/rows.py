"""The rows of the table, and what their types declare."""

from typing import Any, Literal, get_args, get_origin

import pytest

from openai_usage import (
    Endpoints,
)

ROWS = Endpoints.table()


each_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())


def literals(hint: Any) -> set[object]:
    """Every value that a Literal somewhere in *hint* allows."""
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    return set().union(*map(literals, get_args(hint)))
