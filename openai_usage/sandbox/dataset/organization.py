"""The sandbox's organization, drawn from one seed: its projects, people, keys and their usage."""

import random
import string
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Self

from attrs import frozen

from openai_usage.sandbox.dataset.habits import (
    BILLS,
    COUNTED_AS,
    HABITS,
    KEYS,
    PEOPLE,
    Label,
    Workload,
)
from openai_usage.sandbox.dataset.rhythm import ArrivalProcess, CyclicAmounts


@frozen
class Source:
    """One steady source of usage, or of costs."""

    endpoint: str
    labels: Mapping[str, Label]
    """What its results belong to."""
    rhythm: ArrivalProcess
    counted_as: str | None
    """The measure that counts the events themselves, where there is one."""
    draws: Mapping[str, CyclicAmounts]
    """What an event takes, by measure."""
    price: Decimal | None = None
    """Dollars for one of `quantity`, where this is a line of the bill."""
    unit: str | None = None
    """What `quantity` counts."""

    def add(self, totals: dict[str, int | Decimal], before: int, after: int) -> None:
        """Add what the events from number *before* to number *after* come to."""
        if self.counted_as is not None:
            totals[self.counted_as] = totals.get(self.counted_as, 0) + after - before
        for measure, draws in self.draws.items():
            used = draws.between(before, after)
            totals[measure] = totals.get(measure, 0) + used
            if self.price is not None:
                totals["amount"] = totals.get("amount", Decimal(0)) + self.price * used


@frozen
class Organization:
    """Everything there is. The ids look like the API's; projects, users and keys have names."""

    id: str
    projects: Mapping[str, str]
    """The names of projects by id."""
    users: Mapping[str, str]
    """Who they are, by id: names as in `PEOPLE`."""
    keys: Mapping[str, str]
    """The names of API keys by id."""
    sources: tuple[Source, ...]

    @classmethod
    def from_seed(cls, seed: int) -> Self:
        """The same organization for the same *seed*."""
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
        stores = ids("vs_", (str(habit.labels.get("vector_store_id")) for habit in HABITS))

        def labels_of(habit: Workload) -> dict[str, Label]:
            key = KEYS[habit.key]
            labels = {
                "project_id": projects[key.project],
                "user_id": users[key.user] if key.user else None,
                "api_key_id": keys[habit.key],
                **habit.labels,
            }
            if "vector_store_id" in labels:
                labels["vector_store_id"] = stores[str(labels["vector_store_id"])]
            return labels

        return cls(
            id="org-" + "".join(chance.choices(string.ascii_letters, k=24)),
            projects={id_: name for name, id_ in projects.items()},
            users={id_: name for name, id_ in users.items()},
            keys={id_: name for name, id_ in keys.items()},
            sources=tuple(_sources(seed, labels_of)),
        )


def _sources(seed: int, labels_of: Callable[[Workload], dict[str, Label]]) -> Iterator[Source]:
    """Every habit as a source of usage, and once more for each line it puts on the bill."""
    for number, habit in enumerate(HABITS):
        chance = random.Random(f"{seed}/{number}")
        labels = labels_of(habit)
        rhythm = ArrivalProcess(chance, habit.per_day, habit.weights, KEYS[habit.key].ended_at)
        draws = {measure: CyclicAmounts(chance, *span) for measure, span in habit.takes.items()}
        counted_as = COUNTED_AS.get(habit.endpoint, "num_model_requests")
        yield Source(habit.endpoint, labels, rhythm, counted_as, draws)
        for measure, bill in BILLS.get(habit.endpoint, {}).items():
            if measure in draws:
                batch = "batch " if labels.get("batch") else ""
                yield Source(
                    endpoint="costs",
                    labels={
                        "api_source": "unlabeled",
                        **labels,
                        "line_item": f"{labels['model']}, {batch}{bill.item}",
                    },
                    rhythm=rhythm,
                    counted_as=None,
                    draws={"quantity": draws[measure]},
                    price=Decimal(bill.per_million) / 1_000_000,
                    unit=bill.unit,
                )
