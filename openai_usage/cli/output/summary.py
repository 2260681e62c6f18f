"""A sheet summed up for people: a line for each group, or for each bucket of what is whole."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property, partial

from attrs import define, field, frozen

from openai_usage import Amount, Bucket, Endpoint
from openai_usage._decimals import exact_sum
from openai_usage._formatting import Number
from openai_usage._text import label, labels_of
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.rows import ResultRows, iso


@frozen
class Measure:
    """A figure that every result of an endpoint has."""

    name: str
    unit: str | None
    """`bytes`, `seconds`, or None for what is merely counted."""
    adds_up: bool
    """Whether figures of several buckets may be added; what may be a level is not."""


_Group = tuple[tuple[object, ...], str | None]
"""What a line is of, as it came: values of what was grouped by, or a start; and a currency."""


@define
class Line:
    """What a table says of one group, in one currency where there is money in it."""

    labels: tuple[str, ...]
    currency: str | None
    figures: dict[str, Number] = field(factory=dict[str, Number])
    """By measure: the sum over all buckets, or the latest figure where they do not add up."""
    trend: dict[int, Number] = field(factory=dict[int, Number])
    """The main measure by where its bucket starts."""


@frozen
class Summary:
    """The lines of a table: the largest first, or in time order where nothing was grouped."""

    grouped: bool
    """Whether a line is a group; a bucket, if not."""
    heads: Sequence[str]
    """What the labels of a line are."""
    measures: Sequence[Measure]
    main: Measure
    """The measure that says how large a line is: not the requests, where there is another."""
    starts: Sequence[int]
    """Where the buckets start, in Unix seconds."""
    lines: Sequence[Line]

    @cached_property
    def totals(self) -> Mapping[str | None, Mapping[str, Number]]:
        """The sum of each measure by currency, the most frequent first: never added across."""
        totals: dict[str | None, dict[str, Number]] = {}
        for currency, lines in self._by_currency.items():
            totals[currency] = {
                each.name: _added(line.figures[each.name] for line in lines)
                for each in self.measures
            }
        return totals

    @cached_property
    def largest(self) -> Mapping[str | None, Number]:
        """The size of the largest line by currency."""
        return {
            currency: max(line.figures[self.main.name] for line in lines)
            for currency, lines in self._by_currency.items()
        }

    @property
    def trend(self) -> list[Number]:
        """The main measure of all lines, bucket by bucket; nothing where currencies differ."""
        if len(self._by_currency) != 1 or not self.main.adds_up:
            return []
        return [_added(line.trend.get(start, 0) for line in self.lines) for start in self.starts]

    @cached_property
    def _by_currency(self) -> Mapping[str | None, Sequence[Line]]:
        return by_currency(self.lines)


def by_currency(lines: Iterable[Line]) -> dict[str | None, list[Line]]:
    """The lines of each currency, that of most lines first; under None where there is no money."""
    found: dict[str | None, list[Line]] = {}
    for line in lines:
        found.setdefault(line.currency, []).append(line)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


async def summarize(sheet: ResultRows) -> Summary:
    """The summary of a sheet, read as it comes, so that only its groups are kept."""
    measures = measures_of(sheet.asked.endpoint)
    main = next((each for each in measures if each.name != "num_model_requests"), measures[0])
    lines: dict[_Group, Line] = {}
    starts = []
    async for bucket in sheet.buckets:
        starts.append(bucket.start_time)
        sheet.names.learn(bucket.results)
        for group, results in _groups(sheet, bucket).items():
            line = lines.setdefault(group, Line((), None))
            for each in measures:
                # Results of one bucket are parts of one figure, even where that is a level.
                figure = _added(_figure(result, each.name) for result in results)
                before = line.figures.get(each.name, 0) if each.adds_up else 0
                line.figures[each.name] = _added([before, figure])
                if each is main:
                    line.trend[bucket.start_time] = figure
    heads = sheet.grouped_by or ["start"]
    for line, (labels, currency) in zip(
        lines.values(), _labels(heads, lines, sheet.names), strict=True
    ):
        line.labels, line.currency = labels, currency
    found = list(lines.values())
    if sheet.grouped_by:
        largest_first = by_currency(sorted(found, key=lambda line: -line.figures[main.name]))
        found = [line for those in largest_first.values() for line in those]
    return Summary(
        grouped=bool(sheet.grouped_by),
        heads=heads,
        measures=measures,
        main=main,
        starts=starts,
        lines=found,
    )


def _groups(sheet: ResultRows, bucket: Bucket[object]) -> Mapping[_Group, Sequence[object]]:
    """The results of a bucket by what they belong to, as that came."""
    groups: dict[_Group, list[object]] = {}
    for result in bucket.results:
        # An empty id is how usage from before there were projects belongs to none.
        found = (getattr(result, name) for name in sheet.grouped_by)
        values = tuple(None if each == "" else each for each in found) or (_moment(bucket),)
        amount = getattr(result, "amount", None)
        currency = amount.currency if isinstance(amount, Amount) else None
        groups.setdefault((values, currency), []).append(result)
    return groups


def _labels(
    heads: Sequence[str], groups: Collection[_Group], names: KnownNames
) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """The labels and the currency of each of the *groups*: no two groups look alike."""
    columns = [
        labels_of((values[place] for values, _ in groups), partial(_label, names, head))
        for place, head in enumerate(heads)
    ]
    currencies = labels_of((each for _, each in groups if each is not None), label)
    for values, currency in groups:
        labels = (column[value] for column, value in zip(columns, values, strict=True))
        yield tuple(labels), None if currency is None else currencies[currency]


def _added(figures: Iterable[Number]) -> Number:
    """The sum: of counts as they are, of money with every digit."""
    listed = list(figures)
    if all(isinstance(each, int) for each in listed):
        return sum(listed)
    return exact_sum(Decimal(each) for each in listed)


def measures_of(endpoint: Endpoint[..., object]) -> list[Measure]:
    """The figures that every result of an endpoint has, as the fields of its class say."""
    return [
        Measure(each.name, each.metadata.get("unit"), each.metadata.get("adds_up", True))
        for each in endpoint.measures
    ]


def _figure(result: object, name: str) -> int | Decimal:
    figure: int | Decimal | Amount = getattr(result, name)
    return figure.value if isinstance(figure, Amount) else figure


def _moment(bucket: Bucket[object]) -> str:
    """Where a bucket starts, as exact as it needs to be."""
    moment = iso(bucket.start).removesuffix("T00:00:00Z").removesuffix(":00Z")
    return moment.replace("T", " ")


def _label(names: KnownNames, column: str, value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return str(value).lower()
        case _:
            # Anyone may have named it, and a terminal obeys what it is made to show.
            return label(names.labelled(column, str(value)))
