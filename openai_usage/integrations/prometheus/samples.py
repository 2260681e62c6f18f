"""Samples: the values of gauges, from the buckets of one endpoint of one organization."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from attrs import field, frozen

from openai_usage._number_format import Number
from openai_usage.analysis.groups import Label as Value
from openai_usage.analysis.measures import measures_of
from openai_usage.analysis.totals import totals
from openai_usage.endpoints import Endpoint
from openai_usage.integrations.prometheus.labels import DIMENSIONS, NAMED, Label, labels_of
from openai_usage.integrations.prometheus.periods import by_period
from openai_usage.names import Names
from openai_usage.schema.pages import Bucket
from openai_usage.schema.settling import settles_after

__all__ = ["COST", "Sample", "figures", "name_samples", "text"]

COST = "openai_usage_cost"
"""The gauge of costs."""


def _finite(value: Number | Fraction | float) -> float:
    """Return a *value* as Prometheus keeps it.

    Raises:
        OverflowError: It is too large.
    """
    found = float(value)
    if math.isinf(found):
        raise OverflowError("a figure is too large for Prometheus")
    return found


@frozen
class Sample:
    """A value of a gauge."""

    name: str
    labels: Mapping[str, str]
    """The values by label. All samples of a gauge have the same labels."""
    value: float = field(converter=_finite)


def text(value: Value) -> str:
    """Return *value* as a label. To Prometheus, an empty label is the same as a missing one."""
    return "" if value is None else str(value)


def figures(
    endpoint: Endpoint[..., object],
    buckets: Sequence[Bucket[object]],
    labels: Sequence[Label],
    *,
    organization: str,
    now: int,
) -> Iterator[Sample]:
    """Yield the measures of each group in each period.

    An unknown period does not have samples. If a period is known to be without usage, each measure
    has a sample of 0 with empty labels.
    """
    own = labels_of(endpoint, labels)
    without: dict[str, str] = dict.fromkeys(labels, "")
    measures = measures_of(endpoint)
    currency = _first_currency(buckets) if endpoint.name == "costs" else None
    nothing = {"currency": currency} if currency else {}
    for period, found in by_period(buckets, now, settles_after(endpoint.result)).items():
        groups = totals(found, [DIMENSIONS[each] for each in own])
        known = {"organization": organization, **without, "period": period}
        if endpoint.name != "costs":
            known["endpoint"] = endpoint.name
        if not groups:
            for measure in measures:
                yield Sample(_gauge(measure.name), {**known, **nothing}, 0)
        for group in groups:
            values: dict[str, str] = {each: text(group.labels[DIMENSIONS[each]]) for each in own}
            of_group = {} if group.currency is None else {"currency": group.currency}
            for name, figure in group.figures.items():
                yield Sample(_gauge(name), {**known, **values, **of_group}, figure)


def name_samples(samples: Iterable[Sample], names: Names) -> Iterator[Sample]:
    """Yield the name of each project, user and API key among the labels of *samples*."""
    seen = {
        (label, each.labels["organization"], each.labels[label]): None
        for each in samples
        for label in NAMED
        if label in each.labels
    }
    for label, organization, id_ in seen:
        known = names.of(id_)
        name = known.name or known.email or id_ or f"no {label}"
        labels = {"organization": organization, label: id_, f"{label}_name": name}
        yield Sample(f"openai_usage_{label}_info", labels, 1)


def _gauge(measure: str) -> str:
    """Return the name of the gauge of a measure."""
    return COST if measure == "amount" else f"openai_usage_{measure.removeprefix('usage_')}"


def _first_currency(buckets: Sequence[Bucket[object]]) -> str:
    """Return the currency for a period without costs: the first in *buckets*, or `usd`."""
    amounts = (getattr(each, "amount", None) for bucket in buckets for each in bucket.results)
    return next((each.currency.lower() for each in amounts if each is not None), "usd")
