"""Compute exact sums of the measures of an endpoint, by any labels and per currency."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from itertools import chain
from typing import Generic, TypeVar

from attrs import define, evolve, field, frozen

from openai_usage import Amount, Bucket, Endpoint
from openai_usage._decimals import exact_sum
from openai_usage._number_format import Number

Item = TypeVar("Item")
Key = TypeVar("Key")
Label = TypeVar("Label")


@frozen
class Measure:
    """A figure that every result of an endpoint has."""

    name: str
    unit: str | None
    """`bytes`, `seconds`, or None for a count."""
    adds_up: bool
    """True if figures of several buckets can be added, false for a level such as stored bytes."""


def measures_of(endpoint: Endpoint[..., object]) -> list[Measure]:
    """Return the figures that every result of an endpoint has, from the fields of its class."""
    return [
        Measure(each.name, each.metadata.get("unit"), each.metadata.get("adds_up", True))
        for each in endpoint.measures
    ]


def main_of(measures: Sequence[Measure]) -> Measure:
    """Return the measure that gives the size of a group: not the requests if there is another.

    Raises:
        ValueError: *measures* is empty.
    """
    if not measures:
        raise ValueError("results without measures cannot be added up.")
    return next((each for each in measures if each.name != "num_model_requests"), measures[0])


@define
class Group(Generic[Label]):
    """The figures of all results that have the same labels, in one currency."""

    labels: tuple[Label, ...]
    currency: str | None
    """The currency of the amounts, or None if no measure is an amount."""
    figures: dict[str, Number] = field(factory=dict[str, Number])
    """By measure: the sum over all buckets, or the latest figure of a level."""
    by_bucket: dict[int, Number] = field(factory=dict[int, Number])
    """The main measure by the start of the bucket, in Unix seconds."""


@frozen
class Totals(Generic[Label]):
    """The groups of some buckets, and their sums: never across currencies, and not of levels."""

    by: Sequence[str]
    """The names of the labels."""
    measures: Sequence[Measure]
    starts: Sequence[int]
    """The starts of the buckets, in Unix seconds."""
    groups: Sequence[Group[Label]]

    @property
    def main(self) -> Measure:
        """The measure that gives the size of a group."""
        return main_of(self.measures)

    @cached_property
    def by_currency(self) -> Mapping[str | None, Sequence[Group[Label]]]:
        """The groups of each currency, the most frequent currency first."""
        found = group_by(self.groups, lambda group: group.currency)
        return dict(sorted(found.items(), key=lambda item: len(item[1]), reverse=True))

    @cached_property
    def sums(self) -> Mapping[str | None, Mapping[str, Number]]:
        """The sum of each measure that adds up, by currency."""
        names = [each.name for each in self.measures if each.adds_up]
        return {
            currency: {name: add_up(group.figures[name] for group in groups) for name in names}
            for currency, groups in self.by_currency.items()
        }

    @cached_property
    def largest(self) -> Mapping[str | None, Number]:
        """The size of the largest group of each currency."""
        return {
            currency: max(group.figures[self.main.name] for group in groups)
            for currency, groups in self.by_currency.items()
        }

    @property
    def trend(self) -> list[Number]:
        """The size of all groups by bucket; empty if currencies differ or it is a level."""
        if len(self.by_currency) != 1 or not self.main.adds_up:
            return []
        return [
            add_up(group.by_bucket.get(start, 0) for group in self.groups) for start in self.starts
        ]

    def largest_first(self) -> "Totals[Label]":
        """Return the same totals by currency, and the groups of each currency by size."""
        name = self.main.name
        groups = sorted(self.groups, key=lambda group: group.figures[name], reverse=True)
        ordered = evolve(self, groups=groups)
        return evolve(self, groups=list(chain.from_iterable(ordered.by_currency.values())))


@define
class TotalsBuilder(Generic[Label]):
    """Adds up buckets one by one, and keeps only the groups in memory.

    Raises:
        ValueError: *measures* is empty.
    """

    by: Sequence[str]
    """The names of the labels."""
    measures: Sequence[Measure]
    labels: Callable[[Bucket[object], object], tuple[Label, ...]]
    """A function that returns the labels of a result."""
    _main: Measure = field(init=False)
    _starts: list[int] = field(factory=list, init=False)
    _groups: dict[object, Group[Label]] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._main = main_of(self.measures)

    def add(self, bucket: Bucket[object]) -> None:
        """Add the results of *bucket*."""
        self._starts.append(bucket.start_time)
        found = group_by(
            bucket.results, lambda result: (self.labels(bucket, result), _currency(result))
        )
        for key, results in found.items():
            group = self._groups.setdefault(key, Group(*key))
            for each in self.measures:
                # Levels can be added within a bucket, but not across buckets.
                figure = add_up(_figure(result, each.name) for result in results)
                before = group.figures.get(each.name, 0) if each.adds_up else 0
                group.figures[each.name] = add_up([before, figure])
                if each is self._main:
                    group.by_bucket[bucket.start_time] = figure

    def build(self) -> Totals[Label]:
        """Return the totals of all buckets so far, with the groups in order of appearance.

        Buckets that are added later do not change them.
        """
        groups = [
            evolve(each, figures=dict(each.figures), by_bucket=dict(each.by_bucket))
            for each in self._groups.values()
        ]
        return Totals(self.by, self.measures, list(self._starts), groups)


def values_of(result: object, names: Iterable[str]) -> tuple[object, ...]:
    """Return the fields *names* of a result, with None for an empty id.

    The API sends an empty project id for usage that is older than projects.
    """
    fields = (getattr(result, name) for name in names)
    return tuple(None if each == "" else each for each in fields)


def add_up(figures: Iterable[Number]) -> Number:
    """Return the sum of counts, or the exact sum of money."""
    numbers = list(figures)
    if all(isinstance(each, int) for each in numbers):
        return sum(numbers)
    return exact_sum(Decimal(each) for each in numbers)


def group_by(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """Return *items* by their *key*, in order of appearance. They need not be sorted."""
    groups: dict[Key, list[Item]] = {}
    for each in items:
        groups.setdefault(key(each), []).append(each)
    return groups


def _figure(result: object, name: str) -> Number:
    figure: Number | Amount = getattr(result, name)
    return figure.value if isinstance(figure, Amount) else figure


def _currency(result: object) -> str | None:
    amount = getattr(result, "amount", None)
    return amount.currency if isinstance(amount, Amount) else None
