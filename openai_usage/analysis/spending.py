"""What was spent this month and last month, reckoned from the bill: exact, and pure."""

from calendar import monthrange
from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Literal

from attrs import field, frozen

from openai_usage import Amount, Bucket, CostsResult
from openai_usage._decimals import exact_difference, exact_sum, of_cents
from openai_usage._text import label, labels_of
from openai_usage.schema.results import Span

_NOTHING = Decimal(0)

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
    """So far, with what today has."""
    last_month: Decimal
    """All of it."""
    compared: Decimal
    """What the days of this month that can be compared came to."""
    compared_with: Decimal
    """What as many days of last month came to."""


@frozen
class Projection:
    """What the month will have come to, if it goes on like the days before today.

    It can be reckoned from the words of `method`: to what is billed so far, it adds `per_day` for
    each day to come, and for today what is missing to that much. A credit, which is a negative
    amount on the bill, is said once and not every week: it is in what is billed, and in no mean.
    """

    total: Decimal
    """For the whole month."""
    per_day: Decimal
    """The mean of the days it goes by, without credits, to the cent."""
    days: int
    """The whole days before today that it goes by: 7, or as many as there are since the first
    charge, if there is one; 0 where that was today, and today so far is what it goes by."""
    is_known: bool = True
    """Whether there is a day to go by. If not, `total` and `per_day` mean nothing."""
    unknown: bool = False
    """Whether days are missing, in whole or in part. If so, the projection is based on the known
    days. It adds `per_day` for each unknown day, and the rest of `per_day` for each day in part."""

    @property
    def method(self) -> str:
        """How it was reckoned, in words."""
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


@frozen
class Spending:
    """What is billed in one currency, from the start of last month up to *today*."""

    currency: str
    """In lower case, as it is shown."""
    today: date
    charges: Sequence[Charge] = field(repr=False)
    missing: AbstractSet[date] = frozenset()
    """Days for which the API returned no bucket, although it should have."""
    in_part: AbstractSet[date] = frozenset()
    """Days for which it returned only a part. Sums include that part; the rest is unknown."""
    has_today: bool = True
    """Whether today has a bucket. The API may return none for some hours."""

    @property
    def month(self) -> date:
        """The first day of this month."""
        return self.today.replace(day=1)

    @property
    def last_month(self) -> date:
        """The first day of last month."""
        return start_of_last_month(self.today)

    @property
    def is_certain(self) -> bool:
        """Whether all days are known that this month's total and its projection rest on."""
        first = first_that_counts(self.today)
        return not any(first <= day for day in self.not_whole)

    @cached_property
    def not_whole(self) -> AbstractSet[date]:
        """The days that are missing, in whole or in part."""
        return self.missing | self.in_part

    @cached_property
    def unknown(self) -> AbstractSet[date]:
        """The days of which nothing is known. Today is one of them until it has a bucket."""
        return self.missing if self.has_today else self.missing | {self.today}

    def is_known(self, month: date) -> bool:
        """Return whether any day of *month* is known."""
        return any(day.replace(day=1) == month and day not in self.unknown for day in self.by_day)

    def known(self, amount: Decimal, month: date) -> Decimal | None:
        """Return an *amount* of *month*, or None if no day of the month is known."""
        return amount if self.is_known(month) else None

    @cached_property
    def compared_days(self) -> tuple[int, ...]:
        """Which days of both months are compared, by their number in the month.

        They are whole and known: all of this month before today, as far as last month has them.
        """
        longest = min(self.today.day - 1, (self.month - self.last_month).days)
        return tuple(
            number
            for number in range(1, longest + 1)
            if self.not_whole.isdisjoint(
                {self.month.replace(day=number), self.last_month.replace(day=number)}
            )
        )

    @property
    def compared(self) -> int:
        """How many days of both months are compared."""
        return len(self.compared_days)

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
        return sorted(parts, key=lambda part: (part.this_month, part.last_month), reverse=True)

    @cached_property
    def by_day(self) -> dict[date, Decimal]:
        """What each day has come to, from the first of last month up to today."""
        return self._by_day(self.charges)

    @cached_property
    def projection(self) -> Projection:
        """What this month will have come to."""
        usual = self._by_day(each for each in self.charges if each.amount.value > 0)
        first = next((day for day, amount in usual.items() if amount), self.last_month)
        known = [day for day in usual if first <= day < self.today and day not in self.not_whole]
        whole = known[-_HISTORY:]
        basis = [usual[day] for day in whole or [self.today]]
        per_day = _to_the_cent(Fraction(exact_sum(basis)) / len(basis))
        days_to_come = monthrange(self.today.year, self.today.month)[1] - self.today.day
        begun = {self.today, *(day for day in self.not_whole if self.month <= day)}
        rest = (max(_NOTHING, exact_difference(per_day, usual[day])) for day in begun)
        ahead = [*rest, *[per_day] * days_to_come]
        return Projection(
            total=exact_sum([self.total.this_month, *ahead]),
            per_day=per_day,
            days=len(whole),
            is_known=bool(whole) or self.today not in self.unknown | self.in_part,
            unknown=not self.is_certain,
        )

    def _by_day(self, charges: Iterable[Charge]) -> dict[date, Decimal]:
        amounts: dict[date, list[Decimal]] = {day: [] for day in _days(self.last_month, self.today)}
        for charge in charges:
            amounts[charge.day].append(charge.amount.value)
        return {day: exact_sum(those) for day, those in amounts.items()}

    def _part(self, name: str | None, charges: Sequence[Charge]) -> Part:
        def of(month: date, numbers: Collection[int] = range(1, 32)) -> Decimal:
            return exact_sum(
                each.amount.value
                for each in charges
                if each.day.replace(day=1) == month and each.day.day in numbers
            )

        return Part(
            of=name,
            this_month=of(self.month),
            last_month=of(self.last_month),
            compared=of(self.month, self.compared_days),
            compared_with=of(self.last_month, self.compared_days),
        )


