"""An answer as flat rows, one for each result: what every format but the table writes."""

from collections.abc import AsyncIterable, AsyncIterator, Iterator, Sequence
from datetime import datetime
from functools import cached_property

from attrs import field, frozen

from openai_usage import Bucket, Buckets, Gap, MoneyType
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.schema.columns import Column, columns_of

Row = dict[str, object]


@frozen
class ResultRows:
    """The rows of an answer, and the names of their columns."""

    asked: Buckets[object]
    """What was asked, of which endpoint."""
    buckets: AsyncIterable[Bucket[object]]
    """What comes."""
    gaps: Sequence[Gap] = ()
    """The gaps that were found so far: all of them once the buckets were read."""
    names: KnownNames = field(factory=KnownNames)
    """Who is behind the ids, where that was asked for."""
    exact: bool = False
    """Whether a table shows every digit."""
    money: MoneyType = "decimal"
    """What money is in Parquet."""

    @property
    def grouped_by(self) -> Sequence[str]:
        """What there is one result for each of."""
        return getattr(self.asked.query, "group_by", None) or ()

    @cached_property
    def columns(self) -> list[str]:
        """The names of the columns, always the same and in the same order for an endpoint.

        They are `start`, `end`, and the fields of the result; names, where they were asked for,
        follow the ids that they belong to, and stand for a field that has the same name.
        """
        return [name for each in self._columns for name in (each.name, *self._names_of(each))]

    async def __aiter__(self) -> AsyncIterator[list[Row]]:
        """The rows of one bucket after the other, with times in ISO 8601."""
        columns = self.columns
        async for bucket in self.buckets:
            rows = zip(*self._cells(bucket), strict=True)
            yield [dict(zip(columns, row, strict=True)) for row in rows]

    def _cells(self, bucket: Bucket[object]) -> Iterator[Sequence[object]]:
        """What stands in each column, for each result of a bucket."""
        self.names.learn(bucket.results)
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
        columns = columns_of(self.asked.endpoint.result)
        return tuple(each for each in columns if each.name not in names)

    def _names_of(self, column: Column) -> Sequence[str]:
        return self.names.columns.get(column.name, ())


def iso(moment: datetime) -> str:
    """A moment in UTC as ISO 8601 writes it."""
    return moment.isoformat().replace("+00:00", "Z")
