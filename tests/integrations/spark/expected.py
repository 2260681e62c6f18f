"""Rows of the SDK, to compare them with those of Spark."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pyspark.sql import DataFrame

from openai_usage import UsageClient
from openai_usage.sandbox import Sandbox


def rows_of_api(
    sandboxes: Mapping[str, Sandbox], endpoint: str = "costs", /, **query: Any
) -> Counter[str]:
    """Return the rows of some organizations by label, as the blocking client has them."""
    found: list[Mapping[str, object]] = []
    for label, each in sandboxes.items():
        with UsageClient(each.admin_api_key, base_url=each.base_url) as client:
            table = client.query(endpoint, **query).to_arrow()
        found += [{**row, "organization": label} for row in table.to_pylist()]
    return counted(found)


def rows_of_spark(frame: DataFrame) -> Counter[str]:
    """Return the rows of a DataFrame."""
    return counted(row.asDict() for row in frame.collect())


def counted(rows: Iterable[Mapping[str, object]]) -> Counter[str]:
    """Return how often there is each row. Times are compared as seconds."""
    return Counter(
        str(sorted((name, _plain(value)) for name, value in row.items())) for row in rows
    )


def _plain(value: Any) -> str:
    if hasattr(value, "timestamp"):
        return str(int(value.timestamp()))
    # Decimals are compared by value: one has 24 places, the other as many as were sent.
    return str(value.normalize()) if hasattr(value, "normalize") else str(value)
