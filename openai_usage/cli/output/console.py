"""Print tables that fit the terminal, and JSON for other programs."""

import json
import os
import re
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
"""The width if stdout is not a terminal and `COLUMNS` is not set: programs such as grep need lines
that are not wrapped."""


@contextmanager
def console_on(file: BinaryIO) -> Iterator[Console]:
    """Open a console on *file*, as wide as the terminal or, without a terminal, as `COLUMNS` says.

    Markup is disabled, because text from the API may look like the markup of rich.
    """
    if not file.isatty():
        buffer = StringIO()
        yield Console(file=buffer, width=_width_without_terminal(), markup=False, emoji=False)
        lines = buffer.getvalue().split("\n")  # splitlines() would also split inside labels
        file.write("\n".join(line.rstrip(" ") for line in lines).encode())
        file.flush()
        return
    text = TextIOWrapper(file, "utf-8")
    try:
        yield Console(file=text, markup=False, emoji=False)
    finally:
        text.detach()  # the caller owns and closes the file


def _width_without_terminal() -> int:
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if re.fullmatch("[1-9][0-9]{0,3}", columns) else _UNBOUNDED


def print_json(report: object) -> None:
    """Print a report as JSON on stdout."""
    write_json(report, sys.stdout.buffer)


def write_json(report: object, file: BinaryIO) -> None:
    """Write a report as JSON, with money as text, because many parsers read numbers as floats."""
    file.write(f"{json.dumps(report, indent=2, default=digits)}\n".encode())
    file.flush()


def print_path(path: Path) -> None:
    """Print the path of a written file, with control characters escaped on a terminal."""
    print(escape(str(path)) if sys.stdout.isatty() else path)


def silence_stdout() -> None:
    """Discard all further output to stdout, including what the interpreter flushes on exit."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    with suppress(UnsupportedOperation):  # an in-memory stdout has no descriptor
        os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)
