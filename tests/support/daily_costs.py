"""Costs day by day, for comparisons with budgets and limits."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from openai_usage import Amount, Bucket, CostsResult

TODAY = date(2026, 11, 26)


def cost(amount: object, currency: str = "usd", **labels: Any) -> CostsResult:
    return CostsResult(amount=Amount(value=Decimal(str(amount)), currency=currency), **labels)


def costs(*days: Sequence[CostsResult], today: date = TODAY) -> list[Bucket[CostsResult]]:
    """The costs of each day up to *today*, after days without any from the month before on."""
    first = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    empty: list[Sequence[CostsResult]] = [()] * ((today - first).days + 1 - len(days))
    return [bucket(first + timedelta(days=n), each) for n, each in enumerate([*empty, *days])]


def bucket(day: date, results: Sequence[CostsResult]) -> Bucket[CostsResult]:
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    return Bucket(start_time=start, end_time=start + 86_400, results=tuple(results))
