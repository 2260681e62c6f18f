"""Fetch the data of a report from all endpoints concurrently. One may fail without the others."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from typing import Generic, TypeVar

from attrs import NOTHING, evolve, fields, frozen

from openai_usage._gap_text import describe_spans
from openai_usage._http.responses import among_others
from openai_usage._http.transport import TOO_LARGE, UNUSUALLY_LARGE
from openai_usage._pagination.continuity import LATE, find_gaps
from openai_usage._text import currency_code, printable
from openai_usage.analysis.daily import DailyTotals, Period, Rows
from openai_usage.client import BaseClient
from openai_usage.endpoints import Endpoint
from openai_usage.errors import APIError
from openai_usage.gaps import Gap
from openai_usage.names import Names
from openai_usage.report.data import Figures, Missing, Spend, Usage
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.results import CostsResult
from openai_usage.schema.times import DAY, Timestamp, unix_seconds
from openai_usage.schema.windows import Window

T = TypeVar("T")

_NOT_IN_EVERY_RESULT = ("input_cached_tokens", "input_cache_write_tokens")
"""Optional measures that the report shows if they are present."""


def period_of(start_time: Timestamp, end_time: Timestamp | None, now: int) -> Period:
    """Return the range, cut to *now* if it ends later.

    Raises:
        InvalidQueryError: The range is empty or has not begun yet.
    """
    start = unix_seconds(start_time, param="start_time")
    end = now if end_time is None else unix_seconds(end_time, param="end_time")
    period = Period.until_now(start, end, now)
    RangeQuery(start_time=start, end_time=end)  # rejects an empty range
    return period


async def gather(
    client: BaseClient,
    start_time: Timestamp,
    end_time: Timestamp | None = None,
    *,
    names: Names | None = None,
) -> Figures:
    """Fetch costs and usage in a range of time, which ends now by default.

    Await it in the event loop of *client*: a `UsageClient` has a loop of its own.

    Raises:
        APIError: No endpoint could be read. The error is the one that the costs met.
        InvalidQueryError: The range is empty or has not begun yet.
    """
    now = int(time.time())
    period = period_of(start_time, end_time, now)
    # If the range starts within a day, the API may still return the costs of that whole day. Then
    # the day is compared like any other, so the period before must have a day for it.
    compared = evolve(period, start=period.days[0].midnight).before()
    rows = [row for row in type(client).table().values() if row.name != "costs"]
    due = now - LATE
    named: dict[str | None, CostsResult] = {}
    costs, before, usage = await asyncio.gather(
        _or_error(_costs(client, period, named), {}),
        _or_error(_costs(client, compared, named), {}),
        asyncio.gather(
            *(_or_error(_usage(client, row, period), Usage(row.name, {}, {})) for row in rows)
        ),
    )
    answered = [answer for answer in usage if answer.error is None]
    if costs.error is not None and not answered:
        raise costs.error
    missing = [
        *_missing("costs", frozenset(), costs, due),
        *chain.from_iterable(
            _missing(row.name, frozenset(_measures(row)), answer, due)
            for row, answer in zip(rows, usage, strict=True)
        ),
    ]
    options = client._transport.options  # noqa: SLF001 - the organization is not a secret
    return Figures(
        period=period,
        compared=compared,
        host=options.url.host or "",
        organization=options.organization,
        generated=datetime.fromtimestamp(now, UTC),
        spend=_spend(costs, before),
        usage=tuple(answer.figures for answer in answered),
        missing=tuple(missing),
        # The API may not have costs that old. The requested range is complete without them.
        uncompared="" if before.error is None else _why(before.error),
        names=names and names.with_names_from(named.values()),
        costs_start=costs.start,
        gaps_before=before.gaps,
    )


def _why(error: APIError) -> str:
    """Return the reason for *error*, given that other endpoints could be read.

    The readers of a report cannot change the program that made it.
    """
    hint = UNUSUALLY_LARGE if error.hint == TOO_LARGE else among_others(error.hint)
    return printable(error.with_hint(hint))


@frozen
class _Read(Generic[T]):
    """The figures of an endpoint and the time that they cover, or the error instead of them."""

    figures: T
    start: int | None = None
    """The start of the first bucket if that is before the range."""
    gaps: tuple[Gap, ...] = ()
    error: APIError | None = None


async def _or_error(request: Awaitable[_Read[T]], nothing: T) -> _Read[T]:
    try:
        return await request
    except APIError as error:
        return _Read(nothing, error=error)


async def _costs(
    client: BaseClient, period: Period | None, named: dict[str | None, CostsResult]
) -> _Read[Mapping[str, Rows]]:
    """Return the costs by currency, or no costs if there is no period.

    Add to *named* one result for each project whose name it has.
    """
    if period is None:
        return _Read({})
    daily: defaultdict[str, DailyTotals] = defaultdict(lambda: DailyTotals(len(period.days)))
    buckets = client._buckets(  # noqa: SLF001 - either client has it
        type(client).costs,
        start_time=period.start,
        end_time=period.end,
        group_by=["project_id", "line_item"],
    )
    spans = []
    async for bucket in buckets:
        spans.append(Window(bucket.start_time, bucket.end_time))
        day = period.place(bucket.start_time)
        for result in bucket.results:
            # Costs from before projects existed have an empty id.
            key = (result.project_id or None, result.line_item or None)
            # Currencies are usually lower-case, but upper-case means the same currency.
            daily[currency_code(result.amount.currency)].add(key, day, result.amount.value)
            if result.project_name:
                named[result.project_id] = result
    start, gaps = _covered("costs", spans, period)
    missing = period.places(gaps)
    rows = {currency: totals.done(missing) for currency, totals in daily.items()}
    return _Read(rows, start, gaps)


def _spend(
    costs: _Read[Mapping[str, Rows]], before: _Read[Mapping[str, Rows]]
) -> tuple[Spend, ...]:
    now, then = costs.figures, before.figures
    currencies = [] if costs.error else sorted(now.keys() | then.keys())
    return tuple(
        Spend(each, now.get(each, {}), None if before.error else then.get(each, {}))
        for each in currencies
    )


async def _usage(
    client: BaseClient, endpoint: Endpoint[..., object], period: Period
) -> _Read[Usage]:
    measures = _measures(endpoint)
    names = {each.name for each in fields(endpoint.result)}  # type: ignore[arg-type]
    by_model = {"input_tokens", "model"} <= names
    params = {"group_by": ["model"]} if by_model else {}
    totals = DailyTotals(len(period.days))
    spans = []
    buckets = client._buckets(  # noqa: SLF001 - likewise
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
    start, gaps = _covered(endpoint.name, spans, period)
    rows = totals.done(period.places(gaps))
    return _Read(Usage(endpoint.name, rows, measures, start), start, gaps)


def _covered(
    endpoint: str, spans: list[Window], period: Period
) -> tuple[int | None, tuple[Gap, ...]]:
    """Return the start of the first bucket if that is before the range, and the gaps."""
    is_early = bool(spans) and spans[0].start_time < period.start
    return spans[0].start_time if is_early else None, tuple(
        Gap(endpoint=endpoint, start_time=gap.start_time, end_time=gap.end_time)
        for gap in find_gaps(spans, period.start, period.end, DAY)
    )


def _missing(
    endpoint: str, measures: frozenset[str], answer: _Read[T], due: int
) -> Iterator[Missing]:
    """Yield the missing parts of an endpoint: all of it, some days, or nothing.

    A gap that begins after *due* is a day that has just begun, whose bucket can still arrive.
    """
    what = endpoint.replace("_", " ")
    if answer.error is not None:
        yield Missing(what, _why(answer.error), measures)
        return
    for is_due, yet in ((True, ""), (False, " yet")):
        if gaps := tuple(gap for gap in answer.gaps if (gap.start_time <= due) is is_due):
            why = f"the API returned no bucket{yet} for {describe_spans(gaps)}"
            yield Missing(what, why, measures, gaps, is_due)


def _measures(endpoint: Endpoint[..., object]) -> Mapping[str, Mapping[str, object]]:
    """Return the measures of an endpoint's results, each with the metadata of its field."""
    return {
        each.name: each.metadata
        for each in fields(endpoint.result)  # type: ignore[arg-type]
        if each.default is NOTHING or each.name in _NOT_IN_EVERY_RESULT
    }
