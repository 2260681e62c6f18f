"""Fetch the data of a report from all endpoints concurrently. One may fail without the others."""

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import chain

from attrs import evolve

from openai_usage._pagination.continuity import LATE
from openai_usage._text import listed, printable
from openai_usage.analysis.daily import Period
from openai_usage.client import BaseClient
from openai_usage.errors import InvalidQueryError
from openai_usage.limits import SpendLimit
from openai_usage.names import Names
from openai_usage.report.answers import answers_of
from openai_usage.report.data import Figures, Missing, Spend, Usage
from openai_usage.report.fetch_budgets import bill_for, verdicts_on
from openai_usage.report.fetch_costs import HISTORY_DAYS, LABELS, Buckets, Costs, Label, costs_in
from openai_usage.report.fetch_usage import measures_of, usage_in
from openai_usage.report.options import Options
from openai_usage.report.reading import Read, missing_of, missing_organizations, or_error, reason
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.results import CostsResult
from openai_usage.schema.times import Timestamp, unix_seconds

_PEOPLE: Mapping[str, Label] = {"user": "user_id", "API key": "api_key_id"}


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
    options: Options | None = None,
) -> Figures:
    """Fetch costs and usage in a range of time, which ends now by default.

    Await it in the event loop of *client*: a `UsageClient` has a loop of its own.

    Raises:
        APIError: No endpoint could be read. The error is the one that the costs met.
        InvalidQueryError: The range is empty or has not begun yet.
    """
    options = options or Options()
    client = client._fresh()  # noqa: SLF001 - what was read before is of no interest
    now = int(time.time())
    period = period_of(start_time, end_time, now)
    # If the range starts within a day, the API may still return the costs of that whole day. Then
    # the day is compared like any other, so the period before must have a day for it.
    compared = evolve(period, start=period.days[0].midnight).before()
    rows = [row for row in type(client).table().values() if row.name != "costs"]
    ids = options.project_ids
    labels = client._labels  # noqa: SLF001 - either client has it
    by: Sequence[Label] = (*LABELS, "organization") if labels else LABELS
    reading = asyncio.ensure_future(or_error(costs_in(client, period, ids, labels=by), Costs()))
    if labels:
        await reading  # which says what organizations can be compared
    whole = client._whole()  # noqa: SLF001 - likewise
    costs, before, usage, people, spent, limit = await asyncio.gather(
        reading,
        or_error(costs_in(whole, compared, ids, labels=by, history_days=HISTORY_DAYS), Costs()),
        asyncio.gather(
            *(or_error(usage_in(client, row, period, ids), Usage(row.name, {}, {})) for row in rows)
        ),
        asyncio.gather(
            *(
                or_error(costs_in(whole, period, ids, labels=[label]), Costs())
                for label in _PEOPLE.values()
                if options.personal
            )
        ),
        or_error(bill_for(whole, options.budgets, period.end, now), []),
        _limit(client, ids, reaches_now=period.end == now),
    )
    answered = [answer for answer in usage if answer.error is None]
    if costs.error is not None and not answered:
        raise costs.error
    due, is_copy = now - LATE, client._is_copy  # noqa: SLF001 - either client has it
    lacking = partial(missing_of, of_copy=is_copy)
    missing = [
        *lacking("costs", frozenset(), costs, due),
        *chain.from_iterable(
            lacking(row.name.replace("_", " "), frozenset(measures_of(row)), answer, due)
            for row, answer in zip(rows, usage, strict=True)
        ),
        *(
            Missing(f"costs by {what}", reason(answer.error))
            for what, answer in zip(_PEOPLE, people, strict=False)
            if answer.error is not None
        ),
        *lacking("budgets", frozenset(), spent, due),
        *missing_organizations(
            client._unread,  # noqa: SLF001 - of a combined client
            len(rows) + 1,
            of_copy=is_copy,
        ),
    ]
    config = client._transport.options  # noqa: SLF001 - the organization is not a secret
    bill, past = costs.figures.buckets, before.figures.buckets
    figures = Figures(
        period=period,
        compared=compared,
        host=whole._source,  # noqa: SLF001 - likewise
        organization=config.organization,
        organization_name=options.organization_name
        or (listed(whole._labels, "and") if labels else _organization_name([past, bill])),  # noqa: SLF001
        generated=datetime.fromtimestamp(now, UTC),
        spend=_spend(costs, before),
        people={
            what: _spend(answer, None)
            for what, answer in zip(_PEOPLE, people, strict=False)
            if answer.error is None
        },
        usage=tuple(answer.figures for answer in answered),
        missing=tuple(missing),
        # The API may not have costs that old. The requested range is complete without them.
        uncompared="" if before.error is None else reason(before.error),
        names=names and names.with_names_from(_with_project_names([past, bill])),
        costs_start=costs.start,
        gaps_before=before.gaps,
        group_by=("organization", *options.group_by) if labels else options.group_by,
        project_ids=options.project_ids,
        is_sample=options.is_sample,
    )
    # Many results take a while, in which the event loop must not stand still.
    answers = await asyncio.to_thread(answers_of, figures, bill, past, now, limit)
    if spent.error is None and options.budgets:
        verdicts = verdicts_on(
            options.budgets,
            spent.figures,
            period.end,
            now,
            gaps=spent.gaps,
            names=figures.names,
            organizations=whole._labels,  # noqa: SLF001 - of a combined client
            left_out=[each for each in labels if each not in whole._labels],  # noqa: SLF001
        )
        answers = evolve(answers, verdicts=verdicts)
    return evolve(figures, answers=answers)


async def _limit(
    client: BaseClient, project_ids: Sequence[str], *, reaches_now: bool
) -> SpendLimit | None:
    """Return the hard limit that the costs of this month can reach, if one is known.

    It is that of the organization, or of the only project.
    """
    if not reaches_now or len(project_ids) > 1:
        return None
    try:
        limits = await client._limits(project_ids)  # noqa: SLF001 - either client has it
    except InvalidQueryError:  # costs can have projects whose ids are not safe in a path
        return None
    of = limits.projects[project_ids[0]] if project_ids else limits.organization
    return of.limit


def _spend(costs: Read[Costs], before: Read[Costs] | None) -> tuple[Spend, ...]:
    now = costs.figures.rows
    then = {} if before is None else before.figures.rows
    is_compared = before is not None and before.error is None
    currencies = [] if costs.error else sorted(now.keys() | then.keys())
    return tuple(
        Spend(each, now.get(each, {}), then.get(each, {}) if is_compared else None)
        for each in currencies
    )


def _organization_name(read: Iterable[Buckets]) -> str:
    """Return the name of the organization, if costs have it."""
    names = (each.organization_name for each in _results(read) if each.organization_name)
    return printable(next(names, ""))


def _with_project_names(read: Iterable[Buckets]) -> Collection[CostsResult]:
    """Return one result for each project whose name is known from costs."""
    return {each.project_id: each for each in _results(read) if each.project_name}.values()


def _results(read: Iterable[Buckets]) -> Iterable[CostsResult]:
    return (result for buckets in read for bucket in buckets for result in bucket.results)
