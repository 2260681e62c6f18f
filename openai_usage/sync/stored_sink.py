"""StoredSink: the base of the sinks of this package, which can also list what they have."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Self, TypeAlias

import pyarrow as pa

from openai_usage.schema.windows import Window
from openai_usage.sync.results import Lag
from openai_usage.sync.sink import State

__all__ = ["STATES", "States", "StoredSink", "state_table", "states_in"]

_TIMES = ("started", "settled_until", "read_until", "read_at")
"""The times of a state."""

_TEXTS = ("organization", "endpoint", "layout", "organization_id")

_KINDS: Mapping[str, pa.DataType] = {
    **dict.fromkeys(_TEXTS, pa.string()),
    **dict.fromkeys(_TIMES, pa.timestamp("us", tz="UTC")),
}

STATES = pa.schema(_KINDS)
"""A row for each endpoint of each organization."""

States: TypeAlias = Mapping[tuple[str, str], State]
"""States by endpoint and organization."""


def state_table(endpoint: str, organization: str, state: State) -> pa.Table:
    """Return a state as a row for a sink."""
    row: dict[str, object] = {"endpoint": endpoint, "organization": organization}
    row |= {"layout": state.layout, "organization_id": state.organization_id}
    row |= {name: datetime.fromtimestamp(getattr(state, name), UTC) for name in _TIMES}
    return pa.Table.from_pylist([row], STATES)


def states_in(rows: pa.Table) -> States:
    """Return the states that a sink has stored as *rows*."""
    found: dict[tuple[str, str], State] = {}
    for row in rows.to_pylist():
        times = {name: int(row[name].timestamp()) for name in _TIMES}
        found[row["endpoint"], row["organization"]] = State(
            layout=row["layout"], organization_id=row["organization_id"], **times
        )
    return found


class StoredSink(ABC):
    """A sink that lists what it has. Use it in a `with` block, or close it."""

    @abstractmethod
    def states(self, endpoint: str | None = None, organization: str | None = None) -> States:
        """Return the states by endpoint and organization: all, or those of one of them."""

    @abstractmethod
    def rows(self, endpoint: str, organization: str, span: Window) -> pa.Table | None:
        """Return the rows whose buckets start in *span*, or None before their table exists."""

    @abstractmethod
    def changes(self) -> pa.Table:
        """Return what changed: a row for each measure of a bucket that had been over before."""

    @abstractmethod
    def replace(
        self,
        endpoint: str,
        organization: str,
        span: Window,
        *,
        rows: pa.Table,
        state: State,
        changes: pa.Table,
        rebuild: bool = False,
    ) -> None:
        """Replace the rows whose buckets start in *span*, and store the state and the changes.

        With *rebuild*, first remove all rows and changes of the endpoint and the organization.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the sink, once a call in another thread has ended."""

    def state(self, endpoint: str, organization: str) -> State | None:
        """Return the state of an endpoint, or None if nothing was stored."""
        return self.states(endpoint, organization).get((endpoint, organization))

    def layouts(self, endpoint: str) -> Mapping[str, str]:
        """Return the layout of the rows of an endpoint, by organization."""
        return {label: state.layout for (_, label), state in self.states(endpoint).items()}

    def organizations(self) -> list[str]:
        """Return the labels of the organizations that were stored."""
        return sorted({label for _, label in self.states()})

    def read_at(self, organization: str) -> int | None:
        """Return the time of the latest read of an organization, in Unix seconds."""
        states = self.states(organization=organization).values()
        return max((each.read_at for each in states), default=None)

    def lags(self) -> list[Lag]:
        """Return how long after the end of buckets changes were found, by endpoint."""
        buckets: defaultdict[str, set[tuple[str, datetime]]] = defaultdict(set)
        latest: defaultdict[str, timedelta] = defaultdict(timedelta)
        for row in self.changes().to_pylist():
            name = row["endpoint"]
            buckets[name].add((row["organization"], row["start"]))
            latest[name] = max(latest[name], row["read_at"] - row["end"])
        return [
            Lag(endpoint=name, buckets=len(buckets[name]), latest=latest[name])
            for name in sorted(buckets)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()
