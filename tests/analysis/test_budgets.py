"""Budgets: each is compared with its own part of the costs, exactly, and a mistake never passes."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import Bucket, CostsResult, InvalidOptionError, Name, Names, UsageClient
from openai_usage._decimals import exact_sum
from openai_usage.analysis import (
    Budget,
    BudgetVerdict,
    check_budgets,
    costs_group_by,
    spending,
    worst_exit_code,
)
from openai_usage.sandbox import Sandbox
from tests.support.daily_costs import TODAY, bucket, cost, costs

PROJECTS = {"proj_a": "Team A", "proj_b": "Team B"}
NAMES = Names(
    known={
        **{id_: Name(id=id_, name=name, status="active") for id_, name in PROJECTS.items()},
        "user-a": Name(id="user-a", name="Ann", email="ann@example.com", status="active"),
        "key_a": Name(id="key_a", name="ci", status="active"),
        "key_b": Name(id="key_b", name="ci", status="active"),
        "key_c": Name(id="key_c", name="Team A", status="active"),
    }
)


def check(
    budget: Budget, bill: Sequence[Bucket[CostsResult]], names: Names | None = None, **more: Any
) -> BudgetVerdict:
    [verdict] = check_budgets([budget], spending(bill, **{"today": TODAY, **more}), names=names)
    return verdict


def figures(*values: object) -> tuple[object, ...]:
    """Return the values as they are, to compare decimals with whole numbers."""
    return values


def of_a_week(amount: object, today: object, **labels: str) -> list[Bucket[CostsResult]]:
    """Costs of one amount a day for a week, and today's."""
    return costs(*[[cost(amount, **labels)]] * 7, [cost(today, **labels)])


@pytest.mark.parametrize(
    ("budget", "code", "words", "figures"),
    [
        (
            Budget(amount=500, name="Team A"),
            3,
            "Team A: over the budget of 500.00 usd for November",
            "720.00 usd so far (144%), 1,200.00 usd projected (240%)",
        ),
        (
            Budget(amount=1000),
            4,
            "Organization: heading over the budget of 1,000.00 usd for November",
            "720.00 usd so far (72%), 1,200.00 usd projected (120%)",
        ),
        (
            Budget(amount=1200, warn_at=[0.5, 0.9]),
            0,
            "Organization: within the budget of 1,200.00 usd for November, past the warning at 50%",
            "720.00 usd so far (60%), 1,200.00 usd projected (100%)",
        ),
        (
            Budget(amount=0),
            3,
            "Organization: over the budget of 0.00 usd for November",
            "720.00 usd so far, 1,200.00 usd projected",
        ),
        (
            Budget(amount=100, per="day"),
            0,
            "Organization: within the budget of 100.00 usd per day",
            "20.00 usd on 26 November so far (20%), 100.00 usd on 25 November (100%)",
        ),
        (
            Budget(amount="99.999", per="day", warn_at=[0.2]),
            3,
            "Organization: over the budget of 99.999 usd per day",
            "20.00 usd on 26 November so far (20%), 100.000 usd on 25 November (>100%)",
        ),
    ],
)
def test_a_verdict_is_a_sentence(budget: Budget, code: int, words: str, figures: str) -> None:
    verdict = check(budget, of_a_week(100, 20))
    assert (verdict.exit_code, str(verdict)) == (code, f"{words}: {figures}")


def test_figures_are_there_for_programs() -> None:
    verdict = check(Budget(amount="720.5", warn_at=[0.125, 0.5]), of_a_week("100.0001", 20))
    assert json.loads(json.dumps(verdict.to_dict())) == {
        "what": "Organization",
        "text": str(verdict),
        "budget": "720.5",
        "currency": "usd",
        "per": "month",
        "owner": None,
        "of": None,
        "day": "2026-11-01",
        "used": "720.0007",
        "projected": "1200.0007",
        "day_before": None,
        "warning": "0.5",
        "exit_code": 4,
    }
    assert verdict.used_share == Fraction("720.0007") / Fraction("720.5")
    assert check(Budget(amount=0), costs()).used_share is None
    some = check(Budget(amount=1000, warn_at=[0.125, 0.8]), of_a_week(10, 60))
    assert "past the warning at 12.5%" in str(some)


