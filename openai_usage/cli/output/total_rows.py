"""Sums as flat rows, one for each group, for every format except the table."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime

from attrs import frozen

from openai_usage import MoneyType
from openai_usage._time_format import iso
from openai_usage.analysis.groups import Group, Rest
from openai_usage.analysis.measures import measures_of
from openai_usage.analysis.periods import PERIODS
from openai_usage.analysis.totals import TotalsBuilder
from openai_usage.cli.output.rows import ResultRows, Row
from openai_usage.schema.columns import columns_of


@frozen
class TotalRows:
    """The sums of the results of a query as rows, with the names and types of their columns."""

    results: ResultRows
    """The results that are summed."""

    @property
    def money(self) -> MoneyType:
        """The type of money in Parquet."""
        return self.results.money

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.kinds)

    @property
    def sums(self) -> Sequence[str]:
        """The columns that add up."""
        return self.results.sums

    @property
    def kinds(self) -> Mapping[str, type]:
        """The types of the columns, by name: labels, measures, and the currency of money.

        The end follows the start of a bucket, and names follow their ids.
        """
        endpoint, grouping = self.results.source.endpoint, self.results.grouping
        known = {column.name: column.kind for column in columns_of(endpoint.result)}
        kinds: dict[str, type] = {}
        if grouping.total:
            kinds |= {"start": datetime, "end": datetime}
        for name in grouping.labels:
            kinds[name] = datetime if name == "start" else str if name in PERIODS else known[name]
            if name == "start":
                kinds["end"] = datetime
            kinds |= dict.fromkeys(self.results.names.columns.get(name, ()), str)
        for each in measures_of(endpoint):
            kinds[each.name] = known[each.name]
        return kinds | ({"currency": str} if "currency" in known else {})

    async def __aiter__(self) -> AsyncIterator[list[Row]]:
        """Yield all rows at once, when every bucket is read, with times in ISO 8601."""
        results = self.results
        builder = TotalsBuilder(results.source.endpoint.result, results.grouping.labels)
        ends: dict[str, str] = {}
        async for bucket in results.read(results.grouping.labels):
            ends[iso(bucket.start)] = iso(bucket.end)
            builder.add([bucket])
        totals = results.grouping.arrange(builder.build())
        yield [dict(self._cells(group, ends)) for group in totals]

    def _cells(self, group: Group, ends: Mapping[str, str]) -> Iterator[tuple[str, object]]:
        if self.results.grouping.total:
            yield "start", min(ends)
            yield "end", max(ends.values())
        for name, label in group.labels.items():
            yield name, label
            if name == "start":
                yield "end", ends[str(label)]
            for column in self.results.names.columns.get(name, ()):
                is_id = not isinstance(label, Rest)
                yield column, self.results.names.named(column, label) if is_id else None
        for name in self.kinds:
            if name in group.figures:
                yield name, group.figures[name]
        if group.currency is not None:
            yield "currency", group.currency
