"""The formats that rows are written in, one function each."""

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Self

from attrs import NOTHING, fields, frozen
from rich.console import Console
from rich.table import Table

from openai_usage import Buckets
from openai_usage.cli.rows import Row


@frozen
class Layout:
    """What a table shows of the rows: other formats write all there is."""

    title: str
    groups: Sequence[str]
    measures: Sequence[str]

    @classmethod
    def of(cls, buckets: Buckets[object]) -> Self:
        """What the query grouped by, and the measures that every result has."""
        required = [
            attribute.name
            for attribute in fields(buckets.endpoint.result)  # type: ignore[arg-type]
            if attribute.default is NOTHING
        ]
        group_by: Sequence[str] = getattr(buckets.query, "group_by", None) or ()
        return cls(buckets.endpoint.name.replace("_", " "), group_by, required)


Writer = Callable[[Layout, AsyncIterator[Row]], Awaitable[None]]


async def _write_jsonl(_: Layout, rows: AsyncIterator[Row]) -> None:
    async for row in rows:
        print(json.dumps(row), flush=True)


async def _write_json(_: Layout, rows: AsyncIterator[Row]) -> None:
    before = "["
    async for row in rows:
        print(f"{before}\n  {json.dumps(row)}", end="")
        before = ","
    print("[]" if before == "[" else "\n]")


async def _write_table(layout: Layout, rows: AsyncIterator[Row]) -> None:
    table = Table(title=layout.title, show_footer=True)
    listed = [row async for row in rows]
    table.add_column("start", "total", no_wrap=True)
    for name in layout.groups:
        table.add_column(name, overflow="fold")
    for name in layout.measures:
        table.add_column(name, _total(listed, name), justify="right", no_wrap=True)
    for row in listed:
        groups = ("-" if row[name] is None else str(row[name]) for name in layout.groups)
        measures = (_figure(row[name], row.get("currency")) for name in layout.measures)
        table.add_row(_moment(str(row["start"])), *groups, *measures)
    # Not on a terminal there is no width to fit, and cut lines would be of no use to grep.
    console = Console(width=None if sys.stdout.isatty() else 200)
    with console.capture() as drawn:
        console.print(table)
    print(drawn.get(), end="")


def _moment(text: str) -> str:
    return text.removesuffix("T00:00:00Z").removesuffix(":00Z").replace("T", " ")


def _figure(value: object, currency: object) -> str:
    """A measure for people; money is shown to the cent, with its currency."""
    number = Decimal(str(value))
    return f"{number:,}" if currency is None else f"{number:,.2f} {currency}"


def _total(rows: Sequence[Row], name: str) -> str:
    """The sum of a measure; money is added up by currency, never across."""
    totals: dict[object, Decimal] = {}
    for row in rows:
        currency = row.get("currency")
        totals[currency] = totals.get(currency, Decimal(0)) + Decimal(str(row[name]))
    return "\n".join(_figure(total, currency) for currency, total in totals.items())


WRITERS: Mapping[str, Writer] = {
    "table": _write_table,
    "json": _write_json,
    "jsonl": _write_jsonl,
}
"""Every format by its name: a table for people, an array, or an object a line as it comes."""
