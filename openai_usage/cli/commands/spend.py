"""`openai-usage spend`: this month's bill beside last month's and beside a budget."""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime

from attrs import evolve, field, frozen

from openai_usage import APIError, Bucket, CostsResult, Gap
from openai_usage._formatting import money
from openai_usage._gap_text import describe_gaps, describe_spans
from openai_usage._pagination.continuity import LATE
from openai_usage._text import printable
from openai_usage.analysis.budgets import Verdict
from openai_usage.analysis.spending import (
    Part,
    Spending,
    first_that_counts,
    spendings,
    start_of_last_month,
)
from openai_usage.cli.options.budget import Budget
from openai_usage.cli.options.connection import Connection
from openai_usage.cli.options.names import NameOptions, WithNames
from openai_usage.cli.options.output import TableOrJson
from openai_usage.cli.output.console import console_on, print_json, silence_stdout
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.messages import say
from openai_usage.cli.output.rows import iso
from openai_usage.cli.output.spend_table import REVISED, print_spending
from openai_usage.cli.wording import as_typed
from openai_usage.schema.times import unix_seconds

_BUDGET, _CONNECTION = Budget(), Connection()


@frozen(kw_only=True)
class Bill:
    """The bill of last month and of this month up to now, as far as it could be read."""

    buckets: Sequence[Bucket[CostsResult]] = ()
    gaps: Sequence[Gap] = ()
    """The parts for which there is no bucket."""
    unread: str = ""
    """Why nothing could be read; empty if something could."""
    names: KnownNames = field(factory=KnownNames)

    @property
    def unknown(self) -> str:
        """What is not known, in a sentence; empty if all is."""
        return self.unread or " ".join(describe_gaps(self.gaps))

    def covers(self, day: date, now: datetime) -> bool:
        """Return whether a bucket or a gap says something of *day* or later, or it begins *now*."""
        start = unix_seconds(day, param="day")
        return start == int(now.timestamp()) or start < self._end(default=0)

    def up_to(self, now: datetime, *, check: bool) -> "Bill":
        """Return the bill with a gap up to *now* if a bucket is needed that did not come.

        A bucket is needed once it is `LATE`; a *check* needs one of this month at any time.
        """
        end, month = int(now.timestamp()), unix_seconds(now.date().replace(day=1), param="month")
        start = self._end(default=unix_seconds(start_of_last_month(now.date()), param="start"))
        if end - start < LATE and not (check and start <= month < end):
            return self
        gap = Gap(endpoint="costs", start_time=start, end_time=end)
        return evolve(self, gaps=[*self.gaps, gap])

    def _end(self, *, default: int) -> int:
        return max((part.end_time for part in (*self.buckets, *self.gaps)), default=default)


def spend(
    *,
    budget: Budget = _BUDGET,
    names: WithNames = False,
    format: TableOrJson = "table",  # noqa: A002 - what it is
    connection: Connection = _CONNECTION,
) -> int:
    """What this month has cost so far, beside last month, by day, project and line item.

    It compares whole days, from the first of both months on: today is in what there is so far.
    It projects the month's total: to what is billed so far it adds, for each day to come, the mean
    of the last seven whole days, and for today what it has less than that; credits are left out of
    the mean. Both are held against a budget if there is one.

    Days for which the API returns nothing are unknown. They are in no sum, no mean and no
    comparison; the tables and stderr say which they are, and the exit code is 1. If only a part of
    a day is missing, sums include the other part. Today may have no bucket for some hours: the
    tables say so, and from 06:00 UTC it counts as missing.
    """
    budget.refuse_nonsense()
    now = datetime.fromtimestamp(int(time.time()), UTC)
    today = now.date()
    try:
        bill = asyncio.run(_bill(connection, now, NameOptions(names=names)))
    except APIError as error:
        if not budget.check:
            raise
        gap = _gap(start_of_last_month(today), now)
        bill = Bill(gaps=[gap], unread=printable(as_typed(error)))
    bill = bill.up_to(now, check=budget.check)
    is_zero = budget.budget is not None and bool(bill.buckets or not bill.gaps)
    has_today = bill.covers(today, now)
    found = spendings(
        bill.buckets,
        today,
        bill.gaps,
        has_today=has_today,
        currency=budget.currency.casefold() if is_zero else None,
    )
    unchecked = _unchecked(found, budget, bill, today) if budget.check else ""
    try:
        if format == "json":
            print_json(_report(found, budget, bill, now, unchecked))
        else:
            with console_on(sys.stdout.buffer) as console:
                for spending in found:
                    print_spending(spending, budget.verdict(spending), bill.names, console)
                if not found and bill.gaps:
                    console.print(_nothing_found(bill))
    except BrokenPipeError:
        silence_stdout()  # the reader has seen enough, but the exit code still has to be right
    bill.names.tell()
    if not found and not bill.unknown:
        say(_nothing_billed(today, has_today=has_today))
    return _judged(found, budget, bill.unknown, unchecked)


