"""The month in progress: what it has cost, what it will cost, and when it reaches a limit.

First the figures, then the sentences that a report says about them.
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from openai_usage._decimals import exact_difference, exact_sum
from openai_usage._number_format import Unit, counted, precise_share
from openai_usage._text import currency_code, listed
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


def on_course(course: Course, unit: Unit) -> Iterator[str]:
    """Yield what the month in progress leads to, and what that is of the hard limit."""
    projection = course.projection
    total = projection.total
    known = "known " if projection.unknown else ""
    match projection.days:
        case 0:
            basis = "as today so far"
        case 1:
            basis = f"as on the last {known}complete day"
        case days:
            basis = f"as on the last {days} {known}complete days"
    yield (
        f"{course.today:%B} is on course for {unit.rounded(total)}: "
        f"{listed(_terms(course, unit), 'and')}, {basis}."
    )
    if projection.unknown:
        yield "Some of these days are unknown, so the course is uncertain."
    if course.limit is None:
        return
    limit = f"the hard limit of {unit.rounded(course.limit)} a month"
    if course.billed >= course.limit:
        yield f"It has reached {limit}."
    elif course.reached is not None:
        day = f"{course.reached.day} {course.reached:%B}"
        yield f"At this rate it reaches {limit} on {day}."
    elif course.limit and total >= 0:
        yield f"That is {precise_share(total, course.limit)} of {limit}."


def _terms(course: Course, unit: Unit) -> Iterator[str]:
    """Yield what the projected total is the sum of, so that a reader can add it up."""
    projection, today = course.projection, course.today
    days = monthrange(today.year, today.month)[1] - today.day
    to_come = exact_sum([projection.per_day] * days)
    rest = exact_difference(exact_difference(projection.total, course.billed), to_come)
    yield f"{unit.rounded(course.billed)} so far"
    if rest:
        place = "today and on unknown days" if projection.unknown else "today"
        yield f"{unit.rounded(rest)} more {place}"
    if days:
        yield f"{unit.rounded(projection.per_day)} for each of the {counted(days, 'day')} to come"
