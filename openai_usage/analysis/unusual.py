"""Find the days that differ from the same weekdays of the weeks before."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from attrs import evolve, frozen

from openai_usage import Amount, Bucket
from openai_usage._number_format import Number
from openai_usage._refusals import without_arguments_in_tracebacks
from openai_usage.analysis.deviations import (
    MIN_WEEKS,
    WEEKS,
    confidence_of,
    deviation_of,
    matters,
)
from openai_usage.analysis.groups import Label, add_up, group_by
from openai_usage.analysis.known_days import KnownDay, KnownDays
from openai_usage.analysis.measures import Measure, main_of, measures_of
from openai_usage.analysis.periods import PERIODS
from openai_usage.analysis.selection import split
from openai_usage.analysis.totals import TotalsBuilder
from openai_usage.analysis.unusual_day import Unusual
from openai_usage.schema.columns import columns_of
from openai_usage.schema.times import DAY, YEAR_10000, unix_seconds
from openai_usage.schema.validation import reject, validate

__all__ = ["Unusual", "unusual"]

_COSTS_SETTLE = 3 * DAY
"""The seconds for which the API still adds to the costs of a day that is over [observed in public
recordings]. Until then, costs below the usual mean nothing, and costs above it do."""

_USAGE_SETTLES = 15 * 60
"""The seconds for which the API still adds to usage [observed in public recordings]. An hour or a
day of usage is over that much later."""


@without_arguments_in_tracebacks
def unusual(
    buckets: Iterable[Bucket[object]], by: Sequence[str] = (), *, now: datetime | None = None
) -> list[Unusual]:
    """Return the days that differ from the same weekdays of the weeks before, in time order.

    A day is compared with the median of up to 8 same weekdays before, in multiples of their spread.
    The spread is the median absolute deviation (MAD) times 1.4826, but at least 10 % of the median
    and 1 % of the mean day of everything in *buckets*. A day is unusual from 5 times the spread on.
    So it differs by at least half of the usual amount, and by 5 % of a mean day of everything::

        bill = client.costs(start_time=days_ago(90), group_by=["project_id"]).collect()
        for day in [*unusual(bill), *unusual(bill, by=["project_id"])]:
            print(day)

    Nothing is said about these days:

    - days with fewer than 4 same weekdays to compare with, since the first use of the group. So new
      projects and models are not unusual in their first four weeks; everything together can be.
    - days that are missing or known in part, which other days are not compared with, either.
    - days that are still to settle, if they are below the usual: the API adds to costs for 3 days.
    - today, unless the buckets are of an hour or less. Then its whole hours so far are compared
      with the same hours of the days before.

    Credits are not compared, because they come once: a credit makes no day look cheap, and a day
    without it no other day expensive. `Unusual.credits` has those of the day.

    Args:
        buckets: The buckets of one endpoint. Its main measure is compared: `amount` for costs,
            `input_tokens` for completions. Ask for 9 weeks or more.
        by: The names of labels, as in `totals()`, but not periods. Default: everything together.
        now: The current time, for which the default is the clock. Later days are left out.

    Raises:
        InvalidQueryError: *by* or *now* is not valid, or a bucket is longer than a day.
    """
    validate("by", by, Sequence[str])
    for name in PERIODS:
        if name in by:
            reject("by", name, "labels that are not periods", "Leave it out: days are compared.")
    moment = unix_seconds(datetime.now(UTC) if now is None else now, param="now")
    listed = list(buckets)
    first = next((result for bucket in listed for result in bucket.results), None)
    if first is None:
        return []
    measure = main_of(measures_of(type(first)))
    moment -= _USAGE_SETTLES if measure.name != "amount" else 0
    known = KnownDays.of(listed, moment, by_hour=measure.adds_up)
    days = known.days(WEEKS)
    result = type(first)
    charges, refunds = _credits_apart(listed, result)
    refunded = {each.key: each for each in _series_of(refunds, result, by, measure.name, known)}
    series = _series_of(charges, result, by, measure.name, known)
    found: list[Unusual] = []
    for same in group_by(series, lambda each: each.currency).values():
        means = dict(_mean_days(same, days))
        least = min(means.values(), default=None)
        for each in same:
            # Most groups of a large organization are too small to matter on any day.
            if least is not None and matters(max(each.days.values()), least):
                found += _unusual_days(each, refunded.get(each.key), measure, days, means)
    return sorted(found, key=_order)


@frozen
class _Series:
    """The amounts of one group over time, in one currency."""

    labels: Mapping[str, Label]
    currency: str | None
    parts: Mapping[int, Number]
    """The amounts of the parts of days that have any, by their start."""
    days: Mapping[int, Number]
    """The amounts of the days that have any, by their start."""

    @property
    def key(self) -> tuple[Label, ...]:
        """The labels and the currency."""
        return (*self.labels.values(), self.currency)

    @cached_property
    def first_day(self) -> int:
        """The start of the first day with use."""
        return min((day for day, amount in self.days.items() if amount), default=YEAR_10000)

    def amount(self, day: int, offsets: Sequence[int]) -> Number:
        """Return the amount of the parts of a day at these *offsets*."""
        found = [self.parts[day + each] for each in offsets if day + each in self.parts]
        return found[0] if len(found) == 1 else add_up(found)


def _series_of(
    buckets: Sequence[Bucket[object]],
    result: type,
    by: Sequence[str],
    measure: str,
    known: KnownDays,
) -> list[_Series]:
    names = list(dict.fromkeys(by))
    builder = TotalsBuilder(result, [*names, known.part], [measure])
    builder.add(buckets)
    found: dict[tuple[Label, ...], dict[int, Number]] = {}
    for group in builder.build():
        if measure not in group.figures:
            continue  # unknown: an endpoint of one's own can leave out its measure
        *labels, part = group.labels.values()
        parts = found.setdefault((*labels, group.currency), {})
        parts[known.starts[str(part)]] = group.figures[measure]
    return [
        _Series(
            labels=dict(zip(names, labels, strict=True)),
            currency=None if currency is None else str(currency),
            parts=parts,
            days=parts if known.part == "day" else _by_day(parts),
        )
        for (*labels, currency), parts in found.items()
    ]


def _by_day(hours: Mapping[int, Number]) -> Mapping[int, Number]:
    days = group_by(hours, lambda start: start // DAY * DAY)
    return {day: add_up(map(hours.__getitem__, starts)) for day, starts in days.items()}


def _mean_days(
    series: Sequence[_Series], days: Sequence[KnownDay]
) -> Iterator[tuple[int, Fraction]]:
    """Yield the mean of the days in the weeks before each of the *days*, of all *series* together.

    Days without anything in the weeks before are left out.
    """
    first = min(each.first_day for each in series)
    total = {
        day.start: Fraction(add_up(each.days.get(day.start, 0) for each in series))
        for day in days
        if day.is_whole and first <= day.start
    }
    for day in days:
        before = range(day.start - WEEKS * 7 * DAY, day.start, DAY)
        amounts = [total[each] for each in before if each in total]
        if any(amounts):
            yield day.start, sum(amounts, Fraction(0)) / len(amounts)


def _unusual_days(
    series: _Series,
    refunds: _Series | None,
    measure: Measure,
    days: Sequence[KnownDay],
    means: Mapping[int, Fraction],
) -> Iterator[Unusual]:
    """Yield the unusual days of one group, in time order."""
    previous: Unusual | None = None
    for day in days:
        first, offsets = series.first_day, day.offsets
        before = [series.amount(each, offsets) for each in day.before if each >= first]
        if day.start not in means or len(before) < MIN_WEEKS:
            continue
        amount = series.amount(day.start, offsets)
        deviation = deviation_of(amount, before, means[day.start])
        is_settled = series.currency is None or day.age >= _COSTS_SETTLE
        if deviation is None or (deviation.score < 0 and not is_settled):
            continue
        found = Unusual(
            labels=series.labels,
            day=datetime.fromtimestamp(day.start, UTC).date(),
            until=None if day.is_whole else datetime.fromtimestamp(day.end, UTC),
            measure=measure,
            currency=series.currency,
            amount=amount,
            credits=Decimal(refunds.amount(day.start, offsets) if refunds else 0),
            usual=deviation.usual,
            spread=deviation.spread,
            score=deviation.score,
            times=deviation.times,
            weeks=len(before),
            confidence=confidence_of(len(before)),
        )
        if previous is not None and found.continues(previous):
            found = evolve(found, days_in_a_row=previous.days_in_a_row + 1)
        yield found
        previous = found


def _credits_apart(
    buckets: Sequence[Bucket[object]], result: type
) -> tuple[list[Bucket[object]], list[Bucket[object]]]:
    """Return the buckets without credits, and those of credits only."""
    amounts = [each.known_values for each in columns_of(result) if each.path == "amount.value"]
    charges: list[Bucket[object]] = []
    refunds: list[Bucket[object]] = []
    for bucket in buckets:
        if all(min(values([bucket]), default=0) >= 0 for values in amounts):  # nearly all of them
            charges.append(bucket)
            continue
        without, with_only = split([bucket], _is_a_charge)
        charges += without
        refunds += with_only
    return charges, refunds


def _is_a_charge(result: object) -> bool:
    amount = getattr(result, "amount", None)
    return not isinstance(amount, Amount) or amount.value >= 0


def _order(found: Unusual) -> tuple[date, str, Fraction, str]:
    difference = abs(Fraction(found.amount) - Fraction(found.usual))
    return found.day, found.currency or "", -difference, str(found.labels)
