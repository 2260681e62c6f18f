"""Print the answer of `spend` on one screen: the month, its projection, and what carries it."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from openai_usage._number_format import Unit, change, share
from openai_usage.analysis.budgets import Verdict
from openai_usage.analysis.spending import Dimension, Part, Spending
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.layout import Layout
from openai_usage.cli.output.spend_table import largest
from openai_usage.cli.output.spend_text import (
    describe_unknown,
    head_of,
    is_last_month_complete,
    label_parts,
    name_compared_days,
    name_last_month,
    name_this_month,
    owners_of,
    round_money,
)

_TENTHS = Unit(suffix="%", places=1)


def print_answer(
    spending: Spending,
    verdict: Verdict | None,
    names: KnownNames,
    console: Console,
    *,
    by: Sequence[Dimension],
    top: int,
    notes: Sequence[str] = (),
) -> None:
    """Print the spending in one currency, *notes*, and the largest parts by each dimension."""
    title = f"Spending in {spending.month:%B %Y}, in {spending.currency}, by days in UTC"
    console.print(Text(title, style="bold"))
    for sentence in describe_unknown(spending):
        console.print(Text(f"{sentence}\n"))
    console.print(_overview(spending), crop=False)
    if verdict is not None:
        console.print(Text(f"{str(verdict).capitalize()}."))
    for note in notes:
        console.print(Text(note))
    console.print(_parts(spending, names, console.width, by=by, top=top), crop=False)


def _overview(spending: Spending) -> Table:
    """Return the totals of the month and of the month before, and the projection."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    # Folded on a very narrow terminal, because rich would cut off figures.
    grid.add_column(overflow="fold")
    grid.add_column(justify="right", overflow="fold")
    grid.add_column(overflow="fold")
    total, last_month = spending.total, name_last_month(spending)
    this_month = name_this_month(spending)
    so_far = spending.known(total.this_month, spending.month)
    before = spending.known(total.last_month, spending.last_month)
    whole = before if is_last_month_complete(spending) else None
    if spending.is_over:
        rows = [(this_month, so_far, last_month, whole)]
    else:
        projected = spending.projection.total if spending.projection.is_known else None
        rows = [
            (f"{this_month}, so far", so_far, "", None),
            (f"{spending.month:%B}, projected", projected, last_month, whole),
        ]
    rows.append((last_month, before, "", None))
    if spending.compared and not spending.compares_months:
        days, days_before = name_compared_days(spending)
        rows.append((days, total.compared, days_before, total.compared_with))
    for name, amount, compared_with, base in rows:
        percent = "" if base is None or amount is None else change(amount, base, _TENTHS)
        note = f"{percent} on {compared_with}: {round_money(base, spending.currency)}"
        grid.add_row(Text(name), round_money(amount, spending.currency), note if percent else "")
    if not spending.compared:
        known = " that is known in both months" if spending.not_whole else ""
        grid.add_row(f"{spending.month:%B} has no complete day{known} to compare yet")
    return grid


def _parts(
    spending: Spending, names: KnownNames, width: int, *, by: Sequence[Dimension], top: int
) -> Table:
    """Return one table with the largest parts by each dimension, under a line with its name."""
    labels: list[str] = []
    parts: list[Part | None] = []
    for dimension in by:
        all_parts = spending.by(dimension)
        owners = owners_of(spending, dimension)
        labels.append(f"by {head_of(dimension)}")
        labels += label_parts(all_parts, dimension, names, top, owners)
        parts += [None, *largest(all_parts, top)]
    total = spending.total.this_month

    def amount(part: Part) -> str:
        return round_money(spending.known(part.this_month, spending.month), spending.currency)

    layout = Layout(width, show_footer=False)
    layout.add_labels("", labels)
    layout.add_figures(name_this_month(spending), [(each and amount(each)) or "" for each in parts])
    layout.add_figures(
        f"% of\n{spending.month:%b}",
        ["" if each is None else share(each.this_month, total) for each in parts],
    )
    if spending.compared:
        changes = [(each and change(each.compared, each.compared_with)) or "" for each in parts]
        layout.add_figures("{}\non {}".format(*name_compared_days(spending)), changes)
    return layout.build()
