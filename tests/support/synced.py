"""Copies to be compared with what the API returns."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import pytest
from attrs import define, field

from openai_usage import AsyncUsageClient
from openai_usage.sandbox import Sandbox
from openai_usage.schema.windows import Window
from openai_usage.sync.layouts import GROUP_BY
from openai_usage.sync.stored_sink import StoredSink

Row: TypeAlias = tuple[tuple[str, object], ...]
"""The fields of a row that are not null, without the organization and the time of the read."""


@define
class Clock:
    """The time of a sandbox and of the program that reads it."""

    sandboxes: Sequence[Sandbox]
    patch: pytest.MonkeyPatch = field(repr=False)

    def at(self, moment: int) -> None:
        """Set the time."""
        for each in self.sandboxes:
            each.now = moment
        self.patch.setattr("time.time", lambda: moment + 0.5)


def stored(path: Path, endpoint: str, organization: str = "acme") -> list[Row]:
    """Return the rows of a DuckDB file, in an order of their own."""
    found = query(path, f'SELECT * FROM "{endpoint}" WHERE organization = ?', organization)
    return sorted((row_of(each) for each in found), key=str)


def kept(sink: StoredSink, endpoint: str, organization: str = "acme") -> list[Row]:
    """Return the rows of a sink of any kind, in the same order."""
    found = sink.rows(endpoint, organization, Window(0, 2**32))
    return sorted((row_of(each) for each in found.to_pylist()), key=str) if found else []


def query(path: Path, sql: str, *values: object) -> list[Mapping[str, Any]]:
    """Return the rows of a query, by column."""
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found: list[Mapping[str, Any]] = (
            connection.sql(sql, params=list(values)).to_arrow_table().to_pylist()
        )
        return found


async def of_api(
    client: AsyncUsageClient,
    endpoint: str,
    start: int,
    end: int,
    *,
    group_by: Sequence[str] = GROUP_BY,
    **params: object,
) -> list[Row]:
    """Return the rows that the API has now, in the same order."""
    allowed = client.table()[endpoint].group_by
    grouping = [each for each in group_by if each in allowed]
    buckets = client.query(endpoint, start_time=start, end_time=end, group_by=grouping, **params)
    return sorted(map(row_of, (await buckets.to_arrow()).to_pylist()), key=str)


def row_of(fields: Mapping[str, object]) -> Row:
    return tuple(
        (name, _plain(value))
        for name, value in fields.items()
        if value is not None and name not in ("organization", "read_at")
    )


def _plain(value: object) -> object:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
