"""The points that begin a report: every sentence, and when there is none."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from openai_usage._number_format import money_with_symbol
from openai_usage.analysis.daily import Period, Rows
from openai_usage.analysis.measures import Measure
from openai_usage.analysis.price_changes import PriceChange
from openai_usage.analysis.projection import Projection
from openai_usage.analysis.unusual_day import Unusual
from openai_usage.gaps import Gap
from openai_usage.report import summary
from openai_usage.report.course import on_course
from openai_usage.report.data import Answers, Course, Figures, Missing, Spend
from openai_usage.report.spend import rankings
from tests.conftest import DAY, TODAY
from tests.support.report_values import of_days, spent

USD = money_with_symbol("usd")


def text_of(figures: Figures) -> str:
    return "\n".join(f"{point.head}: {point.text}" for point in points_of(figures))


def points_of(figures: Figures) -> list[summary.Point]:
    return summary.points(figures, rankings(figures))


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
        "Spent: The organization spent an unknown amount from 9 September 2026 to 10 September "
        "2026.\nNot read: This report does not have 1 day of costs."
    )


def test_without_costs() -> None:
    assert text_of(of_days(1)) == "Spent: The organization spent nothing on 10 September 2026."
    figures = of_days(1, missing=(Missing("costs", "500"), Missing("images", "500")))
    assert text_of(figures) == (
        "Spent: The costs could not be read, so this report does not say what was spent.\n"
        "Not read: This report does not have costs and images."
    )


# ----------------------------------------------------------------- against what


@pytest.mark.parametrize(
    ("now", "before", "sentence"),
    [
        ("3", "2", "it was $3.00, 50.0 % more than the $2.00 of the day before."),
        ("1", "2", "it was $1.00, 50.0 % less than the $2.00 of the day before."),
        ("2", "2", "it was $2.00, as much as in the day before."),
        ("2", "0", "it was $2.00, against nothing in the day before."),
        ("90", "2", "it was $90.00, $88.00 more than the $2.00 of the day before."),
        ("-1", "2", "it was -$1.00, $3.00 less than the $2.00 of the day before."),
    ],
)
def test_against_what(now: str, before: str, sentence: str) -> None:
    figures = of_amounts([now, "5"], [before])
    [text] = summary.against(figures, rankings(figures)[0])
    assert text == f"On 1 complete day {sentence}"


def test_nothing_against_nothing_is_not_told() -> None:
    figures = of_amounts(["0", "5"], ["0"])
    assert list(summary.against(figures, rankings(figures)[0])) == []


def test_credits_and_refunds_are_told() -> None:
    figures = of_amounts(["-2", "5"], None)
    assert "spent $3.00 from" in text_of(figures)
    assert "Credits and refunds of $2.00 are deducted." in text_of(figures)


def test_against_what_if_every_day_is_compared() -> None:
    figures = of_amounts(["3", "5"], ["1", "1"], period=Period(TODAY - 2 * DAY, TODAY))
    figures = evolve(figures, compared=figures.period.before())
    [text] = summary.against(figures, rankings(figures)[0])
    assert text == "That is 300.0 % more than the $2.00 of the 2 days before."


def test_whole_months_are_compared_with_whole_months() -> None:
    august, july, june = (
        int(datetime(2026, month, 1, tzinfo=UTC).timestamp()) for month in (8, 7, 6)
    )
    figures = of_amounts(31 * ["2"], 30 * ["1"], period=Period(july, august))
    figures = evolve(figures, compared=figures.period.before())
    assert figures.compared == Period(june, july)
    assert text_of(figures).splitlines()[0] == (
        "Spent: The organization spent $62.00 in July 2026. That is 106.7 % more than the $30.00 "
        "of June 2026. A day cost $2.00 on average, after $1.00 (+100.0 %)."
    )


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
    assert list(on_course(course(projection=projection), USD)) == [
        (
            "September is on course for $300.00: $100.00 so far and $10.00 for each of the 20 days "
            f"to come, {basis}."
        )
    ]


def test_the_terms_of_the_course_add_up() -> None:
    projection = Projection(total=Decimal("306.50"), per_day=Decimal(10), days=7)
    [text] = on_course(course(projection=projection), USD)
    assert text == (
        "September is on course for $306.50: $100.00 so far, $6.50 more today and $10.00 for each "
        "of the 20 days to come, as on the last 7 complete days."
    )
    [text] = on_course(course(projection=projection, today=date(2026, 9, 30)), USD)
    assert "$100.00 so far and $206.50 more today, as on" in text


def test_a_course_with_unknown_days_says_so() -> None:
    projection = Projection(total=Decimal(300), per_day=Decimal(10), days=2, unknown=True)
    first, second = on_course(course(projection=projection), USD)
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
    [_, text] = on_course(course(limit=Decimal(limit), reached=reached), USD)
    assert text == sentence


def test_credits_can_be_larger_than_costs() -> None:
    projection = Projection(total=Decimal(-5), per_day=Decimal(0), days=7)
    found = course(billed=Decimal(-5), projection=projection, limit=Decimal(100))
    assert len(list(on_course(found, USD))) == 1


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
                "Of that, +$17.00 comes from more use, +$5.00 comes from higher prices, and -$2.00 "
                "comes from a larger part of cheaper kinds of use, such as cached input instead of "
                "output."
            ),
        ),
        (
            moved(price_effect=Decimal(-1), volume_effect=Decimal(-8), mix_effect=Decimal(0)),
            "Of that, -$8.00 comes from less use, and -$1.00 comes from lower prices.",
        ),
        (
            moved(price_effect=Decimal("0.004"), mix_effect=Decimal(0)),
            "Of that, +$15.00 comes from more use. Its prices did not change.",
        ),
    ],
)  # fmt: skip
def test_why_it_moved(change: PriceChange, why: str) -> None:
    assert summary.reason(change, USD) == why


def changed_most(figures: Figures) -> str:
    return next((each.text for each in points_of(figures) if each.head == "Changed most"), "")


def test_what_moved_most() -> None:
    figures = of_amounts(["30", "5"], ["10"], answers=Answers(changes=(moved(),)))
    text = changed_most(figures)
    assert text.startswith("Model gpt-5: +$20.00, from $10.00 to $30.00. Of that, +$17.00 comes")
    assert text.endswith(" Project p: +$20.00, from $10.00 to $30.00.")


def test_what_is_new_and_what_is_gone() -> None:
    assert changed_most(of_amounts(["30", "5"], ["0"])) == (
        "Model gpt-5: +$30.00. It had no costs before. Project p: +$30.00. It had no costs before."
    )
    assert changed_most(of_amounts(["0", "0"], ["30"])) == (
        "Model gpt-5: -$30.00. It cost nothing in this range. Project p: -$30.00. It cost nothing "
        "in this range."
    )
    # Today is not compared, and has costs.
    assert changed_most(of_amounts(["0", "5"], ["30"])).startswith(
        "Model gpt-5: -$30.00, from $30.00 to $0.00."
    )


def test_a_line_item_is_not_called_a_model() -> None:
    [spend] = of_amounts(["30", "5"], ["10"]).spend
    key: tuple[str | None, ...] = (None, "web search tool calls")
    only = Spend("usd", {key: (Decimal(30), Decimal(5))}, {key: (Decimal(10),)})
    text = text_of(of_days(2, spend=(only,)))
    assert "web search tool calls is the largest line item with 100.0 %" in text
    assert "Changed most: Line item web search tool calls: +$20.00, from" in text
    both = evolve(spend, rows={**spend.rows, **only.rows}, before={**(spend.before or {})})
    # The costs without a project changed more. They do not belong to any project.
    assert "Project p: +$20.00" in changed_most(of_days(2, spend=(both,)))


def test_the_reason_is_that_of_the_model_and_of_the_currency() -> None:
    changes = (
        moved(labels={"model": "gpt-6"}),
        moved(labels={"model": None}),
        moved(currency="eur"),
    )
    figures = of_amounts(["30", "5"], ["10"], answers=Answers(changes=changes))
    assert changed_most(figures) == (
        "Model gpt-5: +$20.00, from $10.00 to $30.00. Project p: +$20.00, from $10.00 to $30.00."
    )


def test_what_hardly_moved() -> None:
    assert changed_most(of_amounts(["10.01", "5"], ["10"])) == ""


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
