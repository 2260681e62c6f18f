"""The check of `spend`: the exit code, and the sentences on stderr that explain it."""

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
    budget, found = answer.budget, answer.found
    code = _exit_code(found, budget, answer.bill.unknown, answer.unchecked)
    if not budget.check:
        return code
    verdicts = [each for each in answer.verdicts if each.exit_code]
    for each in verdicts:
        say(with_full_stop(str(each)))
    is_unknown = not (budget.has_budgets or answer.verdicts) and bool(answer.bill.unknown)
    code = worst_of([code, *(each.exit_code for each in verdicts), 5 if is_unknown else 0])
    recent = answer.bill.recent(answer.unusual, answer.now)
    if code or not recent:
        return code
    for day in recent:
        say(f"unusual: {answer.bill.named(day)}.")
    return 6


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


def _exit_code(found: Sequence[Spending], budget: BudgetCheck, unknown: str, unchecked: str) -> int:
    """Return the exit code, and say on stderr what a user should know."""
    if budget.budget is not None:
        for each in found:
            if not budget.is_in(each):
                say(
                    f"{_so_far(each)} are not compared with the budget, which is in "
                    f"{budget.currency}."
                )
    if unchecked:
        say(with_full_stop(f"the budget cannot be checked: {unchecked}"))
        return 5
    if unknown:
        say(with_full_stop(unknown))
    if not budget.check:
        return 1 if unknown else 0
    for verdict in filter(None, map(budget.verdict, found)):
        if verdict.exit_code:
            say(f"{verdict}.")
            return verdict.exit_code
    return 0 if budget.budget is None else _check_currency(found, budget)


def _so_far(spending: Spending) -> str:
    if not spending.is_known(spending.month):
        return f"amounts in {spending.currency}, which are unknown so far,"
    return f"{money(spending.currency).rounded(spending.total.this_month)} so far"


def _check_currency(found: Sequence[Spending], budget: BudgetCheck) -> int:
    """Return the exit code of a check: it must not pass only because of another currency."""
    billed = [each for each in found if each.total.this_month] or found
    if not billed or any(map(budget.is_in, billed)):
        return 0
    currencies = " and ".join(each.currency for each in billed)
    say(
        f"the budget is in {budget.currency}, but the bill is in {currencies}. Choose the currency "
        "of the budget with --currency."
    )
    return 2
