"""The check of `spend`: the exit code, and the sentences on stderr that explain it."""

import json
from collections.abc import Sequence
from datetime import date

from openai_usage._number_format import money
from openai_usage._text import with_full_stop
from openai_usage.analysis.budget_verdict import worst_of
from openai_usage.analysis.projection import first_that_counts
from openai_usage.analysis.spending import Spending
from openai_usage.cli.answer import Answer
from openai_usage.cli.bill import Bill
from openai_usage.cli.options.budget import BudgetCheck
from openai_usage.cli.output.messages import say
from openai_usage.schema.times import unix_seconds


def exit_code_of(answer: Answer) -> int:
    """Return the exit code of `spend`, and say on stderr what a user should know."""
    code, sentences = check(answer)
    for each in sentences:
        say(each)
    return code


def check(answer: Answer) -> tuple[int, list[str]]:
    """Return the exit code of `spend`, and what a user should know."""
    budget, found = answer.budget, answer.found
    code, sentences = _of_one_budget(found, budget, answer.bill.unknown, answer.unchecked)
    if not budget.check:
        return code, sentences
    verdicts = [each for each in answer.verdicts if each.exit_code]
    sentences += (with_full_stop(str(each)) for each in verdicts)
    is_unknown = not (budget.has_budgets or answer.verdicts) and bool(answer.bill.unknown)
    code = worst_of([code, *(each.exit_code for each in verdicts), 5 if is_unknown else 0])
    recent = answer.bill.recent(answer.unusual, answer.now)
    if code or not recent:
        return code, sentences
    return 6, [*sentences, *(f"unusual: {answer.bill.named(day)}." for day in recent)]


def findings(answer: Answer) -> frozenset[object]:
    """Return what a check finds, in a form that changes only if there is something new to say.

    It is empty if all is well. Without `--check`, it is the figures.
    """
    if not answer.budget.check:
        return frozenset([json.dumps({**answer.notification(0), "until": None})])
    bill, (code, _) = answer.bill, check(answer)
    of_option = ((each, answer.budget.verdict(each)) for each in answer.found)
    return frozenset(
        [
            *([("exit code", code, bill.month)] if code else []),
            *(gap.start_time for gap in bill.gaps),
            *(each.organization for each in bill.unread_organizations),
            *(
                (each.currency, each.month, verdict.exit_code)
                for each, verdict in of_option
                if verdict is not None and verdict.exit_code
            ),
            *(
                (each.title, each.budget.per, each.largest_day, each.exit_code, each.warning)
                for each in answer.verdicts
                if each.exit_code or each.warning
            ),
            *(
                (each.threshold, each.project_id, bill.month, each.has_been_reached)
                for each in answer.limits
            ),
            *((day.day, *day.labels.values()) for day in bill.recent(answer.unusual, answer.now)),
        ]
    )


def why_unchecked(found: Sequence[Spending], budget: BudgetCheck, bill: Bill, today: date) -> str:
    """Return why the budget cannot be checked; empty if it can, or is exceeded in any case."""
    if budget.budget is None:
        return ""  # budgets of a file say so for themselves
    is_over = bill.month < today.replace(day=1)
    counted = bill.month if is_over else first_that_counts(today)
    first = unix_seconds(counted, param="today")
    verdicts = filter(None, map(budget.verdict, found))
    is_certain = not bill.left_out and all(gap.end_time <= first for gap in bill.gaps)
    return "" if is_certain or any(each.exit_code == 3 for each in verdicts) else bill.unknown


def _of_one_budget(
    found: Sequence[Spending], budget: BudgetCheck, unknown: str, unchecked: str
) -> tuple[int, list[str]]:
    """Return the exit code of the budget of the command line, and what a user should know."""
    sentences = [
        f"{_so_far(each)} are not compared with the budget, which is in {budget.currency}."
        for each in found
        if budget.budget is not None and not budget.is_in(each)
    ]
    if unchecked:
        sentences.append(with_full_stop(f"the budget cannot be checked: {unchecked}"))
        return 5, sentences
    if unknown:
        sentences.append(with_full_stop(unknown))
    if not budget.check:
        return 1 if unknown else 0, sentences
    for verdict in filter(None, map(budget.verdict, found)):
        if verdict.exit_code:
            return verdict.exit_code, [*sentences, f"{verdict}."]
    wrong = "" if budget.budget is None else _wrong_currency(found, budget)
    return (2, [*sentences, wrong]) if wrong else (0, sentences)


def _so_far(spending: Spending) -> str:
    if not spending.is_known(spending.month):
        return f"amounts in {spending.currency}, which are unknown so far,"
    return f"{money(spending.currency).rounded(spending.total.this_month)} so far"


def _wrong_currency(found: Sequence[Spending], budget: BudgetCheck) -> str:
    """Return a sentence if all costs are in other currencies: the check must not pass then."""
    billed = [each for each in found if each.total.this_month] or found
    if not billed or any(map(budget.is_in, billed)):
        return ""
    currencies = " and ".join(each.currency for each in billed)
    return (
        f"the budget is in {budget.currency}, but the bill is in {currencies}. Choose the currency "
        "of the budget with --currency."
    )
