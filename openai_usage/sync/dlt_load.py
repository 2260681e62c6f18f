"""Load: bring the rows of one chunk into incoming tables with dlt, and move them from there.

The engine has read the rows, and made a table of each type that they need. So dlt has nothing to
fetch or to infer, and a plain resource of a finished table is enough.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import dlt
import pyarrow as pa
import pyarrow.compute as pc
from attrs import field, frozen

from openai_usage.errors import SyncError
from openai_usage.sync.dlt_tables import Columns, Condition, DltTables, is_text

__all__ = ["Load", "Part"]

_LOAD_ID = "load_id"
"""The column of incoming tables that tells the rows of this load from those of another."""


@frozen
class Part:
    """The rows of one table."""

    table: str
    rows: pa.Table = field(repr=False)
    replaced: Condition | None
    """The rows that are deleted before these are inserted."""

    @property
    def incoming(self) -> str:
        """The table into which dlt loads the rows."""
        return f"_incoming_{self.table}"


class Load:
    """The rows of one chunk, on their way into the tables of a copy."""

    def __init__(self, parts: Sequence[Part], tables: DltTables) -> None:
        self._parts = parts
        self._names = [(tables.name(each.table), tables.name(each.incoming)) for each in parts]
        self._id = uuid4().hex

    def resources(self) -> Iterator[Any]:
        """Yield what dlt has to load: the incoming rows, and no rows for the tables of the copy.

        With no rows, dlt creates a table, or adds the columns that it does not have yet.
        """
        for part, (table, incoming) in zip(self._parts, self._names, strict=True):
            rows = _nullable(part.rows)
            yield dlt.resource([rows.slice(0, 0)], name=table, write_disposition="append")
            ids = pa.repeat(self._id, rows.num_rows)
            arriving = _without_empty_text(rows, self._id).append_column(_LOAD_ID, ids)
            yield dlt.resource([arriving], name=incoming, write_disposition="replace")

    def move(self, tables: DltTables) -> None:
        """Move the incoming rows into the tables of the copy, in one transaction.

        Raises:
            SyncError: The incoming rows are not those of this load, each once.
        """
        mine: Condition = [(_LOAD_ID, "=", self._id)]
        with tables.client.sql_client.begin_transaction():
            for part in self._parts:
                arrived = tables.count(part.incoming, mine)
                if arrived != part.rows.num_rows:
                    raise SyncError(
                        f"the warehouse has {arrived} of {part.rows.num_rows} new rows for "
                        f"{tables.name(part.table)}: another sync has taken the others away.",
                        hint="Run only one sync at a time, and run it again.",
                    )
            for part in self._parts:
                if part.replaced is not None:
                    tables.delete(part.table, part.replaced)
                # The configuration of dlt may add columns of its own to all tables.
                columns = {**tables.columns(part.incoming), **_types(part.rows)}
                del columns[_LOAD_ID]
                tables.copy(part.incoming, part.table, columns, mine, empty=self._id)


def _types(rows: pa.Table) -> Columns:
    return {each.name: each.type for each in rows.schema}


def _nullable(rows: pa.Table) -> pa.Table:
    """Return *rows* in columns that can be null, so that other versions can have other columns."""
    return rows.cast(pa.schema([each.with_nullable(nullable=True) for each in rows.schema]))


def _without_empty_text(rows: pa.Table, instead: str) -> pa.Table:
    """Return *rows* with other text for empty text, which dlt loads into PostgreSQL as null."""
    for place, field_ in enumerate(rows.schema):
        if is_text(field_.type):
            texts = rows.column(place).cast(pa.string())
            texts = pc.if_else(pc.equal(texts, pa.scalar("")), instead, texts)
            rows = rows.set_column(place, field_.name, texts)
    return rows
