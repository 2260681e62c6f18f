"""What was spent this month and last month, reckoned from the bill: exact, and pure."""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction
from functools import cached_property, reduce
from typing import Literal

from attrs import field, frozen

from openai_usage import Amount, Bucket, CostsResult

EXACT = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact, InvalidOperation])
"""Adds up with every digit. The default keeps 28, and an amount alone can have more."""

_HISTORY = 7
"""Whole days that the projection goes by: a week, since weekends differ from other days."""


@frozen
class Charge:
    """What the bill of one day says of one line item of one project."""

    day: date
    project_id: str | None
    line_item: str | None
    amount: Amount


@frozen
class Part:
    """What a part of the bill came to, this month and last month."""

    of: str | None
    """The project or the line item; None where the bill names none."""
    this_month: Decimal
    """So far."""
    by_then: Decimal
    """Last month, up to the same day."""
    last_month: Decimal
    """All of it."""


@frozen
class Projection:
    """What the month will have come to, if it goes on like the days before today.

    To what is billed so far, it adds `per_day` for each day to come, and for today what is missing
    to that much. Refunds of those days make the mean smaller, but never less than nothing.
    """

    total: Decimal
    """For the whole month; what it adds to the bill is rounded to the cent."""
    per_day: Decimal
    """The mean of the days it goes by, to the cent."""
    days: int
    """The whole days before today that it goes by: 7, or as many as there are since the first
    charge; 0 where that was today, and today so far is what it goes by."""

    @property
    def method(self) -> str:
        """How it was reckoned, in words."""
        match self.days:
            case 0:
                basis = "what today has so far, since there is no whole day yet"
            case 1:
                basis = "what the last whole day had"
            case _:
                basis = f"the mean of the last {self.days} whole days"
        return f"what is billed so far, and for each day to come {basis}"


@frozen
class Spending:
    """What is billed in one currency, from the start of last month up to *today*."""

    currency: str
    today: date
    charges: Sequence[Charge] = field(repr=False)

    @property
    def month(self) -> date:
        """The first day of this month."""
        return self.today.replace(day=1)

    @property
    def last_month(self) -> date:
        """The first day of last month."""
        return start_of_last_month(self.today)

    @property
    def same_day(self) -> date:
        """The day of last month that has today's number, or the last one where there is none."""
        return min(
            self.last_month + timedelta(days=self.today.day - 1), self.month - timedelta(days=1)
        )

    @cached_property
    def total(self) -> Part:
        """All of the bill."""
        return self._part(None, self.charges)

    def by(self, dimension: Literal["project_id", "line_item"]) -> list[Part]:
        """The bill in parts, the largest of this month first."""
        charges: dict[str | None, list[Charge]] = {}
        for charge in self.charges:
            charges.setdefault(getattr(charge, dimension), []).append(charge)
        parts = [self._part(name, those) for name, those in charges.items()]
        return sorted(parts, key=lambda part: (part.this_month, part.by_then), reverse=True)

    @cached_property
    def by_day(self) -> dict[date, Decimal]:
        """What each day has come to, from the first of last month up to today."""
        amounts: dict[date, list[Decimal]] = {day: [] for day in _days(self.last_month, self.today)}
        for charge in self.charges:
            amounts[charge.day].append(charge.amount.value)
        return {day: added(those) for day, those in amounts.items()}

    @cached_property
    def projection(self) -> Projection:
        """What this month will have come to."""
        by_day = self.by_day
        first = next((day for day, amount in by_day.items() if amount), self.today)
        whole = [day for day in by_day if first <= day < self.today][-_HISTORY:]
        basis = [by_day[day] for day in whole or [self.today]]
        mean = max(Fraction(0), Fraction(added(basis)) / len(basis))
        so_far = max(Fraction(0), Fraction(by_day[self.today]))
        days_to_come = monthrange(self.today.year, self.today.month)[1] - self.today.day
        ahead = max(Fraction(0), mean - so_far) + days_to_come * mean
        return Projection(
            total=added([self.total.this_month, _to_the_cent(ahead)]),
            per_day=_to_the_cent(mean),
            days=len(whole),
        )

    def _part(self, name: str | None, charges: Iterable[Charge]) -> Part:
        this_month, by_then, rest = [], [], []
        for charge in charges:
            if charge.day >= self.month:
                this_month.append(charge.amount.value)
            elif charge.day <= self.same_day:
                by_then.append(charge.amount.value)
            else:
                rest.append(charge.amount.value)
        return Part(name, added(this_month), added(by_then), added(by_then + rest))


def spendings(buckets: Iterable[Bucket[CostsResult]], today: date) -> list[Spending]:
    """The spending in each currency that is on the bill; the one with the most charges first."""
    found: dict[str, list[Charge]] = {}
    for charge in charges_of(buckets):
        found.setdefault(charge.amount.currency, []).append(charge)
    largest_first = sorted(found.items(), key=lambda item: len(item[1]), reverse=True)
    return [Spending(currency, today, charges) for currency, charges in largest_first]


def charges_of(buckets: Iterable[Bucket[CostsResult]]) -> Iterator[Charge]:
    """What the bill says, day by day."""
    for bucket in buckets:
        for result in bucket.results:
            yield Charge(bucket.start.date(), result.project_id, result.line_item, result.amount)


def start_of_last_month(today: date) -> date:
    """The first day of the month before *today*'s."""
    return (today.replace(day=1) - timedelta(days=1)).replace(day=1)


def added(amounts: Iterable[Decimal]) -> Decimal:
    """The sum, with every digit and no others: a zero can come as `0E-6176`, and adds none."""
    return EXACT.normalize(reduce(EXACT.add, filter(None, amounts), Decimal(0)))


def _to_the_cent(amount: Fraction) -> Decimal:
    return EXACT.scaleb(Decimal(round(amount * 100)), -2)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
