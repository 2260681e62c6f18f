"""The formats that a sheet is written in, one function each."""

import csv
import json
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from io import StringIO
from typing import BinaryIO

from attrs import frozen

from openai_usage._digits import digits
from openai_usage._spreadsheets import escape_formula
from openai_usage._text import mask
from openai_usage.cli.output.rows import ResultRows


@frozen
class Format:
    """How a sheet becomes a file."""

    write: Callable[[ResultRows, BinaryIO], Awaitable[None]]
    streams: bool = False
    """Whether rows go out as they come, and are of use even where an error is behind them."""
    is_text: bool = True


async def _write_table(sheet: ResultRows, file: BinaryIO) -> None:
    from openai_usage.cli.output.table import write_table  # noqa: PLC0415 - not for the help

    await write_table(sheet, file)


async def _write_jsonl(sheet: ResultRows, file: BinaryIO) -> None:
    async for rows in sheet:
        file.writelines(f"{_json(row)}\n".encode() for row in rows)
        file.flush()


async def _write_json(sheet: ResultRows, file: BinaryIO) -> None:
    # On an error the array stays open: what is not whole must not be read as if it were.
    before = "["
    async for rows in sheet:
        for row in rows:
            file.write(f"{before}\n  {_json(row)}".encode())
            before = ","
    file.write(b"[]\n" if before == "[" else b"\n]\n")


def _json(row: object) -> str:
    return json.dumps(row, default=digits)  # money as text: a JSON number is a float to many


async def _write_csv(sheet: ResultRows, file: BinaryIO) -> None:
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(sheet.columns)
    cell = _seen_cell if file.isatty() else _cell
    async for rows in sheet:
        writer.writerows(map(cell, row.values()) for row in rows)
        file.write(text.getvalue().encode())
        file.flush()
        text.seek(0)
        text.truncate()
    file.write(text.getvalue().encode())


def _cell(value: object) -> object:
    """A cell of CSV; an apostrophe before text keeps spreadsheets from running it as a formula."""
    match value:
        case bool():
            return str(value).lower()
        case Decimal():
            return digits(value)
        case str():
            return escape_formula(value)
        case _:
            return value


def _seen_cell(value: object) -> object:
    """A cell of CSV for a terminal, which obeys what it is made to show."""
    cell = _cell(value)
    return mask(cell) if isinstance(cell, str) else cell


async def _write_parquet(sheet: ResultRows, file: BinaryIO) -> None:
    from openai_usage.cli.output.parquet import write_parquet  # noqa: PLC0415 - an extra of its own

    await write_parquet(sheet, file)


FORMATS: Mapping[str, Format] = {
    "table": Format(_write_table),
    "json": Format(_write_json),
    "jsonl": Format(_write_jsonl, streams=True),
    "csv": Format(_write_csv, streams=True),
    "parquet": Format(_write_parquet, is_text=False),
}
"""Every format by its name, which is also the ending of its files."""
