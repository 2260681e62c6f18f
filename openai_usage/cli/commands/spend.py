"""`openai-usage spend`: compare the costs of this month with last month and with a budget."""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime

from attrs import evolve, field, frozen

from openai_usage import APIError, Bucket, CostsResult, Gap
from openai_usage._gap_text import describe_gaps, describe_spans
from openai_usage._number_format import money
from openai_usage._pagination.continuity import LATE
from openai_usage._text import printable, with_full_stop
from openai_usage._time_format import iso
from openai_usage.analysis.projection import first_that_counts
from openai_usage.analysis.spending import Spending, spendings, start_of_last_month
from openai_usage.cli.options.budget import Budget
from openai_usage.cli.options.connection import Connection
from openai_usage.cli.options.names import NameOptions, WithNames
from openai_usage.cli.options.output import TableOrJson
from openai_usage.cli.output.console import console_on, print_json, silence_stdout
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.messages import say
from openai_usage.cli.output.spend_json import figures
from openai_usage.cli.output.spend_table import print_spending
from openai_usage.cli.wording import as_typed
from openai_usage.schema.times import unix_seconds

_BUDGET, _CONNECTION = Budget(), Connection()


@frozen(kw_only=True)
class Bill:
    """The costs of last month and of this month up to now, as far as they could be read."""

    buckets: Sequence[Bucket[CostsResult]] = ()
    gaps: Sequence[Gap] = ()
    """The parts of the range without a bucket."""
    unread: str = ""
    """The reason why nothing could be read; empty if anything was read."""
    names: KnownNames = field(factory=KnownNames)

    @property
    def unknown(self) -> str:
        """The unknown parts of the range as a sentence; empty if everything is known."""
        return self.unread or " ".join(describe_gaps(self.gaps))

    def has_today(self, now: datetime) -> bool:
        """Return whether a bucket or a gap reaches into today, or today begins at *now*."""
        start = unix_seconds(now.date(), param="today")
        return start == int(now.timestamp()) or start < self._end(default=0)

    def up_to(self, now: datetime, *, check: bool) -> "Bill":
        """Return the bill, with a gap up to *now* added if an expected bucket is missing.

        A bucket is expected once it is `LATE`; a *check* always expects one of this month.
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
    format: TableOrJson = "table",  # noqa: A002 - the option
    connection: Connection = _CONNECTION,
) -> int:
    """Compare the costs of this month with last month, by day, project and line item.

    Only complete days are compared, from the first day of both months on; the total so far
    includes today. The projection of the month adds to the total so far the mean of the last seven
    complete days for each day to come, and for today the rest of that mean; the mean does not
    include credits. If there is a budget, the total and the projection are compared with it.

    Days for which the API returns nothing are unknown. Sums, means and comparisons do not include
    them; the tables and stderr name them, and the exit code is 1. If only a part of a day is
    missing, sums include the other part. Today may have no bucket for some hours: the tables say
    so, and from 06:00 UTC it counts as missing.
    """
    budget.validate()
    now = datetime.fromtimestamp(int(time.time()), UTC)
    today = now.date()
    try:
        bill = asyncio.run(_bill(connection, now, NameOptions(names=names)))
    except APIError as error:
        if not budget.check:
            raise
        bill = Bill(unread=printable(as_typed(error)))
    bill = bill.up_to(now, check=budget.check)
    is_zero = budget.budget is not None and bool(bill.buckets or not bill.gaps)
    has_today = bill.has_today(now)
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
        silence_stdout()  # the reader stopped early, but the exit code still has to be right
    bill.names.warn_of_unread()
    if not found and not bill.unknown:
        say(_nothing_billed(today, has_today=has_today))
    return _exit_code(found, budget, bill.unknown, unchecked)


async def _bill(connection: Connection, now: datetime, naming: NameOptions) -> Bill:
    """Fetch the costs of last month and of this month up to now, and the names of their ids."""
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


def _nothing_found(bill: Bill) -> str:
    fact = "Nothing was billed in the days that are known" if bill.buckets else "Nothing is known"
    return f"{fact} of this month and last month; {describe_spans(bill.gaps)} is unknown."


def _nothing_billed(today: date, *, has_today: bool) -> str:
    if has_today:
        return "nothing was billed this month or last month."
    months = "last month" if today.day == 1 else "this month or last month"
    return f"nothing was billed {months}; the API has no costs for today, {today}, yet."


def _unchecked(found: Sequence[Spending], budget: Budget, bill: Bill, today: date) -> str:
    """Return why the budget cannot be checked; empty if it can, or is exceeded in any case."""
    first = unix_seconds(first_that_counts(today), param="today")
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


def _report(
    found: Sequence[Spending], budget: Budget, bill: Bill, now: datetime, unchecked: str
) -> dict[str, object]:
    return {
        "until": iso(now),
        "missing": [{"start": iso(gap.start), "end": iso(gap.end)} for gap in bill.gaps],
        "unchecked": bool(unchecked),
        "unchecked_reason": unchecked or None,
        "currencies": [figures(each, budget.verdict(each), bill.names) for each in found],
    }
