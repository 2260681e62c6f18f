"""`openai-usage spend`: the figures of the bill, and a budget held against them."""

import json
import re
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from openai_usage.analysis.months import start_of_last_month
from openai_usage.cli.output.layout import ROUNDED
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW
from tests.support.served_buckets import serve_buckets
from tests.support.terminal import Terminal
from tests.support.written_rows import written_rows

pytestmark = pytest.mark.real_clock

Charged = tuple[str, str, str | None, str | None]
"""An amount, its currency, the project and the line item."""


@pytest.fixture
def bill(
    usage_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Callable[[datetime, dict[date, list[Charged]]], None]:
    """Sets the time, what is billed until then, and the days that the bill has in part."""
    monkeypatch.setenv("OPENAI_ADMIN_KEY", usage_sandbox.admin_api_key)
    monkeypatch.setenv("OPENAI_BASE_URL", usage_sandbox.base_url)

    def send(
        now: datetime,
        charges: dict[date, list[Charged]],
        in_part: Collection[date] = (),
        first: date | None = None,
    ) -> None:
        monkeypatch.setattr("time.time", lambda: now.timestamp() + 0.5)
        first = first or start_of_last_month(now.date())
        last = (now - timedelta(seconds=1)).date()  # a day that has not begun has no bucket
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        assert set(charges) <= set(days)
        data = [
            {
                "start_time": (day - date(1970, 1, 1)).days * DAY,
                "end_time": (day - date(1970, 1, 1)).days * DAY + DAY // (1 + (day in in_part)),
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
        serve_buckets(usage_sandbox, lambda _: data)

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
        "this_month": september,
        "last_month_compared": [row for row in august if row["start"] < "2026-08-10"],
        "this_month_compared": [row for row in september if row["start"] < "2026-09-10"],
    }.items():
        assert Decimal(usage[name]) == sum(Decimal(row["amount"]) for row in those)
        for parts in (usage["projects"], usage["line_items"]):
            assert sum(Decimal(part[name]) for part in parts) == Decimal(usage[name])
    assert [day["date"] for day in usage["days"]][::40] == ["2026-08-01", "2026-09-10"]
    assert usage["compared_days"] == 9
    by_item: dict[str, Decimal] = {}
    for row in september:
        item = row["line_item"]
        by_item[item] = by_item.get(item, Decimal(0)) + Decimal(row["amount"])
    this_month = {part["line_item"]: Decimal(part["this_month"]) for part in usage["line_items"]}
    # What is billed late in the month is not in this month yet.
    assert this_month == {"adjustment ref. 0417, see invoice": Decimal(0), **by_item}
    assert usage["budget"] is None
    assert set(usage["projects"][0]) == {
        "project_id",
        "this_month",
        "last_month",
        "this_month_compared",
        "last_month_compared",
    }


def test_the_table_has_the_largest_ten_and_all_others_together(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)
    shown = terminal("spend --details --top 10 --by line-item --sandbox")
    [usage] = json.loads(terminal("spend --sandbox --format json"))["currencies"]
    items = [Decimal(part["this_month"]) for part in usage["line_items"]]
    by_item = shown[shown.rindex(" line item ") :]
    amounts = [
        Decimal(amount.replace(",", ""))
        for amount in re.findall(r"  +([0-9,.]+) usd +[0-9<%-]* +[0-9,.]+ usd", by_item)
    ]
    assert amounts == [round(each, 2) for each in [*items[:10], sum(items[10:]), sum(items)]]
    assert f" {len(items) - 10} more " in by_item
    for name in ("this_month", "last_month", "this_month_compared", "last_month_compared"):
        assert f"{Decimal(usage[name]):,.2f} usd" in shown
    assert f"{Decimal(usage['projection']['total']):,.2f} usd" in shown
    assert f"{Decimal(usage['projection']['per_day']):,.2f} usd a day" in shown
    assert usage["projection"]["method"] in shown
    assert "still revises the last three days" in shown


def test_the_table_has_all_days_of_both_months(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)
    shown = terminal("spend --details --sandbox")
    [usage] = json.loads(terminal("spend --sandbox --format json"))["currencies"]
    found = re.findall(r" ((?:Aug|Sep) [ \d]\d \w{3}) +([0-9,.]+) usd", shown)
    assert dict(found) == {
        f"{on:%b} {on.day:2} {on:%a}": f"{Decimal(day['amount']):,.2f}"
        for day in usage["days"]
        for on in [date.fromisoformat(day["date"])]
    }
    assert len(found) == 41


@pytest.mark.parametrize(
    ("budget", "exit_code", "says"),
    [
        # 10 a day, 3 so far today: 93, and 300 by the end of April.
        (
            "92.99",
            3,
            "over the budget of 92.99 usd: 93.00 usd so far (>100%), 300.00 usd proj",
        ),
        ("92.9999", 3, "over the budget of 92.9999 usd: 93.0000 usd so far (>100%), 300.00 usd"),
        ("93", 4, "heading over the budget of 93.00 usd: 93.00 usd so far (100%), 300.00 usd"),
        ("299.99", 4, "heading over"),
        ("300", 0, None),
        ("0", 3, "over the budget of 0.00 usd: 93.00 usd so far, 300.00 usd projected"),
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
    shown = terminal(f"spend --details --budget {budget} --check", exit_code=exit_code)
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
        ("--check", "without a budget. Add --budget AMOUNT, --budgets FILE or --unusual."),
        ("--budget -1", "--budget takes 0 or an amount of money from 0.01, not -1"),
        ("--budget 1e-999999999", "--budget takes"),
        ("--budget NaN", "--budget"),
        ("--budget Infinity", "--budget"),
        ("--budget 1e999999999", "--budget takes"),
        ("--budget 5,000", "--budget"),
        ("--budget 5 --currency dollars", "--currency takes three letters such as usd"),
        ("--format pdf", "--format"),
        ("--top 0", "--top takes a positive number, not 0."),
        ("--by team", "--by"),
        ("--month 2026-13", "--month takes a month such as 2026-10, not '2026-13'."),
        ("--month 1969-12", "--month 1969-12 is before 1970. Use a later month."),
        ("--month 2099-01", "--month 2099-01 has not begun yet. Use an earlier month."),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(
    options: str, says: str, usage_sandbox: Sandbox, bill: Callable[..., None], terminal: Terminal
) -> None:
    assert terminal(f"spend --details {options}", exit_code=2) == ""
    assert says in terminal.err
    assert terminal.err.count("\n") == 1
    assert usage_sandbox.requests == []


def test_currencies_are_neither_added_up_nor_compared(
    bill: Callable[..., None], terminal: Terminal
) -> None:
    both = [*usd("4"), *usd("1"), ("1000", "eur", "proj_a", None)]
    bill(APRIL_10, {date(2026, 4, 3): both})
    shown = terminal("spend --details --budget 5000 --currency USD --check")
    assert terminal.err == (
        "openai-usage: 1,000.00 eur so far are not compared with the budget, which is in USD.\n"
    )
    assert shown.index("2026, in usd,") < shown.index("2026, in eur,")
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
    assert terminal("spend --details") == ""
    assert terminal.err == "openai-usage: nothing was billed this month or last month.\n"
    bill(APRIL_10, {})
    assert json.loads(terminal("spend --format json"))["currencies"] == []
    bill(APRIL_10, {})
    shown = terminal("spend --details --budget 0 --check")
    assert "Within the budget of 0.00 usd: 0.00 usd so far, 0.00 usd projected." in shown


@pytest.mark.parametrize(
    ("charges", "exit_code", "says"),
    [
        ({3: [("5", "eur", None, None)]}, 2, "is in usd, but the bill is in eur"),
        ({3: [("5", "EUR", None, None), ("1", "gbp", None, None)]}, 2, "bill is in eur and gbp"),
        ({3: [("5", "eur", None, None), ("0", "usd", None, None)]}, 2, "bill is in eur. Choose"),
        ({3: [("5", "eur", None, None), ("9", "usd", None, None)]}, 3, "over the budget of 7.00"),
        ({3: [("9", "USD", None, None)]}, 3, "over the budget of 7.00 usd: 9.00 usd so far"),
    ],
)
def test_a_budget_that_no_bill_is_held_against_is_not_kept(
    charges: dict[int, list[Charged]],
    exit_code: int,
    says: str,
    bill: Callable[..., None],
    terminal: Terminal,
) -> None:
    days = {date(2026, 4, day): those for day, those in charges.items()}
    bill(APRIL_10, days)
    terminal("spend --details --budget 7 --check", exit_code=exit_code)
    assert says in terminal.err
    bill(APRIL_10, days)
    terminal("spend --details --budget 7")
    assert "cannot be checked" not in terminal.err


def test_a_currency_of_last_month_alone_is_not_that_of_a_budget(
    bill: Callable[..., None], terminal: Terminal
) -> None:
    bill(APRIL_10, {date(2026, 3, 3): usd("1"), date(2026, 4, 3): [("5", "eur", None, None)]})
    terminal("spend --details --budget 7 --check", exit_code=2)
    bill(APRIL_10, {date(2026, 3, 3): [("5", "eur", None, None)]})
    terminal("spend --details --budget 7 --check", exit_code=2)
    bill(APRIL_10, {date(2026, 3, 3): usd("1")})
    terminal("spend --details --budget 7 --check")


def test_a_credit_does_not_stand_for_the_days_to_come(
    bill: Callable[..., None], terminal: Terminal
) -> None:
    days = {date(2026, 4, day): usd("100") for day in range(1, 11)}
    days[date(2026, 4, 7)] = [*usd("100"), ("-1000", "usd", None, "credit")]
    bill(APRIL_10, days)
    terminal("spend --details --budget 1999.99 --check", exit_code=4)
    assert "0.00 usd so far (0%), 2,000.00 usd projected (>100%)" in terminal.err


def test_amounts_that_would_be_rounded_to_the_budget_have_more_digits(
    bill: Callable[..., None], terminal: Terminal
) -> None:
    april_30 = datetime(2026, 4, 30, 12, tzinfo=UTC)
    bill(april_30, {date(2026, 4, 30): usd("100.001")})
    terminal("spend --details --budget 100 --check", exit_code=3)
    assert "over the budget of 100.00 usd: 100.001 usd so far (>100%)" in terminal.err
    bill(april_30, {date(2026, 4, 30): usd("99.996")})
    assert "Within the budget of 100.00 usd: 99.996 usd so far (<100%)" in terminal(
        "spend --details --budget 100"
    )
    bill(april_30, {date(2026, 4, 30): usd("-0.001")})
    shown = terminal("spend --details --budget 100")
    assert "Within the budget of 100.00 usd: 0.00 usd so far (0%), 0.00 usd projected" in shown
    assert not re.search(r"-0\.00|-0%", shown)


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
    shown = terminal("spend --details")
    assert re.search(r"^ - +-3\.00 usd +0\.00 usd *$", shown, re.MULTILINE)
    assert re.search(r"^Apr 1–10, so far +-2\.00 usd", shown, re.MULTILINE)
    assert re.search(r"^March +8\.00 usd", shown, re.MULTILINE)


@pytest.mark.parametrize(
    ("now", "so_far", "compared", "days"),
    [
        (datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC), "Feb 1–29", ("Feb 1–28", "Jan 1–28"), 29),
        (datetime(2028, 3, 31, 9, tzinfo=UTC), "Mar 1–31", ("Mar 1–29", "Feb 1–29"), 31),
        (datetime(2027, 3, 30, 9, tzinfo=UTC), "Mar 1–30", ("Mar 1–28", "Feb 1–28"), 30),
        (datetime(2027, 1, 2, 9, tzinfo=UTC), "Jan 1–2", ("Jan 1", "Dec 1"), 2),
    ],
)
def test_months_have_as_many_days_as_they_have(
    now: datetime,
    so_far: str,
    compared: tuple[str, str],
    days: int,
    bill: Callable[..., None],
    terminal: Terminal,
) -> None:
    # The last of both is not compared: today has just begun.
    first = start_of_last_month(now.date())
    bill(now, {first: usd("5"), now.date().replace(day=1): usd("1"), now.date(): usd("90")})
    shown = terminal("spend --details")
    these, those = compared
    assert re.search(rf"^{so_far}, so far +91\.00 usd *$", shown, re.MULTILINE)
    assert re.search(rf"^{these} +1\.00 usd +-80.0% on {those}: 5\.00 usd", shown, re.MULTILINE)
    assert re.search(rf" {these} *\n project .*on {those}", shown)
    assert len(re.findall(rf" {now:%b} [ \d]\d [A-Z]", shown)) == days


@pytest.mark.parametrize("hour", [0, 23])
def test_on_the_first_of_a_month_there_is_nothing_to_compare(
    hour: int, bill: Callable[..., None], terminal: Terminal
) -> None:
    now = datetime(2026, 9, 1, hour, 0, 1, tzinfo=UTC)
    bill(now, {date(2026, 8, 1): usd("88"), date(2026, 9, 1): usd("2.78")})
    shown = terminal("spend --details")
    assert re.search(r"^Sep 1, so far +2\.78 usd *$", shown, re.MULTILINE)
    assert "September has no complete day to compare yet" in shown
    assert "on Aug" not in shown.replace("on August", "")
    bill(now, {date(2026, 8, 1): usd("88"), date(2026, 9, 1): usd("2.78")})
    [usage] = json.loads(terminal("spend --format json"))["currencies"]
    assert (usage["compared_days"], usage["last_month_compared"]) == (0, "0")


def test_the_first_moment_of_a_month_has_no_bill_yet(
    usage_sandbox: Sandbox, bill: Callable[..., None], terminal: Terminal
) -> None:
    bill(datetime(2026, 4, 1, tzinfo=UTC), {date(2026, 3, 31): usd("5")})
    shown = terminal("spend --details --budget 149 --check", exit_code=4)
    assert "5.00 usd a day" in shown
    query = dict(usage_sandbox.requests[-1].query)
    assert (query["start_time"], query["end_time"]) == ("1772323200", "1775001600")


@pytest.mark.parametrize("width", [80, 140])
def test_the_days_of_both_months_are_beside_each_other(
    width: int, bill: Callable[..., None], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openai_usage.cli.output.console._UNBOUNDED", width)
    bill(APRIL_10, {date(2026, 3, 2): usd("20"), date(2026, 4, 2): usd("12345.67")})
    shown = terminal("spend --details")
    assert re.search(r"^ Apr  2 Thu +12,345\.67 usd .* Mar  2 Mon +20\.00 usd", shown, re.MULTILINE)
    assert max(map(len, shown.splitlines())) <= width


@pytest.mark.parametrize("width", [44, 60, 80, 99, 100, 120, 140])
@pytest.mark.parametrize("amount", ["1", "100001", "10000001"])
def test_dates_are_never_broken_to_make_room(
    amount: str,
    width: int,
    bill: Callable[..., None],
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("openai_usage.cli.output.console._UNBOUNDED", width)
    monday, friday = date(2026, 3, 2), date(2026, 4, 3)
    days = {date(2026, 4, day): usd(amount) for day in range(1, 11)} | {monday: usd(amount)}
    bill(APRIL_10, days, {friday})
    shown = terminal("spend --details", exit_code=1)
    cell = rf"{int(amount):,}\.00 usd"
    assert re.search(rf"^ Apr  3 Fri \(in part\) +{cell}", shown, re.MULTILINE)
    assert len(re.findall(rf" Apr [ \d]\d [A-Z][a-z]{{2}} +{cell}", shown)) == 9
    assert re.search(rf" Mar  2 Mon +{cell}", shown)
    by_day = re.findall(r"^ (?:Apr|Mar) [ \d]\d [A-Z].*$", shown, re.MULTILINE)
    assert max(map(len, by_day)) <= width
    assert any("█" in line for line in by_day) or width < 60


@pytest.mark.parametrize("width", [20, 36, 50, 80, 139])
def test_no_label_is_lost(
    width: int, bill: Callable[..., None], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openai_usage.cli.output.console._UNBOUNDED", width)
    charge = ("123456.78", "usd", "ξξξξξξξξξξξξ ξξξξξξξξ", "λλλ λλλλλ λλλλλλλλλλλλ")
    bill(APRIL_10, {date(2026, month, 2): [charge] for month in (3, 4)})
    shown = terminal("spend --details")
    # The project and the line item, which names no model, on the first screen and in the details.
    assert (shown.count("ξ"), shown.count("λ")) == (40, 40)
    assert len(re.findall(r" (?:Apr|Mar) [ \d]\d [A-Z][a-z]{2} ", shown)) == 41
    assert shown.count("123,456.78") >= 8
    assert "…" not in shown


def test_bars_give_way_before_ids_are_broken(
    bill: Callable[..., None], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = "proj_4cuA3lZIflHOPmfg0k1MIx0A"
    days = {date(2026, month, 2): [("10", "usd", project, "a")] for month in (3, 4)}
    for width, has_bar in ((80, False), (100, True)):
        monkeypatch.setattr("openai_usage.cli.output.console._UNBOUNDED", width)
        bill(APRIL_10, days)
        shown = terminal("spend --details")
        line = re.search(rf"^ {project} +10\.00 usd +100% +10\.00 usd.*$", shown, re.MULTILINE)
        assert line
        assert ("█" in line[0]) is has_bar
        assert max(map(len, shown.splitlines())) <= width


def test_shares_say_of_which_month_they_are(bill: Callable[..., None], terminal: Terminal) -> None:
    bill(APRIL_10, {date(2026, 4, 2): usd("10")})
    shown = terminal("spend --details")
    assert re.search(r" % of +% of\n day +April +Apr +day +March +Mar\n", shown)
    assert re.search(r" % of +Apr 1–9\n project +Apr 1–10 +Apr +March +on Mar 1–9\n", shown)


def test_rows_that_do_not_add_up_to_their_total_are_explained(
    bill: Callable[..., None], terminal: Terminal
) -> None:
    bill(APRIL_10, {date(2026, 4, 2): [("0.004", "usd", None, item) for item in "ab"]})
    assert terminal("spend --details").endswith(f"\n{ROUNDED}\n")
    bill(APRIL_10, {date(2026, 3, day): usd("0.004") for day in (1, 2)})
    assert terminal("spend --details").count(ROUNDED) == 1
    bill(APRIL_10, {date(2026, 4, 2): usd("0.004"), date(2026, 4, 3): usd("0.006")})
    assert ROUNDED not in terminal("spend --details")


def test_what_is_on_a_bill_does_not_command_the_terminal(
    bill: Callable[..., None], terminal: Terminal
) -> None:
    bill(APRIL_10, {date(2026, 4, 2): [("1", "us\x1bd", "proj\x1b[31m", "gpt\x1b]0;owned\x07")]})
    shown = terminal("spend --details --budget 5")
    assert not re.search(r"[\x1b\x07]", shown + terminal.err)
    assert "proj\N{REPLACEMENT CHARACTER}[31m" in shown


def test_names_stand_in_place_of_ids(terminal: Terminal) -> None:
    # The sandbox sends the names of projects with their costs, as the API does; those of keys are
    # in lists, which are only read on request.
    assert "Support Assistant" in terminal("spend --sandbox")
    assert "proj_" not in terminal("spend --sandbox")
    assert "key_" in terminal("spend --sandbox --by key")
    assert "key_" not in terminal("spend --sandbox --by key --names --top 2")
    [usage] = json.loads(terminal("spend --sandbox --names --format json"))["currencies"]
    assert list(usage["projects"][0])[:2] == ["project_id", "project_name"]
    assert "Support Assistant" in [project["project_name"] for project in usage["projects"]]


def test_a_failure_leaves_no_figures(
    usage_sandbox: Sandbox, bill: Callable[..., None], terminal: Terminal
) -> None:
    bill(APRIL_10, {})
    usage_sandbox.faults.clear()
    usage_sandbox.faults.lost_cursor()
    assert terminal("spend --details --budget 5", exit_code=1) == ""
    assert "Continue with" not in terminal.err


def test_the_answer_is_on_one_screen(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)
    monkeypatch.setenv("COLUMNS", "80")
    shown = terminal("spend --sandbox --budget 5000").splitlines()
    assert len(shown) <= 24
    assert max(map(len, shown)) <= 80
    answer = "\n".join(shown[:10])
    for each in ("so far", "projected", "August", "on Aug 1–9", "Within the budget of 5,000.00"):
        assert each in answer
    assert re.search(
        r"\n by model\n gpt-.*\n.* more .*\n by project\n", "\n".join(shown), re.DOTALL
    )


def test_a_month_that_is_over_is_compared_with_the_month_before(
    bill: Callable[..., None], terminal: Terminal
) -> None:
    charges = {date(2026, 3, 1): usd("5"), date(2026, 3, 31): usd("6")}
    bill(APRIL_10, charges, first=date(2024, 12, 1))
    shown = terminal("spend --month 2026-03 --by kind")
    assert "Spending in March 2026, in usd" in shown
    assert re.search(r"^Mar 1–31 +11\.00 usd *$", shown, re.MULTILINE)
    assert "projected" not in shown
    assert re.search(r"^ input +11\.00 usd +100%", shown, re.MULTILINE)
    [usage] = json.loads(terminal("spend --month 2026-03 --budget 10 --format json"))["currencies"]
    assert (usage["month"], usage["this_month"], usage["compared_days"]) == ("2026-03", "11", 31)
    assert usage["last_month_compared_days"] == 28
    assert usage["projection"]["total"] == "11"
    assert usage["projection"]["method"] == "what was billed, because the month is over"
    assert usage["budget"]["is_over"] is True
    terminal("spend --month 2026-03 --budget 10 --check", exit_code=3)
    assert terminal("spend --month 2025-01") == ""
    assert terminal.err == (
        "openai-usage: nothing was billed in January 2025 or in the month before.\n"
    )
    march = terminal("spend --month 2026-03 --details")
    assert "Projected at" not in march
    assert "The month is over.\n" in march
    assert "revises" not in march


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_every_format_has_the_parts_and_the_total(
    form: str, terminal: Terminal, tmp_path: Path, bill: Callable[..., None]
) -> None:
    bill(APRIL_10, {date(2026, 4, 1): [*usd("5"), ("1", "usd", None, "gpt-5, output")]})
    path = tmp_path / f"spend.{form}"
    terminal(f"spend --by model project kind -o {path}")
    rows = written_rows(path)
    found = [
        (row["by"], row["label"] or None, str(Decimal(row["this_month"]).normalize()))
        for row in rows
    ]
    assert found == [
        ("total", None, "6"),
        ("model", "gpt-5", "6"),
        ("project_id", "proj_a", "5"),
        ("project_id", None, "1"),
        ("kind", "input", "5"),
        ("kind", "output", "1"),
    ]
    assert {(row["month"], row["currency"]) for row in rows} == {("2026-04", "usd")}


def test_it_takes_few_requests(
    usage_sandbox: Sandbox, bill: Callable[..., None], terminal: Terminal
) -> None:
    bill(APRIL_10, {}, first=date(2026, 2, 1))
    for options in ("", "--month 2026-03", "--by user key kind"):
        usage_sandbox.requests.clear()
        terminal(f"spend {options}")
        assert len(usage_sandbox.requests) == 2


def test_projects_can_be_given_by_name(terminal: Terminal) -> None:
    shown = terminal("spend --sandbox --by project --project-ids Research")
    assert "Research" in shown
    assert "Support Assistant" not in shown
    terminal("spend --sandbox --project-ids Resaerch", exit_code=2)
    assert "Research" in terminal.err
