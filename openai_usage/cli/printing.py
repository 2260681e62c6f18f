"""How commands print: a table as wide as the terminal, or JSON for other programs."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Annotated, BinaryIO, Literal, TypeAlias

from cyclopts import Parameter
from rich.console import Console

from openai_usage.cli.flags import OUTPUT
from openai_usage.cli.rows import digits

TableOrJson: TypeAlias = Annotated[
    Literal["table", "json"],
    Parameter(
        name="--format",
        group=OUTPUT,
        help="A table for people, or JSON with every digit.",
    ),
]
"""The option of commands whose answer is one report, and no rows."""

_UNBOUNDED = 10_000
"""The width of what is no terminal: lines cut to fit one would be of no use to grep."""


@contextmanager
def console_on(file: BinaryIO) -> Iterator[Console]:
    """A console that writes to *file*, as wide as the terminal, or as wide as it is elsewhere."""
    text = TextIOWrapper(file, "utf-8")
    try:
        yield Console(file=text, width=None if text.isatty() else _UNBOUNDED)
    finally:
        text.detach()  # it is not ours to close


def print_json(report: object) -> None:
    """Print a report as JSON, with money as text: a JSON number is a float to many."""
    print(json.dumps(report, indent=2, default=digits))
    sys.stdout.flush()
