"""Fetch the costs that budgets are compared with, and compare them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from openai_usage.analysis.budget import Budget
from openai_usage.analysis.budget_verdict import BudgetVerdict
from openai_usage.analysis.budgets import check_budgets, costs_group_by
from openai_usage.analysis.months import end_of_month, start_of_last_month
from openai_usage.analysis.spending import spending
from openai_usage.client import BaseClient
from openai_usage.gaps import Gap
from openai_usage.names import Names
from openai_usage.report.fetch_costs import Buckets
from openai_usage.report.reading import Read, gaps_between
from openai_usage.schema.times import unix_seconds


async def bill_for(
    client: BaseClient, budgets: Sequence[Budget], end: int, now: int
) -> Read[Buckets]:
    """Return the costs that *budgets* are compared with. Without any, send no request.

    They are those of the month at *end* and of the month before. They are read up to *now*, even if
    the range of the report ends before: the projection of the month needs the latest days.
    """
    if not budgets:
        return Read([])
    month = _month_at(end)
    after = end_of_month(month) + timedelta(days=1)
    buckets = client._buckets(  # noqa: SLF001 - either client has it
        type(client).costs,
        start_time=unix_seconds(start_of_last_month(month), param="start_time"),
        end_time=min(now, unix_seconds(after, param="end_time")),
        group_by=costs_group_by(budgets),
    )
    read = [bucket async for bucket in buckets]
    query = buckets.query
    return Read(read, gaps=gaps_between("costs", read, query.start_time, query.end_time or now))


def verdicts_on(
    budgets: Sequence[Budget],
    bill: Buckets,
    end: int,
    now: int,
    *,
    gaps: Sequence[Gap],
    names: Names | None,
    organizations: Sequence[str] = (),
    left_out: Sequence[str] = (),
) -> list[BudgetVerdict]:
    """Compare the costs of the month at *end* with *budgets*.

    Raises:
        InvalidOptionError: The name in a budget stands for several ids.
    """
    today = datetime.fromtimestamp(now, UTC).date()
    found = spending(bill, today=today, month=_month_at(end), gaps=gaps)
    return check_budgets(
        budgets, found, names=names, organizations=organizations, left_out=left_out
    )


def _month_at(end: int) -> date:
    """Return a day of the month in which a range ends: that of its last second."""
    return datetime.fromtimestamp(end - 1, UTC).date()
