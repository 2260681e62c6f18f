"""What is reckoned from a bill: whatever is on it, nothing is lost, rounded or added across."""

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import Amount, Bucket, CostsResult
from openai_usage._decimals import exact_difference, exact_sum
from openai_usage.analysis.months import start_of_last_month
from openai_usage.analysis.spending import Charge, Dimension, Spending, spending

DAYS = st.dates(date(2023, 1, 1), date(2032, 12, 31))
CENTS = Decimal("0.01")


def amounts(least: int = -(10**9)) -> st.SearchStrategy[Decimal]:
    return st.builds(
        Decimal.scaleb, st.integers(least, 10**20).map(Decimal), st.integers(-30, 3)
    ) | st.sampled_from([Decimal("0E-6176"), Decimal("1E-40")])


@st.composite
def bills(draw: st.DrawFn, least: int = -(10**9)) -> Spending:
    today = draw(DAYS)
    first = start_of_last_month(today)
    return Spending(
        currency="usd",
        today=today,
        charges=draw(
            st.lists(
                st.builds(
                    Charge,
                    day=st.dates(first, today),
                    project_id=st.sampled_from([None, "proj_a", "proj_b"]),
                    line_item=st.sampled_from([None, "gpt-5, input", "gpt-5, output"]),
                    amount=st.builds(Amount, value=amounts(least), currency=st.just("usd")),
                ),
                max_size=30,
            )
        ),
    )


def daily(today: date, *amounts: str) -> Spending:
    """A bill with one charge a day, today's at the end."""
    return Spending(
        "usd",
        today,
        [
            Charge(today - timedelta(ago), None, None, Amount(value=Decimal(a), currency="usd"))
            for ago, a in enumerate(reversed(amounts))
        ],
    )


@given(bill=bills())
def test_days_projects_and_line_items_come_to_the_same(bill: Spending) -> None:
    total = bill.total
    exact = {
        month: sum(
            (Fraction(each.amount.value) for each in bill.charges if first <= each.day <= last),
            Fraction(0),
        )
        for month, (first, last) in {
            "this_month": (bill.month, bill.today),
            "last_month": (bill.last_month, bill.month - timedelta(days=1)),
            "compared": (bill.month, bill.month + timedelta(days=bill.compared - 1)),
            "compared_with": (bill.last_month, bill.last_month + timedelta(days=bill.compared - 1)),
        }.items()
    }
    for month, sum_ in exact.items():
        assert Fraction(getattr(total, month)) == sum_
        for parts in (bill.by("project_id"), bill.by("line_item")):
            assert exact_sum(getattr(part, month) for part in parts) == getattr(total, month)
    this_month = [amount for day, amount in bill.by_day.items() if day >= bill.month]
    assert exact_sum(this_month) == total.this_month
    assert exact_sum(bill.by_day.values()) == exact_sum([total.this_month, total.last_month])


@given(bill=bills())
def test_every_day_is_there_once_in_order(bill: Spending) -> None:
    days = list(bill.by_day)
    assert (days[0], days[-1]) == (bill.last_month, bill.today)
    assert {(b - a).days for a, b in pairwise(days)} <= {1}


@given(bill=bills())
def test_only_whole_days_are_compared_and_equally_many(bill: Spending) -> None:
    whole = [day for day in bill.by_day if bill.month <= day < bill.today]
    before = [day for day in bill.by_day if day < bill.month]
    assert bill.compared == min(len(whole), len(before))


@given(bill=bills())
def test_the_largest_parts_come_first(bill: Spending) -> None:
    sizes = [part.this_month for part in bill.by("line_item")]
    assert sizes == sorted(sizes, reverse=True)


@given(bill=bills())
def test_a_month_never_comes_to_less_than_it_has(bill: Spending) -> None:
    assert bill.projection.total >= bill.total.this_month
    assert bill.projection.per_day >= 0
    assert 0 <= bill.projection.days <= 7


@given(bill=bills())
def test_the_parts_of_a_projection_come_to_all_of_it(bill: Spending) -> None:
    everything = Fraction(bill.projection.total)
    labels: Sequence[Sequence[Dimension]] = ([], ["project_id"], ["project_id", "model"])
    for by in labels:
        parts = bill.projected_by(by)
        assert sum(parts.values()) == everything
    of_model = {part.of: part for part in bill.by("model")}
    for (model,), amount in bill.projected_by(["model"]).items():
        rest = amount - Fraction(of_model[model].this_month)
        assert rest >= 0


