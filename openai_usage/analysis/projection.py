"""Project the costs of a month from the days before today."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from attrs import frozen

from openai_usage._decimals import exact_difference, exact_sum, of_cents

K = TypeVar("K")

_HISTORY = 7
"""The whole days that a projection uses: a week, because weekends differ from other days."""


@frozen
class Projection:
    """The projected costs of the whole month, if spending continues as on the days before today.

    The projection is the sum of the costs billed so far, `per_day` for each day to come, and the
    rest of `per_day` for today; `method` states this in words. A credit is a negative cost that
    comes once, not every week: it counts in the costs billed so far, but not in the mean.
    """

    total: Decimal
    """The projected costs of the whole month."""
    per_day: Decimal
    """The mean of the days that the projection uses, without credits, rounded to the cent."""
    days: int
    """The number of whole days before today that the projection uses: at most 7, and not before
    the first charge. 0 if no such day is known; then the projection uses today so far."""
    is_known: bool = True
    """True if a day is known to project from. Otherwise `total` and `per_day` have no meaning."""
    unknown: bool = False
    """True if days are missing, in whole or in part. Then the projection uses the known days, and
    adds `per_day` for each unknown day and the rest of `per_day` for each day known in part."""

    is_over: bool = False
    """True if the month is over. Then `total` is what was billed."""
    basis: Sequence[date] = ()
    """The days whose mean is `per_day`. Empty for a month that is over."""

    @property
    def method(self) -> str:
        """Return the method of the projection in words."""
        if self.is_over:
            return "what was billed, because the month is over"
        known = "known " if self.unknown else ""
        match self.days:
            case 0:
                basis = f"what today has so far (no {known}whole day is over yet)"
            case 1:
                basis = f"the amount of the last {known}whole day"
            case _:
                basis = f"the mean of the last {self.days} {known}whole days"
        days, rest = "each day to come", "today"
        if self.unknown:
            days = f"{days} and each unknown day of this month before today"
            rest = f"{rest} and each day in part"
        return (
            f"what is billed so far, plus {basis}, rounded to the cent, for {days}, plus the rest "
            f"of that amount for {rest}; credits count only in what is billed so far"
        )


def project(
    billed: Decimal,
    usual: Mapping[date, Decimal],
    today: date,
    *,
    not_whole: AbstractSet[date] = frozenset(),
    has_today: bool = True,
) -> Projection:
    """Return the projected costs of the month of *today*.

    Args:
        billed: The costs of the month so far, including credits.
        usual: The costs of each day from the first of last month up to *today*, without credits.
        today: The day in progress, in UTC.
        not_whole: The days that are missing, in whole or in part.
        has_today: True if there is a bucket of *today*.
    """
    first = next((day for day, amount in usual.items() if amount), min(usual))
    whole = [day for day in usual if first <= day < today and day not in not_whole][-_HISTORY:]
    basis = whole or [today]
    mean = Fraction(exact_sum(usual[day] for day in basis)) / len(basis)
    per_day = of_cents(round(mean * 100))
    days_to_come = monthrange(today.year, today.month)[1] - today.day
    incomplete = {today, *(day for day in not_whole if today.replace(day=1) <= day)}
    rest = (max(Decimal(0), exact_difference(per_day, usual[day])) for day in incomplete)
    return Projection(
        total=exact_sum([billed, *rest, *[per_day] * days_to_come]),
        per_day=per_day,
        days=len(whole),
        is_known=bool(whole) or (has_today and today not in not_whole),
        unknown=any(first_that_counts(today) <= day for day in not_whole),
        basis=basis,
    )


def over(billed: Decimal, month: date, *, is_known: bool, unknown: bool) -> Projection:
    """Return the projection of a *month* that is over: the costs that were billed."""
    days = monthrange(month.year, month.month)[1]
    return Projection(
        total=billed,
        per_day=of_cents(round(Fraction(billed) / days * 100)),
        days=days,
        is_known=is_known,
        unknown=unknown,
        is_over=True,
    )


def divide(
    projection: Projection, billed: Mapping[K, Decimal], basis: Mapping[K, Decimal]
) -> dict[K, Fraction]:
    """Return the part of each group in a *projection*. The parts add up to its total.

    What is still to come is divided among the groups in the proportion of their costs on the days
    that the projection rests on.

    Args:
        projection: The projection of everything.
        billed: The costs of the month so far, by group.
        basis: The costs on the days of `projection.basis`, without credits, by the same groups.
    """
    to_come = Fraction(projection.total) - Fraction(exact_sum(billed.values()))
    whole = Fraction(exact_sum(basis.values()))
    return {
        group: Fraction(amount) + (to_come * Fraction(basis[group]) / whole if whole else 0)
        for group, amount in billed.items()
    }


def first_that_counts(today: date) -> date:
    """Return the first day that the total and the projection of *today*'s month can use."""
    return min(today.replace(day=1), today - timedelta(days=_HISTORY))
