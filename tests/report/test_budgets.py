"""Budgets in a report: compared like anywhere else, told in the points, listed in a table."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from openai_usage import (
    Amount,
    AsyncUsageClient,
    InvalidOptionError,
    InvalidQueryError,
    Name,
    Names,
)
from openai_usage.analysis import Budget, BudgetVerdict, check_budgets, costs_group_by, spending
from openai_usage.report import report
from openai_usage.report.budgets import on_budgets, table_of_budgets
from openai_usage.report.data import Answers
from openai_usage.report.fetch import gather
from openai_usage.report.options import Options
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, TODAY
from tests.support.report_values import answer_at, of_days

pytestmark = pytest.mark.usefixtures("_now")

TODAY_DATE = date(2026, 9, 10)
BUDGETS = [Budget(amount=10), Budget(amount=90_000, model="gpt-4.1-2025-04-14")]


@pytest.fixture
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)


def verdict(amount: object = 500, **changes: Any) -> BudgetVerdict:
    budget: dict[str, Any] = {
        name: changes.pop(name) for name in ("per", "currency", "warn_at") if name in changes
    }
    made: dict[str, Any] = {
        "budget": Budget(amount=Decimal(str(amount)), **budget),
        "title": "Team A",
        "day": date(2026, 9, 1),
        "used": Decimal("512.3"),
        "projected": Decimal(640),
    }
    return BudgetVerdict(**made | changes)


OVER = verdict()
HEADING = verdict(600, title="Team B")
UNKNOWN = verdict(title="Team C", used=None, projected=None, is_certain=False)
PROBLEM = verdict(title="Team D", used=Decimal(0), problem="no cost of September has the user 'x'.")
KEPT = verdict(1000, title="Team E")


# -------------------------------------------------------------------------- the request


@pytest.mark.parametrize(
    ("start", "end", "first", "month"),
    [
        (TODAY - 3 * DAY, None, "2026-08-01", date(2026, 9, 10)),
        (date(2026, 7, 1), date(2026, 8, 1), "2026-06-01", date(2026, 7, 31)),
        (date(2026, 7, 1), date(2026, 9, 4), "2026-08-01", date(2026, 9, 10)),
    ],
)
async def test_the_costs_are_those_of_the_last_month_and_of_the_one_before(
    start: date | int,
    end: date | None,
    first: str,
    month: date,
    client: AsyncUsageClient,
    sandbox: Sandbox,
) -> None:
    made = await report(client, start, end, budgets=BUDGETS)
    assert made.missing == ()
    bill = await client.costs(
        start_time=date.fromisoformat(first),
        end_time=NOW if month == TODAY_DATE else date(2026, 8, 1),
        group_by=costs_group_by(BUDGETS),
    ).collect()
    expected = check_budgets(BUDGETS, spending(bill, today=TODAY_DATE, month=month))
    assert list(made.figures.answers.verdicts) == expected
    assert [each.exit_code for each in expected] == [3, 0]
    assert ">Budgets</a>" in made.html()


async def test_without_budgets_there_is_no_request_for_them(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    await gather(client, TODAY - DAY)
    without = len(sandbox.requests)
    await gather(client, TODAY - DAY, options=Options.of(budgets=BUDGETS))
    assert len(sandbox.requests) == 2 * without + 1


async def test_names_in_budgets_are_those_that_are_given(client: AsyncUsageClient) -> None:
    ids = {each.project_id for each in await projects(client)}
    first, second, *_ = sorted(str(id_) for id_ in ids)
    budgets = [Budget(amount=1, project="Blue team")]
    named = Names(known={first: Name(id=first, name="Blue team", status="active")})
    options = Options.of(budgets=budgets)
    figures = await gather(client, TODAY - DAY, names=named, options=options)
    assert [each.problem for each in figures.answers.verdicts] == [""]
    unnamed = await gather(client, TODAY - DAY, options=options)
    assert [each.exit_code for each in unnamed.answers.verdicts] == [2]
    twice = evolve(
        named, known={**named.known, second: Name(id=second, name="Blue team", status="active")}
    )
    with pytest.raises(InvalidOptionError, match="'Blue team' is the name of 2 projects"):
        await report(client, TODAY - DAY, names=twice, budgets=budgets)


async def projects(client: AsyncUsageClient) -> Any:
    page = await client.costs(start_time=TODAY - DAY, group_by=["project_id"])
    return page.data[0].results


async def test_costs_that_cannot_be_read_lose_only_the_budgets(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    answer_at(sandbox, "costs", 403, start_time=TODAY - 40 * DAY)  # the first of August
    options = Options.of(budgets=BUDGETS)
    figures = await gather(client, TODAY - 3 * DAY, options=options)
    [missing] = figures.missing
    assert missing.what == "budgets"
    assert missing.why.startswith("the API answered 403")
    assert list(figures.answers.verdicts) == []
    assert figures.spend


async def test_budgets_are_for_all_projects(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    with pytest.raises(InvalidQueryError, match="budgets and project_ids contradict") as raised:
        await report(client, TODAY - DAY, project_ids=["proj_a"], budgets=BUDGETS)
    assert raised.value.param == "budgets"
    assert sandbox.requests == []


# ---------------------------------------------------------------------------- the words


def test_one_budget_is_told_whole() -> None:
    [told] = on_budgets([KEPT])
    assert told == (
        "Team E: within the budget of $1,000.00 for September: $512.30 so far (51%), "
        "$640.00 projected (64%)"
    )
    assert list(on_budgets([])) == []


def test_of_several_budgets_the_worst_are_told() -> None:
    counts, *told = on_budgets([KEPT, PROBLEM, UNKNOWN, KEPT, HEADING, OVER])
    assert counts == (
        "Of 6 budgets, 1 is exceeded, 1 is on course to be exceeded, 1 is not certain, 1 is not "
        "comparable and 2 are kept"
    )
    assert told == [each.text(symbols=True) for each in (OVER, HEADING, UNKNOWN)]
    assert list(on_budgets([KEPT, KEPT])) == ["All 2 budgets are kept"]


def test_a_verdict_has_symbols_in_a_report_and_codes_elsewhere() -> None:
    others = (Amount(value=Decimal("1.5"), currency="eur"),)
    both = evolve(HEADING, not_compared=others)
    assert str(both) == (
        "Team B: heading over the budget of 600.00 usd for September: 512.30 usd so far (85%), "
        "640.00 usd projected (107%); 1.50 eur in other currencies are not compared"
    )
    assert both.text(symbols=True) == (
        "Team B: heading over the budget of $600.00 for September: $512.30 so far (85%), "
        "$640.00 projected (107%); EUR 1.50 in other currencies are not compared"
    )


# ---------------------------------------------------------------------------- the table


@pytest.mark.parametrize(
    ("found", "row"),
    [
        (OVER, ["exceeded", ("$500.00", "a month"), ("$512.30", "102%"), ("$640.00", "128%")]),
        (HEADING, ["on course to be exceeded", ("$600.00", "a month"), ("$512.30", "85%")]),
        (UNKNOWN, ["not certain", ("$500.00", "a month"), ("unknown", ""), ("unknown", "")]),
        (
            verdict("512.3001", currency="eur", warn_at=[0.5], projected=Decimal("512.3")),
            [
                ("kept", "past the warning at 50%"),
                ("EUR 512.3001", "a month"),
                ("EUR 512.3000", "<100%"),
                ("EUR 512.3000", "<100%"),
            ],
        ),
        (
            verdict(0, per="day", day=TODAY_DATE, day_before=Decimal(3), projected=None),
            ["exceeded", ("$0.00", "a day"), ("$512.30", "$3.00 on 9 September"), ("–", "")],
        ),
        (
            verdict(600, per="day", day=TODAY_DATE, projected=None, warn_at=[0.5]),
            [
                ("kept", "past the warning at 50%"),
                ("$600.00", "a day"),
                ("$512.30", "unknown on 9 September"),
            ],
        ),
        (
            verdict(600, is_over=True),
            [
                ("on course to be exceeded", ""),
                ("$600.00", "a month"),
                ("$512.30", "85%"),
                ("–", ""),
            ],
        ),
    ],
)
def test_a_budget_is_a_row(found: BudgetVerdict, row: list[Any]) -> None:
    table = table_of_budgets(of_days(2, answers=Answers(verdicts=[found])))
    assert table is not None
    [[head, *cells]] = table.rows
    assert (head, head.below) == ("Team A" if found.title == "Team A" else found.title, "")
    expected = [(each, "") if isinstance(each, str) else each for each in row]
    assert [(str(cell), cell.below) for cell in cells][: len(row)] == expected


def test_the_table_says_of_which_time_it_is() -> None:
    table = table_of_budgets(of_days(2, answers=Answers(verdicts=[OVER, PROBLEM])))
    assert table is not None
    assert table.caption == "Costs of September 2026, up to 10 September 2026, of all projects."
    assert table.heads == ("Budget", "Result", "Amount", "So far", "Projected")
    assert table.rows[1][0].below == "no cost of September has the user 'x'."
    assert table.rows[1][1:] == ("not comparable", "$500.00", "–", "–")
    over = evolve(OVER, is_over=True)
    table = table_of_budgets(of_days(2, answers=Answers(verdicts=[over])))
    assert table is not None
    assert table.caption == "Costs of September 2026, of all projects."
    assert table.heads[3] == "Spent"
    assert table_of_budgets(of_days(2)) is None
