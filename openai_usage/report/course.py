"""The month in progress: what it has cost, what it will cost, and when it reaches a limit."""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from openai_usage._decimals import exact_difference, exact_sum
from openai_usage._text import currency_code
from openai_usage.analysis.groups import group_by
from openai_usage.analysis.projection import Projection, project
from openai_usage.analysis.spending import start_of_last_month
from openai_usage.analysis.totals import totals
from openai_usage.limits import SpendLimit
from openai_usage.report.data import Course
from openai_usage.schema.pages import Bucket
from openai_usage.schema.results import CostsResult
from openai_usage.schema.times import DAY


def courses(
    buckets: Sequence[Bucket[CostsResult]], now: int, limit: SpendLimit | None
) -> Iterator[Course]:
    """Yield the month in progress for each currency, if a day is known to project from."""
    today = _day(now)
    month = today.replace(day=1)
    if not buckets or _day(buckets[0].start_time) > month:
        return
    first = max(start_of_last_month(today), _day(buckets[0].start_time))
    recent = [each for each in buckets if _day(each.start_time) >= first]
    covered = Counter[date]()
    for each in recent:
        for day in _days(_day(each.start_time), min(today, _day(each.end_time - 1))):
            begin = _midnight(day)
            covered[day] += min(each.end_time, begin + DAY) - max(each.start_time, begin)
    not_whole = {day for day in _days(first, today - timedelta(days=1)) if covered[day] < DAY}
    billed = group_by(_amounts(recent), lambda each: each[0])
    monthly = limit and limit.monthly
    for currency, amounts in billed.items():
        usual = {
            day: exact_sum(amount for _, when, amount in amounts if when == day and amount > 0)
            for day in _days(first, today)
        }
        so_far = exact_sum(amount for _, day, amount in amounts if day >= month)
        projection = project(so_far, usual, today, not_whole=not_whole, has_today=today in covered)
        ceiling = monthly.value if monthly and currency_code(monthly.currency) == currency else None
        if projection.is_known:
            yield Course(
                currency=currency,
                today=today,
                billed=so_far,
                projection=projection,
                limit=ceiling,
                reached=_reached(ceiling, so_far, usual[today], projection, today),
            )


def _amounts(buckets: Sequence[Bucket[CostsResult]]) -> Iterator[tuple[str, date, Decimal]]:
    """Yield the charges of each day, and its credits, with their currency and their day."""
    for is_credit in (False, True):
        those = [
            Bucket(
                start_time=each.start_time,
                end_time=each.end_time,
                results=tuple(
                    result for result in each.results if (result.amount.value < 0) is is_credit
                ),
            )
            for each in buckets
        ]
        for group in totals(those, ["start"], measures=["amount"]):
            day = datetime.fromisoformat(str(group.labels["start"])).date()
            yield str(group.currency), day, group.amount.value


def _reached(
    limit: Decimal | None,
    billed: Decimal,
    billed_today: Decimal,
    projection: Projection,
    today: date,
) -> date | None:
    """Return the day of this month on which the costs reach *limit* at the projected rate."""
    if limit is None or projection.unknown:
        return None
    expected = exact_sum(
        [billed, max(Decimal(0), exact_difference(projection.per_day, billed_today))]
    )
    for number in range(today.day, monthrange(today.year, today.month)[1] + 1):
        if expected >= limit:
            return today.replace(day=number)
        expected = exact_sum([expected, projection.per_day])
    return None


def _day(moment: int) -> date:
    return datetime.fromtimestamp(moment, UTC).date()


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
