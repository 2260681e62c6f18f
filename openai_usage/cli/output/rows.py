"""Results as flat rows, one for each result, for every format except the table."""

from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import attrs
import msgspec
from attrs import NOTHING, define, field, frozen

from openai_usage import Amount, Bucket, Buckets, Gap, MoneyType
from openai_usage._gap_text import describe_span
from openai_usage._number_format import counted
from openai_usage._time_format import iso
from openai_usage.analysis.measures import measures_of
from openai_usage.analysis.periods import PERIODS
from openai_usage.cli.output.grouping import Grouping
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.integrations.focus_columns import FocusVersion
from openai_usage.schema.columns import Column, columns_of
from openai_usage.schema.windows import Window

if TYPE_CHECKING:
    from openai_usage import UnreadOrganization

Row = dict[str, object]


class SumRows(Protocol):
    """Sums of results as rows: totals, parts of spending, or prices."""

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        ...

    @property
    def kinds(self) -> Mapping[str, type]:
        """The types of the columns, by name."""
        ...

    @property
    def money(self) -> MoneyType:
        """The type of money in Parquet."""
        ...

    def __aiter__(self) -> AsyncIterator[list[Row]]:
        """Yield the rows in lists."""
        ...


@frozen
class ResultRows:
    """The results of a query as rows, with the names of their columns."""

    source: Buckets[object]
    """The query and its endpoint."""
    grouping: Grouping
    """The groups that were requested, and the sums that are shown for them."""
    buckets: AsyncIterable[Bucket[object]]
    """The buckets as they are fetched."""
    gaps: Sequence[Gap] = ()
    """The gaps found so far; complete after all buckets are read."""
    unread: "Sequence[UnreadOrganization]" = ()
    """The organizations that could not be read so far; complete after all buckets are read."""
    names: KnownNames = field(factory=KnownNames)
    """The names of ids, if requested."""
    exact: bool = False
    """True if a table shows every digit."""
    money: MoneyType = "decimal"
    """The type of money in Parquet."""
    with_zeros: bool = False
    """True if a bucket without results has a row with zeros."""
    focus_version: FocusVersion = "1.2"
    """The version of FOCUS, in formats of it."""
    billing_account: str | None = None
    """The organization in FOCUS, if results do not name theirs."""

    async def read(self, by: Sequence[str] = ("start",)) -> AsyncIterator[Bucket[object]]:
        """Yield every bucket, and learn the names that its results contain.

        Args:
            by: The labels of rows. Without a period among them, an empty bucket has no row.
        """
        has_zeros = self.with_zeros and not PERIODS.keys().isdisjoint(by)
        zero = zero_of(self.source.endpoint.result) if has_zeros else None
        async for bucket in self.buckets:
            self.names.learn(bucket.results)
            is_empty = zero is not None and not bucket.results
            yield msgspec.structs.replace(bucket, results=(zero,)) if is_empty else bucket

    @property
    def filters(self) -> Sequence[str]:
        """The names of the parameters that select results."""
        names = ("project_ids", *(each.name for each in self.source.endpoint.filters))
        return [name for name in names if getattr(self.source.query, name, None) is not None]

    @cached_property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.kinds)

    @cached_property
    def kinds(self) -> Mapping[str, type]:
        """The types of the columns, by name; always the same and in the same order for an endpoint.

        They are `start`, `end`, and the fields of the result. If names were requested, they follow
        their ids, and replace a field of the same name.
        """
        kinds: dict[str, type] = {}
        for each in self._columns:
            kinds |= {each.name: each.kind, **dict.fromkeys(self._names_of(each), str)}
        return kinds

    @property
    def sums(self) -> Sequence[str]:
        """The columns that add up: the measures, except levels such as stored bytes."""
        return [each.name for each in measures_of(self.source.endpoint) if each.adds_up]

    async def __aiter__(self) -> AsyncIterator[list[Row]]:
        """Yield the rows of one bucket after the other, with times in ISO 8601."""
        columns = self.columns
        async for bucket in self.read():
            rows = zip(*self._cells(bucket), strict=True)
            yield [dict(zip(columns, row, strict=True)) for row in rows]

    def _cells(self, bucket: Bucket[object]) -> Iterator[Sequence[object]]:
        """Yield the values of each column, one for each result of a bucket."""
        for column in self._columns:
            if column.kind is datetime:
                yield [iso(getattr(bucket, column.name))] * len(bucket.results)
                continue
            values = column.values([bucket])
            yield values
            for name in self._names_of(column):
                yield [self.names.named(name, each) for each in values]

    @cached_property
    def _columns(self) -> tuple[Column, ...]:
        names = {name for names in self.names.columns.values() for name in names}
        columns = columns_of(self.source.endpoint.result)
        return tuple(each for each in columns if each.name not in names)

    def _names_of(self, column: Column) -> Sequence[str]:
        return self.names.columns.get(column.name, ())


_ZEROS = {
    int: 0,
    float: 0.0,
    Decimal: Decimal(0),
    # Only dollars have been seen in answers of the API.
    Amount: Amount(value=Decimal(0), currency="usd"),
}


def zero_of(result: type) -> object:
    """Return a result without labels, whose measures are zero."""
    fields = attrs.fields(result)
    return result(**{each.name: _ZEROS[each.type] for each in fields if each.default is NOTHING})


@define
class Written:
    """Counts what is written to a file."""

    results: int = 0
    _covered: Window | None = None

    async def count(self, buckets: AsyncIterable[Bucket[object]]) -> AsyncIterator[Bucket[object]]:
        """Yield every bucket and count its results."""
        async for bucket in buckets:
            first = self._covered or bucket
            self._covered = Window(first.start_time, bucket.end_time)
            self.results += len(bucket.results)
            yield bucket

    def __str__(self) -> str:
        results = counted(self.results, "result")
        return f"{results}, {describe_span(self._covered)}" if self._covered else results
