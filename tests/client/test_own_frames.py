"""to_pandas() and to_polars(): the rows of to_arrow(), with the types that people expect there."""

import sys
from datetime import UTC
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from openai_usage import AsyncUsageClient, Endpoint, InvalidQueryError, MoneyType, UsageClient
from openai_usage._extras import missing_library
from openai_usage.arrow import schema
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW
from tests.support.arrow_values import LABEL, MOMENT, MONEY, START, costs_page, grouped
from tests.support.rows import each_row

each_money = pytest.mark.parametrize("money", ["decimal", "text", "float"])

IN_PANDAS = {
    MOMENT: "datetime64[us, UTC]",
    LABEL: "str",
    pa.string(): "str",
    pa.int64(): "Int64",
    pa.bool_(): "boolean",
    pa.float64(): "float64",
    MONEY: "decimal128(38, 24)[pyarrow]",
}

IN_POLARS: dict[pa.DataType, pl.DataType] = {
    MOMENT: pl.Datetime("us", "UTC"),
    LABEL: pl.String(),
    pa.string(): pl.String(),
    pa.int64(): pl.Int64(),
    pa.bool_(): pl.Boolean(),
    pa.float64(): pl.Float64(),
    MONEY: pl.Decimal(38, 24),
}


def none_if_missing(value: Any) -> Any:
    return None if pd.isna(value) else value


@each_money
@each_row
async def test_rows_are_those_of_arrow(
    row: Endpoint[..., object], money: MoneyType, client: AsyncUsageClient
) -> None:
    buckets = grouped(client, row)
    expected = (await buckets.to_arrow(money=money)).to_pylist()
    assert len(expected) > 10
    frame = await buckets.to_pandas(money=money)
    rows = frame.to_dict("records")
    assert [{name: none_if_missing(each) for name, each in row.items()} for row in rows] == expected
    assert (await buckets.to_polars(money=money)).to_dicts() == expected


@each_money
@each_row
@pytest.mark.parametrize("used", [True, False], ids=["used", "unused"])
async def test_types_depend_on_the_endpoint_only(
    row: Endpoint[..., object], used: bool, money: MoneyType, client: AsyncUsageClient
) -> None:
    nothing: dict[str, Any] = {} if used else {"project_ids": ["none"]}
    buckets = grouped(client, row, **nothing)
    types = {field.name: field.type for field in schema(row, money=money)}
    frame = await buckets.to_pandas(money=money)
    assert bool(len(frame)) is used
    found = {name: str(each) for name, each in frame.dtypes.items()}
    assert found == {name: IN_PANDAS[each] for name, each in types.items()}
    polars = await buckets.to_polars(money=money)
    assert dict(polars.schema) == {name: IN_POLARS[each] for name, each in types.items()}


async def test_sums_of_money_are_exact(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    amounts = ["99999999999.000000000000000000000001"] * 7
    sandbox.faults.status(200, body=costs_page(*(f'"{each}"' for each in amounts)), times=2)
    costs = client.costs(start_time=0, end_time=DAY)
    total = Decimal("699999999993.000000000000000000000007")
    assert (await costs.to_pandas())["amount"].sum() == total
    assert (await costs.to_polars())["amount"].sum() == total


async def test_what_people_do_with_them(client: AsyncUsageClient) -> None:
    costs = client.costs(start_time=START, group_by=["line_item", "project_id"])
    frame = await costs.to_pandas(money="float")
    frame["project_id"] = frame["project_id"].fillna("none")
    frame["label"] = frame["line_item"] + " " + frame["currency"]
    assert (frame["amount"] / frame["quantity"]).notna().any()
    days = frame.groupby([frame["start"].dt.date, "label"])["amount"].sum().unstack()  # noqa: PD010
    assert list(days.index) == sorted({each.date() for each in frame["start"]})
    assert frame["start"].iloc[0].tzinfo == UTC or str(frame["start"].iloc[0].tzinfo) == "UTC"
    polars = await costs.to_polars()
    by_day = polars.group_by(pl.col("start").dt.date()).agg(pl.col("amount").sum())
    assert by_day.height == len(days)


@pytest.mark.real_clock
def test_a_client_that_blocks_has_them_too() -> None:
    with (
        Sandbox(seed=7, now=NOW) as sandbox,
        UsageClient(sandbox.admin_api_key, base_url=sandbox.base_url) as client,
    ):
        costs = client.costs(start_time=START, end_time=START + DAY, group_by=["line_item"])
        rows = costs.to_arrow(money="text").to_pylist()
        assert costs.to_polars(money="text").to_dicts() == rows
        assert list(costs.to_pandas(money="text")["amount"]) == [row["amount"] for row in rows]


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("missing", ["library", "pyarrow"])
async def test_the_extra_is_named_where_it_is_missing(
    library: str,
    missing: str,
    client: AsyncUsageClient,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = library if missing == "library" else missing
    monkeypatch.setitem(sys.modules, name, None)
    convert = getattr(client.costs(start_time=START), f"to_{library}")
    with pytest.raises(ModuleNotFoundError) as caught:
        await convert()
    assert str(caught.value) == str(missing_library(name, library))
    assert f"[{library}]" in str(caught.value)
    assert sandbox.requests == []


async def test_money_of_another_type_is_an_error(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    wrong: Any = "int"
    for convert in (client.costs(start_time=0).to_pandas, client.costs(start_time=0).to_polars):
        with pytest.raises(InvalidQueryError, match="money"):
            await convert(money=wrong)
    assert sandbox.requests == []
