"""Costs in FOCUS as an Arrow table. Needs the extra `[arrow]`.

The schema depends only on the version of FOCUS. Times are in UTC, text columns are dictionaries,
and money and quantities are decimals with 24 places.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from openai_usage._digits import Rounding
from openai_usage._extras import missing_library
from openai_usage.errors import ColumnError
from openai_usage.integrations.focus import AS_ROWS, FocusRow, focus_rows, focus_text
from openai_usage.integrations.focus_columns import FocusColumn, FocusVersion, focus_columns
from openai_usage.names import Names
from openai_usage.schema.results import Bucket, CostsResult
from openai_usage.schema.times import Timestamp

try:
    import pyarrow as pa
except ModuleNotFoundError as error:
    raise missing_library(str(error.name), "arrow") from None

from openai_usage._arrow_types import MISFITS, types_of

__all__ = ["focus_schema", "focus_table"]

_TYPES = types_of("decimal")


def focus_schema(version: FocusVersion = "1.2") -> pa.Schema:
    """Return the schema of a version.

    Raises:
        InvalidQueryError: *version* is not one of its allowed values.
    """
    return pa.schema(
        [
            pa.field(each.name, _TYPES[each.kind].arrow, each.nullable)
            for each in focus_columns(version)
        ]
    )


def focus_table(
    buckets: Iterable[Bucket[CostsResult]],
    *,
    version: FocusVersion = "1.2",
    names: Names | None = None,
    billing_account: str | None = None,
    now: Timestamp | None = None,
    rounding: Rounding | None = None,
) -> pa.Table:
    """Return the rows of `focus_rows` as a table. See there for the arguments.

    Add the rounded values to *rounding*, so that they can be reported once for several tables. If
    it is None, log them.

    Raises:
        ColumnError: The organization of a result is not known, or a number has too many digits.
        InvalidQueryError: *version* or *now* is not valid.
    """
    counted = Rounding() if rounding is None else rounding
    rows = focus_rows(
        buckets, version=version, names=names, billing_account=billing_account, now=now
    )
    arrays = [_array(column, rows, counted) for column in focus_columns(version)]
    if rounding is None:
        counted.log("organization/costs", "focus_rows()")
    return pa.Table.from_arrays(arrays, schema=focus_schema(version))


def _array(column: FocusColumn, rows: Sequence[FocusRow], rounding: Rounding) -> "pa.Array[Any]":
    kind = _TYPES[column.kind]
    values: list[Any] = [row[column.name] for row in rows]
    if column.kind is datetime:
        values = [int(each.timestamp()) for each in values]
    try:
        return kind.array(values, partial(rounding.add, column.name))
    except MISFITS:
        start, value = next(
            (row["ChargePeriodStart"], value)
            for row, value in zip(rows, values, strict=True)
            if not kind.fits(value)
        )
    raise ColumnError(
        f"{column.name} is about {value:.3g} in the row that begins at {focus_text(start)}. Its "
        f"column, {kind.arrow}, holds {kind.holds}.",
        column=column.name,
        hint=AS_ROWS,
    )
