"""`openai-usage spend`: compare the costs of a month with the month before and with a budget."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import BinaryIO

from attrs import frozen
from rich.console import Console

from openai_usage import APIError
from openai_usage._gap_text import describe_spans
from openai_usage._number_format import money
from openai_usage._text import printable, with_full_stop
from openai_usage._time_format import iso
from openai_usage.analysis import Unusual
from openai_usage.analysis.projection import first_that_counts
from openai_usage.analysis.spending import Spending, spendings
from openai_usage.cli.bill import Bill, fetch_bill
from openai_usage.cli.options.budget import Budget
from openai_usage.cli.options.connection import Connection
from openai_usage.cli.options.names import NameOptions
from openai_usage.cli.options.output import Destination
from openai_usage.cli.options.spend import SpendOptions
from openai_usage.cli.output.console import console_on, silence_stdout, write_json
from openai_usage.cli.output.messages import say
from openai_usage.cli.output.spend_answer import print_answer
from openai_usage.cli.output.spend_json import day_figures, figures
from openai_usage.cli.output.spend_rows import SpendRows
from openai_usage.cli.output.spend_table import print_details
from openai_usage.cli.output.spend_text import describe_days
from openai_usage.cli.wording import as_typed
from openai_usage.schema.times import unix_seconds

_OPTIONS, _BUDGET, _OUTPUT = SpendOptions(), Budget(), Destination()
_NAMING, _CONNECTION = NameOptions(), Connection()

_RECENT = timedelta(days=2)
"""The age of an unusual day that a check reports. Two days, because costs can come a day late."""


def spend(
    *,
    options: SpendOptions = _OPTIONS,
    budget: Budget = _BUDGET,
    output: Destination = _OUTPUT,
    naming: NameOptions = _NAMING,
    connection: Connection = _CONNECTION,
) -> int:
    """Compare the costs of a month with those of the month before, and with a budget.

    The first lines are the answer; the rest says which models and projects carry it. `--details`
    adds every day and the method of the projection.

    Only complete days are compared, from the first day of both months on; the total so far
    includes today. The projection of the month adds to the total so far the mean of the last seven
    complete days for each day to come, and for today the rest of that mean; the mean does not
    include credits. If there is a budget, the total and the projection are compared with it.

    Days for which the API returns nothing are unknown. Sums, means and comparisons do not include
    them; the tables and stderr name them, and the exit code is 1. If only a part of a day is
    missing, sums include the other part. Today may have no bucket for some hours: the tables say
    so, and from 06:00 UTC it counts as missing.
    """
    options.validate()
    budget.validate()
    output.check()
    now = datetime.fromtimestamp(int(time.time()), UTC)
    today = now.date()
    month = options.first_day(today)
    try:
        bill = asyncio.run(fetch_bill(connection, month, now, options, naming))
    except APIError as error:
        if not budget.check:
            raise
        bill = Bill(month, unread=printable(as_typed(error)))
    bill = bill.up_to(now, check=budget.check)
    is_zero = budget.budget is not None and bool(bill.buckets or not bill.gaps)
    has_today = bill.has_today(now)
    found = spendings(
        bill.buckets,
        today,
        bill.gaps,
        month=month,
        has_today=has_today,
        currency=budget.currency.casefold() if is_zero else None,
    )
    unchecked = _unchecked(found, budget, bill, today) if budget.check else ""
    days = bill.unusual_days(options.dimensions, now) if options.unusual else []
    answer = Answer(found, bill, options, budget, now, unchecked, days)
    try:
        with output.opened() as file:
            answer.write(output, file)
    except BrokenPipeError:
        silence_stdout()  # the reader stopped early, but the exit code still has to be right
    bill.names.warn_of_unread()
    if not found and not bill.unknown:
        say(_nothing_billed(month, today, has_today=has_today))
    code = _exit_code(found, budget, bill.unknown, unchecked)
    recent = [each for each in days if today - each.day <= _RECENT]
    if code or not recent or not budget.check:
        return code
    for each in recent:
        say(f"unusual: {bill.named(each)}.")
    return 6


@frozen
class Answer:
    """The spending of a month, ready to be written in any format."""

    found: Sequence[Spending]
    """The spending in each currency."""
    bill: Bill
    options: SpendOptions
    budget: Budget
    now: datetime
    unchecked: str
    """The reason why the budget cannot be checked; empty if it can."""
    unusual: Sequence[Unusual]
    """The unusual days of the month, the latest first."""

    def write(self, output: Destination, file: BinaryIO) -> None:
        """Write the answer in the chosen format."""
        if output.name == "json":
            write_json(self._report(), file)
        elif output.chosen.is_table:
            with console_on(file) as console:
                self._print(console)
        else:
            rows = SpendRows(self.found, self.options.dimensions, self.bill.names)
            asyncio.run(output.chosen.write(rows, file))

    def _print(self, console: Console) -> None:
        by, top, names = self.options.dimensions, self.options.top, self.bill.names
        for spending in self.found:
            verdict = self.budget.verdict(spending)
            days = [each for each in self.unusual if each.currency == spending.currency]
            notes = describe_days([*map(self.bill.named, days)]) if self.options.unusual else []
            print_answer(spending, verdict, names, console, by=by, top=top, notes=notes)
            if self.options.details:
                print_details(spending, names, console, by=by, top=top)
        if not self.found and self.bill.gaps:
            console.print(_nothing_found(self.bill))

    def _report(self) -> dict[str, object]:
        by, names = self.options.all_dimensions, self.bill.names
        gaps = self.bill.gaps
        return {
            "until": iso(self.now),
            "missing": [{"start": iso(gap.start), "end": iso(gap.end)} for gap in gaps],
            "unchecked": bool(self.unchecked),
            "unchecked_reason": self.unchecked or None,
            "currencies": [
                figures(each, self.budget.verdict(each), names, by) for each in self.found
            ],
            **({"unusual": list(map(day_figures, self.unusual))} if self.options.unusual else {}),
        }


def _nothing_found(bill: Bill) -> str:
    fact = "Nothing was billed in the days that are known" if bill.buckets else "Nothing is known"
    return f"{fact} of this month and last month; {describe_spans(bill.gaps)} is unknown."


def _nothing_billed(month: date, today: date, *, has_today: bool) -> str:
    if month < today.replace(day=1):
        return f"nothing was billed in {month:%B %Y} or in the month before."
    if has_today:
        return "nothing was billed this month or last month."
    months = "last month" if today.day == 1 else "this month or last month"
    return f"nothing was billed {months}; the API has no costs for today, {today}, yet."


def _unchecked(found: Sequence[Spending], budget: Budget, bill: Bill, today: date) -> str:
    """Return why the budget cannot be checked; empty if it can, or is exceeded in any case."""
    is_over = bill.month < today.replace(day=1)
    counted = bill.month if is_over else first_that_counts(today)
    first = unix_seconds(counted, param="today")
    verdicts = filter(None, map(budget.verdict, found))
    is_certain = all(gap.end_time <= first for gap in bill.gaps)
    return "" if is_certain or any(each.exit_code == 3 for each in verdicts) else bill.unknown


def _exit_code(found: Sequence[Spending], budget: Budget, unknown: str, unchecked: str) -> int:
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
    return _check_currency(found, budget)


def _so_far(spending: Spending) -> str:
    if not spending.is_known(spending.month):
        return f"amounts in {spending.currency}, which are unknown so far,"
    return f"{money(spending.currency).rounded(spending.total.this_month)} so far"


def _check_currency(found: Sequence[Spending], budget: Budget) -> int:
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
