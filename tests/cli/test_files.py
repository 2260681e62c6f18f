"""Files of the command line in other people's programs: every row, its types, and every digit."""

import asyncio
import csv
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import polars as pl
import pytest

from openai_usage import AsyncUsageClient
from openai_usage.sandbox import Sandbox
from tests.support.terminal import Terminal

pytestmark = pytest.mark.real_clock

COSTS = "costs --start 2026-01-05 --end 2026-01-25 --group-by line_item project_id"
ASKED = ["start", "line_item", "amount", "currency"]
"""The columns that are looked at, in the order of the rows below."""

Row = tuple[datetime, str, Decimal, str]


def rows_of(sandbox: Sandbox) -> list[Row]:
    """What the SDK says of the same range."""

    async def read() -> list[Row]:
        async with AsyncUsageClient(sandbox.admin_api_key, base_url=sandbox.base_url) as client:
            iteration = client.costs(
                start_time=1_767_571_200,
                end_time=1_769_299_200,
                group_by=["line_item", "project_id"],
            )
            return [
                (bucket.start, each.line_item or "", each.amount.value, each.amount.currency)
                async for bucket in iteration
                for each in bucket.results
            ]

    return asyncio.run(read())


def of_pandas(frame: pd.DataFrame) -> list[Row]:
    assert isinstance(frame["start"].dtype, pd.DatetimeTZDtype)
    starts = frame["start"].dt.to_pydatetime()
    return list(zip(starts, *(frame[name] for name in ASKED[1:]), strict=True))


def pandas_csv(file: str) -> list[Row]:
    return of_pandas(
        pd.read_csv(file, parse_dates=["start", "end"], converters={"amount": Decimal})
    )


def pandas_jsonl(file: str) -> list[Row]:
    frame = pd.read_json(file, lines=True, dtype=False)
    start, amount = pd.to_datetime(frame["start"]), frame["amount"].map(Decimal)
    return of_pandas(frame.assign(start=start, amount=amount))


def pandas_parquet(file: str) -> list[Row]:
    return of_pandas(pd.read_parquet(file))


def of_polars(frame: pl.DataFrame) -> list[Row]:
    assert isinstance(frame.schema["start"], pl.Datetime)
    assert frame.schema["amount"] == pl.Decimal(38, 24)
    return list(frame.select(ASKED).iter_rows())


def polars_csv(file: str) -> list[Row]:
    money = {"amount": pl.Decimal(38, 24)}
    return of_polars(pl.read_csv(file, try_parse_dates=True, schema_overrides=money))


def polars_jsonl(file: str) -> list[Row]:
    return of_polars(
        pl.read_ndjson(file, infer_schema_length=None).with_columns(
            pl.col("start").str.to_datetime(time_zone="UTC"),
            pl.col("amount").cast(pl.Decimal(38, 24)),
        )
    )


def polars_parquet(file: str) -> list[Row]:
    return of_polars(pl.read_parquet(file))


def of_duckdb(source: str) -> list[Row]:
    with duckdb.connect() as connection:
        found = connection.sql(f"SELECT start, line_item, amount, currency FROM {source}")
        assert str(found.types[0]).startswith("TIMESTAMP")
        rows = found.project("epoch(start), line_item, amount::DECIMAL(38, 24), currency")
        return [(datetime.fromtimestamp(start, UTC), *rest) for start, *rest in rows.fetchall()]


def duckdb_csv(file: str) -> list[Row]:
    return of_duckdb(f"read_csv('{file}', types = {{'amount': 'DECIMAL(38, 24)'}})")


def duckdb_jsonl(file: str) -> list[Row]:
    return of_duckdb(f"'{file}'")


def duckdb_parquet(file: str) -> list[Row]:
    return of_duckdb(f"'{file}'")


READERS: tuple[Callable[[str], list[Row]], ...] = (
    pandas_csv,
    pandas_jsonl,
    pandas_parquet,
    polars_csv,
    polars_jsonl,
    polars_parquet,
    duckdb_csv,
    duckdb_jsonl,
    duckdb_parquet,
)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_a_file_has_the_rows_of_the_sdk(
    reader: Callable[[str], list[Row]], terminal: Terminal, asked: Sandbox, tmp_path: Path
) -> None:
    file = f"{tmp_path}/costs.{reader.__name__.partition('_')[2]}"
    terminal(f"{COSTS} -o {file}")
    expected = rows_of(asked)
    assert len(expected) > 100
    assert reader(file) == expected


def test_a_spreadsheet_has_them_too(terminal: Terminal, asked: Sandbox, tmp_path: Path) -> None:
    terminal(f"{COSTS} -o {tmp_path}/costs.csv")
    book = openpyxl.Workbook()
    with Path(tmp_path, "costs.csv").open(newline="") as lines:
        for line in csv.reader(lines):
            book.worksheets[0].append([as_a_cell(text) for text in line])
    book.save(tmp_path / "costs.xlsx")
    head, *rows = (
        openpyxl.load_workbook(tmp_path / "costs.xlsx").worksheets[0].iter_rows(values_only=True)
    )
    places = [head.index(name) for name in ASKED]
    cells: list[tuple[Any, ...]] = [tuple(row[place] for place in places) for row in rows]
    # A spreadsheet knows no time zones, and 15 digits.
    assert [
        (start.replace(tzinfo=UTC), line_item, Decimal(str(amount)), currency)
        for start, line_item, amount, currency in cells
    ] == rows_of(asked)


def as_a_cell(text: str) -> datetime | Decimal | str:
    """What a spreadsheet makes of a cell of CSV: a moment, a number or text."""
    with suppress(ValueError):
        return datetime.fromisoformat(text).replace(tzinfo=None)
    with suppress(InvalidOperation):
        return Decimal(text)
    return text
