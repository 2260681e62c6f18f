"""The words of `spend`: which days its figures cover, what is unknown, and how it projects."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby

from openai_usage._gap_text import join
from openai_usage._number_format import counted, money
from openai_usage._text import label, labels_of, unique_labels
from openai_usage.analysis import Unusual
from openai_usage.analysis.spending import Dimension, Part, Spending
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.schema.settling import COSTS_SETTLE_AFTER

_DAYS = 2
"""Unusual days with a line of their own."""

REVISED = "The API still revises the last three days or so, mostly upward."


def describe_unknown(spending: Spending) -> Iterator[str]:
    """Yield sentences on the days that are unknown or known in part."""
    if spending.missing:
        yield (
            f"Nothing is known of {_dates(spending.missing)}: what was billed then is unknown, and "
            "no sum includes it."
        )
    if spending.in_part:
        yield (
            f"Only a part of {_dates(spending.in_part)} is known: the sums include that part, and "
            "what was billed in the rest is unknown."
        )
    if not spending.has_today:
        yield (
            f"Today, {_dates([spending.today])}, is not in these figures yet: nothing is known of "
            "it."
        )


def _dates(days: Iterable[date]) -> str:
    months = groupby(sorted(days), key=lambda day: day.replace(day=1))
    return join([_span(month, (day.day for day in group)) for month, group in months])


def name_this_month(spending: Spending) -> str:
    """Return the days of this month that are known at least in part."""
    return _covered(spending, spending.month)


def name_last_month(spending: Spending) -> str:
    """Return the name of last month, or its known days if others are missing."""
    if is_last_month_complete(spending):
        return f"{spending.last_month:%B}"
    return _covered(spending, spending.last_month)


def is_last_month_complete(spending: Spending) -> bool:
    """Return whether every day of last month is known."""
    return all(day >= spending.month for day in spending.not_whole)


def _covered(spending: Spending, month: date) -> str:
    days = [day for day in spending.by_day if day.replace(day=1) == month]
    known = _span(month, (day.day for day in days if day not in spending.unknown))
    parts = [str(day.day) for day in days if day in spending.in_part]
    return f"{known} ({join(parts)} in part)" if parts else known


def name_compared_days(spending: Spending) -> tuple[str, str]:
    """Return the compared days of this month and of last month as text."""
    return (
        _span(spending.month, spending.compared_days),
        _span(spending.last_month, spending.compared_days_before),
    )


def _span(month: date, days: Iterable[int]) -> str:
    """Return days of a month as text, with consecutive days as one range."""
    runs: list[list[int]] = []
    for day in days:
        if not runs or runs[-1][-1] != day - 1:
            runs.append([])
        runs[-1].append(day)
    ranges = (f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
    return f"{month:%b} {', '.join(ranges)}".rstrip()


def describe_projection(spending: Spending) -> str:
    """Return sentences on the method of the projection, and on days that are still revised."""
    projection = spending.projection
    is_revised = spending.today - spending.last_day <= COSTS_SETTLE_AFTER
    note = f" {REVISED}" if is_revised else ""
    if not projection.is_known:
        return f"There is no projection, because no day is known on which to base it.{note}"
    if projection.is_over:
        return f"The month is over.{note}"
    per_day = money(spending.currency).rounded(projection.per_day)
    return f"Projected at {per_day} a day: {projection.method}.{note}"


def describe_month(spending: Spending) -> str:
    """Return a sentence with the spending of the month, and its projection."""
    so_far = round_money(
        spending.known(spending.total.this_month, spending.month), spending.currency
    )
    month, projection = f"{spending.month:%B %Y}", spending.projection
    if spending.is_over:
        return f"{month}: {so_far} spent."
    if not projection.is_known:
        return f"{month}: {so_far} so far."
    return (
        f"{month}: {so_far} so far, {round_money(projection.total, spending.currency)} projected."
    )


def describe_days(days: Sequence[Unusual]) -> list[str]:
    """Return a line for each of the latest unusual days, and one for the others."""
    if not days:
        return ["No day of the month is unusual for its weekday."]
    others = len(days) - _DAYS
    more = [f"Unusual: {counted(others, 'more day')}."] if others > 0 else []
    return [*(f"Unusual: {each}." for each in days[:_DAYS]), *more]


def head_of(dimension: str) -> str:
    """Return the head of a column of labels: `project` for `project_id`."""
    return dimension.removesuffix("_id").replace("_", " ")


NO_OWNERS: Mapping[str | None, str] = {}


def owners_of(spending: Spending, dimension: Dimension) -> Mapping[str | None, str]:
    """Return the organization of each project, if there are several organizations."""
    found: dict[str | None, str] = {
        each.project_id: each.organization
        for each in spending.charges
        if each.organization is not None and each.project_id is not None
    }
    is_of_several = dimension == "project_id" and len(set(found.values())) > 1
    return found if is_of_several else NO_OWNERS


def label_parts(
    parts: Sequence[Part],
    dimension: Dimension,
    names: KnownNames,
    top: int,
    owners: Mapping[str | None, str] = NO_OWNERS,
) -> list[str]:
    """Return a label for each of the first *top* parts, and one for all others: `41 more`.

    Args:
        parts: All parts, the largest first.
        dimension: The label that they differ in.
        names: The names that are known.
        top: The number of parts with a label of their own.
        owners: The organization of each part, to be added to its label.
    """

    def write(of: str | None) -> str:
        text = "-" if of is None else label(names.known(dimension, of))
        return f"{text} ({owners[of]})" if of in owners else text

    labels = labels_of((part.of for part in parts), write)
    first, others = split_at(parts, top)
    shown = [labels[part.of] for part in first]
    return unique_labels([*shown, f"{len(others):,} more"] if others else shown)


def split_at(parts: Sequence[Part], top: int) -> tuple[Sequence[Part], Sequence[Part]]:
    """Return the first parts, and the others, which share a line. So a single one has its own."""
    place = len(parts) if len(parts) == top + 1 else top
    return parts[:place], parts[place:]


def round_money(amount: Decimal | None, currency: str) -> str:
    """Return an amount to the cent, or that it is unknown."""
    return "unknown" if amount is None else money(currency).rounded(amount)
