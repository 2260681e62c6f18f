"""Charges: costs added up by day and labels, exactly, and only those of the two months."""

from datetime import date
from decimal import Decimal

from openai_usage.analysis import spending
from openai_usage.analysis.charges import Charge, charges_of
from tests.support.daily_costs import bucket, cost

DAY = date(2026, 11, 3)


def test_costs_with_the_same_labels_are_one_charge_and_credits_another() -> None:
    results = [
        cost("0.10000000000000000000000000000000001", line_item="a", project_id=""),
        cost("0E-6176", "USD", line_item="a"),
        cost("0.2", "USD", line_item="a"),
        cost("-5", line_item="a"),
        cost("-0", line_item="a", user_id="user-1"),
        cost("1", "eur", line_item="", api_key_id="key_1"),
    ]
    found = list(charges_of([bucket(DAY, results)]))
    assert found == [
        Charge(DAY, None, "a", cost("0.30000000000000000000000000000000001").amount),
        Charge(DAY, None, "a", cost("-5").amount),
        Charge(DAY, None, "a", cost("0").amount, "user-1"),
        Charge(DAY, None, None, cost("1", "eur").amount, None, "key_1"),
    ]
    assert str(found[2].amount.value) == "0"


def test_costs_of_other_months_have_no_part() -> None:
    months = (date(2026, month, 3) for month in (8, 9, 10, 11))
    bill = [bucket(day, [cost(1, project_id=f"proj_{day.month}")]) for day in months]
    bill.append(bucket(date(2026, 8, 4), [cost(1, "eur")]))
    [found] = spending(bill, today=date(2026, 11, 20), month=date(2026, 10, 1), gaps=[])
    parts = [(each.of, each.this_month, each.last_month) for each in found.by("project_id")]
    assert parts == [("proj_10", Decimal(1), Decimal(0)), ("proj_9", Decimal(0), Decimal(1))]
