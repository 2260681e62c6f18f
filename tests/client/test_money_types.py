"""Money and quantities as decimals, text or floats: every digit, or what was rounded is said."""

import csv
import io
import logging
import subprocess
from contextlib import aclosing
from decimal import ROUND_HALF_EVEN, Context, Decimal
from math import inf
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from openai_usage import (
    AsyncUsageClient,
    ColumnError,
    CostsResult,
    Endpoints,
    InvalidQueryError,
    MoneyType,
    UsageClient,
)
from openai_usage._digits import digits
from openai_usage._wire.decoder import decode_page
from openai_usage.arrow import Rounding, record_batch, schema
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY
from tests.support.arrow_values import MONEY, costs_page
from tests.support.terminal import COMMAND, Terminal, asking

TYPES: dict[MoneyType, pa.DataType] = {
    "decimal": MONEY,
    "text": pa.string(),
    "float": pa.float64(),
}
each_type = pytest.mark.parametrize("money", TYPES)

LONG = [
    "0.1234567890123456789012345678",
    "0.123456789012345678901234567890",
    "1234567890.123456789012345678901234",
    "1.2345678901234567e-10",
    "5.551115123125783e-17",
]
"""28 and 30 decimals, 34 digits, and floats that computing leaves."""


async def amounts(
    client: AsyncUsageClient, sandbox: Sandbox, values: list[Any], money: MoneyType
) -> list[Any]:
    sandbox.faults.status(200, body=costs_page(*(f'"{value}"' for value in values)))
    table = await client.costs(start_time=0, end_time=DAY).to_arrow(money=money)
    assert table.schema == schema(Endpoints.costs, money=money)
    assert table["amount"].type == TYPES[money]
    return table["amount"].to_pylist()


# ----------------------------------------------------------------- what stands in the columns


