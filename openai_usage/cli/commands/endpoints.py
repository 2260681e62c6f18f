"""`openai-usage endpoints`: list the parameters and measures of each endpoint."""

import sys
from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from openai_usage import Endpoint, Endpoints
from openai_usage.cli.options.output import TableOrJson
from openai_usage.cli.output.console import console_on, print_json


def endpoints(*, format: TableOrJson = "table") -> None:  # noqa: A002 - the option
    """List the parameters and measures of each endpoint, without sending a request."""
    rows = Endpoints.table().values()
    if format == "json":
        print_json([_facts(row) for row in rows])
        return
    with console_on(sys.stdout.buffer) as console:
        for row in rows:
            console.print(Text.assemble((row.name, "bold"), f"  GET {row.path}"))
            grid = Table.grid(padding=(0, 2, 0, 0))
            for topic, text in _described(row).items():
                grid.add_row("", topic, Text(text))
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


def _described(row: Endpoint[..., object]) -> Mapping[str, str]:
    """Return the facts about an endpoint as text, by topic."""

    def joined(names: Sequence[str]) -> str:
        return " ".join(names) or "-"

    return {
        "measures": joined([each.name for each in row.measures]),
        "filters": joined([each.name for each in row.filters]),
        "group by": joined(row.group_by),
        "page size": _page_sizes(row),
    }


def _page_sizes(row: Endpoint[..., object]) -> str:
    """Return the default and the largest number of buckets per page, by bucket width."""
    sizes = row.query_type.page_sizes
    return " · ".join(f"{w}: {size.default}, at most {size.maximum}" for w, size in sizes.items())
