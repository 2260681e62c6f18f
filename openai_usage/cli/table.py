"""Draws rows as a table for people: days, groups and main measures, with their totals."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, Self

from attrs import NOTHING, Attribute, fields, frozen
from rich import box
from rich.console import Console
from rich.table import Table

from openai_usage import Buckets
from openai_usage.cli.rows import Row

_LEGIBLE = 10
"""Characters that a column of labels is never narrower than, even where the terminal is."""


@frozen
class Layout:
    """What of the rows a table shows; other formats write all there is."""

    title: str
    groups: Sequence[str]
    measures: Sequence[str]
    added_up: frozenset[str]

    @classmethod
    def of(cls, buckets: Buckets[object]) -> Self:
        """What the query grouped by, and the measures that every result has."""
        measures: list[Attribute[object]] = [
            attribute
            for attribute in fields(buckets.endpoint.result)  # type: ignore[arg-type]
            if attribute.default is NOTHING
        ]
        return cls(
            title=f"{buckets.endpoint.name.replace('_', ' ')}, in UTC",
            groups=getattr(buckets.query, "group_by", None) or (),
            measures=[measure.name for measure in measures],
            added_up=frozenset(
                measure.name for measure in measures if measure.metadata.get("adds_up", True)
            ),
        )


def drawn(layout: Layout, rows: Sequence[Row], *, width: int | None) -> str:
    """The table as text, as wide as the terminal, or as *width* where that is given."""
    table = Table(title=layout.title, box=box.SIMPLE_HEAD, show_footer=bool(layout.added_up))
    columns = [[_moment(str(row["start"])) for row in rows]]
    _add_column(table, "start", columns[0], footer="total")
    for name in layout.groups:
        columns.append(["-" if row[name] is None else str(row[name]) for row in rows])
        _add_column(table, name, columns[-1])
    for name in layout.measures:
        columns.append([_figure(row[name], row.get("currency")) for row in rows])
        footer = _total(rows, name) if name in layout.added_up else ""
        _add_column(table, name, [*columns[-1], footer], footer=footer, justify="right")
    for cells in zip(*columns, strict=True):
        table.add_row(*cells)
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(table, crop=False)
    return captured.get()


def _add_column(
    table: Table,
    name: str,
    cells: Sequence[str],
    *,
    footer: str = "",
    justify: Literal["left", "right"] = "left",
) -> None:
    header = name.split("_")
    longest = max(len(line) for cell in (*cells, *header) for line in cell.split("\n"))
    figures = justify == "right"
    table.add_column(
        " ".join(header),
        footer,
        justify=justify,
        overflow="fold",
        # Figures are never broken; labels are, where there is no room for them.
        width=longest if figures else None,
        min_width=None if figures else min(longest, _LEGIBLE),
    )


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
