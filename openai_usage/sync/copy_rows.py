"""Turn the rows of a copy back into buckets, grouped and filtered as a query asks."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from openai_usage._decimals import exact_sum
from openai_usage._text import listed
from openai_usage.endpoints import Endpoint
from openai_usage.errors import NOT_IN_COPY, SyncError
from openai_usage.schema.amount import Amount
from openai_usage.schema.columns import Column, columns_of
from openai_usage.schema.pages import Bucket
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.times import SECONDS
from openai_usage.schema.windows import Window
from openai_usage.sync.layouts import Layout
from openai_usage.sync.sink import Sink, State

_ONLY_WITH = {"project_name": "project_id", "quantity": "line_item", "quantity_unit": "line_item"}
"""The fields that results only have if they are grouped by another one."""


class CopyRows:
    """The copy of one endpoint of one organization, for one query."""

    def __init__(
        self, sink: Sink, organization: str, endpoint: Endpoint[..., Any], query: RangeQuery
    ) -> None:
        self.sink = sink
        self.organization = organization
        self.endpoint = endpoint
        self.query = query

    def buckets(self, window: Window) -> tuple[Bucket[Any], ...]:
        """Return the buckets of a part of the range, as far as the copy has it.

        Every bucket is whole, even if the range begins or ends within it.

        Raises:
            SyncError: The copy does not have the endpoint, or not with these labels or buckets.
        """
        state = self._state()
        width = SECONDS[self.query.bucket_width]
        first = max(window.start_time // width * width, -(-state.started // width) * width)
        end = min(-(-window.end_time // width) * width, self._known_until(state, width))
        if first >= end:
            return ()
        rows = self.sink.rows(self.endpoint.name, self.organization, Window(first, end))
        results = {} if rows is None else self._results(rows, width)
        return tuple(
            Bucket(start_time=start, end_time=start + width, results=tuple(results.get(start, ())))
            for start in range(first, end, width)
        )

    def _state(self) -> State:
        name = self.endpoint.name
        state = self.sink.state(name, self.organization)
        if state is None:
            raise SyncError(
                f"the copy has no {name} of {self.organization}.", hint="Sync this endpoint first."
            )
        layout = Layout.parse(state.layout)
        stored = layout.group_by
        lacking = [each for each in [*self._group_by, *self._filters] if each not in stored]
        if lacking:
            raise SyncError(
                f"the copy has {name} by {listed(stored or ['nothing'], 'and')}, and not by "
                f"{listed(lacking, 'and')}.",
                hint=NOT_IN_COPY,
            )
        if layout.width > SECONDS[self.query.bucket_width]:
            raise SyncError(
                f"the copy has {name} in buckets of {layout.bucket_width}, and not of "
                f"{self.query.bucket_width}.",
                hint=NOT_IN_COPY,
            )
        return state

    def _known_until(self, state: State, width: int) -> int:
        """Return the end of the buckets that the copy has.

        The last one is in progress. If its time is over by now, the copy has only a part of it.
        """
        end = -(-state.read_until // width) * width
        return end if end > time.time() else state.read_until // width * width

    @property
    def _group_by(self) -> Sequence[str]:
        return getattr(self.query, "group_by", None) or ()

    @property
    def _filters(self) -> Mapping[str, Sequence[object]]:
        """Return the wanted labels, by the field that has them: `model` for `models`."""
        names = ["project_ids", *(each.name for each in self.endpoint.filters)]
        given = {name: getattr(self.query, name) for name in names}
        return {
            name.removesuffix("s"): values if isinstance(values, Sequence) else [values]
            for name, values in given.items()
            if values is not None
        }

    def _results(self, rows: pa.Table, width: int) -> dict[int, list[Any]]:
        """Return the results of each bucket, by its start."""
        columns = {each.name: each for each in columns_of(self.endpoint.result)}
        for name, values in self._filters.items():
            column = rows.column(name)
            rows = rows.filter(pc.is_in(column, pa.array(values, column.type)))
        seconds = pc.divide(pc.cast(rows.column("start"), pa.int64()), 1_000_000)
        starts = pc.multiply(pc.divide(seconds, width), width)
        rows = rows.append_column("_start", seconds).append_column("_bucket", starts)
        if not all(each.metadata.get("adds_up", True) for each in self.endpoint.measures):
            rows = _latest(rows)
        keys = ["_bucket", *self._group_by, *(["currency"] if "currency" in columns else [])]
        sums = {
            name: "sum" if column.kind in (int, float, Decimal) else "first"
            for name, column in columns.items()
            if self._has(name, column) and name in rows.column_names and name not in keys
        }
        options = pc.ScalarAggregateOptions(min_count=1)
        # The stubs take only literal names.
        wanted: Any = [(name, how, options if how == "sum" else None) for name, how in sums.items()]
        grouped = rows.group_by(keys, use_threads=False).aggregate(wanted)
        names = [*keys, *sums]
        found: dict[int, list[Any]] = {}
        for row in sorted(grouped.rename_columns(names).to_pylist(), key=_order(keys)):
            found.setdefault(row["_bucket"], []).append(_result(self.endpoint.result, row, columns))
        return found

    def _has(self, name: str, column: Column) -> bool:
        """Return whether results that are grouped as the query asks have a column."""
        decisive = _ONLY_WITH.get(name)
        is_label = name in self.endpoint.group_by
        is_of_bucket = column.kind is datetime
        return not (column.derived_from or is_label or is_of_bucket) and (
            decisive is None or decisive in self._group_by
        )


def _latest(rows: pa.Table) -> pa.Table:
    """Return the rows of the last stored bucket in each bucket, whose levels count."""
    starts: Any = rows.group_by(["_bucket"]).aggregate([("_start", "max")])
    return rows.filter(pc.is_in(rows.column("_start"), starts.column("_start_max")))


def _order(keys: Sequence[str]) -> Callable[[Mapping[str, Any]], list[tuple[bool, str]]]:
    return lambda row: [(row[key] is not None, str(row[key])) for key in keys]


def _result(kind: type, row: Mapping[str, Any], columns: Mapping[str, Column]) -> Any:
    """Return a row as a result."""
    fields: dict[str, Any] = {}
    for name, value in row.items():
        if name in columns:
            field, _, part = columns[name].path.partition(".")
            plain = exact_sum([value]) if isinstance(value, Decimal) else value
            if part:
                fields.setdefault(field, {})[part] = plain
            else:
                fields[field] = plain
    return kind(**{name: _amount(value) for name, value in fields.items()})


def _amount(value: Any) -> Any:
    return Amount(**value) if isinstance(value, dict) else value
