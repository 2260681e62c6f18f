"""Write rows as an Excel file. Needs the extra `[excel]`.

The rows are on the sheet Data, and the totals on the sheet Totals. If a number has more digits than
a cell can hold, the same cell of the sheet Exact has all of them, as text.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from io import BytesIO
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, TextIO, TypeAlias, cast

from openai_usage._decimals import exactly
from openai_usage._digits import Rounding, digits
from openai_usage._extras import missing_library
from openai_usage._text import currency_code
from openai_usage.cli.output.messages import say
from openai_usage.cli.output.rows import ResultRows, Row, SumRows
from openai_usage.cli.output.total_rows import TotalRows
from openai_usage.cli.output.xlsx_cells import CellColumn, cell_number, cell_text, is_whole_day
from openai_usage.cli.wording import CommandError

try:
    from xlsxwriter import Workbook
except ModuleNotFoundError as error:
    raise missing_library(str(error.name), "excel") from None
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range_abs
from xlsxwriter.worksheet import Worksheet

_ROWS = 1_048_576
"""The rows of a sheet, its heads included. Excel cannot open a sheet with more."""

_TOTALS = {"column": 22, "currency": 10, "total": 20, "every digit": 40}
"""The heads of the sheet Totals, and the widths of its columns."""

_FILTERED = "The totals follow the filter of the sheet Data."
_NOT_FILTERED = "There are several currencies, so their totals do not follow the filter."


Sums: TypeAlias = dict[str, dict[str | None, Decimal]]
"""Exact totals by column and currency."""


async def write(rows: ResultRows | SumRows, file: BinaryIO) -> None:
    """Write all *rows* and their totals, and say once on stderr what the cells do not hold.

    The compressed file is made in memory: on an error, nothing is written to *file*.

    Raises:
        CommandError: There are more rows than a sheet can have.
    """
    # Other rows do not add up: those of spending contain their totals, for example.
    sums = rows.sums if isinstance(rows, ResultRows | TotalRows) else ()
    complete = BytesIO()
    with _workbook(complete) as book:
        worksheets = _Worksheets(book, rows.kinds, sums)
        async for batch in rows:
            worksheets.add(batch)
        worksheets.finish()
        try:
            book.close()
        except FileCreateError as error:
            [reason] = error.args
            # Its traceback holds the file, which would complain later that it is not complete.
            raise reason.with_traceback(None) from None
    file.write(complete.getbuffer())
    if worksheets.rounding.columns:
        say(
            f"rounded to the digits that a cell of Excel holds: {worksheets.rounding}. The same "
            "cells of the sheet Exact have every digit."
        )


@contextmanager
def _workbook(file: BytesIO) -> Iterator[Workbook]:
    """Open a workbook that keeps its rows in temporary files, and remove these in any case."""
    with TemporaryDirectory() as folder:
        options = {"constant_memory": True, "tmpdir": folder, "use_zip64": True}
        book = Workbook(file, options)
        try:
            yield book
        finally:
            for worksheet in book.worksheets():
                cast("TextIO", worksheet.row_data_fh).close()


class _Worksheets:
    """The sheets of one workbook."""

    def __init__(self, book: Workbook, kinds: Mapping[str, type], sums: Sequence[str]) -> None:
        self.rounding = Rounding()
        """The numbers with more digits than their cells."""
        self._book = book
        self._formats: dict[tuple[str, object], Format] = {}
        self._columns = [CellColumn(name, kind) for name, kind in kinds.items()]
        self._rows = 0
        self._sums: Sums = {name: {} for name in sums}
        self._currency = {
            name: own if (own := f"{name}_currency") in kinds else "currency" for name in sums
        }
        """The names of the columns with the currencies of the sums."""
        self._data = self._with_heads("Data")
        self._totals = book.add_worksheet("Totals") if sums else None
        self._exact: Worksheet | None = None

    def add(self, rows: Sequence[Row]) -> None:
        """Write some rows, and add them to the totals."""
        if self._rows + len(rows) >= _ROWS:
            raise CommandError(
                f"More than {_ROWS - 1:,} rows do not fit into a sheet of Excel. Read a shorter "
                "range, group by fewer fields, or use --format csv or parquet."
            )
        with exactly():
            for row in rows:
                self._rows += 1
                whole_day = is_whole_day(self._columns, row)
                for index, column in enumerate(self._columns):
                    value = row[column.name]
                    if value is not None:
                        self._write(index, column, value, whole_day=whole_day)
                self._add_up(row)

    def finish(self) -> None:
        """Write the totals, and set what depends on all rows."""
        if self._totals is not None:
            self._write_totals(self._totals)
        for worksheet in filter(None, (self._data, self._exact)):
            for index, column in enumerate(self._columns):
                worksheet.set_column(index, index, column.width)
        self._data.autofilter(0, 0, self._rows, len(self._columns) - 1)

    def _with_heads(self, name: str) -> Worksheet:
        """Return a new sheet with the heads of all columns."""
        worksheet = self._book.add_worksheet(name)
        worksheet.freeze_panes(1, 0)
        for index, column in enumerate(self._columns):
            worksheet.write_string(0, index, column.head, self._format("bold", value=True))
        return worksheet

    def _write(self, index: int, column: CellColumn, value: object, *, whole_day: bool) -> None:
        match value:
            case bool():
                self._data.write_boolean(self._rows, index, value)
            case int() | float() | Decimal():
                self._write_number(index, column, value)
            case _:
                self._write_text(index, column, value, whole_day=whole_day)

    def _write_number(self, index: int, column: CellColumn, value: float | Decimal) -> None:
        number = cell_number(value)
        if number is None:
            self._data.write_string(self._rows, index, digits(Decimal(value)))
            return
        column.widen(number.width)
        self._data.write_number(self._rows, index, number, self._number(column))
        if number.held != value:
            exact = Decimal(value)
            self.rounding.add(column.name, exact, number.held)
            self._exact = self._exact or self._with_heads("Exact")
            self._exact.write_string(self._rows, index, digits(exact))

    def _write_text(
        self, index: int, column: CellColumn, value: object, *, whole_day: bool
    ) -> None:
        found = column.moment(value, is_whole_day=whole_day)
        if found is not None:
            moment, time_format = found
            column.widen(len(time_format))
            style = self._format("num_format", time_format)
            self._data.write_datetime(self._rows, index, moment, style)
            return
        text = cell_text(value)
        column.widen(len(text))
        self._data.write_string(self._rows, index, text)

    def _add_up(self, row: Row) -> None:
        for name, totals in self._sums.items():
            figure = cast("float | Decimal | None", row[name])
            currency = row.get(self._currency[name])
            key = None if currency is None else currency_code(str(currency))
            # A zero can be `0E-6176`, and a sum with it would have as many decimals.
            totals[key] = totals.get(key, Decimal()) + Decimal(figure or 0)

    def _write_totals(self, worksheet: Worksheet) -> None:
        """Write a line for each column and currency: as a formula, and with every digit."""
        for index, (head, width) in enumerate(_TOTALS.items()):
            worksheet.set_column(index, index, width)
            worksheet.write_string(0, index, head, self._format("bold", value=True))
        line = 0
        for name, totals in self._sums.items():
            column = next(each for each in self._columns if each.name == name)
            for currency, total in totals.items():
                line += 1
                worksheet.write_string(line, 0, name)
                if currency is not None:
                    worksheet.write_string(line, 1, cell_text(currency))
                number = cell_number(total)
                if number is not None:
                    formula = self._formula(name, line, has_several=len(totals) > 1)
                    result: Any = number  # its annotation is too narrow
                    worksheet.write_formula(line, 2, formula, self._number(column), result)
                worksheet.write_string(line, 3, digits(total))
        has_several = any(len(totals) > 1 for totals in self._sums.values())
        worksheet.write_string(line + 2, 0, _NOT_FILTERED if has_several else _FILTERED)

    def _formula(self, name: str, line: int, *, has_several: bool) -> str:
        """Return the formula of a total, which follows the filter if there is one currency."""
        cells = self._cells(name)
        if not has_several:
            return f"=SUBTOTAL(109,{cells})"
        return f"=SUMPRODUCT(--({self._cells(self._currency[name])}=B{line + 1}),{cells})"

    def _cells(self, name: str) -> str:
        """Return the range of the cells of a column."""
        index = [column.name for column in self._columns].index(name)
        return f"Data!{xl_range_abs(1, index, self._rows, index)}"

    def _number(self, column: CellColumn) -> Format:
        return self._format("num_format", column.number_format)

    def _format(self, name: str, value: object) -> Format:
        """Return the format with one property, always the same object for the same property."""
        key = (name, value)
        if key not in self._formats:
            self._formats[key] = self._book.add_format({name: value})
        return self._formats[key]