def test_a_projection_is_divided_as_the_days_it_rests_on() -> None:
    today = date(2026, 11, 20)
    charges = [
        Charge(today - timedelta(ago), project, None, Amount(value=Decimal(value), currency="usd"))
        for ago in range(1, 8)
        for project, value in (("a", 30), ("b", 10), (None, -5))
    ]
    bill = Spending(
        "usd", today, [*charges, Charge(date(2026, 10, 1), "old", None, charges[0].amount)]
    )
    assert bill.projected_by(["project_id"]) == {
        ("a",): 210 + 30 * 11,  # today and the ten days to come
        ("b",): 70 + 10 * 11,
        (None,): -35,
    }
    assert bill.projection.total == 245 + 40 * 11
    assert bill.projection.basis == [today - timedelta(ago) for ago in range(7, 0, -1)]


@given(bill=bills(least=0))
def test_on_the_last_day_only_what_is_missing_to_a_usual_day_is_added(bill: Spending) -> None:
    last = monthrange(bill.today.year, bill.today.month)[1]
    whole = Spending("usd", bill.today.replace(day=last), bill.charges)
    to_come = exact_difference(whole.projection.total, whole.total.this_month)
    today = whole.by_day[whole.today]
    assert to_come == max(Decimal(0), exact_difference(whole.projection.per_day, today))
    usual = Charge(whole.today, None, None, Amount(value=Decimal(10) ** 40, currency="usd"))
    done = Spending("usd", whole.today, [*whole.charges, usual])
    assert done.projection.total == done.total.this_month


