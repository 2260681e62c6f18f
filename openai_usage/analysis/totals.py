"""Compute exact sums of the measures of an endpoint, by any labels and periods, per currency."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain, repeat
from typing import TypeAlias, cast

from attrs import define, field

from openai_usage import Bucket
from openai_usage._decimals import exactly
from openai_usage._number_format import Number
from openai_usage._refusals import without_arguments_in_tracebacks
from openai_usage._text import currency_code
from openai_usage.analysis.groups import Group, Label, Totals
from openai_usage.analysis.measures import Measure, main_of, measures_of
from openai_usage.analysis.periods import PERIODS, period_label
from openai_usage.schema.columns import Column, Values, columns_of
from openai_usage.schema.line_items import LINE_ITEM_PARTS, line_item_label
from openai_usage.schema.validation import choose, validate

__all__ = ["Group", "Totals", "TotalsBuilder", "totals"]

_Key: TypeAlias = tuple[Label, ...]
"""The labels of a group, then its currency if it has one."""

_RESULTS = 10_000
"""Results that are added up at once. Lists of a million would take too much memory."""


@without_arguments_in_tracebacks
def totals(
    buckets: Iterable[Bucket[object]],
    by: Sequence[str] = (),
    *,
    measures: Sequence[str] | None = None,
) -> Totals:
    """Return the exact totals of *buckets*, by any labels and periods, per currency.

    Groups are in the order of the periods, then the largest first::

        bill = client.costs(start_time=days_ago(90), group_by=["line_item"]).collect()
        for group in totals(bill, by=["month", "model"]):
            print(group.labels["month"], group.labels["model"], group.amount)

    Args:
        buckets: The buckets of one endpoint.
        by: The names of labels: fields of the results that the query grouped by, such as
            `project_id`; `product`, `model` and `kind` of costs grouped by `line_item`; and the
            periods `hour`, `day`, `week` (ISO 8601), `month` and `start` (of the bucket), in UTC. A
            line item that names no model stands for itself. Default: one group for everything.
        measures: The names of the measures. Default: every measure that all results have. Others
            can be missing in results: `input_cached_tokens`, for example. A level, such as stored
            bytes, is not added up over time: the last bucket of a period that has results counts.
            Groups that it does not have are 0, so the groups add up to the level of everything. An
            empty bucket does not count, because the API can still be adding results to it.

    Raises:
        InvalidQueryError: A label or a measure does not exist, or a bucket is longer than a period.
    """
    validate("by", by, Sequence[str])
    buckets = list(buckets)
    first = next((result for bucket in buckets for result in bucket.results), None)
    if first is None:
        return Totals(tuple(by), [], [])
    builder = TotalsBuilder(type(first), by, measures)
    builder.add(buckets)
    return builder.build().largest_first()


class TotalsBuilder:
    """Adds up buckets as they come, and keeps only the groups in memory.

    The arguments are those of `totals()`, after the class of the results.

    Raises:
        InvalidQueryError: A label or a measure does not exist.
        ValueError: The results have no measures.
    """

    def __init__(
        self, result: type, by: Sequence[str] = (), measures: Sequence[str] | None = None
    ) -> None:
        columns = {column.name: column for column in columns_of(result)}
        names = [*PERIODS, *(each.name for each in columns.values() if each.kind is not datetime)]
        self._by = tuple(choose("by", name, names) for name in by)
        self._labels = [_labels(name, columns, result) for name in self._by]
        self._currency = columns["currency"].values if "currency" in columns else _no_currency
        self._places = _Places()
        self._levels = _Levels([name for name in self._by if name in PERIODS])
        self._sums = [_Sums(each, columns[each.name]) for each in measures_of(result, measures)]
        main_of([each.measure for each in self._sums])

    def add(self, buckets: Iterable[Bucket[object]]) -> None:
        """Add the results of *buckets*.

        Raises:
            InvalidQueryError: A bucket is longer than a period.
        """
        adds_up = all(each.measure.adds_up for each in self._sums)
        for chunk in _chunks(buckets, _RESULTS if adds_up else 0):
            labels = (values(chunk) for values in (*self._labels, self._currency))
            places = list(map(self._places.__getitem__, zip(*labels, strict=True)))
            outdated = () if adds_up else self._levels.outdated(places, chunk[0])
            for each in self._sums:
                each.add(places, chunk, len(self._places.keys_in_order), outdated)

    def build(self) -> Totals:
        """Return the totals of all buckets so far, with the groups in order of appearance.

        Buckets that are added later do not change them.
        """
        measures = [each.measure for each in self._sums]
        names = [each.name for each in measures]
        figures = zip(*(each.figures() for each in self._sums), strict=True)
        groups = [
            Group(
                labels=dict(zip(self._by, key, strict=False)),  # the key ends with the currency
                figures={
                    name: figure
                    for name, figure in zip(names, row, strict=True)
                    if figure is not None
                },
                currency=cast("str | None", key[-1]),
            )
            for key, row in zip(self._places.keys_in_order, figures, strict=True)
        ]
        return Totals(self._by, measures, groups)


class _Places(dict[_Key, int]):
    """The place of each group, in order of appearance. Keys that mean the same share a place."""

    def __init__(self) -> None:
        super().__init__()
        self.keys_in_order: list[_Key] = []
        """The key of the group at each place."""

    def __missing__(self, key: _Key) -> int:
        plain = _without_synonyms(key)
        if plain == key:
            place = len(self.keys_in_order)
            self.keys_in_order.append(key)
        else:
            place = self[plain]
        self[key] = place
        return place


@define
class _Levels:
    """The last bucket of each period, whose levels count."""

    periods: Sequence[str]
    """The names of the periods among the labels."""
    _starts: dict[_Key, int] = field(factory=dict, init=False)
    """The start of the last bucket that has results, by period."""
    _places: defaultdict[_Key, set[int]] = field(factory=lambda: defaultdict(set), init=False)
    """The places that have results, by period."""

    def outdated(self, places: Sequence[int], bucket: Bucket[object]) -> Collection[int] | None:
        """Return the places whose levels a bucket replaces, or None if a later bucket is known.

        All places of the period are replaced. If the bucket does not have one of them, that group
        has ended. Buckets with the same start belong together.
        """
        if not places:
            return ()
        period = tuple(period_label(name, bucket) for name in self.periods)
        start = self._starts.get(period, bucket.start_time)
        self._starts[period] = max(start, bucket.start_time)
        before = set(self._places[period])
        self._places[period].update(places)
        if bucket.start_time < start:
            return None
        return before if bucket.start_time > start else ()


class _Sums:
    """The sums of one measure, by the places of groups."""

    def __init__(self, measure: Measure, column: Column) -> None:
        self.measure = measure
        self._column = column
        self._zero: Number = Decimal(0) if column.kind is Decimal else 0
        self._sums: list[Number] = []
        self._known: set[int] = set()
        """The places where anything is known. Unused if the API cannot leave out the measure."""

    def add(
        self,
        places: Sequence[int],
        buckets: Sequence[Bucket[object]],
        groups: int,
        outdated: Collection[int] | None,
    ) -> None:
        """Add the results of *buckets* to the sums at *places*.

        Args:
            places: The place of each result.
            buckets: The buckets. For a level, it is a single one.
            groups: The number of places.
            outdated: The places whose levels are replaced, or None if a later bucket is known.
        """
        values: list[Number | None] = self._column.values(buckets)
        sums = self._sums
        sums += [self._zero] * (groups - len(sums))
        if not self.measure.adds_up:
            # Levels can be added within a bucket. Of several buckets, the last counts.
            if outdated is None:
                return
            for place in outdated:
                sums[place] = self._zero
        with exactly():
            for place, value in zip(places, values, strict=True):
                # A zero can be `0E-6176`, and a sum with it would have as many decimals.
                if value:
                    sums[place] += value
        if self._column.nullable:
            known = zip(places, values, strict=True)
            self._known.update(place for place, value in known if value is not None)

    def figures(self) -> list[Number | None]:
        """Return the sum at each place, or None if no result has the measure."""
        if not self._column.nullable:
            return [*self._sums]
        return [each if place in self._known else None for place, each in enumerate(self._sums)]


def _labels(name: str, columns: Mapping[str, Column], result: type) -> Values:
    """Return a function from buckets to the label *name* of each result."""
    if name in PERIODS:
        return lambda buckets: _of_each_result(buckets, lambda each: period_label(name, each))
    if name not in LINE_ITEM_PARTS or name not in getattr(result, "derived", ()):
        return columns[name].values
    texts = columns["line_item"].values
    return lambda buckets: [line_item_label(text, name) for text in texts(buckets)]


def _no_currency(buckets: Sequence[Bucket[object]]) -> list[Label]:
    return _of_each_result(buckets, lambda _: None)


def _of_each_result(
    buckets: Sequence[Bucket[object]], label: Callable[[Bucket[object]], Label]
) -> list[Label]:
    """Return the *label* of the bucket of each result."""
    return list(chain.from_iterable(repeat(label(each), len(each.results)) for each in buckets))


def _without_synonyms(key: _Key) -> _Key:
    """Return a key with None for an empty id, and with a currency in lower case.

    The API sends an empty project id for usage that is older than projects.
    """
    *labels, currency = key
    if "" not in labels and (currency is None or str(currency).islower()):
        return key  # the usual case
    return (
        *(None if each == "" else each for each in labels),
        None if currency is None else currency_code(str(currency)),
    )


def _chunks(buckets: Iterable[Bucket[object]], most: int) -> Iterator[list[Bucket[object]]]:
    """Yield *buckets* in chunks of about *most* results, or one by one if *most* is 0."""
    chunk: list[Bucket[object]] = []
    results = 0
    for bucket in buckets:
        chunk.append(bucket)
        results += len(bucket.results)
        if results >= most:
            yield chunk
            chunk, results = [], 0
    if chunk:
        yield chunk
