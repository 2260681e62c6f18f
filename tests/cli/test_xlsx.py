"""Excel files: typed cells, totals that follow the filter, every digit, and nothing that runs."""

import asyncio
import resource
import sys
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pandas as pd
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from openai_usage import AsyncUsageClient
from openai_usage._extras import install_command
from openai_usage.cli.output import xlsx
from openai_usage.cli.output.xlsx_cells import CellNumber, cell_number, cell_text
from openai_usage.sandbox import Sandbox
from tests.support.made_up_api import cost, made_up_api
from tests.support.terminal import Terminal

pytestmark = pytest.mark.real_clock

COSTS = "costs --start 2026-01-05 --end 2026-01-25 --group-by line_item project_id"
ONE_DAY = "costs --start 2026-01-05 --end 2026-01-06 --group-by line_item project_id"


def sheets(path: str = "costs.xlsx", *, computed: bool = True) -> Mapping[str, Worksheet]:
    """The sheets of a file: with the results of formulas, or with the formulas."""
    book = openpyxl.load_workbook(path, data_only=computed)
    return {sheet.title: sheet for sheet in book.worksheets}


def values(sheet: Worksheet) -> list[tuple[Any, ...]]:
    return list(sheet.iter_rows(values_only=True))


def column(sheet: Worksheet, head: str) -> list[Any]:
    """The cells below a head."""
    heads = [cell.value for cell in sheet[1]]
    return [row[heads.index(head)] for row in sheet.iter_rows(min_row=2)]