async def _bill(connection: Connection, now: datetime, naming: NameOptions) -> Bill:
    """The bill of last month and of this month up to now, and who is behind its ids."""
    gaps: list[Gap] = []
    async with connection.client(on_gap=gaps.append) as client:
        buckets = await client.costs(
            start_time=start_of_last_month(now.date()),
            end_time=now,
            group_by=["project_id", "line_item"],
        ).collect()
        names = await naming.of(client, ["project_id"])
    names.learn(result for bucket in buckets for result in bucket.results)
    return Bill(buckets=buckets, gaps=gaps, names=names)


def _gap(start: date, end: datetime) -> Gap:
    return Gap(
        endpoint="costs",
        start_time=unix_seconds(start, param="start_time"),
        end_time=unix_seconds(end, param="end_time"),
    )


def _nothing_found(bill: Bill) -> str:
    what = "Nothing was billed in the days that are known" if bill.buckets else "Nothing is known"
    return f"{what} of this month and last month; {describe_spans(bill.gaps)} is unknown."


def _nothing_billed(today: date, *, has_today: bool) -> str:
    if has_today:
        return "nothing was billed this month or last month"
    months = "last month" if today.day == 1 else "this month or last month"
    return f"nothing was billed {months}; today, {today}, is not in the bill yet"


def _unchecked(found: Sequence[Spending], budget: Budget, bill: Bill, today: date) -> str:
    """Return why the budget cannot be checked; nothing if it can, or is exceeded in any case."""
    first = unix_seconds(first_that_counts(today), param="today")
    verdicts = filter(None, map(budget.verdict, found))
    is_certain = all(gap.end_time <= first for gap in bill.gaps)
    return "" if is_certain or any(each.exit_code == 3 for each in verdicts) else bill.unknown


def _judged(found: Sequence[Spending], budget: Budget, unknown: str, unchecked: str) -> int:
    """The exit code; what is noteworthy goes to stderr."""
    if budget.budget is not None:
        for each in found:
            if not budget.is_in(each):
                its_own = f"the budget, which is in {budget.currency}"
                say(f"{_so_far(each)} are not held against {its_own}")
    if unchecked:
        say(f"the budget cannot be checked: {unchecked}")
        return 5
    if unknown:
        say(unknown)
    if not budget.check:
        return 1 if unknown else 0
    for verdict in filter(None, map(budget.verdict, found)):
        if verdict.exit_code:
            say(str(verdict))
            return verdict.exit_code
    return _in_another_currency(found, budget)


def _so_far(spending: Spending) -> str:
    if not spending.is_known(spending.month):
        return f"amounts in {spending.currency}, which are unknown so far,"
    return f"{money(spending.total.this_month, spending.currency)} so far"


def _in_another_currency(found: Sequence[Spending], budget: Budget) -> int:
    """The exit code for a budget that no bill is held against: a check must not pass for that."""
    billed = [each for each in found if each.total.this_month] or found
    if not billed or any(map(budget.is_in, billed)):
        return 0
    currencies = " and ".join(each.currency for each in billed)
    say(
        f"the budget cannot be checked: the bill is in {currencies}, with nothing in "
        f"{budget.currency}: say in which currency the budget is with --currency"
    )
    return 2


def _report(
    found: Sequence[Spending], budget: Budget, bill: Bill, now: datetime, unchecked: str
) -> dict[str, object]:
    return {
        "until": iso(now),
        "missing": [{"start": iso(gap.start), "end": iso(gap.end)} for gap in bill.gaps],
        "unchecked": bool(unchecked),
        "unchecked_reason": unchecked or None,
        "currencies": [_figures(each, budget.verdict(each), bill.names) for each in found],
    }


def _figures(spending: Spending, verdict: Verdict | None, names: KnownNames) -> dict[str, object]:
    """Every figure of one currency, as JSON names it."""
    projection = spending.projection
    return {
        "currency": spending.currency,
        **_columns(spending, spending.total),
        "projection": {
            "total": projection.total if projection.is_known else None,
            "per_day": projection.per_day if projection.is_known else None,
            "method": projection.method if projection.is_known else None,
            "note": REVISED,
        },
        "compared_days": spending.compared,
        "budget": verdict
        and {
            "amount": verdict.budget,
            "is_over": None if verdict.exit_code == 5 else verdict.exit_code == 3,
            "is_projected_over": None if verdict.exit_code == 5 else verdict.exit_code != 0,
        },
        "days": [
            {
                "date": day.isoformat(),
                "amount": None if day in spending.unknown else amount,
                "is_in_part": day in spending.in_part,
            }
            for day, amount in spending.by_day.items()
        ],
        "projects": [_project(spending, part, names) for part in spending.by("project_id")],
        "line_items": [
            {"line_item": part.of, **_columns(spending, part)} for part in spending.by("line_item")
        ],
    }


def _project(spending: Spending, part: Part, names: KnownNames) -> dict[str, object]:
    name = {name: names.named(name, part.of) for name in names.columns.get("project_id", ())}
    return {"project_id": part.of, **name, **_columns(spending, part)}


def _columns(spending: Spending, part: Part) -> dict[str, object]:
    return {
        "this_month": spending.known(part.this_month, spending.month),
        "last_month": spending.known(part.last_month, spending.last_month),
        "this_month_compared": part.compared,
        "last_month_compared": part.compared_with,
    }
