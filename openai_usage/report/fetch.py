"""Asks for what a report tells: all endpoints at once, each on its own."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from typing import Generic, TypeVar

from attrs import NOTHING, evolve, fields, frozen

from openai_usage._gap_text import describe_spans
from openai_usage._http.responses import among_others
from openai_usage._pagination.continuity import LATE, find_gaps
from openai_usage._text import printable
from openai_usage.analysis.daily import DAY, DailyTotals, Period, Rows
from openai_usage.client import AsyncUsageClient
from openai_usage.endpoints import Endpoint
from openai_usage.errors import APIError
from openai_usage.gaps import Gap
from openai_usage.names import Names
from openai_usage.report.figures import Figures, Missing, Spend, Usage
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.results import CostsResult
from openai_usage.schema.times import Timestamp, unix_seconds
from openai_usage.schema.windows import Window

__all__ = ["gather", "period_of"]

T = TypeVar("T")

_NOT_IN_EVERY_RESULT = ("input_cached_tokens", "input_cache_write_tokens")
"""Measures that are of interest where they are told."""


def period_of(start_time: Timestamp, end_time: Timestamp | None, now: int) -> Period:
    """The range that is meant, without what is yet to come.

    Raises:
        InvalidQueryError: It is none, or has not begun yet.
    """
    start = unix_seconds(start_time, param="start_time")
    end = now if end_time is None else unix_seconds(end_time, param="end_time")
    period = Period.until_now(start, end, now)
    RangeQuery(start_time=start, end_time=end)  # which refuses a range that is none
    return period


async def gather(
    client: AsyncUsageClient,
    start_time: Timestamp,
    end_time: Timestamp | None = None,
    *,
    names: Names | None = None,
) -> Figures:
    """Ask *client* for everything in a range of time, which ends now if nothing else is said.

    Raises:
        APIError: Nothing at all could be read; this is what asking for the costs met.
        InvalidQueryError: The range is none, or has not begun yet.
    """
    now = int(time.time())
    period = period_of(start_time, end_time, now)
    # The costs of a day that the range cuts may come for the whole day, to be compared like others.
    compared = evolve(period, start=period.days[0].midnight).before()
    rows = [row for row in type(client).table().values() if row.name != "costs"]
    due = now - LATE
    named: dict[str | None, CostsResult] = {}
    costs, before, usage = await asyncio.gather(
        _or_error(_costs(client, period, named)),
        _or_error(_costs(client, compared, named)),
        asyncio.gather(*(_or_error(_usage(client, row, period)) for row in rows)),
    )
    answered = [answer for answer in usage if not isinstance(answer, APIError)]
    if isinstance(costs, APIError) and not answered:
        raise costs
    missing = [
        *_missing("costs", frozenset(), costs, due),
        *chain.from_iterable(
            _missing(row.name, frozenset(_measures(row)), answer, due)
            for row, answer in zip(rows, usage, strict=True)
        ),
    ]
    options = client._transport.options  # noqa: SLF001 - which organization is no secret
    return Figures(
        period=period,
        compared=compared,
        host=options.base_url.host or "",
        organization=options.organization,
        generated=datetime.fromtimestamp(now, UTC),
        spend=_spend(costs, before),
        usage=tuple(answer.figures for answer in answered),
        missing=tuple(missing),
        # Older costs may well be out of the API's reach: what was asked for is complete without.
        uncompared=_why(before) if isinstance(before, APIError) else "",
        names=names and names.with_names_from(named.values()),
        costs_start=None if isinstance(costs, APIError) else costs.start,
        gaps_before=() if isinstance(before, APIError) else before.gaps,
    )


def _why(error: APIError) -> str:
    """Why something could not be read, where something else could."""
    return printable(among_others(str(error)))


async def _or_error(asked: Awaitable[T]) -> T | APIError:
    try:
        return await asked
    except APIError as error:
        return error


@frozen
class _Read(Generic[T]):
    """What was read of an endpoint, and of which time."""

    figures: T
    start: int | None
    """Where the first bucket begins if that is before the range."""
    gaps: tuple[Gap, ...]


async def _costs(
    client: AsyncUsageClient, period: Period | None, named: dict[str | None, CostsResult]
) -> _Read[Mapping[str, Rows]]:
    """What was billed, by currency; nothing in no period.

    A result of each project that has its name is put into *named*.
    """
    if period is None:
        return _Read({}, None, ())
    tallies: defaultdict[str, DailyTotals] = defaultdict(lambda: DailyTotals(len(period.days)))
    buckets = client.costs(
        start_time=period.start, end_time=period.end, group_by=["project_id", "line_item"]
    )
    spans = []
    async for bucket in buckets:
        spans.append(Window(bucket.start_time, bucket.end_time))
        day = period.place(bucket.start_time)
        for result in bucket.results:
            # An empty id is how costs from before there were projects belong to none.
            key = (result.project_id or None, result.line_item or None)
            # Lower-case by ISO 4217; what is upper-case for once is the same money.
            tallies[result.amount.currency.casefold()].add(key, day, result.amount.value)
            if result.project_name:
                named[result.project_id] = result
    gaps = _gaps("costs", spans, period)
    missing = period.places(gaps)
    rows = {currency: tally.done(missing) for currency, tally in tallies.items()}
    return _Read(rows, _early_start(spans, period), gaps)


def _early_start(spans: Sequence[Window], period: Period) -> int | None:
    """Return where the first bucket begins if that is before the range."""
    is_early = bool(spans) and spans[0].start_time < period.start
    return spans[0].start_time if is_early else None


def _spend(
    costs: _Read[Mapping[str, Rows]] | APIError, before: _Read[Mapping[str, Rows]] | APIError
) -> tuple[Spend, ...]:
    if isinstance(costs, APIError):
        return ()
    now, then = costs.figures, {} if isinstance(before, APIError) else before.figures
    return tuple(
        Spend(
            currency,
            now.get(currency, {}),
            None if isinstance(before, APIError) else then.get(currency, {}),
        )
        for currency in sorted(now.keys() | then.keys())
    )


async def _usage(
    client: AsyncUsageClient, endpoint: Endpoint[..., object], period: Period
) -> _Read[Usage]:
    measures = _measures(endpoint)
    names = {each.name for each in fields(endpoint.result)}  # type: ignore[arg-type]
    by_model = {"input_tokens", "model"} <= names
    asked = {"group_by": ["model"]} if by_model else {}
    ask = endpoint.__get__(client, type(client))
    tally = DailyTotals(len(period.days))
    spans = []
    async for bucket in ask(start_time=period.start, end_time=period.end, **asked):
        spans.append(Window(bucket.start_time, bucket.end_time))
        day = period.place(bucket.start_time)
        for result in bucket.results:
            model = getattr(result, "model", None) or None
            for name in measures:
                amount = getattr(result, name)
                if isinstance(amount, int | Decimal):  # labels and what is not told are not
                    tally.add((name, model), day, Decimal(amount))
    gaps = _gaps(endpoint.name, spans, period)
    start, rows = _early_start(spans, period), tally.done(period.places(gaps))
    return _Read(Usage(endpoint.name, rows, measures, start), start, gaps)


def _gaps(endpoint: str, spans: list[Window], period: Period) -> tuple[Gap, ...]:
    return tuple(
        Gap(endpoint=endpoint, start_time=gap.start_time, end_time=gap.end_time)
        for gap in find_gaps(spans, period.start, period.end, DAY, due=period.end)
    )


def _missing(
    endpoint: str, measures: frozenset[str], answer: _Read[T] | APIError, due: int
) -> Iterator[Missing]:
    """What is missing of an endpoint: all of it, some days, or nothing.

    A gap that begins after *due* is a day that has just begun, whose bucket can still come.
    """
    what = endpoint.replace("_", " ")
    if isinstance(answer, APIError):
        yield Missing(what, _why(answer), measures)
        return
    for is_due, yet in ((True, ""), (False, " yet")):
        if gaps := tuple(gap for gap in answer.gaps if (gap.start_time <= due) is is_due):
            why = f"the API returned no bucket{yet} for {describe_spans(gaps)}"
            yield Missing(what, why, measures, gaps, is_due)


def _measures(endpoint: Endpoint[..., object]) -> Mapping[str, Mapping[str, object]]:
    """What a row's results count, and what is noted of it there."""
    return {
        each.name: each.metadata
        for each in fields(endpoint.result)  # type: ignore[arg-type]
        if each.default is NOTHING or each.name in _NOT_IN_EVERY_RESULT
    }
