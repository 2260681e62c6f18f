"""The month in progress: what it has cost, what it will cost, and when it reaches a limit."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from openai_usage._text import currency_code
from openai_usage.analysis.limit_notices import day_reached
from openai_usage.analysis.spending import spending
from openai_usage.limits import SpendLimit
from openai_usage.report.data import Course
from openai_usage.schema.pages import Bucket
from openai_usage.schema.results import CostsResult


def courses(
    buckets: Sequence[Bucket[CostsResult]], now: int, limit: SpendLimit | None
) -> Iterator[Course]:
    """Yield the month in progress for each currency, if a day is known to project from."""
    today = datetime.fromtimestamp(now, UTC).date()
    if not buckets or buckets[0].start.date() > today.replace(day=1):
        return
    monthly = limit and limit.monthly
    for each in spending(buckets, today=today, currency=None):
        billed, projection = each.total.this_month, each.projection
        is_limited = monthly and currency_code(monthly.currency) == each.currency
        ceiling = monthly.value if monthly and is_limited else None
        reached = None
        if ceiling is not None and not projection.unknown:
            reached = today if billed >= ceiling else day_reached(ceiling, each)
        if projection.is_known:
            yield Course(
                currency=each.currency,
                today=today,
                billed=billed,
                projection=projection,
                limit=ceiling,
                reached=reached,
            )
