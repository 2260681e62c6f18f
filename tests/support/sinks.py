"""Rows to be stored in sinks, and sinks of every kind to store them in."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from openai_usage.schema.windows import Window
from openai_usage.sync import DeltaSink, DuckDBSink, State
from openai_usage.sync.changes import CHANGES
from openai_usage.sync.stored_sink import StoredSink
from tests.conftest import DAY, TODAY

Open: TypeAlias = Callable[..., StoredSink]
"""A function that opens a sink of one kind, with the options that all kinds have."""

_TIMES: pa.DataType = pa.timestamp("us", tz="UTC")

SPAN = Window(TODAY - DAY, TODAY + 2 * DAY)
EVER = Window(0, TODAY + 9 * DAY)
NOON = datetime.fromtimestamp(TODAY + DAY // 2, UTC)
STATE = State(
    layout="1d", started=0, settled_until=TODAY, read_until=TODAY + 2 * DAY, read_at=TODAY + DAY + 5
)


def kinds(folder: Path) -> Mapping[str, Open]:
    """Return how to open a sink of each kind, with a place of its own in *folder*."""
    return {
        "duckdb": lambda **options: DuckDBSink(folder / "usage.duckdb", **options),
        "delta": lambda **options: DeltaSink(folder / "lake", **options),
    }


def rows(days: int = 2, organization: str = "acme", **more: object) -> pa.Table:
    """A row for each day, of which the last is not over when it is read."""
    start = datetime.fromtimestamp(TODAY - DAY, UTC)
    text: pa.DataType = pa.dictionary(pa.int32(), pa.string())
    types = {"organization": text, **dict.fromkeys(("read_at", "start", "end"), _TIMES)}
    types |= {each.name: each.type for each in pa.Table.from_pylist([more]).schema}
    return pa.Table.from_pylist(
        [
            {
                "organization": organization,
                "read_at": datetime.fromtimestamp(STATE.read_at, UTC),
                "start": start + timedelta(days=day),
                "end": start + timedelta(days=day + 1),
                **more,
            }
            for day in range(days)
        ],
        pa.schema(types),
    )


def changes(organization: str = "acme", measure: str = "amount") -> pa.Table:
    """A change of one measure of costs."""
    change = {"read_at": NOON, "endpoint": "costs", "start": NOON, "end": NOON, "kind": "added"}
    more = {"organization": organization, "measure": measure}
    return pa.Table.from_pylist([{**change, **more}], CHANGES)


def replace(sink: StoredSink, found: pa.Table, endpoint: str = "costs", **more: Any) -> None:
    """Replace three days of an endpoint of acme, or of what *more* says."""
    options: dict[str, Any] = {
        "organization": "acme",
        "span": SPAN,
        "state": STATE,
        "changes": CHANGES.empty_table(),
    }
    sink.replace(endpoint, rows=found, **{**options, **more})


def contents(sink: StoredSink) -> Mapping[str, object]:
    """Return all that a sink has, in an order that depends on nothing but the values."""
    found: dict[str, object] = {"states": dict(sink.states()), "changes": _sorted(sink.changes())}
    for endpoint, label in sink.states():
        stored = sink.rows(endpoint, label, EVER)
        assert stored is not None
        found[f"{endpoint} of {label}"] = _sorted(stored)
    return found


def _sorted(table: pa.Table) -> list[Mapping[str, object]]:
    return sorted(table.to_pylist(), key=str)
