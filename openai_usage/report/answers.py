"""Compute the answers besides sums: prices, unusual days, the month, shares of tokens."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TypeAlias

from openai_usage.analysis.daily import Period
from openai_usage.analysis.deviations import MIN_WEEKS, WEEKS
from openai_usage.analysis.known_days import KnownDays
from openai_usage.analysis.price_steps import PriceStep, price_steps
from openai_usage.analysis.prices import Price, prices
from openai_usage.analysis.selection import split
from openai_usage.analysis.unusual import unusual
from openai_usage.limits import SpendLimit
from openai_usage.report.course import courses
from openai_usage.report.data import Answers, Figures, has_moved
from openai_usage.report.model_shares import shares_of_models
from openai_usage.schema.line_items import line_item_label
from openai_usage.schema.pages import Bucket
from openai_usage.schema.results import CostsResult
from openai_usage.schema.times import DAY

_Buckets: TypeAlias = Sequence[Bucket[CostsResult]]


def answers_of(
    figures: Figures, bill: _Buckets, past: _Buckets, now: int, limit: SpendLimit | None
) -> Answers:
    """Return what the costs of the range say, given those of the days before it, and usage.

    Args:
        figures: The figures of the report, with the periods that are compared.
        bill: The costs of the range.
        past: The costs before it: at least of the compared period.
        now: The current time in Unix seconds.
        limit: The hard limit of what the costs are of, if one is known.
    """
    before = _days_of(past, figures.compared)
    changes = prices(
        _days_of(bill, figures.billed, figures.compared_days),
        _days_of(past, figures.compared, figures.compared_days_before),
    ).changes(["model"])
    # A bucket that is longer than a day belongs to no day.
    daily = [each for each in [*past, *bill] if each.end_time <= each.start_time // DAY * DAY + DAY]
    first = datetime.fromtimestamp(figures.period.start, UTC).date()
    moment = datetime.fromtimestamp(now, UTC)
    found = [
        day
        for by in _unusual_by(figures)
        for day in unusual(daily, by, now=moment)
        if day.day >= first
    ]
    priced = prices(bill, before).prices
    return Answers(
        prices=priced,
        steps=_steps([*before, *bill], [each for each in priced if has_moved(each)]),
        changes=changes,
        unusual=tuple(sorted(found, key=lambda each: (each.day, len(each.labels)))),
        shares=shares_of_models([bucket for each in figures.usage for bucket in each.tokens]),
        judged_days=_judged_days(daily, now, figures.period),
        courses=tuple(courses([*past, *bill], now, limit)) if figures.period.end == now else (),
    )


def _unusual_by(figures: Figures) -> list[Sequence[str]]:
    """Return the labels by which unusual days are looked for: none, then one at a time."""
    organization = [("organization",)] if "organization" in figures.group_by else []
    return [(), *organization, ("model",), ("project_id",)]


def _steps(buckets: _Buckets, moved: Sequence[Price]) -> list[PriceStep]:
    """Return the days on which the prices changed that *moved*."""
    moved_items = {(each.labels["model"], each.labels["kind"]) for each in moved}

    @cache
    def has_moved_price(line_item: str | None) -> bool:
        labels = (line_item_label(line_item, "model"), line_item_label(line_item, "kind"))
        return labels in moved_items

    found, _ = split(buckets, lambda result: has_moved_price(result.line_item))
    return price_steps(found)


def _days_of(
    buckets: _Buckets, period: Period | None, places: Collection[int] | None = None
) -> list[Bucket[CostsResult]]:
    """Return the buckets of the days of *period* with these indexes, by default of all."""
    if period is None:
        return []
    wanted = range(len(period.days)) if places is None else set(places)
    return [each for each in buckets if period.place(each.start_time) in wanted]


def _judged_days(buckets: _Buckets, now: int, period: Period) -> int:
    """Return the number of days of *period* that have enough known days before."""
    charged = [
        each.start_time // DAY * DAY
        for each in buckets
        if any(result.amount.value > 0 for result in each.results)
    ]
    if not charged:
        return 0
    known = KnownDays.of(buckets, now, by_hour=False).days(WEEKS)
    return sum(
        period.start <= day.start
        and sum(before >= charged[0] for before in day.before) >= MIN_WEEKS
        for day in known
    )
