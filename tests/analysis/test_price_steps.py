"""The days on which prices change: steps between steady prices, and nothing else."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from openai_usage import Amount, Bucket, CostsResult, InvalidQueryError
from openai_usage.analysis import PriceStep, price_steps
from tests.conftest import DAY

START = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())


def bill_of(*prices: str | None, item: str = "gpt-5, input") -> list[Bucket[CostsResult]]:
    """Costs of three million tokens a day at these *prices*, or of nothing."""
    return [
        Bucket(
            start_time=START + day * DAY,
            end_time=START + (day + 1) * DAY,
            results=() if price is None else (cost(Decimal(price), item),),
        )
        for day, price in enumerate(prices)
    ]


def cost(price: Decimal, item: str) -> CostsResult:
    return CostsResult(
        line_item=item,
        amount=Amount(value=3 * price, currency="usd"),
        quantity=Decimal(3_000_000),
        quantity_unit="tokens",
    )


def test_a_step_is_the_first_day_with_the_new_price() -> None:
    bill = bill_of("1.25", "1.25", None, "1.25", "1", "1", "1")
    assert price_steps(bill) == [
        PriceStep(
            labels={"model": "gpt-5", "kind": "input"},
            per="1M tokens",
            currency="usd",
            day=date(2026, 3, 5),
            price=Decimal(1),
            price_before=Decimal("1.25"),
        )
    ]


@pytest.mark.parametrize(
    "prices",
    [
        ("1", "1", "1", "1"),
        ("1", "1", "1", "2", "2"),  # too short to be sure
        ("1", "1", "1", "2", "1", "1", "1"),
        ("1", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6"),
        ("1.0000001", "1", "1", "0.9999999", "1", "1"),  # rounded amounts
    ],
)
def test_other_changes_are_not_steps(prices: Sequence[str]) -> None:
    assert price_steps(bill_of(*prices)) == []


def test_steps_of_all_labels_are_in_time_order() -> None:
    first = bill_of(*3 * ["1"], *3 * ["2"], *3 * ["3"])
    second = bill_of(*4 * ["1"], *5 * ["2"], item="o3, output")
    bill = [
        Bucket(
            start_time=one.start_time, end_time=one.end_time, results=one.results + other.results
        )
        for one, other in zip(first, second, strict=True)
    ]
    found = [(each.day.day, each.labels["model"]) for each in price_steps(bill)]
    assert found == [(4, "gpt-5"), (5, "o3"), (7, "gpt-5")]
    assert price_steps(bill, by=[]) == []  # a mean of both


def test_what_is_not_a_bill_is_rejected() -> None:
    assert price_steps([]) == []
    usage: list[Any] = [Bucket(start_time=START, end_time=START + DAY, results=(1,))]
    with pytest.raises(InvalidQueryError, match="group_by"):
        price_steps(usage)
