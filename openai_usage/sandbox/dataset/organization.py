"""Generate the sandbox's organization from a seed: its projects, users, keys and their usage."""

import random
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

from attrs import field, frozen

from openai_usage.sandbox.dataset.arrivals import ArrivalProcess, CyclicAmounts, MonthlyEvent
from openai_usage.sandbox.dataset.prices import (
    MONTHLY_CHARGES,
    PRICES,
    UNITS,
    Price,
    Rate,
    line_item,
    rate_of,
)
from openai_usage.sandbox.dataset.workloads import (
    COUNTED_AS,
    KEYS,
    PEOPLE,
    WORKLOADS,
    Label,
    Workload,
)

Arrivals = ArrivalProcess | MonthlyEvent

_PRICES_OF: Mapping[Label, Sequence[Price]] = {
    model: tuple(price for price in PRICES if price.model == model)
    for model in dict.fromkeys(price.model for price in PRICES)
}
"""The prices of each model."""

_ONE_EACH = CyclicAmounts(random.Random(0), 1, 1)
"""The amounts of events that are billed by their number."""


@frozen
class Source:
    """A source of usage or of costs."""

    endpoint: str
    """The name of the endpoint that reports it."""
    labels: Mapping[str, Label]
    """The labels of its results."""
    arrivals: Arrivals
    """The times of its events."""
    counted_as: str | None
    """The measure that counts the events, or None if no measure does."""
    amounts: Mapping[str, CyclicAmounts]
    """The amounts that events use, by measure."""
    rate: Rate | None = None
    """The price of one unit of `quantity`, or None if this is usage."""
    unit: str | None = None
    """The unit of `quantity`, or None if the line item has no quantity."""
    workload: int = field(kw_only=True)
    """The number of the workload. Sources with the same number have the same events."""

    def add(self, totals: dict[str, int | Decimal], before: int, after: int, moment: int) -> None:
        """Add the amounts of the events from number *before* to number *after* to *totals*.

        Costs have buckets of a day, the one that begins at *moment*, and a day has one price.
        """
        if self.counted_as is not None:
            totals[self.counted_as] = totals.get(self.counted_as, 0) + after - before
        for measure, amounts in self.amounts.items():
            used = amounts.between(before, after)
            totals[measure] = totals.get(measure, 0) + used
            if self.rate is not None:
                totals["amount"] = totals.get("amount", 0) + self.rate.on(moment) * used


@frozen
class Organization:
    """A synthetic organization. Its ids look like the API's."""

    id: str
    """The id of the organization."""
    projects: Mapping[str, str]
    """The names of projects by id."""
    users: Mapping[str, str]
    """The short names of users, as in `PEOPLE`, by id."""
    keys: Mapping[str, str]
    """The names of API keys by id."""
    sources: tuple[Source, ...]
    """All usage and costs."""


@lru_cache(maxsize=16)
def organization_of(seed: int) -> Organization:
    """Return the organization of *seed*. All sandboxes of a process share it.

    Making one takes longer than answering a request, and a test suite starts many sandboxes.
    """
    chance = random.Random(f"{seed}/ids")

    def ids(prefix: str, names: Iterator[str], length: int = 24) -> dict[str, str]:
        letters = string.ascii_letters + string.digits
        return {
            name: prefix + "".join(chance.choices(letters, k=length))
            for name in dict.fromkeys(names)
        }

    projects = ids("proj_", (key.project for key in KEYS.values()))
    users = ids("user-", iter(PEOPLE))
    keys = ids("key_", iter(KEYS), 16)
    stores = ids("vs_", (str(each.labels.get("vector_store_id")) for each in WORKLOADS))

    def labels_of(workload: Workload) -> dict[str, Label]:
        key = KEYS[workload.key]
        labels = {
            "project_id": projects[key.project],
            "user_id": users[key.user] if key.user else None,
            "api_key_id": keys[workload.key],
            **workload.labels,
        }
        if "vector_store_id" in labels:
            labels["vector_store_id"] = stores[str(labels["vector_store_id"])]
        return labels

    return Organization(
        id="org-" + "".join(chance.choices(string.ascii_letters, k=24)),
        projects={id_: name for name, id_ in projects.items()},
        users={id_: name for name, id_ in users.items()},
        keys={id_: name for name, id_ in keys.items()},
        sources=(*_sources(seed, labels_of), *_monthly_charges(seed, projects)),
    )


def _sources(seed: int, labels_of: Callable[[Workload], dict[str, Label]]) -> Iterator[Source]:
    """Yield each workload as a source of usage, and as a source of costs for each line item."""
    for number, workload in enumerate(WORKLOADS):
        chance = random.Random(f"{seed}/{number}")
        labels = labels_of(workload)
        key = KEYS[workload.key]
        arrivals = ArrivalProcess(
            chance,
            workload.per_day,
            workload.weights,
            unusual=workload.unusual,
            started_at=key.started_at,
            ended_at=key.ended_at,
        )
        amounts = {
            measure: CyclicAmounts(chance, *span) for measure, span in workload.takes.items()
        }
        counted_as = COUNTED_AS.get(workload.endpoint, "num_model_requests")
        yield Source(workload.endpoint, labels, arrivals, counted_as, amounts, workload=number)
        tier = "batch" if labels.get("batch") else str(labels.get("service_tier"))
        for price in _PRICES_OF.get(labels.get("model"), ()):
            counted = price.measure == counted_as
            if counted or price.measure in amounts:
                yield Source(
                    endpoint="costs",
                    labels={
                        "api_source": "unlabeled",
                        **labels,
                        "line_item": line_item(price, tier, workload.product),
                    },
                    arrivals=arrivals,
                    counted_as=None,
                    amounts={"quantity": _ONE_EACH if counted else amounts[price.measure]},
                    rate=rate_of(price, tier),
                    unit=UNITS.get(price.measure, "tokens"),
                    workload=number,
                )


def _monthly_charges(seed: int, projects: Mapping[str, str]) -> Iterator[Source]:
    for number, charge in enumerate(MONTHLY_CHARGES, len(WORKLOADS)):
        chance = random.Random(f"{seed}/{charge.line_item}")
        yield Source(
            endpoint="costs",
            labels={
                "project_id": projects[charge.project],
                "user_id": None,
                "api_key_id": None,
                "line_item": charge.line_item,
                "api_source": "unlabeled",
            },
            arrivals=charge.event,
            counted_as=None,
            amounts={"quantity": CyclicAmounts(chance, *charge.cents)},
            rate=Rate(Decimal("0.01")),
            workload=number,
        )