@given(today=DAYS, cents=st.integers(1, 10**6), share=st.integers(0, 100))
def test_what_costs_the_same_every_day_costs_that_every_day(
    today: date, cents: int, share: int
) -> None:
    amount = CENTS * cents
    days = (today - start_of_last_month(today)).days
    bill = daily(today, *[str(amount)] * days, str(CENTS * (cents * share // 100)))
    assert bill.projection.per_day == amount
    assert bill.projection.total == amount * monthrange(today.year, today.month)[1]


SPOKEN = re.compile(
    r"what is billed so far, plus "
    r"(?:the mean of the last (?P<days>\d) whole days|the amount of the last whole day"
    r"|what (?P<today>today) has so far \(no whole day is over yet\)), "
    r"rounded to the cent, for each day to come, plus the rest of that amount for today; "
    r"credits count only in what is billed so far"
)


@given(bill=bills())
def test_a_projection_can_be_reckoned_from_the_words_that_go_with_it(bill: Spending) -> None:
    said = SPOKEN.fullmatch(bill.projection.method)
    assert said is not None
    by_day: dict[date, Fraction] = {}
    for each in bill.charges:
        if each.amount.value > 0:
            by_day[each.day] = by_day.get(each.day, Fraction(0)) + Fraction(each.amount.value)
    today = by_day.get(bill.today, Fraction(0))
    days = int(said["days"] or 1)
    whole = [bill.today - timedelta(days=ago) for ago in range(1, days + 1)]
    mean = today if said["today"] else sum(by_day.get(day, Fraction(0)) for day in whole) / days
    per_day = Fraction(round(mean * 100), 100)
    last = monthrange(bill.today.year, bill.today.month)[1]
    billed = sum(
        (Fraction(each.amount.value) for each in bill.charges if each.day >= bill.month),
        Fraction(0),
    )
    total = billed + per_day * (last - bill.today.day) + max(Fraction(0), per_day - today)
    assert Fraction(bill.projection.total) == total
    assert Fraction(bill.projection.per_day) == per_day


@given(bill=bills(least=1), cents=st.integers(1, 10**9), ago=st.integers(0, 7))
def test_a_credit_lowers_the_bill_and_not_the_days_to_come(
    bill: Spending, cents: int, ago: int
) -> None:
    day = max(bill.last_month, bill.today - timedelta(days=ago))
    credit = Charge(day, None, None, Amount(value=-CENTS * cents, currency="usd"))
    lowered = Spending("usd", bill.today, [*bill.charges, credit])
    assert lowered.projection.per_day == bill.projection.per_day
    assert exact_difference(lowered.projection.total, lowered.total.this_month) == exact_difference(
        bill.projection.total, bill.total.this_month
    )


@given(values=st.lists(amounts()))
def test_sums_have_every_digit_and_no_others(values: list[Decimal]) -> None:
    sum_ = exact_sum(values)
    assert Fraction(sum_) == sum(map(Fraction, values))
    assert len(f"{sum_:f}") < 90  # which 6,176 zeros would not be


@pytest.mark.parametrize(
    ("bill", "total", "days", "method"),
    [
        pytest.param(
            daily(date(2026, 4, 10), *["7"] * 7, "1"),
            "196.00",
            7,
            "last 7 whole",
            id="a part of today",
        ),
        pytest.param(
            daily(date(2026, 4, 10), *["7"] * 7, "9"), "198", 7, "last 7 whole", id="a dear today"
        ),
        pytest.param(
            daily(date(2026, 4, 1), *["2"] * 7, "0"),
            "60",
            7,
            "last 7 whole",
            id="the first of a month",
        ),
        pytest.param(
            daily(date(2028, 2, 1), *["2"] * 7, "2"), "58", 7, "last 7 whole", id="a leap year"
        ),
        pytest.param(
            daily(date(2026, 4, 10), "100", *["0"] * 7, "0"), "100", 7, "whole days", id="long ago"
        ),
        pytest.param(
            daily(date(2026, 4, 10), "4", "2", "0"), "69", 2, "last 2 whole", id="short history"
        ),
        pytest.param(daily(date(2026, 4, 10), "4", "1"), "88", 1, "last whole day", id="one day"),
        pytest.param(daily(date(2026, 4, 10), "4"), "84", 0, "today has so far", id="today only"),
        pytest.param(daily(date(2026, 4, 10)), "0", 7, "last 7 whole", id="nothing"),
        pytest.param(
            # 12 - 100 + 1 are billed; then 12 / 7 = 1.71 for 20 days, and 0.71 for today.
            daily(date(2026, 4, 10), *["2"] * 6, "-100", "1"),
            "-52.09",
            7,
            "mean",
            id="a large refund",
        ),
        pytest.param(
            daily(date(2026, 4, 10), *["2"] * 7, "-10"), "46", 7, "mean", id="a refund today"
        ),
        pytest.param(
            daily(date(2026, 4, 29), *["0.01", "0", "0", "0", "0", "0", "0", "0"]),
            "0.01",
            7,
            "mean",
            id="less than a cent a day",
        ),
    ],
)
def test_months_are_projected(bill: Spending, total: str, days: int, method: str) -> None:
    projection = bill.projection
    assert projection.total == Decimal(total)
    assert projection.days == days
    assert method in projection.method


def test_currencies_are_kept_apart() -> None:
    day = date(2026, 4, 10)
    start = int(datetime(2026, 4, 10, tzinfo=UTC).timestamp())
    results = tuple(
        CostsResult(amount=Amount(value=Decimal(value), currency=currency))
        for value, currency in (("3", "usd"), ("5", "eur"), ("4", "usd"))
    )
    bucket = Bucket(start_time=start, end_time=start + 86_400, results=results)
    found = spending([bucket], today=day, gaps=())
    assert [(each.currency, each.total.this_month) for each in found] == [
        ("usd", Decimal(7)),
        ("eur", Decimal(5)),
    ]
    assert all(each.by_day[day] == each.total.this_month for each in found)
    assert spending([], today=day, gaps=(), currency=None) == []


def test_a_currency_is_the_same_however_it_is_spelt() -> None:
    start = int(datetime(2026, 4, 10, tzinfo=UTC).timestamp())
    results = tuple(
        CostsResult(amount=Amount(value=Decimal(1), currency=currency))
        for currency in ("usd", "USD", "Usd")
    )
    bucket = Bucket(start_time=start, end_time=start + 86_400, results=results)
    [found] = spending([bucket], today=date(2026, 4, 10), gaps=())
    assert (found.currency, found.total.this_month) == ("usd", Decimal(3))


def test_months_that_are_over_are_compared_as_a_whole() -> None:
    billed = daily(date(2026, 4, 10), *["1"] * 98)  # since January
    march = evolve(billed, of_month=date(2026, 3, 1))
    assert march.compares_months
    assert march.total.compared == 31
    assert march.total.compared_with == 28
    assert (march.compared_days, march.compared_days_before) == (
        tuple(range(1, 32)),
        tuple(range(1, 29)),
    )
    unknown = evolve(march, missing=frozenset({date(2026, 2, 3)}))
    assert not unknown.compares_months
    assert unknown.compared_days == unknown.compared_days_before == (1, 2, *range(4, 29))
    assert not billed.compares_months
