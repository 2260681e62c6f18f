"""DltTables: the tables of a copy in a warehouse, over an open connection of dlt."""

# ruff: noqa: S608 - names in SQL are quoted, and values are parameters

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import pyarrow as pa
from attrs import frozen
from dlt.destinations.job_client_impl import SqlJobClientBase

from openai_usage._digits import DECIMALS, DIGITS
from openai_usage.errors import SyncError

__all__ = ["Columns", "Condition", "DltTables", "is_text"]

Condition: TypeAlias = Sequence[tuple[str, str, object]]
"""Columns, operators and values, all of which hold for a row that is wanted."""

Columns: TypeAlias = Mapping[str, pa.DataType]
"""The types of columns by name."""

_TYPES: Columns = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    **dict.fromkeys(("decimal", "wei"), pa.decimal128(DIGITS, DECIMALS)),
}
"""The types of this package, by dlt's names for them. Columns of other types are not of a copy."""


def is_text(kind: pa.DataType) -> bool:
    """Return whether a column has text, with a dictionary or without one."""
    return pa.types.is_string(kind.value_type if pa.types.is_dictionary(kind) else kind)


@frozen
class DltTables:
    """The tables of a copy, over an open connection."""

    client: SqlJobClientBase
    prefix: str
    """The beginning of the names of all tables."""

    def name(self, table: str) -> str:
        """Return the name of a table as dlt writes it: `hours_costs` for `Hours_costs`."""
        return self.client.schema.naming.normalize_table_identifier(f"{self.prefix}{table}")

    def columns(self, table: str) -> Columns:
        """Return the columns that a table has in the warehouse, or none before it exists."""
        [(_, columns)] = self.client.get_storage_tables([self.name(table)])
        kinds = {
            name.lower(): _TYPES.get(str(each.get("data_type"))) for name, each in columns.items()
        }
        return {name: kind for name, kind in kinds.items() if kind is not None}

    def reject_others(self, table: str) -> None:
        """Reject a table that exists, and is not of a copy.

        Raises:
            SyncError: The table is not of a copy.
        """
        columns = self.columns(table)
        if columns and "organization" not in columns:
            raise SyncError(
                f"the table {self.name(table)} is not of a copy.",
                hint="Use another dataset or prefix.",
            )

    def rows(self, table: str, columns: Columns, where: Condition = ()) -> pa.Table:
        """Return rows of a table, with the types of *columns*."""
        condition, values = self._condition(where)
        names = self._names(columns)
        found = self._query(f"SELECT {names} FROM {self._table(table)} WHERE {condition}", values)
        arrays = zip(*found, strict=True) if found else ((),) * len(columns)
        return pa.table(
            {
                name: pa.array(array, kind)
                for (name, kind), array in zip(columns.items(), arrays, strict=True)
            }
        )

    def count(self, table: str, where: Condition) -> int:
        """Return the number of rows of a table."""
        condition, values = self._condition(where)
        sql = f"SELECT count(*) FROM {self._table(table)} WHERE {condition}"
        [[count]] = self._query(sql, values)
        return int(count)

    def delete(self, table: str, where: Condition) -> None:
        """Delete rows of a table."""
        condition, values = self._condition(where)
        self._query(f"DELETE FROM {self._table(table)} WHERE {condition}", values)

    def copy(
        self, source: str, target: str, columns: Columns, where: Condition, *, empty: str
    ) -> None:
        """Insert the rows of a table into another one, with empty text for the text *empty*."""
        condition, values = self._condition(where)
        names = {self._names([name]): is_text(kind) for name, kind in columns.items()}
        read = [
            f"CASE WHEN {name} = %s THEN '' ELSE {name} END" if text else name
            for name, text in names.items()
        ]
        self._query(
            f"INSERT INTO {self._table(target)} ({', '.join(names)}) "
            f"SELECT {', '.join(read)} FROM {self._table(source)} WHERE {condition}",
            [*[empty] * sum(names.values()), *values],
        )

    def _table(self, table: str) -> str:
        return self.client.sql_client.make_qualified_table_name(self.name(table))

    def _names(self, columns: Iterable[str]) -> str:
        return ", ".join(map(self.client.sql_client.escape_column_name, columns))

    def _condition(self, where: Condition) -> tuple[str, Sequence[object]]:
        tests = [f"{self._names([column])} {operator} %s" for column, operator, _ in where]
        return " AND ".join(["1 = 1", *tests]), [value for _, _, value in where]

    def _query(self, sql: str, values: Sequence[object]) -> Sequence[Sequence[Any]]:
        return self.client.sql_client.execute_sql(sql, *values) or ()
