"""DeltaStates: the states of a copy in Delta Lake, each with the one before it."""

import json
from collections import defaultdict
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc
from attrs import asdict, field, fields, frozen

from openai_usage.sync.delta_table import DeltaTable
from openai_usage.sync.sink import State
from openai_usage.sync.stored_sink import STATES, state_table, states_in

__all__ = ["DELTA_STATES", "DeltaStates", "Record"]

_MORE: Mapping[str, pa.DataType] = {
    "sequence": pa.int64(),
    "changes_since": pa.int64(),
    "previous": pa.string(),
}

DELTA_STATES = pa.schema([*STATES, *pa.schema(_MORE)])
"""A row for each endpoint of each organization: the state, and the one before it as JSON."""


@frozen
class Record:
    """The state of an endpoint of an organization, as it is stored before the rows are."""

    state: State
    sequence: int
    """The number of the replacement that stored it."""
    changes_since: int
    """The number of the first replacement whose changes count: 0, or that of the last rebuild."""
    previous: str | None = field(default=None, repr=False)
    """The record before, which counts until the rows are committed. Its own one is left out."""

    def as_of(self, sequence: int) -> "Record | None":
        """Return the record that counts if *sequence* is the last number that was committed."""
        if self.sequence <= sequence:
            return self
        return None if self.previous is None else _from_json(self.previous).as_of(sequence)

    @property
    def is_rebuild(self) -> bool:
        """True if the replacement removed all rows and changes first."""
        return self.changes_since == self.sequence

    def to_json(self) -> str:
        """Return this record as the previous one of another."""
        numbers = {"sequence": self.sequence, "changes_since": self.changes_since}
        return json.dumps({**asdict(self.state), **numbers})


class DeltaStates:
    """The table of states. It is small, so each write replaces all of it by one file."""

    def __init__(self, table: DeltaTable) -> None:
        self._table = table
        self._rows = table.rows()
        self._records = _records_in(self._rows)

    def refresh(self) -> None:
        """See what others wrote."""
        if self._table.refresh():
            self._rows = self._table.rows()
            self._records = _records_in(self._rows)

    def endpoints(self) -> list[str]:
        """Return the endpoints that have a state."""
        return [*self._records]

    def records(self, endpoint: str) -> Mapping[str, Record]:
        """Return the records of an endpoint, by organization."""
        return self._records.get(endpoint, {})

    def write(self, endpoint: str, records: Mapping[str, Record | None]) -> None:
        """Replace the records of some organizations. None removes one."""
        replaced = pc.and_(
            pc.equal(self._rows.column("endpoint"), pa.scalar(endpoint)),
            pc.is_in(self._rows.column("organization"), pa.array([*records])),
        )
        new = [_row(endpoint, label, each) for label, each in records.items() if each]
        # The other rows keep columns that a newer version of this package may have added.
        rows = pa.concat_tables(
            [self._rows.filter(pc.invert(replaced)), *new], promote_options="default"
        )
        self._table.replace(None, rows)
        self._rows = rows
        kept = {**self.records(endpoint), **records}
        self._records[endpoint] = {label: each for label, each in kept.items() if each}


def _row(endpoint: str, organization: str, record: Record) -> pa.Table:
    """Return a record as a row of the table."""
    row = state_table(endpoint, organization, record.state)
    for name, kind in _MORE.items():
        row = row.append_column(pa.field(name, kind), pa.array([getattr(record, name)], kind))
    return row


def _records_in(rows: pa.Table) -> dict[str, dict[str, Record]]:
    """Return the records by endpoint and organization."""
    found: defaultdict[str, dict[str, Record]] = defaultdict(dict)
    more = zip(*(rows.column(name).to_pylist() for name in _MORE), strict=True)
    for ((endpoint, label), state), values in zip(states_in(rows).items(), more, strict=True):
        found[endpoint][label] = Record(state, *values)
    return dict(found)


def _from_json(text: str) -> Record:
    values = json.loads(text)
    # A newer version of this package may have stored more.
    state = State(**{each.name: values[each.name] for each in fields(State)})
    return Record(state, values["sequence"], values["changes_since"])