@pytest.fixture
def ask(terminal: Terminal, here: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write the file of a day on which the API answers with some results."""

    def asked(*results: str, command: str = ONE_DAY, exit_code: int = 0) -> None:
        with made_up_api({"costs": results}) as url:
            monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-1")
            monkeypatch.setenv("OPENAI_BASE_URL", url)
            terminal(f"{command} -o costs.xlsx", exit_code=exit_code)

    return asked


# ---------------------------------------------------------------- cells


def test_it_has_the_rows_of_the_sdk_with_their_types(
    terminal: Terminal, asked: Sandbox, here: Path
) -> None:
    assert terminal(f"{COSTS} -o costs.xlsx") == terminal.err == ""
    assert list(here.iterdir()) == [here / "costs.xlsx"]

    async def read() -> list[tuple[datetime, str, Decimal]]:
        async with AsyncUsageClient(asked.admin_api_key, base_url=asked.base_url) as client:
            return [
                (bucket.start.replace(tzinfo=None), each.line_item or "", each.amount.value)
                async for bucket in client.costs(
                    start_time=1_767_571_200,
                    end_time=1_769_299_200,
                    group_by=["line_item", "project_id"],
                )
                for each in bucket.results
            ]

    data = sheets()["Data"]
    cells = (column(data, head) for head in ("start (UTC)", "line_item", "amount"))
    found = [
        (start.value, item.value, Decimal(repr(amount.value)))
        for start, item, amount in zip(*cells, strict=True)
    ]
    assert len(found) > 100
    assert found == asyncio.run(read())
    assert {cell.number_format for cell in column(data, "start (UTC)")} == {"yyyy-mm-dd"}
    assert {cell.number_format for cell in column(data, "end (UTC)")} == {"yyyy-mm-dd"}
    assert {cell.number_format for cell in column(data, "amount")} == {"#,##0.00"}
    assert {cell.number_format for cell in column(data, "quantity")} == {"General"}


def test_it_is_read_as_a_data_frame(terminal: Terminal, here: Path) -> None:
    terminal(f"{COSTS} --sandbox -o costs.xlsx")
    frame = pd.read_excel("costs.xlsx")
    assert frame["start (UTC)"].dtype.kind == "M"
    assert frame["amount"].dtype.kind == "f"


def test_the_head_stays_and_filters(terminal: Terminal, here: Path) -> None:
    terminal("costs --last 3d --sandbox -o costs.xlsx")
    data = sheets()["Data"]
    assert data.freeze_panes == "A2"
    assert data.auto_filter.ref == data.dimensions
    assert all(cell.font.b for cell in data[1])


def test_columns_are_as_wide_as_their_cells(ask: Any) -> None:
    ask(cost("123456789.5", "a" * 35), cost("1", "b" * 500))
    data = sheets()["Data"]
    widths = {
        cell.value: data.column_dimensions[get_column_letter(number)].width
        for number, cell in enumerate(data[1], 1)
    }
    assert widths["line_item"] == pytest.approx(60, abs=1)
    assert widths["amount"] == pytest.approx(len("123,456,789.50"), abs=1)


def test_hours_have_a_time_and_counts_are_integers(terminal: Terminal, here: Path) -> None:
    terminal(
        "completions --start 2026-01-05 --end 2026-01-06 --bucket-width 1h --group-by batch "
        "--sandbox -o usage.xlsx"
    )
    data = sheets("usage.xlsx")["Data"]
    assert {cell.number_format for cell in column(data, "start (UTC)")} == {"yyyy-mm-dd hh:mm"}
    tokens = column(data, "input_tokens")
    assert {cell.number_format for cell in tokens} == {"#,##0"}
    assert {type(cell.value) for cell in tokens} == {int}
    assert {cell.value for cell in column(data, "batch")} == {True, False}
    assert {cell.value for cell in column(data, "model")} == {None}


@pytest.mark.parametrize(
    ("period", "time_format", "first"),
    [
        ("hour", "yyyy-mm-dd hh:mm", datetime(2026, 1, 5)),  # noqa: DTZ001 - Excel has no zones
        ("day", "yyyy-mm-dd", datetime(2026, 1, 5)),  # noqa: DTZ001
        ("week", "General", "2026-W02"),
        ("month", "yyyy-mm", datetime(2026, 1, 1)),  # noqa: DTZ001
    ],
)
def test_sums_have_typed_periods(
    period: str, time_format: str, first: object, terminal: Terminal, here: Path
) -> None:
    terminal(
        "completions --start 2026-01-05 --end 2026-01-08 --sandbox -o usage.xlsx "
        f"--group-by {period} model"
    )
    cells = column(sheets("usage.xlsx")["Data"], f"{period} (UTC)")
    assert (cells[0].value, cells[0].number_format) == (first, time_format)


def test_the_rest_of_the_periods_is_text(terminal: Terminal, here: Path) -> None:
    terminal(
        "costs --start 2026-01-05 --end 2026-01-08 --sandbox -o costs.xlsx --group-by day --top 1"
    )
    assert [cell.value for cell in column(sheets()["Data"], "day (UTC)")][1:] == ["2 more"]


def test_spending_has_its_rows_and_no_totals(terminal: Terminal, here: Path) -> None:
    terminal("spend --month 2026-01 --sandbox -o spend.xlsx")
    assert list(sheets("spend.xlsx")) == ["Data"]
    first = values(sheets("spend.xlsx")["Data"])[1]
    assert first[:2] == (datetime(2026, 1, 1), "total")  # noqa: DTZ001


def test_prices_have_more_digits_than_cents(terminal: Terminal, here: Path) -> None:
    terminal("prices --sandbox -o prices.xlsx")
    assert list(sheets("prices.xlsx")) == ["Data"]
    data = sheets("prices.xlsx")["Data"]
    formats = {head: column(data, head)[0].number_format for head in ("price", "amount")}
    assert formats == {"price": "#,##0.00####", "amount": "#,##0.00"}


def test_text_is_never_a_formula_and_never_markup(ask: Any) -> None:
    texts = ["=1+1", "@SUM(A1)", "{=1}", "http://a.example", "007", "<b>&", "a\x00\x1b\ud800\uffff"]
    texts += ["<r><t>x</t></r>", "<r></c></r>", " a ", "🙂", "_x0041_"]
    results = [cost("-5", text).replace("\\ud800", "") for text in texts]
    ask(*results)
    data, formulas = sheets()["Data"], sheets(computed=False)["Data"]
    found = [cell.value for cell in column(data, "line_item")]
    assert found[:6] == texts[:6]
    assert found[6] == "a\ufffd\ufffd\ufffd"
    assert found[7:9] == ["<r><t>x</t></r> ", "<r></c></r> "]
    assert found[9:11] == texts[9:11]
    assert found[11] == "_x005F_x0041_"  # which Excel reads as it was sent
    assert {cell.data_type for cell in column(formulas, "line_item")} == {"s"}
    assert {cell.value for cell in column(data, "amount")} == {-5}
    assert not [name for name in ZipFile("costs.xlsx").namelist() if "vba" in name.lower()]


# ---------------------------------------------------------------- digits


def test_every_digit_of_a_float_is_kept(ask: Any, terminal: Terminal) -> None:
    ask(cost("0.00032195744715549047"), cost("0.1234567890123456"), cost("7"))
    assert terminal.err == ""
    assert list(sheets()) == ["Data", "Totals"]
    amounts = [cell.value for cell in column(sheets()["Data"], "amount")]
    assert amounts == [0.00032195744715549047, 0.1234567890123456, 7]


def test_digits_that_a_cell_cannot_hold_are_on_a_sheet_of_their_own(
    ask: Any, terminal: Terminal
) -> None:
    ask(cost("0.1"), cost('"0.123456789012345678901234567890"'), cost("12345678901234567890"))
    assert terminal.err == (
        "openai-usage: rounded to the digits that a cell of Excel holds: 2 values of amount, by "
        "8.9e+2 at most. The same cells of the sheet Exact have every digit.\n"
    )
    found = sheets()
    assert [cell.value for cell in column(found["Exact"], "amount")] == [
        None,
        "0.123456789012345678901234567890",
        "12345678901234567890",
    ]
    assert column(found["Data"], "amount")[1].value == 0.12345678901234568
    assert values(found["Totals"])[1] == (
        *("amount", "usd", pytest.approx(12345678901234567890)),
        "12345678901234567890.223456789012345678901234567890",
    )


@pytest.mark.parametrize("amount", ["1e400", '"-1e6144"', "1" + 310 * "0"])
def test_numbers_beyond_excel_are_text(amount: str, ask: Any) -> None:
    ask(cost(amount))
    exact = f"{Decimal(amount.strip(chr(34))):f}"
    assert column(sheets()["Data"], "amount")[0].value == exact
    assert values(sheets()["Totals"])[1] == ("amount", "usd", None, exact)


def test_numbers_of_cells() -> None:
    assert cell_number(10**400) is None
    assert f"{CellNumber(5):.3G}" == "5"
    assert str(cell_number(2**53 + 1)) == str(2.0**53)
    assert cell_text(["a"]) == "['a']"


# ---------------------------------------------------------------- totals


def test_totals_follow_the_filter_and_have_results_for_readers_without_formulas(
    terminal: Terminal, asked: Sandbox, here: Path
) -> None:
    terminal(f"{COSTS} -o costs.xlsx")
    data = sheets()["Data"]
    amounts = [Decimal(repr(cell.value)) for cell in column(data, "amount")]
    line = values(sheets()["Totals"])[1]
    assert line[:2] == ("amount", "usd")
    assert line[2] == float(sum(amounts))
    assert Decimal(line[3]) == sum(amounts)
    cell = column(data, "amount")[0]
    assert values(sheets(computed=False)["Totals"])[1][2] == (
        f"=SUBTOTAL(109,Data!${cell.column_letter}$2:${cell.column_letter}${data.max_row})"
    )
    assert values(sheets()["Totals"])[-1][0] == "The totals follow the filter of the sheet Data."


def test_currencies_are_never_added(ask: Any) -> None:
    ask(cost("1"), cost("2", currency="USD"), cost("4", currency="eur"), cost("0E-6176"))
    totals = values(sheets()["Totals"])
    assert totals[1:3] == [("amount", "usd", 3, "3"), ("amount", "eur", 4, "4")]
    assert totals[-1][0] == (
        "There are several currencies, so their totals do not follow the filter."
    )
    formula = values(sheets(computed=False)["Totals"])[2][2]
    assert formula == "=SUMPRODUCT(--(Data!$I$2:$I$5=B3),Data!$H$2:$H$5)"


def test_counts_have_totals_and_levels_have_none(terminal: Terminal, here: Path) -> None:
    terminal("completions --last 3d --sandbox -o usage.xlsx")
    names = [line[0] for line in values(sheets("usage.xlsx")["Totals"])]
    assert names[1:4] == ["num_model_requests", "input_tokens", "output_tokens"]
    terminal("vector_stores --last 3d --sandbox -o stores.xlsx")
    assert list(sheets("stores.xlsx")) == ["Data"]


def test_without_rows_there_are_heads(ask: Any) -> None:
    ask()
    assert sheets()["Data"].max_row == 1
    assert [line[0] for line in values(sheets()["Totals"])] == [
        *("column", None, "The totals follow the filter of the sheet Data.")
    ]


# ---------------------------------------------------------------- whole or not at all


def test_more_rows_than_a_sheet_has_are_refused(
    ask: Any, terminal: Terminal, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "_ROWS", 3)
    ask(cost("1"), cost("2"))
    assert sheets()["Data"].max_row == 3
    ask(cost("1"), cost("2"), cost("3"), exit_code=2)
    assert terminal.err == (
        "openai-usage: More than 2 rows do not fit into a sheet of Excel. Read a shorter range, "
        "group by fewer fields, or use --format csv or parquet.\n"
    )
    assert sheets()["Data"].max_row == 3  # as it was before
    assert list(here.iterdir()) == [here / "costs.xlsx"]


def test_a_failure_midway_leaves_what_was_there(
    terminal: Terminal, asked: Sandbox, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(here))
    Path("costs.xlsx").write_text("of yesterday")
    asked.faults.status(404, after=2)
    terminal("costs --last 10d --limit 2 -o costs.xlsx", exit_code=1)
    assert Path("costs.xlsx").read_text() == "of yesterday"
    assert list(here.iterdir()) == [here / "costs.xlsx"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk")
def test_a_full_disk_is_said(terminal: Terminal) -> None:
    terminal("costs --last 1d --sandbox --format xlsx -o /dev/full", exit_code=1)
    assert terminal.err == "openai-usage: /dev/full: No space left on device\n"


def test_a_full_disk_for_temporary_files_is_said(terminal: Terminal, here: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, limits[1]))  # the rows alone are smaller
    try:
        terminal("costs --last 1d --sandbox -o costs.xlsx", exit_code=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert terminal.err == "openai-usage: costs.xlsx: File too large\n"
    assert list(here.iterdir()) == []


# ---------------------------------------------------------------- what is refused


def test_without_its_extra_it_says_what_is_missing(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "openai_usage.cli.output.xlsx")
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    terminal("costs --sandbox -o costs.xlsx", exit_code=2)
    assert install_command("excel") in terminal.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("-o costs.xls", "Use --output costs.xlsx, which spreadsheets open."),
        ("-o costs.ods --format csv", "Use --output costs.xlsx, which spreadsheets open."),
        ("-o costs.xlsx --format csv", "--format csv writes something else. Leave out --format"),
        ("-o costs.xlsx --money text", "--money text is only for Parquet."),
    ],
)
def test_what_a_spreadsheet_cannot_be_is_refused(
    options: str, says: str, terminal: Terminal, here: Path
) -> None:
    terminal(f"costs --sandbox {options}", exit_code=2)
    assert says in terminal.err
