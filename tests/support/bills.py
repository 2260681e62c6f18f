"""Buckets of costs and of usage, day by day."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from openai_usage import Amount, Bucket, CompletionsResult, CostsResult

R = TypeVar("R")

DAY = 86_400

START = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp())
"""A Monday."""


def bucket(results: Iterable[R], start: int = START, width: int = DAY) -> Bucket[R]:
    return Bucket(start_time=start, end_time=start + width, results=tuple(results))


def cost(
    amount: str | int | Decimal,
    quantity: str | Decimal | None = None,
    unit: str | None = "tokens",
    item: str | None = "gpt-5, input",
    currency: str = "usd",
    **labels: Any,
) -> CostsResult:
    return CostsResult(
        amount=Amount(value=Decimal(amount), currency=currency),
        quantity=None if quantity is None else Decimal(quantity),
        quantity_unit=unit,
        line_item=item,
        **labels,
    )


def completion(input_tokens: int = 0, **fields: Any) -> CompletionsResult:
    return CompletionsResult(
        **{"input_tokens": input_tokens, "output_tokens": 0, "num_model_requests": 1, **fields}
    )


def values(*found: object) -> tuple[object, ...]:
    """Return the values as they are, for a comparison of decimals with whole numbers."""
    return found
