"""How commands print: a table as wide as the terminal, or JSON for other programs."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import StringIO, TextIOWrapper, UnsupportedOperation
from pathlib import Path
from typing import BinaryIO

from rich.console import Console

from openai_usage._digits import digits
from openai_usage._text import escape

_UNBOUNDED = 10_000
"""The width of what is no terminal: lines cut to fit one would be of no use to grep."""


@contextmanager
def console_on(file: BinaryIO) -> Iterator[Console]:
    """A console that writes to *file*: as wide as the terminal, elsewhere as wide as each line.

    Text is shown as it is: what the API sent may look like the markup of rich.
    """
    text = TextIOWrapper(file, "utf-8")
    try:
        if text.isatty():
            yield Console(file=text, markup=False, emoji=False)
        else:
            drawn = StringIO()
            yield Console(file=drawn, width=_UNBOUNDED, markup=False, emoji=False)
            lines = drawn.getvalue().split("\n")  # whatever else may end a line in a label
            text.write("\n".join(line.rstrip(" ") for line in lines))
    finally:
        text.detach()  # it is not ours to close


def print_json(report: object) -> None:
    """Print a report as JSON, with money as text: a JSON number is a float to many."""
    print(json.dumps(report, indent=2, default=digits))
    sys.stdout.flush()


def print_path(path: Path) -> None:
    """Print the path of a file that was written, with escapes for what a terminal would obey."""
    print(escape(str(path)) if sys.stdout.isatty() else path)


def silence_stdout() -> None:
    """Let nothing more come of stdout, not even what the interpreter still writes at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with suppress(UnsupportedOperation):  # of a stdout that is no file, which does not wait
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
