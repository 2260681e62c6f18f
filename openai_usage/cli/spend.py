"""`openai-usage spend`: this month's bill beside last month's and beside a budget."""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from openai_usage import Bucket, CostsResult, Names
from openai_usage.cli.budget import Budget, Verdict
from openai_usage.cli.connection import Connection
from openai_usage.cli.figures import money
from openai_usage.cli.messages import say
from openai_usage.cli.naming import Naming, WithNames, named
from openai_usage.cli.printing import TableOrJson, console_on, print_json
from openai_usage.cli.rows import iso
from openai_usage.cli.spend_table import REVISED, print_spending
from openai_usage.cli.spending import Part, Spending, spendings, start_of_last_month

_BUDGET, _CONNECTION = Budget(), Connection()


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
    """
    budget.refuse_nonsense()
    now = datetime.fromtimestamp(int(time.time()), UTC)
    bill, known = asyncio.run(_bill(connection, now, Naming(names=names)))
    found = spendings(bill, now.date())
    if not found and budget.budget is not None:
        found.append(Spending(budget.currency.casefold(), now.date(), ()))
    if format == "json":
        print_json(_report(found, budget, known, now))
    else:
        with console_on(sys.stdout.buffer) as console:
            for spending in found:
                print_spending(spending, budget, known, console)
    return _judged(found, budget)


async def _bill(
    connection: Connection, now: datetime, naming: Naming
) -> tuple[Sequence[Bucket[CostsResult]], Names | None]:
    """The bill of last month and of this month up to now, and who is behind its ids."""
    async with connection.client() as client:
        bill = await client.costs(
            start_time=start_of_last_month(now.date()),
            end_time=now,
            group_by=["project_id", "line_item"],
        ).collect()
        return bill, await naming.of(client)


def _judged(found: Sequence[Spending], budget: Budget) -> int:
    """The exit code; what is noteworthy goes to stderr."""
    if not found:
        say("nothing was billed this month or last month")
    if budget.budget is None:
        return 0
    code = 0
    for spending in found:
        verdict = budget.verdict(spending)
        if verdict is None:
            billed = money(spending.total.this_month, spending.currency)
            say(f"{billed} so far are not held against the budget, which is in {budget.currency}")
        elif budget.check and verdict.exit_code:
            code = verdict.exit_code
            say(str(verdict))
    return code or _unchecked(found, budget)


def _unchecked(found: Sequence[Spending], budget: Budget) -> int:
    """The exit code for a budget that no bill is held against: a check must not pass for that."""
    billed = [each for each in found if each.total.this_month] or found
    if not budget.check or any(map(budget.is_in, billed)):
        return 0
    currencies = " and ".join(each.currency for each in billed)
    say(
        f"the budget cannot be checked: the bill is in {currencies}, with nothing in "
        f"{budget.currency}: say in which currency the budget is with --currency"
    )
    return 2


def _report(
    found: Sequence[Spending], budget: Budget, names: Names | None, now: datetime
) -> dict[str, object]:
    return {
        "until": iso(now),
        "currencies": [_figures(each, budget.verdict(each), names) for each in found],
    }


def _figures(spending: Spending, verdict: Verdict | None, names: Names | None) -> dict[str, object]:
    """Every figure of one currency, as JSON names it."""
    projection = spending.projection
    return {
        "currency": spending.currency,
        **_columns(spending.total),
        "projection": {
            "total": projection.total,
            "per_day": projection.per_day,
            "method": projection.method,
            "note": REVISED,
        },
        "compared_days": spending.compared,
        "budget": verdict
        and {
            "amount": verdict.budget,
            "is_over": verdict.exit_code == 3,
            "is_projected_over": verdict.exit_code != 0,
        },
        "days": [
            {"date": day.isoformat(), "amount": amount} for day, amount in spending.by_day.items()
        ],
        "projects": [_project(part, names) for part in spending.by("project_id")],
        "line_items": [
            {"line_item": part.of, **_columns(part)} for part in spending.by("line_item")
        ],
    }


def _project(part: Part, names: Names | None) -> dict[str, object]:
    name = {} if names is None else {"project_name": named(names, "project_name", part.of)}
    return {"project_id": part.of, **name, **_columns(part)}


def _columns(part: Part) -> dict[str, object]:
    return {
        "this_month": part.this_month,
        "last_month": part.last_month,
        "this_month_compared": part.compared,
        "last_month_compared": part.compared_with,
    }
