"""Generate the sandbox's organization from a seed: its projects, users, keys and their usage."""

import random
import string
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache

from attrs import frozen

from openai_usage.sandbox.dataset.arrivals import ArrivalProcess, CyclicAmounts
from openai_usage.sandbox.dataset.workloads import (
    BILLS,
    COUNTED_AS,
    KEYS,
    PEOPLE,
    WORKLOADS,
    Label,
    Workload,
)


@frozen
class Source:
    """A source of usage or of costs."""

    endpoint: str
    """The name of the endpoint that reports it."""
    labels: Mapping[str, Label]
    """The labels of its results."""
    arrivals: ArrivalProcess
    """The times of its events."""
    counted_as: str | None
    """The measure that counts the events, or None if no measure does."""
    amounts: Mapping[str, CyclicAmounts]
    """The amounts that events use, by measure."""
    price: Decimal | None = None
    """The price of one unit of `quantity` in dollars, or None if this is usage."""
    unit: str | None = None
    """The unit of `quantity`."""

    def add(self, totals: dict[str, int | Decimal], before: int, after: int) -> None:
        """Add the amounts of the events from number *before* to number *after* to *totals*."""
        if self.counted_as is not None:
            totals[self.counted_as] = totals.get(self.counted_as, 0) + after - before
        for measure, amounts in self.amounts.items():
            used = amounts.between(before, after)
            totals[measure] = totals.get(measure, 0) + used
            if self.price is not None:
                totals["amount"] = totals.get("amount", Decimal(0)) + self.price * used


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
        sources=tuple(_sources(seed, labels_of)),
    )


def _sources(seed: int, labels_of: Callable[[Workload], dict[str, Label]]) -> Iterator[Source]:
    """Yield each workload as a source of usage, and as a source of costs for each line item."""
    for number, workload in enumerate(WORKLOADS):
        chance = random.Random(f"{seed}/{number}")
        labels = labels_of(workload)
        arrivals = ArrivalProcess(
            chance, workload.per_day, workload.weights, KEYS[workload.key].ended_at
        )
        amounts = {
            measure: CyclicAmounts(chance, *span) for measure, span in workload.takes.items()
        }
        counted_as = COUNTED_AS.get(workload.endpoint, "num_model_requests")
        yield Source(workload.endpoint, labels, arrivals, counted_as, amounts)
        for measure, bill in BILLS.get(workload.endpoint, {}).items():
            if measure in amounts:
                batch = "batch " if labels.get("batch") else ""
                yield Source(
                    endpoint="costs",
                    labels={
                        "api_source": "unlabeled",
                        **labels,
                        "line_item": f"{labels['model']}, {batch}{bill.item}",
                    },
                    arrivals=arrivals,
                    counted_as=None,
                    amounts={"quantity": amounts[measure]},
                    price=Decimal(bill.per_million) / 1_000_000,
                    unit=bill.unit,
                )
