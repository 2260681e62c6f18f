"""Find what changed: compare the rows of each bucket with those that were stored before."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from itertools import groupby
from typing import Any, TypeAlias, cast

import pyarrow as pa

from openai_usage._decimals import exact_sum
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
    "currency": pa.string(),
    "before": _AMOUNT,
    "after": _AMOUNT,
}

CHANGES = pa.schema(_COLUMNS)
"""A row for each measure whose total changed in a bucket. `rows` is the number of rows."""

_ABOUT_THE_SYNC = ("organization", "read_at")
_NOT_ADDED = ("quantity",)
"""The numbers that have no total, because rows have different units."""

_ROUNDING = Context(prec=38, rounding=ROUND_HALF_EVEN)
_LAST_DIGIT = Decimal(1).scaleb(-_DECIMALS)

_Span: TypeAlias = tuple[datetime, datetime]
_Row: TypeAlias = Mapping[str, Any]
_Totals: TypeAlias = Mapping[tuple[str, str | None], Decimal]
"""The total of each measure of a bucket, and of money in each currency."""


def changes_between(
    before: pa.Table, after: pa.Table, *, started: datetime, over_at: datetime
) -> list[Change]:
    """Return the totals that changed, of each measure of each bucket, in time order.

    If the rows of a bucket differ and their totals do not, the change is of the measure `rows`,
    with the same number before and after.

    Args:
        before: The rows that were stored.
        after: The rows that replace them.
        started: The start of what was stored. Earlier buckets are new, which is not a change.
        over_at: The time at which *before* was read. A bucket that was not over then has grown
            since, which is not a change either.
    """
    # A version of this package that knows more columns adds them, which is not a change.
    columns = [
        name
        for name in after.column_names
        if name in before.column_names and name not in _ABOUT_THE_SYNC
    ]
    old, new = (_in_order(table.select(columns)) for table in (before, after))
    if old.equals(new):
        return []
    was, now = _by_bucket(old), _by_bucket(new)
    nothing = new.slice(0, 0)
    return [
        change
        for span in sorted(was.keys() | now.keys())
        if started <= span[0] and span[1] <= over_at
        for change in _compare(span, was.get(span, nothing), now.get(span, nothing))
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
            "currency": each.currency,
            "before": each.before,
            "after": each.after,
        }
        for each in changes
    ]
    return pa.Table.from_pylist(rows, CHANGES)


def _in_order(rows: pa.Table) -> pa.Table:
    """Return *rows* in an order that depends on nothing but their values."""
    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in rows.schema
    ]
    plain = rows.cast(pa.schema([each.with_nullable(nullable=True) for each in fields]))
    names = dict.fromkeys(["start", "end", *plain.column_names])
    return plain.sort_by([(name, "ascending") for name in names]).combine_chunks()


def _by_bucket(rows: pa.Table) -> dict[_Span, pa.Table]:
    """Return the rows of each bucket. They are in the order of the buckets."""
    # Not with `group_by`, whose groups are in an order of their own.
    starts = cast("list[datetime]", rows.column("start").to_pylist())
    ends = cast("list[datetime]", rows.column("end").to_pylist())
    found: dict[_Span, pa.Table] = {}
    place = 0
    for span, same in groupby(zip(starts, ends, strict=True)):
        count = sum(1 for _ in same)
        found[span] = rows.slice(place, count)
        place += count
    return found


def _compare(span: _Span, was: pa.Table, now: pa.Table) -> Iterator[Change]:
    if was.equals(now):
        return
    kind: Kind = (
        "restated" if was.num_rows and now.num_rows else "removed" if was.num_rows else "added"
    )
    old, new = _totals(was.to_pylist()), _totals(now.to_pylist())
    different = [key for key in dict.fromkeys([*old, *new]) if old.get(key, 0) != new.get(key, 0)]
    start, end = (int(each.timestamp()) for each in span)
    for measure, currency in different or [("rows", None)]:
        yield Change(
            start_time=start,
            end_time=end,
            kind=kind,
            measure=measure,
            currency=currency,
            before=_rounded(old.get((measure, currency), Decimal(0))),
            after=_rounded(new.get((measure, currency), Decimal(0))),
        )


def _totals(rows: Sequence[_Row]) -> _Totals:
    """Return the totals of a bucket: of the number of rows, and of every measure."""
    numbers: defaultdict[tuple[str, str | None], list[Decimal]] = defaultdict(list)
    for row in rows:
        for name, value in row.items():
            if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
                currency = row.get("currency") if isinstance(value, Decimal) else None
                numbers[name, currency].append(Decimal(value))
    sums = {key: exact_sum(each) for key, each in numbers.items() if key[0] not in _NOT_ADDED}
    return {("rows", None): Decimal(len(rows)), **sums}


def _rounded(total: Decimal) -> Decimal:
    return total.quantize(_LAST_DIGIT, context=_ROUNDING)