def test_a_warning_is_exact() -> None:
    budget = Budget(amount="0.30", warn_at=[0.1, 1])
    bill = costs([cost("0.03")])
    assert check(budget, bill).warning == Decimal("0.1")
    assert check(budget, costs([cost("0.0299999999999999999999999999999999")])).warning is None
    assert check(budget, costs([cost("0.30")])).warning == 1
    over = check(budget, costs([cost("0.3000000000000000000000000000000001")]))
    assert figures(over.exit_code, over.warning) == (3, 1)
    assert "warning" not in str(over)


AMOUNTS = st.decimals(-1000, 10**6, places=6)
LABELS = st.sampled_from(["a", "b", "c", None])


@st.composite
def bills(draw: st.DrawFn) -> list[Bucket[CostsResult]]:
    results = st.builds(
        cost,
        AMOUNTS,
        project_id=LABELS,
        line_item=st.sampled_from(["gpt-5, input", "gpt-5, output", "gpt-4.1", "other"]),
        user_id=LABELS,
        api_key_id=LABELS,
    )
    return costs(*draw(st.lists(st.lists(results, max_size=4), min_size=1, max_size=40)))


@given(bill=bills())
@pytest.mark.parametrize(
    ("owner", "label"),
    [("project", "project_id"), ("model", "model"), ("user", "user_id"), ("key", "api_key_id")],
)
def test_the_parts_come_to_the_whole(
    owner: str, label: Any, bill: list[Bucket[CostsResult]]
) -> None:
    [found] = spending(bill, today=TODAY)
    parts = {part.of: part.this_month for part in found.by(label)}
    of_each: list[dict[str, Any]] = [{owner: of} for of in parts if of is not None]
    budgets = [Budget(amount=5, **each) for each in of_each]
    verdicts = check_budgets(budgets, [found])
    used = {each.budget.of: each.used for each in verdicts}
    assert used == {of: amount for of, amount in parts.items() if of is not None}
    [whole] = check_budgets([Budget(amount=5)], [found])
    known = [amount for amount in used.values() if amount is not None]
    assert exact_sum([*known, parts.get(None, Decimal(0))]) == whole.used
    for each in verdicts:
        own = [charge for charge in found.charges if charge.label(label) == each.budget.of]
        assert each.projected == evolve(found, charges=own).projection.total
        assert each.exit_code in (0, 3, 4)
        assert (each.exit_code == 3) == (each.largest > 5)
        assert each.is_certain
        assert not each.problem


@given(bill=bills(), budget=st.integers(0, 10**6))
def test_a_day_is_today_and_the_last_whole_day(
    bill: list[Bucket[CostsResult]], budget: int
) -> None:
    verdict = check(Budget(amount=budget, per="day"), bill)
    before, today = (exact_sum(each.amount.value for each in part.results) for part in bill[-2:])
    assert figures(verdict.used, verdict.day_before, verdict.projected) == (today, before, None)
    assert verdict.exit_code == (3 if max(today, before) > budget else 0)
    assert verdict.largest_day == bill[-2 if before > today else -1].start.date()
    assert check(Budget(amount=budget), bill).largest_day.day == 1


def test_names_stand_for_ids() -> None:
    bill = costs([cost(5, project_id="proj_a", user_id="user-a", api_key_id="key_a")])
    for budget, title in [
        (Budget(amount=5, project="proj_a"), "Project Team A"),
        (Budget(amount=5, project="Team A"), "Project Team A"),
        (Budget(amount=5, user="Ann"), "User Ann"),
        (Budget(amount=5, user="ann@example.com"), "User Ann"),
        (Budget(amount=5, key="key_a"), "API key ci"),
        (Budget(amount=5, key="key_a", name="CI\x1b[2J"), "CI\N{REPLACEMENT CHARACTER}[2J"),
    ]:
        verdict = check(budget, bill, NAMES)
        assert figures(verdict.title, verdict.used, verdict.problem) == (title, 5, "")
    assert check(Budget(amount=5, project="proj_a"), bill).title == "Project proj_a"


def test_what_exists_and_costs_nothing_is_within() -> None:
    bill = costs([cost(5, project_id="proj_a", user_id="user-a", api_key_id="key_a")])
    for budget in (Budget(amount=5, project="Team B"), Budget(amount=5, project="proj_b")):
        verdict = check(budget, bill, NAMES)
        assert figures(verdict.used, verdict.exit_code, verdict.title) == (0, 0, "Project Team B")


def test_a_name_of_several_is_refused() -> None:
    with pytest.raises(InvalidOptionError) as caught:
        check(Budget(amount=5, key="ci"), costs(), NAMES)
    assert str(caught.value) == (
        "'ci' is the name of 2 API keys: 'key_a' and 'key_b'. Use an id in the budget."
    )
    assert caught.value.option == "key"


