"""Limits and alerts: the day is that of the projection, and what is not compared is said."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import (
    Amount,
    Bucket,
    CostsResult,
    Limits,
    Name,
    Names,
    SpendAlert,
    SpendLimit,
    SpendLimits,
    UsageClient,
)
from openai_usage.analysis import LimitNotice, limit_notices, spending
from openai_usage.sandbox import Sandbox
from tests.support.daily_costs import TODAY, bucket, cost, costs


def limit(amount: object, currency: str = "usd", interval: str = "month") -> SpendLimit:
    value = Amount(value=Decimal(str(amount)), currency=currency)
    return SpendLimit(amount=value, interval=interval, enforcement="enforcing")


def alert(amount: object) -> SpendAlert:
    return SpendAlert(
        id="alert", amount=Amount(value=Decimal(str(amount)), currency="usd"), interval="month"
    )


def limits(*alerts: SpendAlert, limit: SpendLimit | None = None, **projects: SpendLimits) -> Limits:
    return Limits(organization=SpendLimits(limit=limit, alerts=alerts), projects=projects)


def notices(
    of: Limits, bill: Sequence[Bucket[CostsResult]], names: Names | None = None, **more: Any
) -> list[LimitNotice]:
    return limit_notices(of, spending(bill, **{"today": TODAY, **more}), names=names)


def texts(*arguments: Any, **more: Any) -> list[str]:
    return [str(each) for each in notices(*arguments, **more)]


WEEK = costs(*[[cost(100, project_id="proj_a")]] * 7, [cost(20, project_id="proj_b")])
"""720.00 so far on 26 November, 100.00 a day, 1,200.00 projected."""


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("720.00", "The hard limit of 720.00 usd has been reached: 720.00 usd so far this month."),
        ("720.01", "At this rate the hard limit of 720.01 usd is reached today."),
        ("800", "At this rate the hard limit of 800.00 usd is reached today."),
        ("800.01", "At this rate the hard limit of 800.01 usd is reached on 27 November."),
        ("900", "At this rate the hard limit of 900.00 usd is reached on 27 November."),
        ("1200", "At this rate the hard limit of 1,200.00 usd is reached on 30 November."),
        ("1200.01", None),
    ],
)
def test_a_limit_is_reached_on_the_day_of_the_projection(amount: str, text: str | None) -> None:
    assert texts(limits(limit=limit(amount)), WEEK) == ([] if text is None else [text])


def test_alerts_and_projects_have_their_own_costs() -> None:
    of = limits(
        alert(500),
        alert(1000),
        alert(5000),
        proj_a=SpendLimits(limit=limit(1000), alerts=(alert(100),)),
        proj_b=SpendLimits(limit=limit(1000), alerts=(alert(30),)),
        proj_c=SpendLimits(limit=limit(1000)),
    )
    names = Names(known={"proj_a": Name(id="proj_a", name="Team A", status="active")})
    assert texts(of, WEEK, names) == [
        "The alert at 500.00 usd has been reached: 720.00 usd so far this month.",
        "At this rate the alert at 1,000.00 usd is reached on 28 November.",
        (
            "At this rate the hard limit of 1,000.00 usd for the project Team A is reached on "
            "28 November."
        ),
        (
            "The alert at 100.00 usd for the project Team A has been reached: 700.00 usd so far "
            "this month."
        ),
        "At this rate the alert at 30.00 usd for the project proj_b is reached on 27 November.",
    ]


def test_figures_are_there_for_programs() -> None:
    of = limits(alert(500), limit=limit(900))
    found = [each.to_dict() for each in notices(of, WEEK)]
    assert json.loads(json.dumps(found)) == [
        {
            "what": "hard limit",
            "text": "At this rate the hard limit of 900.00 usd is reached on 27 November.",
            "project_id": None,
            "amount": "900",
            "currency": "usd",
            "used": "720",
            "day": "2026-11-27",
            "has_been_reached": False,
        },
        {
            "what": "alert",
            "text": "The alert at 500.00 usd has been reached: 720.00 usd so far this month.",
            "project_id": None,
            "amount": "500",
            "currency": "usd",
            "used": "720",
            "day": None,
            "has_been_reached": True,
        },
    ]


@given(
    days=st.lists(st.decimals(-100, 1000, places=6), min_size=1, max_size=40),
    amount=st.decimals("0.01", 50_000, places=2),
    today=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)
def test_the_day_is_exact(days: list[Decimal], amount: Decimal, today: date) -> None:
    bill = costs(*[[cost(each)] for each in days[: today.day]], today=today)
    [found] = spending(bill, today=today)
    said = limit_notices(limits(limit=limit(amount)), [found])
    used, total = (Fraction(each) for each in (found.total.this_month, found.projection.total))
    per_day = Fraction(found.projection.per_day)
    if used >= amount:
        assert [(each.has_been_reached, each.day) for each in said] == [(True, None)]
        return
    last = today
    while (last + timedelta(days=1)).month == today.month:
        last += timedelta(days=1)
    to_come = (last - today).days
    at_the_end_of = {
        today + timedelta(days=n): total - per_day * (to_come - n) for n in range(to_come + 1)
    }
    reached = [day for day, costs_so_far in at_the_end_of.items() if costs_so_far >= amount]
    assert [each.day for each in said] == reached[:1]


def test_what_is_not_compared_is_said() -> None:
    a_week = limits(limit=limit(5, interval="week"))
    assert texts(a_week, WEEK) == [
        (
            "The hard limit of 5.00 usd is not compared: its interval is week, and only months are "
            "compared."
        )
    ]
    assert not notices(a_week, WEEK)[0].has_been_reached
    assert texts(limits(limit=limit(5, "eur")), WEEK) == [
        "The hard limit of 5.00 eur is not compared: it is in eur, and the costs are in usd."
    ]
    assert texts(limits(limit=limit(5, "eur")), costs()) == []
    ungrouped = costs([cost(5)])
    assert texts(limits(proj_a=SpendLimits(alerts=(alert(1),))), ungrouped) == [
        (
            "The alert at 1.00 usd for the project proj_a is not compared: the costs are not "
            "grouped by project_id."
        )
    ]
    assert texts(limits(proj_a=SpendLimits(alerts=(alert(1),))), costs()) == []
    assert texts(limits(limit=limit(5)), []) == [
        "The hard limit of 5.00 usd is not compared: the costs of this month are unknown."
    ]


def test_currencies_are_not_added_up() -> None:
    bill = costs([cost(5), cost(5, "eur")])
    assert texts(limits(limit=limit(10)), bill) == [
        "At this rate the hard limit of 10.00 usd is reached on 27 November."
    ]
    assert texts(limits(limit=limit(5)), bill) == [
        "The hard limit of 5.00 usd has been reached: 5.00 usd so far this month."
    ]


def test_missing_days_make_a_day_less_certain() -> None:
    assert texts(limits(limit=limit(950)), [*WEEK[:-3], *WEEK[-2:]]) == [
        (
            "At this rate the hard limit of 950.00 usd is reached on 28 November. Days are "
            "missing, so the day is less certain."
        )
    ]


def test_a_month_that_is_over_and_a_bill_without_currencies_have_no_notices() -> None:
    assert texts(limits(limit=limit(5)), WEEK, month=date(2026, 10, 1)) == []
    assert limit_notices(limits(limit=limit(5)), []) == []


def test_nothing_from_the_api_controls_the_terminal() -> None:
    names = Names(known={"proj_a": Name(id="proj_a", name="A\x1b[2J", status="active")})
    of = limits(proj_a=SpendLimits(limit=limit(5)), limit=limit(5, "u\x1b"))
    assert not [text for text in texts(of, WEEK, names) if "\x1b" in text]


def test_limits_of_a_client_are_compared(usage_sandbox: Sandbox) -> None:
    now = 1_789_080_000  # 2026-09-10
    usage_sandbox.now = now
    key, url = usage_sandbox.admin_api_key, usage_sandbox.base_url
    with UsageClient(key, base_url=url) as client:
        bill = client.costs(
            start_time=date(2026, 8, 1), end_time=now, group_by=["project_id"]
        ).collect()
        of = client.limits()
    found = spending(bill, today=date(2026, 9, 10))
    assert {each.has_been_reached for each in limit_notices(of, found)} <= {True, False}
    assert bill[0] == bucket(date(2026, 8, 1), bill[0].results)
