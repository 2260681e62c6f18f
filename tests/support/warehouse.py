"""Rows for a warehouse, with a column of each type, and copies in it to compare."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from attrs import evolve

from openai_usage.schema.windows import Window
from openai_usage.sync import State
from openai_usage.sync.changes import CHANGES
from openai_usage.sync.stored_sink import StoredSink
from tests.conftest import DAY, TODAY

_TIMES = pa.timestamp("us", tz="UTC")
_TEXTS = pa.dictionary(pa.int32(), pa.string())

FIELDS = [
    pa.field("organization", _TEXTS),
    pa.field("read_at", _TIMES, nullable=False),
    pa.field("start", _TIMES, nullable=False),
    pa.field("end", _TIMES, nullable=False),
    pa.field("model", _TEXTS),
    pa.field("amount", pa.decimal128(38, 24)),
    pa.field("batch", pa.bool_()),
    pa.field("requests", pa.int64(), nullable=False),
    pa.field("level", pa.float64()),
]

TEXTS = ["", None, "a \"b\", 'c'\n\t\\N \\.", "{ö} %s", "NULL"]
AMOUNTS = ["12345678901234.123456789012345678901234", "-1E-24", "0", None, "0.1"]

SPAN = Window(TODAY, TODAY + 10 * DAY)
STATE = State(
    layout="1d by model",
    started=TODAY,
    settled_until=TODAY + DAY,
    read_until=TODAY + 5 * DAY,
    read_at=TODAY + 5 * DAY + 7,
)


def at(day: int) -> datetime:
    return datetime.fromtimestamp(TODAY, UTC) + timedelta(days=day)


def rows(days: int, label: str = "acme", **more: object) -> pa.Table:
    """A row for each day."""
    fields = [*FIELDS, *(pa.field(name, pa.string(), nullable=False) for name in more)]
    made = [
        {
            "organization": label,
            "read_at": at(9),
            "start": at(day),
            "end": at(day + 1),
            "model": TEXTS[day % 5],
            "amount": None if (amount := AMOUNTS[day % 5]) is None else Decimal(amount),
            "batch": [True, False, None][day % 3],
            "requests": 2**62 + day,
            "level": [0.1, None][day % 2],
            **more,
        }
        for day in range(days)
    ]
    return pa.Table.from_pylist(made, pa.schema(fields))


def changes(*days: int, label: str = "acme", endpoint: str = "costs") -> pa.Table:
    """A change of each of the days."""
    about = {"read_at": at(9), "organization": label, "endpoint": endpoint, "kind": "restated"}
    figures = {"measure": "amount", "currency": "usd", "before": Decimal("0.1"), "after": None}
    return pa.Table.from_pylist(
        [{**about, **figures, "start": at(day), "end": at(day + 1)} for day in days], CHANGES
    )


def replace(
    sink: StoredSink,
    found: pa.Table,
    *changed: int,
    label: str = "acme",
    span: Window = SPAN,
    rebuild: bool = False,
) -> State:
    """Replace the rows of costs, and return the state that is stored with them."""
    state = evolve(STATE, read_until=STATE.read_until + found.num_rows)
    sink.replace(
        "costs",
        label,
        span,
        rows=found,
        state=state,
        changes=changes(*changed, label=label),
        rebuild=rebuild,
    )
    return state


def read(sink: StoredSink, label: str = "acme", endpoint: str = "costs") -> list[dict[str, Any]]:
    """Return all rows of an endpoint, in an order of their own."""
    found = sink.rows(endpoint, label, Window(0, 2 * TODAY))
    assert found is not None
    return in_order(found)


def in_order(table: pa.Table) -> list[dict[str, Any]]:
    return sorted(table.to_pylist(), key=str)


def days_of(table: pa.Table) -> Sequence[datetime]:
    """Return the days of the rows, in order."""
    return sorted(each["start"] for each in table.to_pylist())


def everything(sink: StoredSink, *endpoints: str) -> Mapping[str, object]:
    """Return all that a sink has of some endpoints."""
    return {
        "states": sink.states(),
        "changes": in_order(sink.changes()),
        **{name: read(sink, endpoint=name) for name in endpoints},
    }
