"""The answer of `spend`, ready to be written in any format, or to be posted."""

from collections.abc import Sequence
from datetime import datetime
from typing import BinaryIO

from attrs import frozen
from rich.console import Console

from openai_usage._gap_text import describe_spans
from openai_usage._text import listed, with_full_stop
from openai_usage._time_format import iso
from openai_usage.analysis import BudgetVerdict, LimitNotice, Spending, Unusual
from openai_usage.cli.bill import Bill
from openai_usage.cli.options.budget import BudgetCheck
from openai_usage.cli.options.output import Destination
from openai_usage.cli.options.spend import SpendOptions
from openai_usage.cli.output.console import console_on, write_json
from openai_usage.cli.output.notification import notification, spending_amounts
from openai_usage.cli.output.spend_answer import print_answer
from openai_usage.cli.output.spend_json import day_figures, figures
from openai_usage.cli.output.spend_rows import SpendRows
from openai_usage.cli.output.spend_table import print_details
from openai_usage.cli.output.spend_text import describe_days, describe_month


@frozen(kw_only=True)
class Answer:
    """The spending of a month, and what is said about it."""

    found: Sequence[Spending]
    """The spending in each currency."""
    bill: Bill
    options: SpendOptions
    budget: BudgetCheck
    now: datetime
    unchecked: str
    """The reason why the budget cannot be checked; empty if it can."""
    verdicts: Sequence[BudgetVerdict]
    """The budgets of the file, and those of organizations."""
    limits: Sequence[LimitNotice]
    """The limits of the organization or its projects that are reached this month."""
    unusual: Sequence[Unusual]
    """The unusual days of the month, the latest first."""

    @property
    def nothing_billed(self) -> str:
        """A sentence if it is known that nothing was billed, otherwise an empty string."""
        if self.found or self.bill.unknown:
            return ""
        month, today = self.bill.month, self.now.date()
        if month < today.replace(day=1):
            return f"nothing was billed in {month:%B %Y} or in the month before."
        if self.bill.has_today(self.now):
            return "nothing was billed this month or last month."
        months = "last month" if today.day == 1 else "this month or last month"
        return f"nothing was billed {months}; the API has no costs for today, {today}, yet."

    async def write(self, output: Destination, file: BinaryIO) -> None:
        """Write the answer in the chosen format."""
        if output.name == "json":
            write_json(self._report(), file)
        elif output.chosen.is_table:
            with console_on(file) as console:
                self._print(console)
        else:
            rows = SpendRows(self.found, self.options.dimensions, self.bill.names)
            await output.chosen.write(rows, file)

    def notification(self, exit_code: int) -> dict[str, object]:
        """Return the JSON for a webhook."""
        sentences = [
            *(describe_month(each) for each in self.found),
            *(str(each) for each in map(self.budget.verdict, self.found) if each is not None),
            *(self._notes() if self.found else ()),
            *(["The costs could not be read."] if self.bill.error else []),
            *filter(None, [self.bill.unknown, self.nothing_billed]),
        ]
        amounts = [
            *map(spending_amounts, self.found),
            *(each.to_dict() for each in self.verdicts),
            *(each.to_dict() for each in self.limits),
        ]
        return notification(sentences, amounts, exit_code=exit_code, until=self.now)

    def _notes(self) -> list[str]:
        """Return a sentence for what is left out, for each budget and limit, and unusual days."""
        return [
            *_left_out(self.bill.left_out),
            *(with_full_stop(str(each)) for each in self.verdicts),
            *(map(str, self.limits) if self.limits else _no_limits(self.bill)),
            *self._unusual_days(),
        ]

    def _unusual_days(self) -> list[str]:
        """Return sentences on unusual days, if anything is known of them."""
        if not self.options.unusual or self.bill.error is not None:
            return []
        return describe_days([*map(self.bill.named, self.unusual)])

    def _print(self, console: Console) -> None:
        by, top, names = self.options.dimensions, self.options.top, self.bill.names
        for place, spending in enumerate(self.found):
            verdict = self.budget.verdict(spending)
            notes = [] if place else self._notes()
            print_answer(spending, verdict, names, console, by=by, top=top, notes=notes)
            if self.options.details:
                print_details(spending, names, console, by=by, top=top)
        if not self.found and self.bill.gaps:
            console.print(_nothing_found(self.bill))

    def _report(self) -> dict[str, object]:
        by, names = self.options.all_dimensions, self.bill.names
        gaps = self.bill.gaps
        report: dict[str, object] = {
            "until": iso(self.now),
            "missing": [{"start": iso(gap.start), "end": iso(gap.end)} for gap in gaps],
            "unchecked": bool(self.unchecked),
            "unchecked_reason": self.unchecked or None,
            "currencies": [
                figures(each, self.budget.verdict(each), names, by) for each in self.found
            ],
        }
        if self.bill.left_out:
            report["left_out"] = [*self.bill.left_out]
        if self.verdicts or self.budget.budgets is not None:
            report["budgets"] = [each.to_dict() for each in self.verdicts]
        if self.options.limits:
            report["limits"] = [each.to_dict() for each in self.limits]
        if self.options.unusual:
            report["unusual"] = [day_figures(each) for each in self.unusual]
        return report


def _left_out(labels: Sequence[str]) -> list[str]:
    """Return a sentence on the organizations that are left out, if there are any."""
    if not labels:
        return []
    return [f"The costs of {listed(labels, 'and')} could not be read, and are left out."]


def _no_limits(bill: Bill) -> list[str]:
    """Return that no limit is reached, if all of them were read."""
    is_known = bill.limits is not None and not bill.limits.unread
    return ["No limit of spending is reached this month at this rate."] if is_known else []


def _nothing_found(bill: Bill) -> str:
    fact = "Nothing was billed in the days that are known" if bill.buckets else "Nothing is known"
    return f"{fact} of this month and last month; {describe_spans(bill.gaps)} is unknown."
