"""Find what changed: compare the rows of each bucket with those that were stored before."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, TypeAlias

import pyarrow as pa

from openai_usage._number_format import Number
from openai_usage.sync.results import Change, Kind

__all__ = ["CHANGES", "changes_between", "changes_table"]

_DECIMALS = 12
_TIMES = pa.timestamp("us", tz="UTC")
_AMOUNT = pa.decimal128(38, _DECIMALS)
"""The type of totals. Rows have more decimals, and it is those that are compared."""

_COLUMNS: Mapping[str, pa.DataType] = {
    "read_at": _TIMES,
    "organization": pa.string(),
    "endpoint": pa.string(),
    "start": _TIMES,
    "end": _TIMES,
    "kind": pa.string(),
    "measure": pa.string(),
    "before": _AMOUNT,
    "after": _AMOUNT,
}

CHANGES = pa.schema(_COLUMNS)
"""A row for each measure whose total changed in a bucket. `rows` is the number of rows."""

_ROUNDING = Context(prec=38, rounding=ROUND_HALF_EVEN)
_LAST_DIGIT = Decimal(1).scaleb(-_DECIMALS)

_Totals: TypeAlias = Mapping[str, Number]
"""The total of each measure of a bucket."""

_Span: TypeAlias = tuple[datetime, datetime]


def changes_between(
    before: pa.Table, after: pa.Table, *, started: datetime, over_at: datetime
) -> list[Change]:
    """Return the totals that changed, of each measure of each bucket, in time order.

    Args:
        before: The rows that were stored.
        after: The rows that replace them.
        started: The start of what was stored. Earlier buckets are new, which is not a change.
        over_at: The time at which *before* was read. A bucket that was not over then has grown
            since, which is not a change either.
    """
    old, new = _totals(before), _totals(after)
    return [
        change
        for span in sorted(old.keys() | new.keys())
        if started <= span[0] and span[1] <= over_at
        for change in _compare(span, old.get(span, {}), new.get(span, {}))
    ]


def changes_table(changes: Iterable[Change], **about: object) -> pa.Table:
    """Return changes as rows for a sink, after `read_at`, `organization` and `endpoint`."""
    rows: list[Mapping[str, object]] = [
        {
            **about,
            "start": each.start,
            "end": each.end,
            "kind": each.kind,
            "measure": each.measure,
            "before": each.before,
            "after": each.after,
        }
        for each in changes
    ]
    return pa.Table.from_pylist(rows, CHANGES)


def _compare(span: _Span, was: _Totals, now: _Totals) -> Iterator[Change]:
    kind: Kind = "restated" if was and now else "removed" if was else "added"
    start, end = (int(each.timestamp()) for each in span)
    for measure in dict.fromkeys([*was, *now]):
        before, after = was.get(measure, 0), now.get(measure, 0)
        if before != after:
            yield Change(
                start_time=start,
                end_time=end,
                kind=kind,
                measure=measure,
                before=_rounded(before),
                after=_rounded(after),
            )


def _rounded(total: Number) -> Decimal:
    return Decimal(total).quantize(_LAST_DIGIT, context=_ROUNDING)


def _totals(rows: pa.Table) -> dict[_Span, _Totals]:
    """Return the totals of each bucket: of the number of rows, and of every number in them."""
    measures = [field.name for field in rows.schema if _is_number(field.type)]
    sums: Any = [(name, "sum") for name in measures]  # the stubs take only literal names
    grouped = rows.group_by(["start", "end"], use_threads=False)
    columns = grouped.aggregate([*sums, ([], "count_all")]).to_pydict()
    names = {"rows": "count_all", **{name: f"{name}_sum" for name in measures}}
    return {
        span: {name: columns[column][place] or 0 for name, column in names.items()}
        for place, span in enumerate(zip(columns["start"], columns["end"], strict=True))
    }


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_floating(kind)