@pytest.mark.parametrize(
    ("budget", "names", "problem"),
    [
        (Budget(amount=5, model="gpt-5"), None, "Did you mean 'gpt-5-2025-08-07'?"),
        (Budget(amount=5, model="gtp-4.1"), None, "Did you mean 'gpt-4.1'?"),
        (Budget(amount=5, model="o3"), None, ""),
        (Budget(amount=5, project="Team C"), NAMES, "Did you mean 'Team B'?"),
        (Budget(amount=5, project="Team"), NAMES, "Did you mean 'Team A'?"),
        (Budget(amount=5, project="proj_aa"), None, "Did you mean 'proj_a'?"),
        (
            Budget(amount=5, project="Team A"),
            None,
            "Names are not known, so use the id (proj_…).",
        ),
        (
            Budget(amount=5, user="user-a"),
            None,
            "No cost has any user: group the query by user_id.",
        ),
        (
            Budget(amount=5, key="key_x"),
            None,
            "No cost has any API key: group the query by api_key_id.",
        ),
    ],
)
def test_a_budget_for_nothing_is_said(budget: Budget, names: Names | None, problem: str) -> None:
    bill = costs(
        [cost(5, project_id="proj_a", line_item="gpt-5-2025-08-07, input")],
        [cost(5, project_id="proj_a", line_item="gpt-4.1, input")],
    )
    verdict = check(budget, bill, names)
    what = "API key" if budget.owner == "key" else budget.owner
    fact = f"no cost of October or November has the {what} '{budget.of}'."
    assert verdict.problem == f"{fact} {problem}".rstrip()
    assert str(verdict) == f"{verdict.title}: {verdict.problem}"
    assert verdict.exit_code == 2
    assert check(budget, [*bill[:-3], *bill[-2:]], names).exit_code == 5  # it may be in that day


def test_a_bill_without_costs_has_nothing_to_suggest() -> None:
    verdict = check(Budget(amount=5, model="gpt-5"), costs())
    assert verdict.problem == "no cost of October or November has the model 'gpt-5'."


def test_currencies_are_not_added_up() -> None:
    bill = costs(
        [cost(5, project_id="a"), *[cost("1.728", "eur", project_id="a")] * 2, cost(1, "GBP")]
    )
    verdict = check(Budget(amount=60, currency="USD"), bill)
    assert figures(verdict.used, verdict.exit_code) == (5, 0)
    assert str(verdict).endswith("; 3.46 eur and 1.00 gbp in other currencies are not compared")
    [euros] = check(Budget(amount=6, project="a"), bill).not_compared
    assert (euros.value, euros.currency) == (Decimal("3.456"), "eur")
    pounds = check(Budget(amount=6, project="a", currency="gbp"), bill)
    assert pounds.exit_code == 2
    assert pounds.problem == "the budget is in gbp, but the costs are in eur and usd."
    yen = check(Budget(amount=6, currency="jpy"), costs([cost(0)]))
    assert figures(yen.used, yen.exit_code, yen.problem) == (0, 0, "")


def test_a_day_is_beside_the_other_currencies_of_that_day() -> None:
    euros, dollars = cost(7, "eur"), cost(5)
    verdict = check(Budget(amount=60, per="day"), costs([euros, dollars], [dollars], [dollars]))
    assert verdict.not_compared == ()
    verdict = check(Budget(amount=60, per="day"), costs([dollars], [euros], [euros]))
    assert figures(verdict.exit_code, verdict.used, verdict.problem) == (0, 0, "")
    [beside] = verdict.not_compared
    assert (beside.value, beside.currency) == (Decimal(14), "eur")
    refund = cost(-7, "eur")
    [beside] = check(Budget(amount=60, per="day"), costs([dollars], [euros], [refund])).not_compared
    assert beside.value == 0
    verdict = check(Budget(amount=60, per="day"), costs([euros], [euros]))
    assert verdict.problem == "the budget is in usd, but the costs are in eur."


def test_missing_days_make_it_unknown() -> None:
    bill = of_a_week(10, 20)
    without_yesterday = [*bill[:-2], bill[-1]]
    for budget in (Budget(amount=1000), Budget(amount=1000, per="day")):
        verdict = check(budget, without_yesterday)
        assert (verdict.is_certain, verdict.exit_code) == (False, 5)
        assert "not known to be within" in str(verdict)
    assert check(Budget(amount=5), without_yesterday).exit_code == 3
    daily = check(Budget(amount=100, per="day"), without_yesterday)
    assert str(daily).endswith("20.00 usd on 26 November so far (20%), unknown on 25 November")


