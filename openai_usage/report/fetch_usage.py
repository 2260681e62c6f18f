"""Fetch the usage that one endpoint counted."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import cast

from attrs import NOTHING, fields

from openai_usage.analysis.daily import DailyTotals, Period
from openai_usage.client import BaseClient
from openai_usage.endpoints import Endpoint
from openai_usage.report.data import Usage
from openai_usage.report.reading import Read, covered
from openai_usage.schema.pages import Bucket
from openai_usage.schema.results import CompletionsResult, DecisionsResult
from openai_usage.schema.windows import Window

_NOT_IN_EVERY_RESULT = ("input_cached_tokens", "input_cache_write_tokens")
"""Optional measures that the report shows if they are present."""


async def usage_in(
    client: BaseClient,
    endpoint: Endpoint[..., object],
    period: Period,
    project_ids: Sequence[str],
) -> Read[Usage]:
    """Return the usage of one endpoint in *period*, of all projects or of those given."""
    measures = measures_of(endpoint)
    names = {each.name for each in fields(endpoint.result)}  # type: ignore[arg-type]
    has_tokens = endpoint.result in (CompletionsResult, DecisionsResult)
    params: dict[str, object] = {"project_ids": project_ids or None}
    if {"input_tokens", "model"} <= names:
        params["group_by"] = ["model", "batch"] if has_tokens else ["model"]
    totals = DailyTotals(len(period.days))
    spans = []
    kept: list[Bucket[CompletionsResult]] = []
    buckets = client._buckets(  # noqa: SLF001 - either client has it
        endpoint, start_time=period.start, end_time=period.end, **params
    )
    async for bucket in buckets:
        spans.append(Window(bucket.start_time, bucket.end_time))
        day = period.place(bucket.start_time)
        for result in bucket.results:
            model = getattr(result, "model", None) or None
            for name in measures:
                amount = getattr(result, name)
                if isinstance(amount, int | Decimal):  # labels and missing values are not
                    totals.add((name, model), day, Decimal(amount))
        if has_tokens:
            kept.append(cast("Bucket[CompletionsResult]", bucket))
    start, gaps = covered(endpoint.name, spans, period)
    rows = totals.done(period.places(gaps))
    return Read(Usage(endpoint.name, rows, measures, start, kept), start, gaps)


def measures_of(endpoint: Endpoint[..., object]) -> Mapping[str, Mapping[str, object]]:
    """Return the measures of an endpoint's results, each with the metadata of its field."""
    return {
        each.name: each.metadata
        for each in fields(endpoint.result)  # type: ignore[arg-type]
        if each.default is NOTHING or each.name in _NOT_IN_EVERY_RESULT
    }
