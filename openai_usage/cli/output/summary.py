"""Summarize results for people: a line for each group, or for each bucket without grouping."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property, partial

from attrs import define, field, frozen

from openai_usage import Amount, Bucket, Endpoint
from openai_usage._decimals import exact_sum
from openai_usage._number_format import Number
from openai_usage._text import label, labels_of
from openai_usage._time_format import iso
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.rows import ResultRows


@frozen
class Measure:
    """A figure that every result of an endpoint has."""

    name: str
    unit: str | None
    """`bytes`, `seconds`, or None for a count."""
    adds_up: bool
    """True if figures of several buckets can be added, false for a level such as stored bytes."""


_Group = tuple[tuple[object, ...], str | None]
"""The key of a line: the values of the grouped fields, or a start; and a currency."""


@define
class Line:
    """A line of a table: one group, in one currency if its measure is money."""

    labels: tuple[str, ...]
    currency: str | None
    figures: dict[str, Number] = field(factory=dict[str, Number])
    """By measure: the sum over all buckets, or the latest figure if they cannot be added."""
    trend: dict[int, Number] = field(factory=dict[int, Number])
    """The main measure by the start of its bucket."""


@frozen
class Summary:
    """The lines of a table: the largest first, or in time order without grouping."""

    grouped: bool
    """True if a line is a group, false if it is a bucket."""
    heads: Sequence[str]
    """The names of the label columns."""
    measures: Sequence[Measure]
    main: Measure
    """The measure that gives the size of a line: not the requests if there is another."""
    starts: Sequence[int]
    """The starts of the buckets, in Unix seconds."""
    lines: Sequence[Line]

    @cached_property
    def totals(self) -> Mapping[str | None, Mapping[str, Number]]:
        """The sum of each measure by currency, the most frequent currency first."""
        totals: dict[str | None, dict[str, Number]] = {}
        for currency, lines in self._by_currency.items():
            totals[currency] = {
                each.name: _sum(line.figures[each.name] for line in lines) for each in self.measures
            }
        return totals

    @cached_property
    def largest(self) -> Mapping[str | None, Number]:
        """The size of the largest line of each currency."""
        return {
            currency: max(line.figures[self.main.name] for line in lines)
            for currency, lines in self._by_currency.items()
        }

    @property
    def trend(self) -> list[Number]:
        """The main measure of all lines by bucket; empty if currencies differ."""
        if len(self._by_currency) != 1 or not self.main.adds_up:
            return []
        return [_sum(line.trend.get(start, 0) for line in self.lines) for start in self.starts]

    @cached_property
    def _by_currency(self) -> Mapping[str | None, Sequence[Line]]:
        return by_currency(self.lines)


def by_currency(lines: Iterable[Line]) -> dict[str | None, list[Line]]:
    """Return lines by currency, the most frequent one first; the key is None for other measures."""
    found: dict[str | None, list[Line]] = {}
    for line in lines:
        found.setdefault(line.currency, []).append(line)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


async def summarize(rows: ResultRows) -> Summary:
    """Return a summary of all results, which keeps only the groups in memory."""
    measures = measures_of(rows.source.endpoint)
    main = next((each for each in measures if each.name != "num_model_requests"), measures[0])
    lines: dict[_Group, Line] = {}
    starts = []
    async for bucket in rows.buckets:
        starts.append(bucket.start_time)
        rows.names.learn(bucket.results)
        for group, results in _groups(rows, bucket).items():
            line = lines.setdefault(group, Line((), None))
            for each in measures:
                # Levels can be added within a bucket, but not across buckets.
                figure = _sum(_figure(result, each.name) for result in results)
                before = line.figures.get(each.name, 0) if each.adds_up else 0
                line.figures[each.name] = _sum([before, figure])
                if each is main:
                    line.trend[bucket.start_time] = figure
    heads = rows.grouped_by or ["start"]
    for line, (labels, currency) in zip(
        lines.values(), _labels(heads, lines, rows.names), strict=True
    ):
        line.labels, line.currency = labels, currency
    ordered = list(lines.values())
    if rows.grouped_by:
        largest_first = by_currency(sorted(ordered, key=lambda line: -line.figures[main.name]))
        ordered = [line for group in largest_first.values() for line in group]
    return Summary(
        grouped=bool(rows.grouped_by),
        heads=heads,
        measures=measures,
        main=main,
        starts=starts,
        lines=ordered,
    )


def _groups(rows: ResultRows, bucket: Bucket[object]) -> Mapping[_Group, Sequence[object]]:
    """Return the results of a bucket by group."""
    groups: dict[_Group, list[object]] = {}
    for result in bucket.results:
        # The API sends an empty project id for usage that is older than projects.
        fields = (getattr(result, name) for name in rows.grouped_by)
        values = tuple(None if each == "" else each for each in fields) or (_start(bucket),)
        amount = getattr(result, "amount", None)
        currency = amount.currency if isinstance(amount, Amount) else None
        groups.setdefault((values, currency), []).append(result)
    return groups


def _labels(
    heads: Sequence[str], groups: Collection[_Group], names: KnownNames
) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """Yield the labels and the currency of each group, different for any two groups."""
    columns = [
        labels_of((values[index] for values, _ in groups), partial(_label, names, head))
        for index, head in enumerate(heads)
    ]
    currencies = labels_of((each for _, each in groups if each is not None), label)
    for values, currency in groups:
        labels = (column[value] for column, value in zip(columns, values, strict=True))
        yield tuple(labels), None if currency is None else currencies[currency]


def _sum(figures: Iterable[Number]) -> Number:
    """Return the sum of counts, or the exact sum of money."""
    numbers = list(figures)
    if all(isinstance(each, int) for each in numbers):
        return sum(numbers)
    return exact_sum(Decimal(each) for each in numbers)


def measures_of(endpoint: Endpoint[..., object]) -> list[Measure]:
    """Return the figures that every result of an endpoint has, from the fields of its class."""
    return [
        Measure(each.name, each.metadata.get("unit"), each.metadata.get("adds_up", True))
        for each in endpoint.measures
    ]


def _figure(result: object, name: str) -> int | Decimal:
    figure: int | Decimal | Amount = getattr(result, name)
    return figure.value if isinstance(figure, Amount) else figure


def _start(bucket: Bucket[object]) -> str:
    """Return the start of a bucket without trailing zeros: a date, or a date and a time."""
    start = iso(bucket.start).removesuffix("T00:00:00Z").removesuffix(":00Z")
    return start.replace("T", " ")


def _label(names: KnownNames, column: str, value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return str(value).lower()
        case _:
            # The text may come from anyone, so control characters must not reach the terminal.
            return label(names.labelled(column, str(value)))
