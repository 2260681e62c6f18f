"""Compute spending of this month and last month, and a projection, from buckets of costs."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Literal

from attrs import field, frozen

from openai_usage import Amount, Bucket, CostsResult
from openai_usage._decimals import exact_sum
from openai_usage._text import currency_code, label, labels_of
from openai_usage.analysis.groups import group_by
from openai_usage.analysis.projection import Projection, project
from openai_usage.schema.pages import Span


@frozen
class Charge:
    """The cost of one line item of one project on one day."""

    day: date
    """The day in UTC."""
    project_id: str | None
    """The project, or None if the cost belongs to no project."""
    line_item: str | None
    """The line item, or None if the API gives none."""
    amount: Amount
    """The cost."""


@frozen
class Part:
    """The costs of one project or line item, or of all of them, in this month and last month."""

    of: str | None
    """The project or line item, or None for costs without one and for the total."""
    this_month: Decimal
    """The costs of this month so far, including today."""
    last_month: Decimal
    """The costs of the whole of last month."""
    compared: Decimal
    """The costs of the compared days in this month."""
    compared_with: Decimal
    """The costs of the same days in last month."""


@frozen
class Spending:
    """The costs in one currency, from the start of last month up to *today*."""

    currency: str
    """The currency in lower case, ready to be displayed."""
    today: date
    """The day in progress, in UTC."""
    charges: Sequence[Charge] = field(repr=False)
    """The costs of both months."""
    missing: AbstractSet[date] = frozenset()
    """The days for which the API returned no bucket, although they are due."""
    in_part: AbstractSet[date] = frozenset()
    """The days for which the API returned only a part. Sums include that part. The rest is
    unknown."""
    has_today: bool = True
    """True if today has a bucket. The API may return none for some hours."""

    @property
    def month(self) -> date:
        """Return the first day of this month."""
        return self.today.replace(day=1)

    @property
    def last_month(self) -> date:
        """Return the first day of last month."""
        return start_of_last_month(self.today)

    @property
    def is_certain(self) -> bool:
        """Return whether all the days are known that this month's total and projection need."""
        return not self.projection.unknown

    @cached_property
    def not_whole(self) -> AbstractSet[date]:
        """Return the days that are missing, in whole or in part."""
        return self.missing | self.in_part

    @cached_property
    def unknown(self) -> AbstractSet[date]:
        """Return the days without any data. Today is one of them until it has a bucket."""
        return self.missing if self.has_today else self.missing | {self.today}

    def is_known(self, month: date) -> bool:
        """Return whether any day of *month* is known."""
        return any(day.replace(day=1) == month and day not in self.unknown for day in self.by_day)

    def known(self, amount: Decimal, month: date) -> Decimal | None:
        """Return an *amount* of *month*, or None if no day of the month is known."""
        return amount if self.is_known(month) else None

    @cached_property
    def compared_days(self) -> tuple[int, ...]:
        """Return the days that are compared, as numbers in the month.

        These are the days before today that are complete and known in both months.
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
        """Return the number of days that are compared."""
        return len(self.compared_days)

    @cached_property
    def total(self) -> Part:
        """Return the costs of everything together."""
        return self._part(None, self.charges)

    def by(self, dimension: Literal["project_id", "line_item"]) -> list[Part]:
        """Return the costs by *dimension*, the largest of this month first."""
        charges = group_by(self.charges, lambda charge: getattr(charge, dimension))
        parts = [self._part(name, group) for name, group in charges.items()]
        return sorted(parts, key=lambda part: (part.this_month, part.last_month), reverse=True)

    @cached_property
    def by_day(self) -> dict[date, Decimal]:
        """Return the costs of each day, from the first of last month up to today."""
        return self._by_day(self.charges)

    @cached_property
    def projection(self) -> Projection:
        """Return the projected costs of this month."""
        return project(
            self.total.this_month,
            self._by_day(each for each in self.charges if each.amount.value > 0),
            self.today,
            not_whole=self.not_whole,
            has_today=self.has_today,
        )

    def _by_day(self, charges: Iterable[Charge]) -> dict[date, Decimal]:
        billed = group_by(charges, lambda charge: charge.day)
        return {
            day: exact_sum(each.amount.value for each in billed.get(day, ()))
            for day in _days(self.last_month, self.today)
        }

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
    """Return the spending in each currency, the one with the most charges first.

    Args:
        buckets: The costs of last month and this month, up to *today*.
        today: The day in progress, in UTC.
        gaps: The parts of these months for which the API returned nothing.
        has_today: True if *buckets* or *gaps* cover *today*.
        currency: The currency in which zero is spent if the buckets are empty.
    """
    missing = frozenset(
        day
        for gap in gaps
        # If a bucket is too long, the gap after it can end later than today.
        for day in _days(gap.start.date(), min(today, (gap.end - timedelta(seconds=1)).date()))
    )
    in_part = missing & {bucket.start.date() for bucket in buckets}
    found = group_by(charges_of(buckets), lambda charge: currency_code(charge.amount.currency))
    if currency is not None and not found:
        found[currency] = []
    labels = labels_of(found, label)
    largest_first = sorted(found.items(), key=lambda item: len(item[1]), reverse=True)
    return [
        Spending(labels[each], today, charges, missing - in_part, in_part, has_today)
        for each, charges in largest_first
    ]


def charges_of(buckets: Iterable[Bucket[CostsResult]]) -> Iterator[Charge]:
    """Yield the costs in *buckets*, day by day."""
    for bucket in buckets:
        for result in bucket.results:
            # Costs from before projects existed have an empty id.
            project, item = result.project_id or None, result.line_item or None
            yield Charge(bucket.start.date(), project, item, result.amount)


def sum_of(parts: Sequence[Part]) -> Part:
    """Return the exact sum of *parts*, as a part without a name."""
    names = ("this_month", "last_month", "compared", "compared_with")
    return Part(None, *(exact_sum(getattr(each, name) for each in parts) for name in names))


def start_of_last_month(today: date) -> date:
    """Return the first day of the month before *today*."""
    return (today.replace(day=1) - timedelta(days=1)).replace(day=1)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