def spendings(
    buckets: Sequence[Bucket[CostsResult]],
    today: date,
    gaps: Iterable[Span] = (),
    *,
    has_today: bool = True,
    currency: str | None = None,
) -> list[Spending]:
    """The spending in each currency that is on the bill; the one with the most charges first.

    Args:
        buckets: The bill of last month and this month, up to *today*.
        today: The day in progress, in UTC.
        gaps: The parts of this time for which there is no bucket.
        has_today: Whether one of both says something of *today*.
        currency: In which currency nothing is spent, if nothing is billed.
    """
    lacking = frozenset(
        day
        for gap in gaps
        # A bucket that is too long leaves a gap that goes beyond today.
        for day in _days(gap.start.date(), min(today, (gap.end - timedelta(seconds=1)).date()))
    )
    in_part = lacking & {bucket.start.date() for bucket in buckets}
    found: dict[str, list[Charge]] = {}
    if currency is not None and not any(bucket.results for bucket in buckets):
        found[currency] = []
    for charge in charges_of(buckets):
        billed_in = charge.amount.currency
        # Lower-case by ISO 4217 in the API; what is upper-case for once is the same money.
        billed_in = billed_in.lower() if billed_in.isascii() else billed_in
        found.setdefault(billed_in, []).append(charge)
    labels = labels_of(found, label)
    largest_first = sorted(found.items(), key=lambda item: len(item[1]), reverse=True)
    return [
        Spending(labels[each], today, charges, lacking - in_part, in_part, has_today)
        for each, charges in largest_first
    ]


def charges_of(buckets: Iterable[Bucket[CostsResult]]) -> Iterator[Charge]:
    """What the bill says, day by day."""
    for bucket in buckets:
        for result in bucket.results:
            # An empty id is how costs from before there were projects belong to none.
            project, item = result.project_id or None, result.line_item or None
            yield Charge(bucket.start.date(), project, item, result.amount)


def start_of_last_month(today: date) -> date:
    """The first day of the month before *today*'s."""
    return (today.replace(day=1) - timedelta(days=1)).replace(day=1)


def first_that_counts(today: date) -> date:
    """Return the first day that the total of *today*'s month and its projection can rest on."""
    return min(today.replace(day=1), today - timedelta(days=_HISTORY))


def _to_the_cent(amount: Fraction) -> Decimal:
    return of_cents(round(amount * 100))


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
