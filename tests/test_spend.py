"""`openai-usage spend`: the figures of the bill, and a budget held against them."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from openai_usage.cli.spending import start_of_last_month
from openai_usage.sandbox import Sandbox
from tests.conftest import NOW
from tests.terminal import Terminal

pytestmark = pytest.mark.real_clock

Charged = tuple[str, str, str | None, str | None]
"""An amount, its currency, the project and the line item."""


@pytest.fixture
def bill(
    usage_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Callable[[datetime, dict[date, list[Charged]]], None]:
    """Sets the time, and what is billed until then."""
    monkeypatch.setenv("OPENAI_ADMIN_KEY", usage_sandbox.admin_api_key)
    monkeypatch.setenv("OPENAI_BASE_URL", usage_sandbox.base_url)

    def send(now: datetime, charges: dict[date, list[Charged]]) -> None:
        monkeypatch.setattr("time.time", lambda: now.timestamp() + 0.5)
        first = start_of_last_month(now.date())
        last = (now - timedelta(seconds=1)).date()  # a day that has not begun has no bucket
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        assert set(charges) <= set(days)
        data = [
            {
                "start_time": (day - date(1970, 1, 1)).days * 86_400,
                "end_time": (day - date(1970, 1, 1)).days * 86_400 + 86_400,
                "results": [
                    {
                        "amount": {"value": value, "currency": currency},
                        "project_id": project,
                        "line_item": item,
                    }
                    for value, currency, project, item in charges.get(day, [])
                ],
            }
            for day in days
        ]
        usage_sandbox.faults.status(200, body=json.dumps({"data": data, "has_more": False}))

    return send


APRIL_10 = datetime(2026, 4, 10, 12, tzinfo=UTC)


def usd(amount: str) -> list[Charged]:
    return [(amount, "usd", "proj_a", "gpt-5, input")]


def test_json_has_the_figures_of_the_bill_with_every_digit(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)
    [usage] = json.loads(terminal("spend --sandbox --format json"))["currencies"]
    command = "costs --start 2026-08-01 --group-by project_id line_item --format json --sandbox"
    rows = json.loads(terminal(command))
    august = [row for row in rows if row["start"] < "2026-09"]
    september = [row for row in rows if row["start"] >= "2026-09"]
    for name, those in {
        "last_month": august,
        "last_month_by_this_day": [row for row in august if row["start"] < "2026-08-11"],
        "this_month": september,
    }.items():
        assert Decimal(usage[name]) == sum(Decimal(row["amount"]) for row in those)
        for parts in (usage["projects"], usage["line_items"]):
            assert sum(Decimal(part[name]) for part in parts) == Decimal(usage[name])
    assert [day["date"] for day in usage["days"]][::40] == ["2026-08-01", "2026-09-10"]
    by_item: dict[str, Decimal] = {}
    for row in september:
        item = row["line_item"]
        by_item[item] = by_item.get(item, Decimal(0)) + Decimal(row["amount"])
    assert {
        part["line_item"]: Decimal(part["this_month"]) for part in usage["line_items"]
    } == by_item
    assert usage["budget"] is None
    assert set(usage["projects"][0]) == {
        "project_id",
        "this_month",
        "last_month_by_this_day",
        "last_month",
    }


def test_the_table_has_the_largest_ten_and_all_others_together(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)
    shown = terminal("spend --sandbox")
    [usage] = json.loads(terminal("spend --sandbox --format json"))["currencies"]
    items = [Decimal(part["this_month"]) for part in usage["line_items"]]
    by_item = shown[shown.index(" line item") :]
    amounts = [
        Decimal(amount.replace(",", ""))
        for amount in re.findall(r"  +([0-9,.]+) usd +[0-9,.]+ usd", by_item)
    ]
    assert amounts == [round(each, 2) for each in [*items[:10], sum(items[10:]), sum(items)]]
    assert f" other ({len(items) - 10}) " in by_item
    assert "Sep 1–10" in shown
    assert "Aug 1–10" in shown
    assert f"{Decimal(usage['last_month']):,.2f} usd" in shown
    assert f"{Decimal(usage['projection']['total']):,.2f} usd" in shown
    assert usage["projection"]["method"] in shown
    assert "still revises the last three days" in shown
    assert shown.count("2026-09-") == 10


@pytest.mark.parametrize(
    ("budget", "exit_code", "says"),
    [
        # 10 a day, 3 so far today: 93, and 300 by the end of April.
        ("92.99", 3, "over the budget of 92.99 usd: 93.00 usd so far (100%), projected 300.00 usd"),
        ("93", 4, "heading over the budget of 93.00 usd: 93.00 usd so far (100%), projected"),
        ("299.99", 4, "heading over"),
        ("300", 0, None),
        ("0", 3, "over the budget of 0.00 usd: 93.00 usd so far, projected 300.00 usd"),
    ],
)
def test_a_budget_is_checked(
    budget: str,
    exit_code: int,
    says: str | None,
    bill: Callable[..., None],
    terminal: Terminal,
) -> None:
    days = {date(2026, 4, day): usd("10") for day in range(1, 10)} | {date(2026, 4, 10): usd("3")}
    bill(APRIL_10, days)
    shown = terminal(f"spend --budget {budget} --check", exit_code=exit_code)
    assert terminal.err.count("\n") == (says is not None)
    assert (says or "") in terminal.err
    assert "he budget of" in shown
    bill(APRIL_10, days)
    [usage] = json.loads(terminal(f"spend --budget {budget} --format json"))["currencies"]
    assert usage["budget"] == {
        "amount": budget,
        "is_over": exit_code == 3,
        "is_projected_over": exit_code != 0,
    }


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--check", "--check goes with --budget"),
        ("--budget -1", "--budget takes an amount of money from 0, not -1"),
        ("--budget NaN", "--budget"),
        ("--budget Infinity", "--budget"),
        ("--budget 1e999999999", "--budget takes"),
        ("--budget 5,000", "--budget"),
        ("--budget 5 --currency dollars", "--currency takes three letters such as usd"),
        ("--format csv", "--format"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(
    options: str, says: str, usage_sandbox: Sandbox, bill: Callable[..., None], terminal: Terminal
) -> None:
    assert terminal(f"spend {options}", exit_code=2) == ""
    assert says in terminal.err
    assert terminal.err.count("\n") == 1
    assert usage_sandbox.requests == []


def test_currencies_are_neither_added_up_nor_compared(
    bill: Callable[..., None], terminal: Terminal
) -> None:
    both = [*usd("4"), *usd("1"), ("1000", "eur", "proj_a", None)]
    bill(APRIL_10, {date(2026, 4, 3): both})
    shown = terminal("spend --budget 5000 --currency USD --check")
    assert terminal.err == (
        "openai-usage: 1,000.00 eur so far are not held against the budget, which is in USD\n"
    )
    assert shown.index("Spending in usd") < shown.index("Spending in eur")
    assert "5.00 usd so far" in shown
    assert not re.search(r"1,00[45]\.00", shown)
    bill(APRIL_10, {date(2026, 4, 3): both})
    found = json.loads(terminal("spend --budget 5000 --format json"))["currencies"]
    assert [(each["currency"], each["this_month"]) for each in found] == [
        ("usd", "5"),
        ("eur", "1000"),
    ]
    assert [each["budget"] is None for each in found] == [False, True]


def test_where_nothing_was_billed_that_is_said(
    bill: Callable[..., None], terminal: Terminal
) -> None:
    bill(APRIL_10, {})
    assert terminal("spend") == ""
    assert terminal.err == "openai-usage: nothing was billed this month or last month\n"
    bill(APRIL_10, {})
    assert json.loads(terminal("spend --format json"))["currencies"] == []
    bill(APRIL_10, {})
    shown = terminal("spend --budget 0 --check")
    assert "Within the budget of 0.00 usd: 0.00 usd so far, projected 0.00 usd." in shown
    bill(APRIL_10, {date(2026, 4, 3): [("5", "eur", None, None)]})
    shown = terminal("spend --budget 7 --check")
    assert "Within the budget of 7.00 usd: 0.00 usd so far (0%)" in shown
    assert "5.00 eur so far are not held against the budget" in terminal.err


def test_refunds_and_what_belongs_to_nobody_are_shown(
    bill: Callable[..., None], terminal: Terminal
) -> None:
    bill(
        APRIL_10,
        {
            date(2026, 3, 31): usd("8"),
            date(2026, 4, 9): [("-3", "usd", None, None), *usd("1")],
        },
    )
    shown = terminal("spend")
    assert re.search(r"^ - +-3\.00 usd +0\.00 usd *$", shown, re.MULTILINE)
    assert re.search(r"^Apr 1–10 +-2\.00 usd", shown, re.MULTILINE)
    assert re.search(r"^March +8\.00 usd", shown, re.MULTILINE)


@pytest.mark.parametrize(
    ("now", "this_month", "last_month", "days"),
    [
        (datetime(2026, 4, 1, 0, 0, 1, tzinfo=UTC), "Apr 1–1", "Mar 1–1", 1),
        (datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC), "Feb 1–29", "Jan 1–29", 29),
        (datetime(2028, 3, 31, 9, tzinfo=UTC), "Mar 1–31", "Feb 1–29", 31),
        (datetime(2027, 3, 30, 9, tzinfo=UTC), "Mar 1–30", "Feb 1–28", 30),
        (datetime(2027, 1, 2, 9, tzinfo=UTC), "Jan 1–2", "Dec 1–2", 2),
    ],
)
def test_months_have_as_many_days_as_they_have(
    now: datetime,
    this_month: str,
    last_month: str,
    days: int,
    bill: Callable[..., None],
    terminal: Terminal,
) -> None:
    first = start_of_last_month(now.date())
    bill(now, {first: usd("5"), now.date(): usd("1")})
    shown = terminal("spend")
    assert re.search(rf"^{this_month} +1\.00 usd +-80% on {last_month}", shown, re.MULTILINE)
    assert re.search(rf"^{last_month} +5\.00 usd", shown, re.MULTILINE)
    assert len(re.findall(r"^ \d{4}-\d\d-\d\d [A-Z]", shown, re.MULTILINE)) == days


def test_the_first_moment_of_a_month_has_no_bill_yet(
    usage_sandbox: Sandbox, bill: Callable[..., None], terminal: Terminal
) -> None:
    bill(datetime(2026, 4, 1, tzinfo=UTC), {date(2026, 3, 31): usd("5")})
    shown = terminal("spend --budget 149 --check", exit_code=4)
    assert "5.00 usd a day" in shown
    query = dict(usage_sandbox.requests[-1].query)
    assert (query["start_time"], query["end_time"]) == ("1772323200", "1775001600")


def test_names_stand_beside_ids_where_they_are_asked_for(terminal: Terminal) -> None:
    assert "Support Assistant proj_" in terminal("spend --sandbox --names")
    assert "Support Assistant" not in terminal("spend --sandbox")
    [usage] = json.loads(terminal("spend --sandbox --names --format json"))["currencies"]
    assert list(usage["projects"][0])[:2] == ["project_id", "project_name"]
    assert "Support Assistant" in [project["project_name"] for project in usage["projects"]]


def test_a_failure_leaves_no_figures(
    usage_sandbox: Sandbox, bill: Callable[..., None], terminal: Terminal
) -> None:
    bill(APRIL_10, {})
    usage_sandbox.faults.clear()
    usage_sandbox.faults.lost_cursor()
    assert terminal("spend --budget 5 --check", exit_code=1) == ""
    assert "go on" not in terminal.err
