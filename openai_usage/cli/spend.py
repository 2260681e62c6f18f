"""`openai-usage spend`: this month's bill beside last month's and beside a budget."""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from openai_usage import Bucket, CostsResult, Names
from openai_usage.cli.budget import Budget, Verdict
from openai_usage.cli.connection import Connection
from openai_usage.cli.figures import money
from openai_usage.cli.flags import flag
from openai_usage.cli.naming import Naming, named
from openai_usage.cli.printing import OUTPUT, TableOrJson, console_on, print_json
from openai_usage.cli.rows import iso
from openai_usage.cli.spend_table import REVISED, print_spending
from openai_usage.cli.spending import Part, Spending, spendings, start_of_last_month

_BUDGET, _CONNECTION = Budget(), Connection()


def spend(
    *,
    budget: Budget = _BUDGET,
    names: Annotated[
        bool, flag("Put the names of projects beside their ids."), Parameter(group=OUTPUT)
    ] = False,
    format: TableOrJson = "table",  # noqa: A002 - what it is
    connection: Connection = _CONNECTION,
) -> int:
    """What this month has cost so far, beside last month, by day, project and line item.

    It projects the month's total, and holds both against a budget if there is one.
    """
    budget.refuse_nonsense()
    now = datetime.fromtimestamp(int(time.time()), UTC)
    bill, known = asyncio.run(_bill(connection, now, Naming(names=names)))
    found = spendings(bill, now.date())
    if budget.budget is not None and not any(map(budget.verdict, found)):
        found.append(Spending(budget.currency.lower(), now.date(), ()))
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
        _say("nothing was billed this month or last month")
    code = 0
    for spending in found:
        verdict = budget.verdict(spending)
        if verdict is not None:
            code = verdict.exit_code if budget.check else 0
            if code:
                _say(str(verdict))
        elif budget.budget is not None:
            billed = money(spending.total.this_month, spending.currency)
            _say(f"{billed} so far are not held against the budget, which is in {budget.currency}")
    return code


def _say(sentence: str) -> None:
    print(f"openai-usage: {sentence}", file=sys.stderr)


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
        "last_month_by_this_day": part.by_then,
        "last_month": part.last_month,
    }
