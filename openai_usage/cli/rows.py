"""Results as flat rows, one for each result: what every format writes."""

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal

from attrs import fields

from openai_usage import Amount, Bucket, Buckets, Endpoint

Row = dict[str, object]


def columns(endpoint: Endpoint[..., object]) -> list[str]:
    """The names of the columns, always the same and in the same order for an endpoint."""
    names = [attribute.name for attribute in fields(endpoint.result)]  # type: ignore[arg-type]
    names.remove("object")
    if "amount" in names:
        names.insert(names.index("amount") + 1, "currency")
    return ["start", "end", *names]


async def rows(buckets: Buckets[object]) -> AsyncIterator[Row]:
    """A row for each result of each bucket: times in ISO 8601, money as decimal text."""
    names = columns(buckets.endpoint)
    async for bucket in buckets:
        for result in bucket.results:
            yield dict(_cells(names, bucket, result))


def _cells(
    names: list[str], bucket: Bucket[object], result: object
) -> Iterator[tuple[str, object]]:
    amount = getattr(result, "amount", None)
    for name in names:
        match name:
            case "start" | "end":
                yield name, getattr(bucket, name).isoformat().replace("+00:00", "Z")
            case "currency" if isinstance(amount, Amount):
                yield name, amount.currency
            case "amount" if isinstance(amount, Amount):
                yield name, _digits(amount.value)
            case _:
                value = getattr(result, name)
                yield name, _digits(value) if isinstance(value, Decimal) else value


def _digits(number: Decimal) -> str:
    """Never in scientific notation; a zero can come as `0E-6176`, which has no digits to show."""
    return f"{number:f}" if number else "0"
