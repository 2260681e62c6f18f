"""Write the table of endpoints from the rows: `python -m tests.support.readme_table`."""

from collections.abc import Sequence
from pathlib import Path

from openai_usage import Endpoint, Endpoints

README = Path(__file__).parents[2] / "README.md"
CLIENT_README = README.parent / "openai_usage" / "README.md"
BEGIN = "<!-- endpoints: written by `python -m tests.support.readme_table` -->\n"
END = "<!-- end of endpoints -->\n"


def written(readme: str) -> str:
    """Return *readme* with the table as the rows have it now."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table() + END + after


def table() -> str:
    """Return the table of endpoints, in Markdown."""
    lines = ["| method | measures | filters | `group_by` |", "|---|---|---|---|"]
    lines += [_line(row) for row in Endpoints.table().values()]
    sizes = " · ".join(
        f"{row.name}: {_pages(row)}" for row in (Endpoints.completions, Endpoints.costs)
    ).replace("completions:", "usage:")
    return "\n".join([*lines, "", f"Buckets on a page, by `bucket_width`: {sizes}.", ""])


def _line(row: Endpoint[..., object]) -> str:
    measures, filters = ([each.name for each in some] for some in (row.measures, row.filters))
    cells = (f"`{row.name}`", _code(measures), _code(filters), _code(row.group_by))
    return f"| {' | '.join(cells)} |"


def _pages(row: Endpoint[..., object]) -> str:
    sizes = row.query_type.page_sizes
    return ", ".join(f"`{w}` {size.default}, at most {size.maximum}" for w, size in sizes.items())


def _code(names: Sequence[str]) -> str:
    return " ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    CLIENT_README.write_text(written(CLIENT_README.read_text()))
