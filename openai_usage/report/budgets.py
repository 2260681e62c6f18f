"""The budgets of a report: the sentences and the table that compare costs with them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from openai_usage._number_format import NOTHING, money_beside, money_with_symbol, share
from openai_usage._text import listed
from openai_usage._time_format import written_date
from openai_usage.analysis.budget_verdict import WORST_FIRST, BudgetVerdict
from openai_usage.report.data import Figures
from openai_usage.report.tables import Cell, Table

_MOST_NAMED = 3
"""The most budgets that are named in the points. The table has all of them."""

_STATES: Mapping[int, str] = {
    3: "exceeded",
    4: "on course to be exceeded",
    5: "not certain",
    2: "not comparable",
    0: "kept",
}
"""The words for verdicts, by exit code."""


def on_budgets(verdicts: Sequence[BudgetVerdict]) -> Iterator[str]:
    """Yield how many budgets are kept, and the verdicts on the worst of the others."""
    ordered = sorted(verdicts, key=lambda each: WORST_FIRST.index(each.exit_code))
    counts = Counter(_STATES[each.exit_code] for each in ordered)
    parts = [f"{n:,} {'is' if n == 1 else 'are'} {state}" for state, n in counts.items()]
    if len(counts) > 1:
        yield f"Of {len(ordered):,} budgets, {listed(parts, 'and')}"
    elif len(ordered) > 1:
        yield f"All {len(ordered):,} budgets are {_STATES[ordered[0].exit_code]}"
    worst = [each for each in ordered if each.exit_code or len(ordered) == 1]
    yield from (each.text(symbols=True) for each in worst[:_MOST_NAMED])


def table_of_budgets(figures: Figures) -> Table | None:
    """Return the budgets in the order of their file, or None if there are none."""
    verdicts = figures.answers.verdicts
    if not verdicts:
        return None
    today = figures.generated.date()
    month = max(each.day for each in verdicts)
    is_over = verdicts[0].is_over
    until = "" if is_over else f", up to {written_date(today)}"
    return Table(
        title="Budgets",
        caption=f"Costs of {month:%B %Y}{until}, of all projects.",
        heads=("Budget", "Result", "Amount", "Spent" if is_over else "So far", "Projected"),
        rows=tuple(_row(each) for each in verdicts),
    )


def _row(each: BudgetVerdict) -> tuple[Cell, ...]:
    budget = each.budget
    unit = money_with_symbol(budget.currency)
    is_for_day = budget.per == "day"
    used = _amount(each, each.used)
    if is_for_day:
        before = each.day - timedelta(days=1)
        used.below = f"{_amount(each, each.day_before)} on {before.day} {before:%B}"
    warning = ""
    if each.warning is not None and each.exit_code != 3:
        warning = f"past the warning at {share(each.warning, Decimal(1))}"
    return (
        Cell(each.title, below=each.problem),
        Cell(_STATES[each.exit_code], below=warning),
        Cell(unit.exact(budget.amount), below="a day" if is_for_day else "a month"),
        used,
        Cell(NOTHING) if each.is_over or is_for_day else _amount(each, each.projected),
    )


def _amount(verdict: BudgetVerdict, amount: Decimal | None) -> Cell:
    """Return an amount with enough digits to show whether it is over the budget, and its share."""
    if verdict.problem:  # nothing of the costs belongs to the budget
        return Cell(NOTHING)
    if amount is None:
        return Cell("unknown")
    budget, unit = verdict.budget, money_with_symbol(verdict.budget.currency)
    text = money_beside(amount, budget.amount, unit)
    return Cell(text, unit.exact(amount), share(amount, budget.amount))