def test_today_can_be_missing_for_some_hours() -> None:
    bill = of_a_week(10, 20)[:-1]
    verdict = check(Budget(amount=100, per="day"), bill)
    assert figures(verdict.used, verdict.day_before, verdict.exit_code) == (None, 10, 0)
    assert "unknown on 26 November so far, 10.00 usd on 25" in str(verdict)
    assert check(Budget(amount=1000), bill).exit_code == 0


def test_nothing_is_known_without_buckets() -> None:
    for budget in (Budget(amount=5), Budget(amount=5, per="day"), Budget(amount=5, model="o3")):
        verdict = check(budget, [])
        assert figures(verdict.used, verdict.exit_code) == (None, 5)
    assert "unknown so far, with no projection" in str(check(Budget(amount=5), []))


def test_gaps_that_are_given_count_instead() -> None:
    bill = of_a_week(10, 20)
    gaps = [bill[-2]]
    given = check(Budget(amount=1000), [*bill[:-2], bill[-1]], gaps=gaps)
    assert (given.exit_code, given.is_certain) == (5, False)
    assert check(Budget(amount=1000), [*bill[:-2], bill[-1]], gaps=[]).exit_code == 0
    absent = check(Budget(amount=1000, per="day"), bill, has_today=False)
    assert absent.used is None


def test_a_month_that_is_over_is_compared_with_what_was_billed() -> None:
    bill = costs([cost(70)], *[[cost(1)]] * 26)  # the first is of 31 October
    october: dict[str, Any] = {"month": date(2026, 10, 1)}
    verdict = check(Budget(amount=80), bill, **october)
    assert str(verdict) == (
        "Organization: within the budget of 80.00 usd for October 2026: 70.00 usd (88%)"
    )
    daily = check(Budget(amount=50, per="day"), bill, **october)
    assert daily.exit_code == 3
    assert str(daily).endswith("70.00 usd on 31 October (140%), 0.00 usd on 30 October (0%)")


def test_the_worst_exit_code_counts() -> None:
    bill = of_a_week(100, 20, project_id="proj_a")
    budgets = [
        Budget(amount=10_000),
        Budget(amount=5, project="proj_x"),
        Budget(amount=1000, per="month"),
        Budget(amount=500),
    ]
    verdicts = check_budgets(budgets, spending(bill, today=TODAY))
    assert [each.exit_code for each in verdicts] == [0, 2, 4, 3]
    assert [worst_exit_code(verdicts[:n]) for n in range(5)] == [0, 0, 2, 4, 3]
    assert worst_exit_code(check_budgets([budgets[0], budgets[1]], spending([]))) == 5


def test_the_query_is_grouped_by_what_budgets_need() -> None:
    assert costs_group_by([Budget(amount=5)]) == []
    assert costs_group_by(
        [
            Budget(amount=5, key="a"),
            Budget(amount=5),
            Budget(amount=5, model="a"),
            Budget(amount=5, user="a"),
            Budget(amount=5, project="a"),
            Budget(amount=5, project="b"),
        ]
    ) == ["api_key_id", "line_item", "user_id", "project_id"]


def test_without_spending_nothing_passes() -> None:
    with pytest.raises(
        ValueError, match=r"^spendings is empty\. Pass what spending\(\) returns\.$"
    ):
        check_budgets([Budget(amount=5)], [])


@pytest.mark.real_clock
def test_budgets_of_a_client_are_checked_for_the_current_month(usage_sandbox: Sandbox) -> None:
    now = datetime.now(UTC)
    usage_sandbox.now = int(now.timestamp())
    first = (now.date().replace(day=1) - timedelta(days=1)).replace(day=1)
    key, url = usage_sandbox.admin_api_key, usage_sandbox.base_url
    budgets = [Budget(amount=10**6), Budget(amount=10**6, project="Research")]
    with UsageClient(key, base_url=url) as client:
        bill = client.costs(
            start_time=first, end_time=now, group_by=costs_group_by(budgets)
        ).collect()
        verdicts = check_budgets(budgets, spending(bill), names=client.names())
    assert [each.problem for each in verdicts] == ["", ""]
    assert bill[-1] == bucket(now.date(), bill[-1].results) or bill[-1].end <= now
