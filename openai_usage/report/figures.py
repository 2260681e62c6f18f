"""What a report tells: costs and usage, asked of all endpoints at once and added up by day.

Every endpoint is asked on its own. One that fails is told of in `missing`, and nothing of it is
in the figures; what the others said stays.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from attrs import NOTHING, fields, frozen

from openai_usage._responses import among_others
from openai_usage._shown import legible
from openai_usage.client import AsyncUsageClient
from openai_usage.endpoints import Endpoint
from openai_usage.errors import APIError
from openai_usage.names import Names
from openai_usage.range_query import RangeQuery
from openai_usage.report.sums import Period, Rows, Tally
from openai_usage.times import Timestamp, unix_seconds

__all__ = ["Figures", "Missing", "Spend", "Usage", "gather", "period_of"]

T = TypeVar("T")

_NOT_IN_EVERY_RESULT = ("input_cached_tokens", "input_cache_write_tokens")
"""Measures that are of interest where they are told."""


@frozen
class Spend:
    """What was billed in one currency; currencies are never added to each other."""

    currency: str
    """ISO 4217 in lower case: `usd`."""
    rows: Rows
    """By project and line item."""
    before: Rows | None
    """The same of the period before; None where that could not be read."""


@frozen
class Usage:
    """What one endpoint counted."""

    endpoint: str
    rows: Rows
    """By measure, such as `input_tokens`, and model; by model only where that is of interest."""
    about: Mapping[str, Mapping[str, object]]
    """What its result class notes of each measure: its unit, whether it may be added up."""


@frozen
class Missing:
    """A part of the report that could not be read."""

    what: str
    why: str
    measures: frozenset[str] = frozenset()
    """What it would have told, by the names of the fields; nothing for costs."""


@frozen(kw_only=True)
class Figures:
    """All that a report tells."""

    period: Period
    compared: Period | None
    """The days before, of which the costs were asked for as well; None where there are none."""
    host: str
    """Who was asked."""
    organization: str | None
    """The organization that the client was told, if it was."""
    generated: datetime
    spend: tuple[Spend, ...]
    usage: tuple[Usage, ...]
    missing: tuple[Missing, ...]
    uncompared: str = ""
    """Why costs are not compared with those before; empty where those could be read."""
    names: Names | None = None
    """What people call projects; None where ids are to stand for themselves."""


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
    compared = period.before()
    rows = [row for row in type(client).table().values() if row.name != "costs"]
    costs, before, usage = await asyncio.gather(
        _or_error(_costs(client, period)),
        _or_error(_costs(client, compared)),
        asyncio.gather(*(_or_error(_usage(client, row, period)) for row in rows)),
    )
    if isinstance(costs, APIError) and not any(isinstance(answer, Usage) for answer in usage):
        raise costs
    missing = [Missing("costs", _why(costs))] if isinstance(costs, APIError) else []
    for row, answer in zip(rows, usage, strict=True):
        if isinstance(answer, APIError):
            told = frozenset(_measures(row))
            missing.append(Missing(row.name.replace("_", " "), _why(answer), told))
    options = client._transport.options  # noqa: SLF001 - which organization is no secret
    return Figures(
        period=period,
        compared=compared,
        host=options.base_url.host or "",
        organization=options.organization,
        generated=datetime.fromtimestamp(now, UTC),
        spend=_spend(costs, before),
        usage=tuple(answer for answer in usage if isinstance(answer, Usage)),
        missing=tuple(missing),
        # Older costs may well be out of the API's reach: what was asked for is complete without.
        uncompared=_why(before) if isinstance(before, APIError) else "",
        names=names,
    )


def _why(error: APIError) -> str:
    """Why something could not be read, where something else could."""
    return legible(among_others(str(error)))


async def _or_error(asked: Awaitable[T]) -> T | APIError:
    try:
        return await asked
    except APIError as error:
        return error


async def _costs(client: AsyncUsageClient, period: Period | None) -> Mapping[str, Rows]:
    """What was billed, by currency; nothing in no period."""
    if period is None:
        return {}
    tallies: defaultdict[str, Tally] = defaultdict(lambda: Tally(len(period.days)))
    async for bucket in client.costs(
        start_time=period.start, end_time=period.end, group_by=["project_id", "line_item"]
    ):
        day = period.place(bucket.start_time)
        for result in bucket.results:
            # An empty id is how costs from before there were projects belong to none.
            key = (result.project_id or None, result.line_item or None)
            tallies[result.amount.currency].add(key, day, result.amount.value)
    return {currency: tally.done() for currency, tally in tallies.items()}


def _spend(
    costs: Mapping[str, Rows] | APIError, before: Mapping[str, Rows] | APIError
) -> tuple[Spend, ...]:
    if isinstance(costs, APIError):
        return ()
    if isinstance(before, APIError):
        return tuple(Spend(currency, costs[currency], None) for currency in sorted(costs))
    return tuple(
        Spend(currency, costs.get(currency, {}), before.get(currency, {}))
        for currency in sorted(costs.keys() | before.keys())
    )


async def _usage(
    client: AsyncUsageClient, endpoint: Endpoint[..., object], period: Period
) -> Usage:
    measures = _measures(endpoint)
    names = {each.name for each in fields(endpoint.result)}  # type: ignore[arg-type]
    by_model = {"input_tokens", "model"} <= names
    asked = {"group_by": ["model"]} if by_model else {}
    ask = endpoint.__get__(client, type(client))
    tally = Tally(len(period.days))
    async for bucket in ask(start_time=period.start, end_time=period.end, **asked):
        day = period.place(bucket.start_time)
        for result in bucket.results:
            model = getattr(result, "model", None) or None
            for name in measures:
                amount = getattr(result, name)
                if isinstance(amount, int | Decimal):  # labels and what is not told are not
                    tally.add((name, model), day, Decimal(amount))
    return Usage(
        endpoint.name,
        tally.done(),
        measures,
    )


def _measures(endpoint: Endpoint[..., object]) -> Mapping[str, Mapping[str, object]]:
    """What a row's results count, and what is noted of it there."""
    return {
        each.name: each.metadata
        for each in fields(endpoint.result)  # type: ignore[arg-type]
        if each.default is NOTHING or each.name in _NOT_IN_EVERY_RESULT
    }