async def test_recorded_digits_are_rounded_at_the_24th_decimal(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    assert await amounts(client, sandbox, LONG, "decimal") == [
        Decimal("0.123456789012345678901235"),
        Decimal("0.123456789012345678901235"),
        Decimal("1234567890.123456789012345678901234"),
        Decimal("0.000000000123456789012346"),
        Decimal("0.000000000000000055511151"),
    ]


async def test_text_has_every_recorded_digit(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    assert await amounts(client, sandbox, LONG, "text") == [
        "0.1234567890123456789012345678",
        "0.123456789012345678901234567890",
        "1234567890.123456789012345678901234",
        "0.00000000012345678901234567",
        "0.00000000000000005551115123125783",
    ]


async def test_floats_are_those_that_python_makes(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    assert await amounts(client, sandbox, LONG, "float") == [
        0.1234567890123456789012345678,
        0.12345678901234567890123456789,
        1234567890.123456789012345678901234,
        1.2345678901234567e-10,
        5.551115123125783e-17,
    ]


@each_type
async def test_quantities_are_as_money(
    money: MoneyType, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    body = costs_page("1", "2").replace("}}]", '},"quantity":0.1234567890123456789012345678}]')
    sandbox.faults.status(200, body=body)
    table = await client.costs(start_time=0, end_time=DAY).to_arrow(money=money)
    assert table["quantity"].to_pylist() == [
        None,
        {
            "decimal": Decimal("0.123456789012345678901235"),
            "text": "0.1234567890123456789012345678",
            "float": 0.1234567890123456789012345678,
        }[money],
    ]


ANY_DECIMAL = st.decimals(allow_nan=False, allow_infinity=False) | st.builds(
    lambda digits, zeros, exponent: Decimal(f"{digits}{'0' * zeros}E{exponent}"),
    digits=st.integers(-(10**42), 10**42),
    zeros=st.integers(0, 12),
    exponent=st.integers(-130, 20),
)
"""Any of them, and more of those that are about as long as a column is wide."""


def rounded(value: Decimal) -> Decimal | None:
    """The value at the 24th decimal, from its digits alone; None if it has 15 before the point."""
    exactly = Context(prec=20_000, rounding=ROUND_HALF_EVEN)
    found = exactly.quantize(value, Decimal(1).scaleb(-24))
    return found if exactly.abs(found) < 10**14 else None


@settings(max_examples=200)
@given(st.lists(ANY_DECIMAL, min_size=1, max_size=3))
@example([Decimal("0E-6176"), Decimal("0E+6144"), Decimal("-0")])
@example([Decimal("99999999999999.999999999999999999999999")])
@example([Decimal("-99999999999999.99999999999999999999999900000")])
@example([Decimal("99999999999999.9999999999999999999999995")])
@example([Decimal("1E+13"), Decimal("1." + 100 * "0")])
@example([Decimal("1E+14")])
@example([Decimal("1E-25")])
@example([Decimal("5E-25"), Decimal("15E-25"), Decimal("-25E-25")])
@example([Decimal("50000000000000000000000001E-50")])
@example([Decimal(1), Decimal("0.1234567890123456789012345")])
@example([Decimal("9E+6144")])
@example([Decimal("1E-6176")])
@example([Decimal("1.7976931348623157E+308")])
@example([Decimal("-1.8E+308")])
# What pyarrow alone makes something else of, in silence.
@example([Decimal("5.99999999999997556125426316808634E-31")])
@example([Decimal("4.36436777627444432330351489742E-63")])
@example([Decimal("6E-117")])
@example([Decimal("42535295865117.307932921825928971038777000")])
async def test_any_decimal_is_what_its_type_says_or_an_error(
    client: AsyncUsageClient, sandbox: Sandbox, values: list[Decimal]
) -> None:
    sandbox.faults.status(200, body=costs_page(*(f'"{value}"' for value in values)))
    page = await client.costs(start_time=0, end_time=DAY)
    floats = [float(value) for value in values]
    expected: dict[MoneyType, list[Any]] = {
        "decimal": [rounded(value) for value in values],
        "float": [None if abs(each) == inf else each for each in floats],
    }
    for money, each in expected.items():
        if None in each:
            with pytest.raises(ColumnError) as caught:
                record_batch(Endpoints.costs, page.data, money=money)
            value = values[each.index(None)]
            shown = digits(value) if len(digits(value)) <= 60 else f"about {value:.3g}"
            assert str(caught.value).startswith(f"amount is {shown} in the bucket")
            assert str(caught.value).endswith(' Use money="text" to keep every digit.')
        else:
            batch = record_batch(Endpoints.costs, page.data, money=money)
            assert batch["amount"].to_pylist() == each
    texts = record_batch(Endpoints.costs, page.data, money="text")["amount"].to_pylist()
    assert texts == [digits(value) for value in values]
    assert [Decimal(str(text)) for text in texts] == values
    assert not any("E" in str(text) for text in texts)


# ----------------------------------------------------------------- what was rounded is said once


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]


def days(values: list[list[str]]) -> list[str]:
    """A page over costs for each day, with amounts of the values."""
    pages = []
    for day, these in enumerate(values):
        page = costs_page(*these, has_more=day < len(values) - 1).replace("page_2", f"page_{day}")
        page = page.replace(f'"end_time":{DAY}', f'"end_time":{(day + 1) * DAY}')
        pages.append(page.replace('"start_time":0', f'"start_time":{day * DAY}'))
    return pages


def serve(sandbox: Sandbox, pages: list[str]) -> None:
    for page in pages:
        sandbox.faults.status(200, body=page)


async def test_it_is_said_once_for_all_pages(
    client: AsyncUsageClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    pages = days([['"1E-30"', "1"], ['"0.4000000000000000000000005"'], ["2", '"-1.3E-24"']])
    pages[1] = pages[1].replace("}}]", '},"quantity":1e-25}]')
    serve(sandbox, pages)
    await client.costs(start_time=0, end_time=3 * DAY).to_arrow()
    assert said(caplog) == [
        (
            "GET organization/costs: rounded to 24 decimals, the most that a decimal column holds: "
            "3 values of amount, by 5e-25 at most; 1 value of quantity, by 1e-25 at most. "
            'Use money="text" to keep every digit.'
        )
    ]
    [record] = caplog.records
    assert record.name == "openai_usage"
    assert vars(record)["endpoint"] == "organization/costs"
    assert vars(record)["rounded"] == {
        "amount": (3, Decimal("5E-25")),
        "quantity": (1, Decimal("1E-25")),
    }


async def test_it_is_said_when_the_iteration_ends(
    client: AsyncUsageClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    serve(sandbox, days([['"1E-30"'], ['"2E-30"'], ['"3E-30"']]))
    async with aclosing(client.costs(start_time=0, end_time=3 * DAY).arrow_batches()) as batches:
        await anext(batches)
        await anext(batches)
        assert said(caplog) == []
    [message] = said(caplog)
    assert "2 values of amount, by 2e-30 at most" in message


async def test_what_was_handed_over_before_an_error_is_said_too(
    client: AsyncUsageClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    serve(sandbox, days([['"1E-30"'], ["1e14"]]))
    with pytest.raises(ColumnError):
        async for _ in client.costs(start_time=0, end_time=2 * DAY).arrow_batches():
            pass
    [message] = said(caplog)
    assert "1 value of amount, by 1e-30 at most" in message


@pytest.mark.parametrize("money", ["text", "float"])
async def test_nothing_is_said_of_other_types(
    money: MoneyType,
    client: AsyncUsageClient,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await amounts(client, sandbox, LONG, money)
    assert said(caplog) == []


async def test_nothing_is_said_where_nothing_was_rounded(
    client: AsyncUsageClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    exact = ["0E-6176", "1." + 50 * "0", "1E-24", "0.00032195744715549047"]
    assert await amounts(client, sandbox, exact, "decimal") == [Decimal(each) for each in exact]
    assert said(caplog) == []


async def test_a_batch_says_it_itself_or_has_the_caller_say_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    page = await decode_page(CostsResult, costs_page(*(f'"{each}"' for each in LONG)).encode())
    rounding = Rounding()
    for _ in range(2):
        assert record_batch(Endpoints.costs, page.data, rounding=rounding).num_rows == len(LONG)
    assert said(caplog) == []
    assert rounding.columns["amount"] == (8, Decimal("4.322E-25"))
    record_batch(Endpoints.costs, page.data)
    [message] = said(caplog)
    assert "4 values of amount, by 4.3e-25 at most" in message
    texts = record_batch(Endpoints.costs, page.data, money="text")["amount"]
    assert texts.type == pa.string()
    assert len(said(caplog)) == 1


# ----------------------------------------------------------------- every way to ask for it


@pytest.mark.parametrize("money", ["Decimal", "", None, 38])
async def test_another_type_is_refused_before_anything_is_sent(
    money: Any, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    buckets = client.costs(start_time=0)
    with pytest.raises(InvalidQueryError, match="'decimal', 'text' or 'float'") as caught:
        await buckets.to_arrow(money=money)
    assert caught.value.param == "money"
    with pytest.raises(InvalidQueryError):
        await anext(buckets.arrow_batches(money=money))
    assert sandbox.requests == []


@pytest.mark.real_clock
@each_type
def test_blocking_programs_have_them_too(money: MoneyType, usage_sandbox: Sandbox) -> None:
    with UsageClient(usage_sandbox.admin_api_key, base_url=usage_sandbox.base_url) as client:
        costs = client.costs(start_time=1_767_225_600, end_time=1_767_484_800)
        table = costs.to_arrow(money=money)
        assert table["amount"].type == TYPES[money]
        assert pa.Table.from_batches(costs.arrow_batches(money=money)).equals(table)


@each_type
async def test_large_pages_and_windows_have_them_too(
    money: MoneyType, client: AsyncUsageClient
) -> None:
    costs = client.costs(start_time=0, end_time=60 * DAY, group_by=["line_item"])
    table = await costs.to_arrow(money=money)
    assert (await costs.concurrently(3).to_arrow(money=money)).equals(table)


# ----------------------------------------------------------------- arithmetic


async def test_arithmetic_that_overflows_is_done_with_floats(client: AsyncUsageClient) -> None:
    costs = client.costs(start_time=TODAY - DAY, end_time=TODAY, group_by=["line_item"])
    exact, usage = await costs.to_arrow(), await costs.to_arrow(money="float")
    product = "SELECT sum({} * quantity) FROM {}"

    frame = exact.to_pandas(types_mapper=pd.ArrowDtype)
    with pytest.raises(pa.ArrowInvalid, match="precision out of range"):
        frame["amount"].div(frame["quantity"])
    with duckdb.connect() as connection:
        connection.register("exact", exact)
        with pytest.raises(duckdb.OutOfRangeException):
            connection.sql(product.format("amount", "exact")).fetchall()

        cast = frame[["amount", "quantity"]].astype("double[pyarrow]")
        floats = usage.to_pandas(types_mapper=pd.ArrowDtype)
        prices = floats["amount"] / floats["quantity"]
        as_cast = cast["amount"] / cast["quantity"]  # which rounds otherwise than Python
        assert prices.to_list() == pytest.approx(as_cast.to_list())
        assert prices.dropna().min() > 0
        connection.register("floats", usage)
        [(total,)] = connection.sql(product.format("amount", "floats")).fetchall()
        [(same,)] = connection.sql(product.format("amount::DOUBLE", "exact")).fetchall()
        assert total == pytest.approx(same)
        assert total > 0


# ----------------------------------------------------------------- on the command line

ASKED = "costs --start 1970-01-01 --end 1970-01-03"
PAGES = days([[f'"{each}"' for each in LONG], ['"1E-30"']])


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    return tmp_path / "costs.parquet"


@pytest.mark.real_clock
def test_parquet_is_rounded_and_says_so_in_one_line(
    terminal: Terminal, asked: Sandbox, parquet: Path, caplog: pytest.LogCaptureFixture
) -> None:
    serve(asked, PAGES)
    terminal(f"{ASKED} -o {parquet}")
    assert terminal.err == (
        "openai-usage: rounded to 24 decimals, the most that a decimal column holds: "
        "5 values of amount, by 4.3e-25 at most. Use --money text to keep every digit.\n"
    )
    assert said(caplog) == []
    assert pq.read_table(parquet)["amount"].to_pylist()[-1] == 0


@pytest.mark.real_clock
def test_sums_in_parquet_are_rounded_and_say_so(
    terminal: Terminal, asked: Sandbox, parquet: Path
) -> None:
    serve(asked, PAGES)
    terminal(f"{ASKED} --total -o {parquet}")
    assert "rounded to 24 decimals, the most that a decimal column holds: 1 value" in terminal.err


@pytest.mark.real_clock
@each_type
def test_parquet_has_them_too(
    money: MoneyType, terminal: Terminal, asked: Sandbox, parquet: Path
) -> None:
    serve(asked, PAGES)
    terminal(f"{ASKED} --money {money} -o {parquet}")
    assert bool(terminal.err) == (money == "decimal")
    read = pq.read_table(parquet)
    assert [read[name].type for name in ("amount", "quantity")] == [TYPES[money]] * 2
    serve(asked, PAGES)
    rows = csv.DictReader(io.StringIO(terminal(f"{ASKED} --format csv"), newline=""))
    if money == "text":
        assert read["amount"].to_pylist() == [row["amount"] for row in rows]


@pytest.mark.real_clock
@pytest.mark.parametrize("form", ["", "--format csv", "-o costs.json", "--format jsonl"])
def test_money_goes_with_parquet_alone(form: str, terminal: Terminal, asked: Sandbox) -> None:
    terminal(f"{ASKED} --money text {form}", exit_code=2)
    assert terminal.err == (
        "openai-usage: --money text is only for Parquet. CSV, JSON and Excel files have every "
        "digit of money, and so does a table with --exact. Remove it, or use --format parquet.\n"
    )
    assert asked.requests == []


@pytest.mark.real_clock
def test_another_type_is_refused_there_too(terminal: Terminal, asked: Sandbox) -> None:
    terminal(f"{ASKED} --money double --format parquet", exit_code=2)
    assert '"double" for --money' in terminal.err
    assert asked.requests == []


@pytest.mark.real_clock
@pytest.mark.parametrize(
    ("field", "way_out"),
    [
        ('"amount":{"value":1e14,"currency":"usd"}', "--money text"),
        ('"usage_bytes":9223372036854775808', "--format csv"),
    ],
)
def test_an_error_names_the_option(
    field: str, way_out: str, terminal: Terminal, asked: Sandbox, parquet: Path
) -> None:
    command = "costs" if "amount" in field else "vector-stores"
    bucket = f'{{"start_time":0,"end_time":{DAY},"results":[{{{field}}}]}}'
    asked.faults.status(200, body=f'{{"data":[{bucket}],"has_more":false}}')
    terminal(f"{command} --start 1970-01-01 --end 1970-01-02 -o {parquet}", exit_code=1)
    assert terminal.err.endswith(f". Use {way_out} to keep every digit.\n")
    assert not parquet.exists()


@pytest.mark.real_clock
def test_a_pipe_has_one_line_beside_it(usage_sandbox: Sandbox) -> None:
    serve(usage_sandbox, PAGES)
    done = subprocess.run(
        [COMMAND, *f"{ASKED} --format parquet".split()],
        capture_output=True,
        check=True,
        env=asking(usage_sandbox),
    )
    assert pq.read_table(io.BytesIO(done.stdout)).num_rows == len(LONG) + 1
    assert done.stderr.count(b"\n") == 1
