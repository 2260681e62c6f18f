"""The tables of prices, shares and months."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from openai_usage.analysis.price_steps import PriceStep
from openai_usage.analysis.prices import Price
from openai_usage.report import Report
from openai_usage.report.answer_tables import (
    changed_prices,
    table_of_months,
    table_of_prices,
    table_of_shares,
)
from openai_usage.report.data import Answers, Figures, ModelShares
from openai_usage.report.spend import rankings
from openai_usage.report.tables import Cell
from tests.support.report_values import of_days, spent

DASH = "\N{EN DASH}"


def price(amount: str, before: str | None, **changes: Any) -> Price:
    """The price of a million tokens, and that of the days before."""
    made: dict[str, Any] = {
        "labels": {"model": "gpt-5", "kind": "input"},
        "unit": "tokens",
        "per": "1M tokens",
        "currency": "usd",
        "amount": Decimal(amount),
        "quantity": Decimal(1_000_000),
        "amount_before": None if before is None else Decimal(before),
        "quantity_before": Decimal(1_000_000) if before and Decimal(before) else None,
    }
    return Price(**made | changes)


def of_prices(*prices: Price) -> Figures:
    return of_days(2, answers=Answers(prices=prices))


def cells(row: tuple[Cell, ...]) -> list[tuple[str, str]]:
    return [(str(cell), cell.below) for cell in row]


@pytest.mark.parametrize(
    ("found", "row"),
    [
        (price("1.25", "1.00"), [("$1.25", "per 1M tokens"), ("+25.0 %", "from $1.00")]),
        (price("1.25", "1.25"), [("$1.25", "per 1M tokens"), ("0.0 %", "")]),
        (price("1.25", "0"), [("$1.25", "per 1M tokens"), ("new", "")]),
        (price("1.25", None), [("$1.25", "per 1M tokens"), (DASH, "")]),
        (price("0", None), [("$0.00", "per 1M tokens"), (DASH, "")]),
        (
            price("0.0025", None, unit="tool_calls", per="tool_calls", quantity=Decimal(1)),
            [("$0.00250", "per tool call"), (DASH, "")],
        ),
    ],
)
def test_a_price_and_its_change(found: Price, row: list[tuple[str, str]]) -> None:
    table = table_of_prices(of_prices(found))
    assert table is not None
    [cells_] = table.rows
    assert cells(cells_)[:3] == [("gpt-5, input", ""), *row]


def test_a_price_that_is_rounded_has_its_digits_in_the_title() -> None:
    table = table_of_prices(of_prices(price("0.123456", "0.1")))
    assert table is not None
    assert [cell.exact for cell in table.rows[0]] == ["", "$0.123456", "from $0.10", "$0.123456"]


def test_without_prices_there_is_no_table() -> None:
    assert table_of_prices(of_prices(price("5", None, quantity=None, unit=None, per=None))) is None
    assert "Prices" not in Report(of_days(2)).html()


def test_two_hundred_prices_are_listed() -> None:
    found = [price("1", "1", labels={"model": f"gpt-{n}", "kind": None}) for n in range(203)]
    table = table_of_prices(of_prices(*found))
    assert table is not None
    assert len(table.rows) == 200
    assert table.caption.endswith("The 3 smallest are left out.")
    assert table.rows[-1][0] == "gpt-199"


def test_prices_that_changed_are_told() -> None:
    figures = of_prices(
        price("1.00", "1.25"), price("1.001", "1"), price("1", None), price("1", "0")
    )
    assert list(changed_prices(figures)) == [
        "gpt-5, input: from $1.25 to $1.00 per 1M tokens on average (-20.0 %)"
    ]
    assert "<li>gpt-5, input: from $1.25 to $1.00" in Report(figures).html()


def test_the_days_are_told_on_which_a_price_changed() -> None:
    def step(day: int, price: str, price_before: str, **changes: Any) -> PriceStep:
        made: dict[str, Any] = {
            "labels": {"model": "gpt-5", "kind": "input"},
            "per": "1M tokens",
            "currency": "usd",
            "day": date(2026, 9, day),
            "price": Decimal(price),
            "price_before": Decimal(price_before),
        }
        return PriceStep(**made | changes)

    steps = (step(1, "1", "2"), step(1, "3", "2", currency="eur"), step(5, "1.5", "1"))
    figures = of_days(2, answers=Answers(prices=(price("1.2", "1.9"),), steps=steps))
    [text] = changed_prices(figures)
    assert text == (
        "gpt-5, input: from $2.00 to $1.00 per 1M tokens on 1 September 2026 (-50.0 %), then from "
        "$1.00 to $1.50 per 1M tokens on 5 September 2026 (+50.0 %)"
    )


def shares_of(model: str | None, **changes: Any) -> ModelShares:
    made: dict[str, Any] = {
        "model": model,
        "is_total": False,
        "requests": 1000,
        "input_tokens": 2_500_000,
        "cached": Decimal("0.25"),
        "batch": Decimal("0.5"),
        "tokens_per_request": None,
    }
    return ModelShares(**made | changes)


def test_shares_of_cached_input_and_batch_requests() -> None:
    assert table_of_shares(of_days(2)) is None
    found = (
        shares_of(None, is_total=True),
        shares_of("gpt-5"),
        shares_of(None, cached=None, batch=None),
    )
    figures = of_days(2, answers=Answers(shares=found))
    table = table_of_shares(figures)
    assert table is not None
    assert [cells(row) for row in (*table.rows, table.foot)] == [
        [("gpt-5", ""), ("2.50M", "1.00K requests"), ("25.0 %", ""), ("50.0 %", "")],
        [("(no model)", ""), ("2.50M", "1.00K requests"), (DASH, ""), (DASH, "")],
        [("Total", ""), ("2.50M", "1.00K requests"), ("25.0 %", ""), ("50.0 %", "")],
    ]
    assert "Cached and batch shares" in Report(figures).html()


def test_months_are_listed_by_currency() -> None:
    one = of_days(5, spend=(spent(5, ("p", "a")),))
    assert table_of_months(one, rankings(one)) is None
    two = of_days(12, spend=(spent(12, ("p", "a"), currency="eur"), spent(12, ("p", "a"))))
    table = table_of_months(two, rankings(two))
    assert table is not None
    assert table.heads == (
        "Month",
        "Spend, EUR",
        "Spend a day, EUR",
        "Spend, USD",
        "Spend a day, USD",
    )
    assert [row[0] for row in table.rows] == ["2026-08 (in part)", "2026-09 (in part)"]
    assert table.rows[0][1:3] == ("EUR 2.00", "EUR 1.00")
    assert table.foot[1:3] == ("EUR 12.07", DASH)
