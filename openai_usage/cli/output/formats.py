"""Output formats: one function for each."""

import csv
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from decimal import Decimal
from functools import partial
from io import StringIO
from typing import Any, BinaryIO, TypeAlias, cast

from attrs import frozen

from openai_usage._digits import digits
from openai_usage._spreadsheets import escape_formula
from openai_usage._text import mask
from openai_usage.cli.output.dashboard import DashboardRows
from openai_usage.cli.output.focus_rows import FocusRows
from openai_usage.cli.output.rows import ResultRows, SumRows
from openai_usage.cli.output.total_rows import TotalRows
from openai_usage.integrations.focus import FocusValue, focus_text

Rows: TypeAlias = ResultRows | SumRows
"""The rows of an output: a row for each result, or for each sum of results."""


@frozen
class Format:
    """An output format."""

    write: Callable[[Rows, BinaryIO], Coroutine[None, None, None]]
    streams: bool = False
    """True if rows are written as they arrive, and can be used even if an error follows."""
    binary: str = ""
    """The name of the output if it is not text: `Parquet`. Empty for text."""
    needs: str = ""
    """A module that can be imported only if an extra is installed, which the format needs."""
    is_table: bool = False
    """True if the output is for people only."""
    has_extension: bool = True
    """True if its name is also the extension of its files."""
    endpoint: str = ""
    """The only endpoint whose results it can hold. It holds no sums of them."""
    group_by: Sequence[str] = ()
    """The fields that results are grouped by, besides those that were typed."""
    is_focus: bool = False
    """True if it is FOCUS, which has versions."""


async def _write_table(rows: Rows, file: BinaryIO) -> None:
    from openai_usage.cli.output.table import write_table  # noqa: PLC0415 - slow to import

    results = rows.results if isinstance(rows, TotalRows) else cast("ResultRows", rows)
    await write_table(results, file)


async def _write_jsonl(rows: Rows, file: BinaryIO) -> None:
    async for batch in rows:
        file.writelines(f"{_json(row)}\n".encode() for row in batch)
        file.flush()


async def _write_json(rows: Rows, file: BinaryIO) -> None:
    # On an error the array stays open, so that nobody can parse incomplete output as complete.
    separator = "["
    async for batch in rows:
        for row in batch:
            file.write(f"{separator}\n  {_json(row)}".encode())
            separator = ","
    file.write(b"[]\n" if separator == "[" else b"\n]\n")


def _json(row: object) -> str:
    return json.dumps(row, default=digits)  # money as text: many parsers read numbers as floats


async def _write_csv(
    rows: Rows | DashboardRows | FocusRows,
    file: BinaryIO,
    as_text: Callable[[Any], object] | None = None,
) -> None:
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(rows.columns)
    as_cell = as_text or _cell
    cell = partial(_masked, as_cell) if file.isatty() else as_cell
    async for batch in rows:
        writer.writerows(map(cell, row.values()) for row in batch)
        file.write(text.getvalue().encode())
        file.flush()
        text.seek(0)
        text.truncate()
    file.write(text.getvalue().encode())


def _cell(value: object) -> object:
    """Return a cell for CSV, with text escaped so that spreadsheets do not run it as a formula."""
    match value:
        case bool():
            return str(value).lower()
        case Decimal():
            return digits(value)
        case str():
            return escape_formula(value)
        case _:
            return value


def _focus_cell(value: FocusValue) -> str:
    """Return a cell for FOCUS's CSV, with text escaped as in all CSV."""
    return escape_formula(value) if isinstance(value, str) else focus_text(value)


def _masked(as_cell: Callable[[Any], object], value: object) -> object:
    """Return a cell for CSV without characters that control a terminal."""
    cell = as_cell(value)
    return mask(cell) if isinstance(cell, str) else cell


async def _write_dashboard_csv(rows: Rows, file: BinaryIO) -> None:
    await _write_csv(DashboardRows(cast("ResultRows", rows)), file)


async def _write_focus(rows: Rows, file: BinaryIO) -> None:
    focus = FocusRows(cast("ResultRows", rows))
    await _write_csv(focus, file, _focus_cell)
    focus.say_without_quantity()


async def _write_focus_parquet(rows: Rows, file: BinaryIO) -> None:
    from openai_usage.cli.output import parquet  # noqa: PLC0415 - needs an extra

    focus = FocusRows(cast("ResultRows", rows))
    await parquet.write_focus(focus, file)
    focus.say_without_quantity()


async def _write_xlsx(rows: Rows, file: BinaryIO) -> None:
    from openai_usage.cli.output import xlsx  # noqa: PLC0415 - needs an extra

    await xlsx.write(rows, file)


async def _write_parquet(rows: Rows, file: BinaryIO) -> None:
    from openai_usage.cli.output import parquet  # noqa: PLC0415 - needs an extra

    if isinstance(rows, ResultRows):
        await parquet.write_results(rows, file)
    else:
        await parquet.write_sums(rows, file)


_FOCUS_GROUP_BY = ("project_id", "line_item")

FORMATS: Mapping[str, Format] = {
    "table": Format(_write_table, is_table=True),
    "json": Format(_write_json),
    "jsonl": Format(_write_jsonl, streams=True),
    "csv": Format(_write_csv, streams=True),
    "xlsx": Format(_write_xlsx, binary="Excel", needs="openai_usage.cli.output.xlsx"),
    "parquet": Format(_write_parquet, binary="Parquet", needs="openai_usage.arrow"),
    "dashboard-csv": Format(
        _write_dashboard_csv, streams=True, has_extension=False, endpoint="costs"
    ),
    "focus": Format(
        _write_focus,
        streams=True,
        has_extension=False,
        endpoint="costs",
        group_by=_FOCUS_GROUP_BY,
        is_focus=True,
    ),
    "focus-parquet": Format(
        _write_focus_parquet,
        binary="Parquet",
        needs="openai_usage.arrow",
        has_extension=False,
        endpoint="costs",
        group_by=_FOCUS_GROUP_BY,
        is_focus=True,
    ),
}
"""All formats by name."""

EXTENSIONS = [name for name, each in FORMATS.items() if each.has_extension]
"""The formats that an extension of a file chooses."""
