"""`openai-usage endpoints`: the table of what can be asked, as its rows have it."""

import sys
from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from openai_usage import Endpoint, Endpoints
from openai_usage.cli.options.output import TableOrJson
from openai_usage.cli.output.console import console_on, print_json


def endpoints(*, format: TableOrJson = "table") -> None:  # noqa: A002 - what it is
    """What each endpoint can be asked beside the range, and what it measures. Nothing is sent."""
    rows = Endpoints.table().values()
    if format == "json":
        print_json([_facts(row) for row in rows])
        return
    with console_on(sys.stdout.buffer) as console:
        for row in rows:
            console.print(Text.assemble((row.name, "bold"), f"  GET {row.path}"))
            grid = Table.grid(padding=(0, 2, 0, 0))
            for about, what in _said(row).items():
                grid.add_row("", about, Text(what))
            console.print(grid, crop=False)


def _facts(row: Endpoint[..., object]) -> dict[str, object]:
    return {
        "name": row.name,
        "method": "GET",
        "path": row.path,
        "measures": [each.name for each in row.measures],
        "filters": [each.name for each in row.filters],
        "group_by": row.group_by,
        "page_sizes": {
            width: {"default": size.default, "maximum": size.maximum}
            for width, size in row.query_type.page_sizes.items()
        },
    }


def _said(row: Endpoint[..., object]) -> Mapping[str, str]:
    """The facts about a row in words, each under what it is about."""

    def listed(names: Sequence[str]) -> str:
        return " ".join(names) or "-"

    return {
        "measures": listed([each.name for each in row.measures]),
        "filters": listed([each.name for each in row.filters]),
        "group by": listed(row.group_by),
        "on a page": _pages(row),
    }


def _pages(row: Endpoint[..., object]) -> str:
    """How many buckets a page of a row holds, by how long they are."""
    sizes = row.query_type.page_sizes
    return " · ".join(f"{w}: {size.default}, at most {size.maximum}" for w, size in sizes.items())
