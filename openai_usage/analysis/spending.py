"""Compute the spending of a month and of the month before, and a projection, from costs."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from attrs import field, frozen

from openai_usage import Bucket, CostsResult, days_ago
from openai_usage._decimals import exact_sum
from openai_usage._html import html_table
from openai_usage._number_format import money
from openai_usage._text import currency_code, label, labels_of
from openai_usage.analysis.charges import Charge, Dimension, charges_of, sums_by_day
from openai_usage.analysis.coverage import covers, uncovered
from openai_usage.analysis.groups import group_by
from openai_usage.analysis.months import days_between, end_of_month, start_of_last_month
from openai_usage.analysis.projection import Projection, divide, over, project
from openai_usage.schema.pages import Span

__all__ = ["Charge", "Dimension", "Part", "Spending", "spending", "sum_of"]


@frozen
class Part:
    """The costs of one project, model or the like, or of all of them, in two months."""

    of: str | None
    """The project, model or the like, or None for costs without one and for the total."""
    this_month: Decimal
    """The costs of the month, including today."""
    last_month: Decimal
    """The costs of the whole of the month before."""
    compared: Decimal
    """The costs of the compared days in this month."""
    compared_with: Decimal
    """The costs of the days of last month that they are compared with."""


@frozen
class Spending:
    """The costs in one currency of a month, up to *today*, and of the month before."""

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
    of_month: date | None = None
    """A day of the month. The default is the month of today."""

    @property
    def month(self) -> date:
        """Return the first day of the month."""
        return (self.of_month or self.today).replace(day=1)

    @property
    def last_month(self) -> date:
        """Return the first day of the month before."""
        return start_of_last_month(self.month)

    @property
    def is_over(self) -> bool:
        """Return whether the month is over."""
        return self.today > self.last_day

    @property
    def last_day(self) -> date:
        """Return the last day of the month that has begun."""
        return min(self.today, end_of_month(self.month))

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

    @property
    def compares_months(self) -> bool:
        """Return whether the whole month is compared with the whole of last month.

        For that, the month has to be over, and every day of both months known.
        """
        return self.is_over and not self.not_whole

    @cached_property
    def compared_days(self) -> tuple[int, ...]:
        """Return the days of this month that are compared, as numbers in the month.

        If the whole month is compared, these are all its days. Otherwise they are the days before
        today that are complete and known in both months.
        """
        if self.compares_months:
            return tuple(range(1, self.last_day.day + 1))
        whole = self.last_day.day if self.is_over else self.last_day.day - 1
        longest = min(whole, (self.month - self.last_month).days)
        return tuple(
            number
            for number in range(1, longest + 1)
            if self.not_whole.isdisjoint(
                {self.month.replace(day=number), self.last_month.replace(day=number)}
            )
        )

    @property
    def compared_days_before(self) -> tuple[int, ...]:
        """Return the days of last month that `compared_days` are compared with."""
        if self.compares_months:
            return tuple(range(1, end_of_month(self.last_month).day + 1))
        return self.compared_days

    @property
    def compared(self) -> int:
        """Return the number of days of this month that are compared."""
        return len(self.compared_days)

    @cached_property
    def total(self) -> Part:
        """Return the costs of everything together."""
        return self._part(None, self.charges)

    def by(self, dimension: Dimension) -> list[Part]:
        """Return the costs by *dimension*, the largest of this month first."""
        charges = group_by(self.charges, lambda charge: charge.label(dimension))
        parts = [self._part(name, group) for name, group in charges.items()]
        return sorted(parts, key=lambda part: (part.this_month, part.last_month), reverse=True)

    def projected_by(
        self, dimensions: Sequence[Dimension]
    ) -> dict[tuple[str | None, ...], Fraction]:
        """Return the part of each group in the projection of the month, exact.

        Groups without costs in the month or on the days of the projection are left out. The parts
        add up to `projection.total`: what it expects is divided among the groups in the proportion
        of the costs that it rests on.
        """
        groups = group_by(self.charges, lambda charge: tuple(map(charge.label, dimensions)))
        billed = {key: self._part(None, own).this_month for key, own in groups.items()}
        basis = {
            key: exact_sum(
                each.amount.value
                for each in own
                if each.day in self.projection.basis and each.amount.value > 0
            )
            for key, own in groups.items()
        }
        counts = [key for key in groups if billed[key] or basis[key]]
        return divide(self.projection, {key: billed[key] for key in counts}, basis)

    @cached_property
    def by_day(self) -> dict[date, Decimal]:
        """Return the costs of each day, from the first of the month before up to the last day."""
        return self._by_day(self.charges)

    @cached_property
    def projection(self) -> Projection:
        """Return the projected costs of the month: if it is over, those that were billed."""
        if self.is_over:
            return over(
                self.total.this_month,
                self.month,
                is_known=self.is_known(self.month),
                unknown=any(day >= self.month for day in self.not_whole),
            )
        return project(
            self.total.this_month,
            self._by_day(each for each in self.charges if each.amount.value > 0),
            self.today,
            not_whole=self.not_whole,
            has_today=self.has_today,
        )

    def _repr_html_(self) -> str:
        unit, total = money(self.currency), self.total
        amounts = {
            f"{self.month:%B %Y}" + ("" if self.is_over else " so far"): total.this_month,
            "projected": self.projection.total,
            f"{self.last_month:%B %Y}": total.last_month,
        }
        rows = ([name, unit.rounded(amount)] for name, amount in amounts.items())
        return html_table("Spending", ["", "amount"], rows)

    def _by_day(self, charges: Iterable[Charge]) -> dict[date, Decimal]:
        sums = sums_by_day(charges)
        days = days_between(self.last_month, self.last_day)
        return {day: exact_sum([sums.get(day, Decimal(0))]) for day in days}

    def _part(self, name: str | None, charges: Iterable[Charge]) -> Part:
        sums = sums_by_day(charges)

        def of(month: date, numbers: Collection[int] = range(1, 32)) -> Decimal:
            return exact_sum(
                amount
                for day, amount in sums.items()
                if day.day in numbers and day.replace(day=1) == month
            )

        return Part(
            of=name,
            this_month=of(self.month),
            last_month=of(self.last_month),
            compared=of(self.month, self.compared_days),
            compared_with=of(self.last_month, self.compared_days_before),
        )


def spending(
    buckets: Sequence[Bucket[CostsResult]],
    *,
    today: date | None = None,
    month: date | None = None,
    gaps: Iterable[Span] | None = None,
    has_today: bool | None = None,
    currency: str | None = "usd",
) -> list[Spending]:
    """Return the spending of a month in each currency, the one with the most results first.

    ::

        bill = client.costs(start_time=month_start(1), group_by=["project_id"]).collect()
        for each in spending(bill):
            print(each.currency, each.total.this_month, each.projection.total)

    Args:
        buckets: The costs of the month and of the month before, up to *today*.
        today: The day in progress, in UTC. Default: the current day.
        month: A day of the month. Default: the month of *today*.
        gaps: The parts of these months for which the API returned nothing. Default: the parts
            without a bucket, before *today*.
        has_today: True if *buckets* or *gaps* cover *today*. Default: computed from them.
        currency: The currency in which zero is spent if nothing was billed. None for no currency.
    """
    today = today or days_ago(0).date()
    last_day = min(today, end_of_month(month or today))
    gaps = list(uncovered(buckets, today, end_of_month(last_day)) if gaps is None else gaps)
    if has_today is None:
        has_today = covers([*buckets, *gaps], today)
    missing = frozenset(
        day
        for gap in gaps
        # If a bucket is too long, the gap after it can end later than today.
        for day in days_between(
            gap.start.date(), min(last_day, (gap.end - timedelta(seconds=1)).date())
        )
    )
    in_part = missing & {bucket.start.date() for bucket in buckets}
    first_day = start_of_last_month(last_day)
    buckets = [each for each in buckets if first_day <= each.start.date() <= last_day]
    found = group_by(charges_of(buckets), lambda charge: charge.amount.currency)
    if currency is not None and not found:
        found[currency] = []
    labels = labels_of(found, label)
    results = Counter(
        currency_code(result.amount.currency) for bucket in buckets for result in bucket.results
    )
    return [
        Spending(labels[each], today, found[each], missing - in_part, in_part, has_today, month)
        for each in sorted(found, key=results.__getitem__, reverse=True)
    ]


def sum_of(parts: Sequence[Part]) -> Part:
    """Return the exact sum of *parts*, as a part without a name."""
    names = ("this_month", "last_month", "compared", "compared_with")
    return Part(None, *(exact_sum(getattr(each, name) for each in parts) for name in names))
