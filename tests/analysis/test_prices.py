"""Prices: what a unit cost, and how much of a change comes from price, volume and mix."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import AsyncUsageClient, Bucket, CostsResult, InvalidQueryError
from openai_usage._decimals import exact_sum
from openai_usage.analysis import Price, Prices, prices, totals
from openai_usage.analysis.groups import group_by
from tests.conftest import DAY, NOW, TODAY
from tests.support.bills import bucket, completion, cost, values

NUMBERS = st.builds(
    Decimal.scaleb, st.integers(-1000, 10**20).map(Decimal), st.integers(-30, 0)
) | st.just(Decimal("0E-6176"))
COSTS = st.builds(
    cost,
    NUMBERS,
    st.none() | NUMBERS,
    st.sampled_from(["tokens", "1000_tokens", "images", "duration_hours", "calls", "", None]),
    st.sampled_from([None, "", "gpt-5, input", "gpt-5, output", "gpt-4.1, input", "Credit"]),
    st.sampled_from(["usd", "usd", "USD", "eur"]),
)
BILLS = st.lists(st.lists(COSTS, max_size=6).map(bucket), max_size=3)


def by_label(found: Prices, name: str = "model") -> dict[object, Price]:
    return {each.labels[name]: each for each in found}


def only(found: Prices) -> Price:
    [price] = found
    return price


@given(BILLS, BILLS)
def test_everything_adds_up_to_the_last_digit(
    bill: list[Bucket[CostsResult]], before: list[Bucket[CostsResult]]
) -> None:
    for by in (["model", "kind"], ["line_item"], []):
        found = prices(bill, before, by)
        of_currency = group_by(found, lambda each: each.currency)
        for buckets, name in ((bill, "amount"), (before, "amount_before")):
            sums = {
                currency: exact_sum(getattr(each, name) or Decimal(0) for each in same)
                for currency, same in of_currency.items()
            }
            bill_of = {group.currency: group.amount.value for group in totals(buckets)}
            assert {key: each for key, each in sums.items() if each} == {
                key: each for key, each in bill_of.items() if each
            }
        for each in found if before else ():
            assert each.price_effect is not None
            assert each.volume_effect is not None
            assert each.amount_before is not None
            change = Fraction(each.amount) - Fraction(each.amount_before)
            assert Fraction(each.price_effect) + Fraction(each.volume_effect) == change
            if each.price is None or each.price_before is None:
                assert each.price_effect == 0
            if each.quantity == each.quantity_before and each.price and each.price_before:
                assert each.volume_effect == 0
        for names in ([], ["model"]) if "model" in by and before else ():
            for moved in found.changes(names):
                change = Fraction(moved.amount) - Fraction(moved.amount_before)
                assert Fraction(moved.price_effect) + Fraction(moved.volume_effect) == change


@pytest.mark.parametrize(
    ("unit", "amount", "quantity", "price", "per"),
    [
        ("tokens", "1.10", "1000000", "1.1", "1M tokens"),
        ("tokens", "1", "3000000", "0.333333333333", "1M tokens"),
        ("1000_tokens", "4.4", "2000", "2.2", "1M tokens"),
        ("images", "0.08", "2", "0.04", "image"),
        ("duration_seconds", "0.006", "60", "0.006", "minute"),
        ("duration_minutes", "0.6", "100", "0.006", "minute"),
        ("duration_hours", "0.36", "1", "0.006", "minute"),
        ("gibibyte_hours", "1", "4", "0.25", "GiB-hour"),
        ("characters", "15", "1000000", "15", "1M characters"),
        ("calls", "10", "1000", "0.01", "calls"),
    ],
)
def test_units_are_quoted_as_people_do(
    unit: str, amount: str, quantity: str, price: str, per: str
) -> None:
    found = only(prices([bucket([cost(amount, quantity, unit)])]))
    assert values(str(found.price), found.per) == (price, per)
    assert found.labels == {"model": "gpt-5", "kind": "input"}


def test_units_of_the_same_kind_are_added() -> None:
    found = only(
        prices([bucket([cost("1", "500000"), cost("3", "500", "1000_tokens")])], by=["model"])
    )
    assert values(found.quantity, found.unit, found.price) == (1_000_000, "tokens", 4)
    rows = prices([bucket([cost("1", "1", "images"), cost("2", "1", "tokens")])], by=["model"])
    assert [values(each.unit, each.amount) for each in rows] == [("tokens", 2), ("images", 1)]


def test_costs_that_do_not_say_what_was_bought_are_apart() -> None:
    charges = [
        cost("10", "1000000"),
        cost("-4", "1000000"),  # a credit
        cost("1", None),
        cost("1", "0"),
        cost("1", "5", None),
        cost("5", None, None, item=None),
    ]
    rows = [
        values(each.labels["model"], each.unit, each.amount, each.quantity, each.price, each.per)
        for each in prices([bucket(charges)])
    ]
    assert rows == [
        ("gpt-5", "tokens", 10, 1_000_000, 10, "1M tokens"),
        (None, None, 5, None, None, None),
        ("gpt-5", None, -1, None, None, None),
    ]


def test_a_correction_counts_and_leaves_no_price_if_nothing_is_left() -> None:
    charges = [cost("10", "1000000"), cost("-4", "-500000")]
    found = only(prices([bucket(charges)]))
    assert values(found.amount, found.quantity, found.price) == (6, 500_000, 12)
    assert only(prices([bucket([*charges, cost("-8", "-500000")])])).price is None
    assert only(prices([bucket([*charges, cost("-8", "-100")])])).price is None
    assert only(prices([bucket([cost("0", "5")])])).price == 0, "free units have a price"


def test_a_change_comes_from_price_and_volume() -> None:
    before = [bucket([cost("10", "1000000")])]
    found = only(prices([bucket([cost("30", "2000000")])], before))
    assert values(found.price_before, found.price, found.price_change) == (10, 15, 5)
    assert values(found.amount_change, found.price_effect, found.volume_effect) == (20, 10, 10)
    dearer = only(prices([bucket([cost("12.345", "1000000")])], before))
    assert values(dearer.price_effect, dearer.volume_effect) == (Decimal("2.345"), 0)
    more = only(prices([bucket([cost("13", "1300000")])], before))
    assert values(more.price_effect, more.volume_effect) == (0, 3)
    thirds = only(prices([bucket([cost("1", "1")])], [bucket([cost("1", "3")])]))
    assert values(str(thirds.price_effect), str(thirds.volume_effect)) == (
        "0.6666666667",
        "-0.6666666667",
    )


def test_nothing_is_compared_without_a_period_before() -> None:
    found = prices([bucket([cost("10", "1000000")])])
    price = only(found)
    assert price.amount_before is price.price_before is price.price_change is None
    assert price.amount_change is price.price_effect is price.volume_effect is None
    assert found.changes() == []


def test_what_is_new_or_gone_is_volume() -> None:
    found = by_label(
        prices([bucket([cost("10", "5", item="gpt-5")])], [bucket([cost("3", "5", item="gpt-4")])])
    )
    new, gone = found["gpt-5"], found["gpt-4"]
    assert values(new.price_before, new.price_change, new.amount_before) == (None, None, 0)
    assert values(new.price_effect, new.volume_effect) == (0, 10)
    assert values(gone.price, gone.quantity, gone.amount) == (None, None, 0)
    assert values(gone.price_effect, gone.volume_effect) == (0, -3)
    assert only(prices([bucket([cost("1", "1")])], [bucket([])])).volume_effect == 1


def test_the_mix_of_kinds_is_a_part_of_the_volume() -> None:
    now = [cost("8", "2000000"), cost("30", "3000000", item="gpt-5, output")]
    before = [cost("12", "3000000"), cost("20", "2000000", item="gpt-5, output")]
    cents = [cost("1", "10", "calls", "gpt-5, search"), cost("-1", None, None, "gpt-4")]
    found = prices([bucket(now + cents)], [bucket(before)])
    by_model = {each.labels["model"]: each for each in found.changes()}
    moved = by_model["gpt-5"]
    # As many tokens as before, but a million of them is output, which costs 6 more.
    assert values(moved.amount_before, moved.amount, moved.price_effect) == (32, 39, 0)
    assert values(moved.volume_effect, moved.mix_effect) == (7, 6)
    assert by_model["gpt-4"].volume_effect == -1
    assert [each.labels["model"] for each in found.changes()] == ["gpt-5", "gpt-4"]
    assert [each.mix_effect for each in found.changes(["model", "kind"])] == [0] * 4
    with pytest.raises(InvalidQueryError, match="Did you mean 'model'"):
        found.changes(["modle"])


def test_currencies_are_apart() -> None:
    charges = [cost("9", "1", currency="eur"), cost("1", "1"), cost("2", "1", currency="USD")]
    found = prices([bucket([*charges, cost("1", "1", item="gpt-4")])])
    assert [values(each.currency, each.amount) for each in found] == [
        ("usd", 3),
        ("usd", 1),
        ("eur", 9),
    ]
    moved = prices([bucket(charges)], [bucket([])]).changes()
    assert [values(each.currency, each.amount) for each in moved] == [("eur", 9), ("usd", 3)]


def test_prices_of_each_month_are_in_time_order() -> None:
    bill = [bucket([cost("1", "1")]), bucket([cost("9", "1")], TODAY)]
    found = prices(bill, by=["model", "month"])
    assert [each.labels["month"] for each in found] == ["2026-01", "2026-09"]
    with pytest.raises(InvalidQueryError, match=r"^by .* 'month'.* Leave out the period or"):
        prices(bill, bill, by=["model", "month"])


def test_only_costs_have_prices() -> None:
    usage: list[Bucket[CostsResult]] = [bucket([completion(1)])]  # type: ignore[list-item]  # pyright: ignore[reportAssignmentType]
    with pytest.raises(InvalidQueryError, match=r"^before takes buckets of costs"):
        prices([], usage)
    with pytest.raises(InvalidQueryError, match=r"^by takes a list"):
        prices([], by="model")


def test_rows_are_flat() -> None:
    found = prices([bucket([cost("3", "1000000")])], [bucket([cost("1", "1000000")])])
    assert len(found) == 1
    assert found.rows() == [
        {
            "model": "gpt-5",
            "kind": "input",
            "per": "1M tokens",
            "price": 3,
            "price_before": 1,
            "price_change": 2,
            "amount": 3,
            "amount_before": 1,
            "amount_change": 2,
            "price_effect": 2,
            "volume_effect": 0,
            "unit": "tokens",
            "quantity": 1_000_000,
            "quantity_before": 1_000_000,
            "currency": "usd",
        }
    ]
    assert repr(found) == "Prices(by=('model', 'kind'), prices=<1>)"


async def test_the_prices_of_the_sandbox_are_those_of_its_list(client: AsyncUsageClient) -> None:
    bill = await client.costs(
        start_time=TODAY - 7 * DAY, end_time=NOW, group_by=["line_item"]
    ).collect()
    found = {(each.labels["model"], each.labels["kind"]): each for each in prices(bill)}
    price = found["whisper-1", "duration"]
    assert values(price.price, price.per) == (Decimal("0.006"), "minute")


async def test_a_new_price_of_the_sandbox_is_found(client: AsyncUsageClient) -> None:
    june, july = [
        await client.costs(
            start_time=date(2026, month, 1),
            end_time=date(2026, month + 1, 1),
            group_by=["line_item"],
        ).collect()
        for month in (6, 7)
    ]
    found = prices(july, june)
    dearer = {each.labels["model"] for each in found if each.price_effect}
    assert len(dearer) == 1
    moved = {each.labels["model"]: each for each in found.changes()}
    assert {model for model, each in moved.items() if each.price_effect} == dearer
