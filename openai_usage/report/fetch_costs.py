"""Fetch the costs of a report: those of the range, those before it, and those of people."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from attrs import Factory, frozen

from openai_usage._text import currency_code
from openai_usage.analysis.daily import DailyTotals, Period, Rows
from openai_usage.analysis.deviations import WEEKS
from openai_usage.client import BaseClient
from openai_usage.report.reading import Read, covered
from openai_usage.schema.pages import Bucket
from openai_usage.schema.results import CostsResult
from openai_usage.schema.times import DAY

Buckets: TypeAlias = list[Bucket[CostsResult]]

Label: TypeAlias = Literal["project_id", "line_item", "organization", "user_id", "api_key_id"]
"""A label by which a report groups costs."""

LABELS: Sequence[Label] = ("project_id", "line_item")

HISTORY_DAYS = WEEKS * 7
"""The days before the range that show what is usual on each day of the week."""


@frozen
class Costs:
    """Costs by currency and labels, and the buckets that they were added up from."""

    rows: Mapping[str, Rows] = Factory(dict)
    buckets: Buckets = Factory(list)


async def costs_in(
    client: BaseClient,
    period: Period | None,
    project_ids: Sequence[str],
    *,
    labels: Sequence[Label] = LABELS,
    history_days: int = 0,
) -> Read[Costs]:
    """Return the costs in *period*, or no costs if there is no period.

    Args:
        client: The client that sends the requests.
        period: The range.
        project_ids: The projects to read. Empty for all.
        labels: The labels to group by.
        history_days: The least number of days before the end of *period* of which the buckets are
            returned, too. The figures do not include those before its start.
    """
    if period is None:
        return Read(Costs())
    buckets = client._buckets(  # noqa: SLF001 - either client has it
        type(client).costs,
        start_time=max(0, min(period.start, period.end - history_days * DAY)),
        end_time=period.end,
        group_by=[label for label in labels if label != "organization"],
        project_ids=project_ids or None,
    )
    daily: defaultdict[str, DailyTotals] = defaultdict(lambda: DailyTotals(len(period.days)))
    read = []
    inside = []
    async for bucket in buckets:
        read.append(bucket)
        day = period.place(bucket.start_time)
        if day < 0:
            continue
        inside.append(bucket)
        for result in bucket.results:
            # Costs from before projects existed have an empty id.
            key = tuple(getattr(result, name) or None for name in labels)
            # Currencies are usually lower-case, but upper-case means the same currency.
            daily[currency_code(result.amount.currency)].add(key, day, result.amount.value)
    start, gaps = covered("costs", inside, period)
    missing = period.places(gaps)
    rows = {currency: totals.done(missing) for currency, totals in daily.items()}
    return Read(Costs(rows, read), start, gaps)
