"""Render a short table of text as HTML, for notebooks."""

from collections.abc import Iterable, Sequence
from html import escape

from openai_usage._number_format import COUNT
from openai_usage._text import printable

__all__ = ["ROWS", "html_table"]

ROWS = 20
"""The most rows that are shown. A notebook keeps everything that it shows in its file."""

_LONGEST = 100
"""The most characters of a cell."""


def html_table(
    title: str,
    columns: Iterable[str],
    rows: Iterable[Sequence[str]],
    *,
    total: int | None = None,
    note: str = "",
) -> str:
    """Return a table with the first of the *rows*, and say how many more there are.

    Args:
        title: The line above the table.
        columns: The names of the columns. Without any, only the title and the note are shown.
        rows: The text of the cells of each row. Every text is escaped, and shortened if it is long.
        total: The number of all rows. Default: the number of *rows*.
        note: The line below the table.
    """
    given = list(rows)
    shown = given[:ROWS]
    hidden = (len(given) if total is None else total) - len(shown)
    lines = [f"… and {COUNT.exact(hidden)} more"] if hidden > 0 else []
    parts = [_element("p", title)]
    if header := "".join(_element("th", name) for name in columns):
        body = "".join(f"<tr>{''.join(_element('td', cell) for cell in row)}</tr>" for row in shown)
        parts.append(f"<table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>")
    parts += [_element("p", line) for line in [*lines, note] if line]
    # Otherwise notebooks would read what is between two dollar signs as a formula.
    return f'<div class="tex2jax_ignore mathjax_ignore">{"".join(parts)}</div>'


def _element(tag: str, text: str) -> str:
    shown = printable(text)
    if tag != "p" and len(shown) > _LONGEST:
        shown = f"{shown[:_LONGEST]}…"
    return f"<{tag}>{escape(shown)}</{tag}>"
