"""Find the days on which the price of a unit changed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, pairwise

from attrs import frozen

from openai_usage import Bucket, CostsResult
from openai_usage._decimals import significant
from openai_usage._refusals import without_arguments_in_tracebacks
from openai_usage.analysis.groups import Label, group_by
from openai_usage.analysis.price_changes import Price
from openai_usage.analysis.prices import prices
from openai_usage.analysis.selection import first_of
from openai_usage.schema.validation import validate

__all__ = ["PriceStep", "price_steps"]

_STEADY_DAYS = 3
"""The fewest days in a row with one price, before a step and after it. A single day with another
price is a correction or a mix of prices."""

_DIGITS = 6
"""The significant digits in which the prices of two days are compared. Price lists have at most
five; amounts that the API rounds make the rest differ from day to day."""


@frozen
class PriceStep:
    """A day from which on a unit had another price."""

    labels: Mapping[str, Label]
    """The labels by name."""
    per: str
    """The quantity that the prices are for, as in `Price`: `1M tokens`."""
    currency: str
    """The currency in lower case."""
    day: date
    """The first day with the new price, in UTC."""
    price: Decimal
    """The new price, to six significant digits."""
    price_before: Decimal
    """The price until then."""


@without_arguments_in_tracebacks
def price_steps(
    buckets: Iterable[Bucket[CostsResult]], by: Sequence[str] = ("model", "kind")
) -> list[PriceStep]:
    """Return the days on which prices changed, in time order.

    The price of a day is what was billed, divided by the quantity. A price changed if it was the
    same on at least three days in a row, and then another one on at least three. Prices that differ
    from day to day are left out: those that are means of several prices, for example::

        bill = client.costs(start_time=days_ago(90), group_by=["line_item"]).collect()
        for step in price_steps(bill):
            print(step.day, step.labels["model"], step.price_before, step.price, step.per)

    Args:
        buckets: Costs that were grouped by `line_item`, in buckets of a day.
        by: The names of labels, as in `prices()`, but not periods.

    Raises:
        InvalidQueryError: The buckets are not of costs, or *by* is not valid.
    """
    validate("by", by, Sequence[str])
    listed = list(buckets)
    hint = "Pass those of client.costs(group_by=['line_item'])."
    first_of(listed, "buckets", (CostsResult,), "buckets of costs", hint)
    daily = [each for each in prices(listed, by=[*by, "day"]) if each.price is not None]
    series = group_by(
        daily, lambda each: (*(each.labels[name] for name in by), each.per, each.currency)
    )
    found = [step for same in series.values() for step in _steps(same)]
    return sorted(found, key=lambda each: (each.day, str(each.labels)))


def _steps(days: Sequence[Price]) -> Iterator[PriceStep]:
    """Yield the steps of the prices of one unit on *days*, which are in time order."""
    runs = [(price, list(same)) for price, same in groupby(days, _price_of)]
    for (before, earlier), (now, later) in pairwise(runs):
        if min(len(earlier), len(later)) < _STEADY_DAYS:
            continue
        first = later[0]
        labels = {name: label for name, label in first.labels.items() if name != "day"}
        day = date.fromisoformat(str(first.labels["day"]))
        yield PriceStep(labels, str(first.per), first.currency, day, now, before)


def _price_of(day: Price) -> Decimal:
    """Return the price of a day, to six significant digits."""
    assert day.price is not None  # noqa: S101 - days without a price were left out
    return significant(Fraction(day.price), _DIGITS)
