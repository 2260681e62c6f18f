"""The paragraph that begins a report: every sentence, and when there is none."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from openai_usage._number_format import money_with_symbol
from openai_usage.analysis.daily import Rows
from openai_usage.analysis.measures import Measure
from openai_usage.analysis.price_changes import PriceChange
from openai_usage.analysis.projection import Projection
from openai_usage.analysis.unusual_day import Unusual
from openai_usage.gaps import Gap
from openai_usage.report import summary
from openai_usage.report.data import Answers, Course, Figures, Missing, Spend
from openai_usage.report.spend import rankings
from tests.conftest import DAY, TODAY
from tests.support.report_values import of_days, spent

USD = money_with_symbol("usd")


def text_of(figures: Figures) -> str:
    return summary.text_of(figures, rankings(figures))


def of_amounts(now: Sequence[str], before: Sequence[str] | None, **changes: Any) -> Figures:
    """Some days of one model and project, with as many days before."""
    key: tuple[str | None, ...] = ("p", "gpt-5, input")
    days = tuple(map(Decimal, now))
    then: Rows | None = None if before is None else {key: tuple(map(Decimal, before))}
    return of_days(len(now), spend=(Spend("usd", {key: days}, then),), **changes)


# ----------------------------------------------------------------- what was spent


def test_what_was_spent_and_when() -> None:
    figures = of_amounts(["1", "2.005"], None)
    what = rankings(figures)[0]
    assert summary.spent(figures, what) == (
        "The organization spent $3.00 from 9 September 2026 to 10 September 2026."
    )
    figures = of_amounts(["1"], None, organization_name="Acme", project_ids=["p"])
    assert summary.spent(figures, what) == "One project of Acme spent $3.00 on 10 September 2026."
    figures = evolve(figures, organization_name="", project_ids=["p", "q"])
    assert summary.spent(figures, what).startswith("2 projects of the organization spent")


def test_what_was_spent_on_known_days_and_on_none() -> None:
    gap = Gap(endpoint="costs", start_time=TODAY - DAY, end_time=TODAY)
    figures = of_amounts(["1", "2"], None, missing=(Missing("costs", "why", gaps=(gap,)),))
    assert summary.spent(figures, rankings(figures)[0]).endswith("2026 on the known days.")
    [spend] = figures.spend
    unknown = evolve(spend, rows=dict.fromkeys(spend.rows, (None, None)))
    figures = evolve(figures, spend=(unknown,))
    assert text_of(figures) == (
        "The organization spent an unknown amount from 9 September 2026 to 10 September 2026. "
        "This report does not have 1 day of costs."
    )


def test_without_costs() -> None:
    assert text_of(of_days(1)) == "The organization spent nothing on 10 September 2026."
    figures = of_days(1, missing=(Missing("costs", "500"), Missing("images", "500")))
    assert text_of(figures) == (
        "The costs could not be read, so this report does not say what was spent. "
        "This report does not have costs and images."
    )


# ----------------------------------------------------------------- against what


@pytest.mark.parametrize(
    ("now", "before", "sentence"),
    [
        ("3", "2", "On 1 complete day it was $3.00, 50.0 % more than the $2.00 of as many days"),
        ("1", "2", "On 1 complete day it was $1.00, 50.0 % less than the $2.00 of as many days"),
        ("2", "2", "On 1 complete day it was $2.00, as on as many days before."),
        ("2", "0", "On 1 complete day it was $2.00, against nothing on as many days before."),
        ("90", "2", "On 1 complete day it was $90.00, $88.00 more than the $2.00 of as many days"),
        ("-1", "2", "On 1 complete day it was -$1.00, $3.00 less than the $2.00 of as many days"),
    ],
)
def test_against_what(now: str, before: str, sentence: str) -> None:
    figures = of_amounts([now, "5"], [before])
    [text] = summary.against(figures, rankings(figures)[0])
    assert text.startswith(sentence)


def test_nothing_is_compared_that_is_unknown() -> None:
    figures = of_amounts(["1", "5"], None, uncompared="404")
    assert list(summary.against(figures, rankings(figures)[0])) == []
    assert text_of(figures).endswith(
        "The costs of the days before could not be read, so nothing is compared."
    )


# ----------------------------------------------------------------- on course


def course(**changes: Any) -> Course:
    made: dict[str, Any] = {
        "currency": "usd",
        "today": date(2026, 9, 10),
        "billed": Decimal(100),
        "projection": Projection(total=Decimal(300), per_day=Decimal(10), days=7),
    }
    return Course(**made | changes)


@pytest.mark.parametrize(
    ("days", "basis"),
    [
        (0, "as today so far"),
        (1, "as on the last complete day"),
        (7, "as on the last 7 complete days"),
    ],
)
def test_on_course_for_what(days: int, basis: str) -> None:
    projection = Projection(total=Decimal(300), per_day=Decimal(10), days=days)
    assert list(summary.on_course(course(projection=projection), USD)) == [
        (
            "September is on course for $300.00: $100.00 so far and $10.00 for each of the 20 days "
            f"to come, {basis}."
        )
    ]


def test_the_terms_of_the_course_add_up() -> None:
    projection = Projection(total=Decimal("306.50"), per_day=Decimal(10), days=7)
    [text] = summary.on_course(course(projection=projection), USD)
    assert text == (
        "September is on course for $306.50: $100.00 so far, $6.50 more today and $10.00 for each "
        "of the 20 days to come, as on the last 7 complete days."
    )
    [text] = summary.on_course(course(projection=projection, today=date(2026, 9, 30)), USD)
    assert "$100.00 so far and $206.50 more today, as on" in text


def test_a_course_with_unknown_days_says_so() -> None:
    projection = Projection(total=Decimal(300), per_day=Decimal(10), days=2, unknown=True)
    first, second = summary.on_course(course(projection=projection), USD)
    assert first.endswith("as on the last 2 known complete days.")
    assert second == "Some of these days are unknown, so the course is uncertain."


@pytest.mark.parametrize(
    ("limit", "reached", "sentence"),
    [
        ("400", None, "That is 75.0 % of the hard limit of $400.00 a month."),
        ("250", date(2026, 9, 25), "At this rate it reaches the hard limit of $250.00 a month on 25 September."),  # noqa: E501
        ("100", date(2026, 9, 10), "It has reached the hard limit of $100.00 a month."),
    ],
)  # fmt: skip
def test_against_the_hard_limit(limit: str, reached: date | None, sentence: str) -> None:
    [_, text] = summary.on_course(course(limit=Decimal(limit), reached=reached), USD)
    assert text == sentence


def test_credits_can_be_larger_than_costs() -> None:
    projection = Projection(total=Decimal(-5), per_day=Decimal(0), days=7)
    found = course(billed=Decimal(-5), projection=projection, limit=Decimal(100))
    assert len(list(summary.on_course(found, USD))) == 1


def test_a_course_of_another_currency_is_not_told() -> None:
    answers = Answers(courses=(course(currency="eur"),))
    assert "on course" not in text_of(of_amounts(["1", "2"], None, answers=answers))


# ----------------------------------------------------------------- what carries it


def test_the_largest_model_and_project() -> None:
    figures = of_days(2, spend=(spent(2, ("p", "gpt-5, input"), (None, "gpt-4, input")),))
    [sentence] = summary.carried(rankings(figures))
    assert sentence == (
        "gpt-5 is the largest model with 66.7 % ($4.00) and p is the largest project with 66.7 % "
        "($4.00)."
    )
    figures = of_days(2, spend=(spent(2, (None, None)),))
    assert list(summary.carried(rankings(figures))) == []


# ----------------------------------------------------------------- what moved, and why


def moved(**changes: Any) -> PriceChange:
    made: dict[str, Any] = {
        "labels": {"model": "gpt-5"},
        "currency": "usd",
        "amount": Decimal(30),
        "amount_before": Decimal(10),
        "price_effect": Decimal(5),
        "volume_effect": Decimal(15),
        "mix_effect": Decimal(-2),
    }
    return PriceChange(**made | changes)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            moved(),
            (
                "Of that, +$17.00 comes from more use, +$5.00 comes from higher prices and -$2.00 "
                "comes from the mix of kinds (input, cached input, output and so on)."
            ),
        ),
        (
            moved(price_effect=Decimal(-1), volume_effect=Decimal(-8), mix_effect=Decimal(0)),
            "Of that, -$8.00 comes from less use and -$1.00 comes from lower prices.",
        ),
        (
            moved(price_effect=Decimal("0.004"), mix_effect=Decimal(0)),
            "Of that, +$15.00 comes from more use. Its prices did not change.",
        ),
        (moved(amount_before=Decimal(0)), "It had no costs before."),
        (moved(amount=Decimal(0)), "It has no costs any more."),
    ],
)  # fmt: skip
def test_why_it_moved(change: PriceChange, why: str) -> None:
    assert summary.because(change, USD) == why


def test_what_moved_most() -> None:
    figures = of_amounts(["30", "5"], ["10"], answers=Answers(changes=(moved(),)))
    assert "gpt-5 changed most: +$20.00, from $10.00 to $30.00. Of that, " in text_of(figures)


@pytest.mark.parametrize(
    "change",
    [
        moved(amount=Decimal("10.01")),
        moved(labels={"model": "gpt-6"}),
        moved(labels={"model": None}),
        moved(currency="eur"),
    ],
)
def test_what_did_not_move(change: PriceChange) -> None:
    figures = of_amounts(["30", "5"], ["10"], answers=Answers(changes=(change,)))
    assert "changed most" not in text_of(figures)


# ----------------------------------------------------------------- what was unusual


def odd(day: int, amount: int, **labels: str) -> Unusual:
    return Unusual(
        labels=labels,
        day=date(2026, 9, day),
        until=None,
        measure=Measure("amount", None, adds_up=True),
        currency="usd",
        amount=Decimal(amount),
        credits=Decimal(0),
        usual=Decimal(10),
        spread=Decimal(1),
        score=Decimal(9),
        times=Decimal(amount) / 10,
        weeks=8,
        confidence="high",
    )


def told(*days: Unusual, judged: int = 0) -> str:
    figures = of_amounts(["30", "5"], None)
    return text_of(evolve(figures, answers=Answers(unusual=days, judged_days=judged)))


def test_what_was_unusual() -> None:
    assert told(odd(8, 30), odd(9, 40)).endswith(
        "2 days were unusual as a whole. The largest: on 9 September: $40.00, 4.0 times the usual "
        "$10.00 of a Wednesday."
    )
    assert told(odd(9, 40), odd(9, 30, model="gpt-5"), judged=5).endswith(
        "1 day was unusual as a whole. On 9 September: $40.00, 4.0 times the usual $10.00 of a "
        "Wednesday. On 1 day, a model or a project was unusual. On 9 September, model gpt-5: "
        "$30.00, 3.0 times the usual $10.00 of a Wednesday."
    )
    assert told(odd(9, 40, project_id="p"), judged=5).endswith(
        "None of 5 days was unusual as a whole. On 1 day, a model or a project was unusual. On 9 "
        "September, project p: $40.00, 4.0 times the usual $10.00 of a Wednesday."
    )


def test_nothing_is_said_of_days_that_were_not_judged() -> None:
    assert "unusual" not in told()
    # Of what is not on the page, and of other currencies, there is no sentence.
    assert "unusual" not in told(
        odd(9, 40, model="gone"), odd(9, 40, project_id=""), evolve(odd(9, 40), currency="eur")
    )
