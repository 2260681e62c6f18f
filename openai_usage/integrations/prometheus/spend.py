"""Spend: samples of what a month will cost, of budgets, limits and unusual days."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from attrs import evolve

from openai_usage.analysis.budget import Budget
from openai_usage.analysis.budgets import check_budgets
from openai_usage.analysis.charges import Charge
from openai_usage.analysis.spending import Spending, spending
from openai_usage.analysis.unusual import unusual
from openai_usage.errors import InvalidOptionError
from openai_usage.integrations.prometheus.labels import DIMENSIONS, Label
from openai_usage.integrations.prometheus.samples import COST, Sample, text
from openai_usage.limits import Limits, SpendAlert, SpendLimit
from openai_usage.names import Names
from openai_usage.schema.pages import Bucket
from openai_usage.schema.results import CostsResult

__all__ = [
    "budget_samples",
    "limit_samples",
    "projections",
    "spending_of",
    "unusual_days",
    "validate_budgets",
]

_RECENT = timedelta(days=2)
"""The age of an unusual day that is reported. Two days, because costs can come a day late."""


def spending_of(buckets: Sequence[Bucket[CostsResult]], now: int) -> list[Spending]:
    """Return the spending of the month of *now*."""
    return spending(buckets, today=datetime.fromtimestamp(now, UTC).date())


def _combined(by_organization: Mapping[str, Sequence[Spending]]) -> list[Spending]:
    """Return the spending of all organizations together, with their labels on the charges.

    A day that one of them lacks is missing.
    """
    every = [each for own in by_organization.values() for each in own]
    found: dict[str, list[Charge]] = {each.currency: [] for each in every}
    for label, own in by_organization.items():
        for each in own:
            found[each.currency] += (evolve(one, organization=label) for one in each.charges)
    return [
        evolve(
            every[0],
            currency=currency,
            charges=charges,
            missing=frozenset().union(*(each.missing for each in every)),
            in_part=frozenset().union(*(each.in_part for each in every)),
            has_today=all(each.has_today for each in every),
        )
        for currency, charges in found.items()
    ]


def projections(
    spendings: Iterable[Spending], labels: Sequence[Label], *, organization: str
) -> Iterator[Sample]:
    """Yield the projected costs of the month, by group. They add up to that of everything."""
    for each in spendings:
        if not (each.projection.is_known and each.is_known(each.month)):
            continue
        parts = each.projected_by([DIMENSIONS[label] for label in labels])
        for key, amount in parts.items() or [((None,) * len(labels), 0)]:
            values = dict[str, str](zip(labels, map(text, key), strict=True))
            known = {"organization": organization, **values, "period": "month_projected"}
            yield Sample(COST, {**known, "currency": each.currency}, amount)


def unusual_days(
    buckets: Sequence[Bucket[CostsResult]], label: Label | None, now: int, *, organization: str
) -> Iterator[Sample]:
    """Yield the costs of unusual days among the last two, and what is usual, by *label* or not."""
    moment = datetime.fromtimestamp(now, UTC)
    for day in unusual(buckets, [] if label is None else [DIMENSIONS[label]], now=moment):
        if moment.date() - day.day > _RECENT:
            continue
        known = {
            "organization": organization,
            "by": label or "",
            "of": "".join(map(text, day.labels.values())),
            "day": day.day.isoformat(),
            "currency": day.currency or "",
        }
        yield Sample("openai_usage_unusual_cost", known, day.amount)
        yield Sample("openai_usage_usual_cost", known, day.usual)


def budget_samples(
    planned: Sequence[Budget],
    by_organization: Mapping[str, Sequence[Spending]],
    names: Names,
    *,
    unread: Collection[str],
) -> Iterator[Sample]:
    """Yield the amount of each budget, the costs that it is for, and whether these are known.

    Without any organization that could be read, nothing is known. A budget whose name stands for
    several ids is not known, either.
    """
    if not by_organization:
        return
    is_labelled = len(by_organization) + len(unread) > 1 or any(
        each.owner == "organization" for each in planned
    )
    [first, *_] = by_organization.values()
    everything = _combined(by_organization) if is_labelled else first
    for budget in planned:
        known = {
            "budget": budget.name or budget.of or "All costs",
            "owner": budget.owner or "",
            "of": budget.of or "",
            "per": budget.per,
            "currency": budget.currency,
        }
        yield Sample("openai_usage_budget", known, budget.amount)
        # A budget of one organization does not depend on what is missing of the others.
        own = by_organization.get(budget.organization or "")
        costs = everything if own is None else _combined({str(budget.organization): own})
        try:
            [verdict] = check_budgets(
                [budget], costs, names=names, organizations=[*by_organization], left_out=unread
            )
        except InvalidOptionError:  # a name stands for several ids
            yield Sample("openai_usage_budget_known", known, 0)
            continue
        yield Sample("openai_usage_budget_known", known, verdict.exit_code not in (2, 5))
        if verdict.problem:
            continue
        if verdict.used is not None or verdict.day_before is not None:
            yield Sample("openai_usage_budget_used", known, verdict.largest)
        if verdict.projected is not None:
            yield Sample("openai_usage_budget_projected", known, verdict.projected)


def limit_samples(found: Limits, *, organization: str) -> Iterator[Sample]:
    """Yield the hard limits and alerts that the organization has set."""
    of = {"": found.organization, **found.projects}
    for project, own in of.items():
        thresholds: list[SpendLimit | SpendAlert] = [*own.alerts]
        if own.limit is not None:
            thresholds.append(own.limit)
        for each in thresholds:
            known = {
                "organization": organization,
                "project": project,
                "kind": "hard_limit" if isinstance(each, SpendLimit) else "alert",
                "id": "" if isinstance(each, SpendLimit) else each.id,
                "interval": each.interval,
                "currency": each.amount.currency,
            }
            yield Sample("openai_usage_limit", known, each.amount.value)


def validate_budgets(budgets: Collection[Budget]) -> Sequence[Budget]:
    """Return *budgets*.

    Raises:
        InvalidOptionError: Two of them are for the same costs, so Prometheus could not tell them
            apart.
    """
    found = {(each.owner, each.of, each.per, each.currency): each for each in budgets}
    if len(found) < len(budgets):
        raise InvalidOptionError(
            "two budgets are for the same costs. Leave out one of them.", option="budgets"
        )
    return [*budgets]
