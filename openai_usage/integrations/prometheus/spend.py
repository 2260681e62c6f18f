"""Spend: samples of what a month will cost, of unusual days, and of limits."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from openai_usage.analysis.spending import Spending, spending
from openai_usage.analysis.unusual import unusual
from openai_usage.integrations.prometheus.labels import DIMENSIONS, Label
from openai_usage.integrations.prometheus.samples import COST, Sample, text
from openai_usage.limits import Limits, SpendAlert, SpendLimit
from openai_usage.schema.pages import Bucket
from openai_usage.schema.results import CostsResult

__all__ = [
    "limit_samples",
    "projections",
    "spending_of",
    "unusual_days",
]

_RECENT = timedelta(days=2)
"""The age of an unusual day that is reported. Two days, because costs can come a day late."""


def spending_of(buckets: Sequence[Bucket[CostsResult]], now: int) -> list[Spending]:
    """Return the spending of the month of *now*."""
    return spending(buckets, today=datetime.fromtimestamp(now, UTC).date())


def projections(
    spendings: Iterable[Spending], labels: Sequence[Label], *, organization: str
) -> Iterator[Sample]:
    """Yield the projected costs of the month by group, which add up to the whole projection."""
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
    """Yield the costs of unusual days among the last two, and usual costs, by *label* or in all."""
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


def limit_samples(found: Limits, *, organization: str) -> Iterator[Sample]:
    """Yield the hard limits and alerts of the organization and its projects."""
    of = {"": found.organization, **found.projects}
    for project, own in of.items():
        thresholds: list[SpendLimit | SpendAlert] = [*own.alerts]
        if own.limit is not None:
            thresholds.append(own.limit)
        for each in thresholds:
            known = {
                "organization": organization,
                "scope": "project" if project else "organization",
                "project": project,
                "kind": "hard_limit" if isinstance(each, SpendLimit) else "alert",
                "id": "" if isinstance(each, SpendLimit) else each.id,
                "interval": each.interval,
                "currency": each.amount.currency,
            }
            yield Sample("openai_usage_limit", known, each.amount.value)
