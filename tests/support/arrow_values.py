"""Arrow types and rows that several tests expect."""

import json
from typing import Any

import pyarrow as pa
from attrs import resolve_types

from openai_usage import (
    AsyncUsageClient,
    Bucket,
    Buckets,
    Endpoint,
)
from tests.conftest import DAY, TODAY
from tests.support.rows import literals

START = TODAY - 10 * DAY


MOMENT = pa.timestamp("us", tz="UTC")


LABEL = pa.dictionary(pa.int32(), pa.string())


MONEY = pa.decimal128(38, 24)


def grouped(client: AsyncUsageClient, row: Endpoint[..., object], **more: Any) -> Buckets[Any]:
    """Ten days of an endpoint by everything there is to group by, in several pages."""
    [groups] = [each for each in row.parameters if each.name == "group_by"]
    resolve_types(row.query_type)
    asked = {"start_time": START, "end_time": TODAY, "limit": 4, "group_by": literals(groups.type)}
    buckets: Buckets[Any] = getattr(client, row.name)(**{**asked, **more})
    return buckets


def rows_of(buckets: list[Bucket[Any]]) -> list[dict[str, Any]]:
    """The rows that a table is to have, made in the plainest way."""
    rows = []
    for bucket in buckets:
        for result in bucket.results:
            row = {"start": bucket.start, "end": bucket.end}
            for name in (*result.__struct_fields__, *result.derived):
                if name == "amount":
                    row |= {"amount": result.amount.value, "currency": result.amount.currency}
                elif name != "object":
                    row[name] = getattr(result, name)
            rows.append(row)
    return rows


def costs_page(*values: str, days: int = 1, has_more: bool = False) -> str:
    """A page over costs, each day with an amount of each of the values, given as JSON."""
    results = ",".join(f'{{"amount":{{"value":{value},"currency":"usd"}}}}' for value in values)
    buckets = ",".join(
        f'{{"start_time":{at},"end_time":{at + DAY},"results":[{results}]}}'
        for at in range(0, days * DAY, DAY)
    )
    more = f'"has_more":{json.dumps(has_more)},"next_page":"page_2"'
    return f'{{"data":[{buckets}],{more}}}'
