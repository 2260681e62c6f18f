"""An answer as flat rows, one for each result: what every format but the table writes."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal

from attrs import fields, frozen

from openai_usage import Amount, Bucket, Buckets, Endpoint, Names

Row = dict[str, object]


def columns(endpoint: Endpoint[..., object]) -> list[str]:
    """The names of the columns, always the same and in the same order for an endpoint."""
    names = [attribute.name for attribute in fields(endpoint.result)]  # type: ignore[arg-type]
    names.remove("object")
    if "amount" in names:
        names.insert(names.index("amount") + 1, "currency")
    return ["start", "end", *names]


@frozen
class Sheet:
    """The rows of an answer, and the names of their columns."""

    asked: Buckets[object]
    """What was asked, of which endpoint."""
    buckets: AsyncIterable[Bucket[object]]
    """What comes."""
    names: Names | None = None
    """Who is behind the ids, where that was asked for."""
    exact: bool = False
    """Whether a table shows every digit."""

    @property
    def columns(self) -> list[str]:
        """The names of the columns, always the same and in the same order for an endpoint."""
        return columns(self.asked.endpoint)

    @property
    def grouped_by(self) -> Sequence[str]:
        """What there is one result for each of."""
        return getattr(self.asked.query, "group_by", None) or ()

    async def __aiter__(self) -> AsyncIterator[list[Row]]:
        """The rows of one bucket after the other, with times in ISO 8601."""
        names = self.columns[2:]
        async for bucket in self.buckets:
            span: Row = {"start": iso(bucket.start), "end": iso(bucket.end)}
            yield [
                span | {name: _cell(result, name) for name in names} for result in bucket.results
            ]


def iso(moment: datetime) -> str:
    """A moment in UTC as ISO 8601 writes it."""
    return moment.isoformat().replace("+00:00", "Z")


def _cell(result: object, name: str) -> object:
    value = getattr(result, "amount" if name == "currency" else name)
    if isinstance(value, Amount):
        return value.currency if name == "currency" else value.value
    return value


def digits(number: Decimal) -> str:
    """Never in scientific notation; a zero can come as `0E-6176`, which has no digits to show."""
    return f"{number:f}" if number else "0"
