"""Groups of results with their figures: sort them, merge them, and add them up per currency."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from itertools import chain
from typing import TypeAlias, TypeVar

from attrs import evolve, field, frozen

from openai_usage import Amount
from openai_usage._decimals import exact_sum
from openai_usage._html import html_table
from openai_usage._number_format import COUNT, NOTHING, Number, money
from openai_usage._text import listed
from openai_usage.analysis.measures import Measure, main_of
from openai_usage.analysis.periods import PERIODS

__all__ = ["Group", "Label", "Rest", "Totals", "add_up", "group_by"]

Item = TypeVar("Item")
Key = TypeVar("Key")

Label: TypeAlias = str | bool | None
"""A label of a group: an id, a model, a month such as `2026-10`, … None if results have none."""


class Rest(str):
    """The label of the group that sums all the others, such as `41 more`. It is text, not an id."""

    __slots__ = ()


@frozen
class Group:
    """The figures of all results that have the same labels, in one currency."""

    labels: Mapping[str, Label]
    """The labels by name."""
    figures: Mapping[str, Number]
    """The sum of each measure over all buckets, or the latest figure of a level. A measure that
    the API left out in all results is missing."""
    currency: str | None = None
    """The currency of the amounts in lower case, or None if no measure is an amount."""

    def text(self, name: str) -> str | None:
        """Return a label as text."""
        label = self.labels[name]
        return None if label is None else str(label)

    @property
    def is_rest(self) -> bool:
        """True for the group of all others, in totals that show only the largest."""
        return Rest in map(type, self.labels.values())

    @property
    def amount(self) -> Amount:
        """The sum of the costs.

        Raises:
            AttributeError: These are not totals of costs.
        """
        if self.currency is None:
            raise AttributeError("these are not totals of costs, so they have no amount")
        return Amount(value=Decimal(self.figures["amount"]), currency=self.currency)


@frozen
class Totals:
    """The groups of some buckets, and their sums: never across currencies, and not of levels."""

    by: Sequence[str]
    """The names of the labels."""
    measures: Sequence[Measure]
    groups: Sequence[Group] = field(repr=lambda groups: f"<{len(groups)}>")

    def __iter__(self) -> Iterator[Group]:
        return iter(self.groups)

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def main(self) -> Measure:
        """The measure that gives the size of a group."""
        return main_of(self.measures)

    @cached_property
    def by_currency(self) -> Mapping[str | None, Sequence[Group]]:
        """The groups of each currency, the most frequent currency first."""
        found = group_by(self.groups, lambda group: group.currency)
        return dict(sorted(found.items(), key=lambda item: len(item[1]), reverse=True))

    @cached_property
    def sums(self) -> Mapping[str | None, Mapping[str, Number]]:
        """The sum of each measure that adds up, by currency."""
        names = [each.name for each in self.measures if each.adds_up]
        return {
            currency: {
                name: add_up(group.figures[name] for group in groups if name in group.figures)
                for name in names
            }
            for currency, groups in self.by_currency.items()
        }

    @cached_property
    def largest(self) -> Mapping[str | None, Number]:
        """The size of the largest group of each currency, apart from the group of all others."""
        return {
            currency: max((self._size(each) for each in groups if not each.is_rest), default=0)
            for currency, groups in self.by_currency.items()
        }

    def largest_first(self) -> "Totals":
        """Return the same totals by currency, then by period, then with the largest groups first.

        The order of labels that are periods is that of time.
        """
        periods = [name for name in self.by if name in PERIODS]
        ordered = self.sorted_by(self.main.name) if self.groups else self
        for name in reversed(periods):
            ordered = ordered.sorted_by(name)
        return ordered

    def sorted_by(self, name: str) -> "Totals":
        """Return the same totals by currency, and the groups of each in the order of *name*.

        The largest are first if it is a measure, and labels are in alphabetical order. The group
        of all others is last.
        """
        if name in self.by:
            groups = sorted(self.groups, key=lambda group: _sortable(group.labels[name]))
        else:
            largest = sorted(
                self.groups, key=lambda group: group.figures.get(name, 0), reverse=True
            )
            groups = sorted(largest, key=lambda group: group.is_rest)
        by_currency = evolve(self, groups=groups).by_currency
        return evolve(self, groups=list(chain.from_iterable(by_currency.values())))

    def merged(self, by: Sequence[str]) -> "Totals":
        """Return the totals by fewer labels. A level is that of the last period with results."""
        return self._merged(by, lambda group: {name: group.labels[name] for name in by})

    def top(self, count: int) -> "Totals":
        """Return the same totals with one group for all but the largest *count* of each currency.

        The label of that group says how many there are, such as `41 more`. If periods are among
        the labels, the largest are those of the whole time, and each period has such a group.
        """
        names = [name for name in self.by if name not in PERIODS] or list(self.by)
        if not self.groups:
            return self
        ranked = self.merged(names).sorted_by(self.main.name)
        rest: dict[object, Rest] = {}
        for groups in ranked.by_currency.values():
            others = groups[count:]
            if len(others) > 1:  # a line for one group takes no more room than its own
                rest |= dict.fromkeys(map(_key, others), Rest(f"{len(others):,} more"))

        def labels(group: Group) -> Mapping[str, Label]:
            among = {name: group.labels[name] for name in names}
            more = rest.get(_key(evolve(group, labels=among)))
            if more is None:
                return group.labels
            return {**group.labels, **dict.fromkeys(names), names[0]: more}

        return self._merged(self.by, labels) if rest else self

    def rows(self) -> list[dict[str, Label | Number]]:
        """Return a row for each group: its labels, its figures, and the currency of amounts."""
        names = [each.name for each in self.measures]
        return [
            {
                **group.labels,
                **{name: group.figures.get(name) for name in names},
                **({} if group.currency is None else {"currency": group.currency}),
            }
            for group in self.groups
        ]

    def _repr_html_(self) -> str:
        columns = [*self.by, *(each.name for each in self.measures)]
        rows = ([*map(self._shown, each.labels.values()), *self._figures(each)] for each in self)
        kinds = listed(columns[: len(self.by)], "and") if self.by else "everything"
        return html_table(f"Totals by {kinds}", columns, rows)

    @staticmethod
    def _shown(label: Label) -> str:
        return NOTHING if label is None else str(label)

    def _figures(self, group: Group) -> Iterator[str]:
        unit = COUNT if group.currency is None else money(group.currency)
        for each in self.measures:
            figure = group.figures.get(each.name)
            yield NOTHING if figure is None else unit.rounded(figure)

    @property
    def _size(self) -> Callable[[Group], Number]:
        """A function from a group to its size. It is 0 if the API left out the measure."""
        name = self.main.name if self.measures else ""  # without measures, `groups` is empty
        return lambda group: group.figures.get(name, 0)

    def _merged(
        self, by: Sequence[str], labels: Callable[[Group], Mapping[str, Label]]
    ) -> "Totals":
        relabelled = [evolve(group, labels=labels(group)) for group in self.groups]
        pairs = list(zip(self.groups, relabelled, strict=True))
        latest: dict[object, object] = {}  # the last of the periods that are merged into one
        for group, merged in sorted(pairs, key=lambda pair: _period(pair[0])):
            latest[_period(merged)] = _period(group)
        return evolve(
            self,
            by=by,
            groups=[
                evolve(
                    same[0][1],
                    figures=self._merged_figures(
                        [group for group, _ in same], latest[_period(same[0][1])]
                    ),
                )
                for same in group_by(pairs, lambda pair: _key(pair[1])).values()
            ],
        )

    def _merged_figures(self, groups: Sequence[Group], latest: object) -> Mapping[str, Number]:
        found: dict[str, Number] = {}
        for each in self.measures:
            figures = [
                group.figures[each.name] if each.adds_up or _period(group) == latest else 0
                for group in groups
                if each.name in group.figures
            ]
            if figures:
                found[each.name] = add_up(figures)
        return found


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


def _sortable(label: Label) -> tuple[bool, str]:
    """Return a sort key for a label: None, and the group of all others, come last."""
    return label is None or isinstance(label, Rest), str(label).casefold()


def _period(group: Group) -> tuple[str, ...]:
    """Return the periods among the labels of a group, whose order is that of time."""
    return tuple(str(label) for name, label in group.labels.items() if name in PERIODS)


def _key(group: Group) -> object:
    return (*group.labels.values(), group.currency)
