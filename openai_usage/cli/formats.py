"""The formats that rows are written in, one function each."""

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from openai_usage.cli.rows import Row
from openai_usage.cli.table import Layout, drawn

Writer = Callable[[Layout, AsyncIterator[Row]], Awaitable[None]]

_UNBOUNDED = 10_000
"""The width of what is no terminal: lines cut to fit one would be of no use to grep."""


async def _write_jsonl(_: Layout, rows: AsyncIterator[Row]) -> None:
    async for row in rows:
        print(json.dumps(row), flush=True)


async def _write_json(_: Layout, rows: AsyncIterator[Row]) -> None:
    # On an error the array stays open: what is not whole must not be read as if it were.
    before = "["
    async for row in rows:
        print(f"{before}\n  {json.dumps(row)}", end="")
        before = ","
    print("[]" if before == "[" else "\n]")


async def _write_table(layout: Layout, rows: AsyncIterator[Row]) -> None:
    listed = [row async for row in rows]
    if not listed:
        print("openai-usage: nothing was used in this range", file=sys.stderr)
    print(drawn(layout, listed, width=None if sys.stdout.isatty() else _UNBOUNDED), end="")


STREAMED = ("jsonl",)
"""The formats whose rows are of use even where there is an error behind them."""

WRITERS: Mapping[str, Writer] = {
    "table": _write_table,
    "json": _write_json,
    "jsonl": _write_jsonl,
}
"""Every format by its name: a table for people, an array, or an object a line as it comes."""
