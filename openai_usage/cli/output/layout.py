"""Lay out tables: labels and figures stay whole as long as they fit, drawings take what is left."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from attrs import define, field
from rich import box
from rich.bar import Bar
from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Column, Table
from rich.text import Text

from openai_usage._decimals import exact_sum
from openai_usage._number_format import Number

_MIN_LABEL_WIDTH = 9
"""The smallest width of a label column, in characters, even if the terminal is too narrow."""

_GAP = 2
"""Characters between columns."""

_DECIMALS = re.compile(r"([^.]*)(\.[0-9]+)( \S*|)")
"""A figure with decimals: what is before the decimals, the decimals, and its unit if it has one."""

ROUNDED = "Rows are rounded; the total is the rounded sum of exact amounts."


@define
class Layout:
    """Builds a table column by column, and knows how much of the width is left.

    If a table is too wide, drawings become shorter or are left out. Then labels are wrapped:
    between words if possible, so that ids stay whole, those in the first columns at least. If that
    is not enough, the table exceeds the terminal, so that nothing is lost.
    """

    width: int
    """The width of the terminal, in characters."""
    show_footer: bool = True
    is_rounded: bool = False
    """True if the rounded amounts of a column do not add up to its rounded total."""
    _left: int = field(init=False)
    """The width that is left; negative if labels must be wrapped."""
    _columns: list[Column] = field(factory=list, init=False)
    _labels: list[tuple[Column, int, int]] = field(factory=list, init=False)
    """The columns of labels, with the width of their longest label and their smallest width.

    The smallest width is that of the longest word, but at least `_MIN_LABEL_WIDTH`, or that of the
    whole label if it makes no room for drawings.
    """
    _cells: list[Sequence[RenderableType]] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self._left = self.width - 1  # rich adds a blank at the end

    @property
    def fits(self) -> bool:
        """True if the columns fit the width without wrapping labels."""
        return self._left >= 0

    def add_labels(
        self, head: str, labels: Sequence[str], foot: str = "", *, makes_room: bool = True
    ) -> None:
        """Add a column of labels, which may be wrapped to make room for drawings."""
        texts = [head, foot, *labels]
        whole = max(map(cell_len, texts))
        word = max(cell_len(word) for text in texts for word in text.split())
        column = Column(head, Text(foot), overflow="fold")
        smallest = max(word, min(whole, _MIN_LABEL_WIDTH)) if makes_room else whole
        self._labels.append((column, whole, smallest))
        # Text, because rich reads markup in str.
        self._add(column, whole, [Text(each) for each in labels])

    def add_figures(
        self, head: str, figures: Sequence[str], foot: str = "", *, if_fits: bool = False
    ) -> None:
        """Add a column of figures, which are never wrapped. Their decimal points are aligned.

        With *if_fits*, leave it out if labels would have to be wrapped for it.
        """
        figures, foot = align_points(figures, foot)
        width = max(map(cell_len, [*head.split("\n"), *foot.split("\n"), *figures]))
        if if_fits and self._left < width + _GAP:
            return
        column = Column(head, Text(foot), justify="right", no_wrap=True, min_width=width)
        self._add(column, width, figures)

    def add_drawings(
        self, head: str, drawings: Sequence[RenderableType], width: int, foot: str = ""
    ) -> None:
        """Add a column of bars or trends of one *width*."""
        self._add(Column(head, foot, width=width), width, drawings)

    def choose(self, choices: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        """Return the first of *choices* for the widths of drawings that fits, or else the last.

        Whole labels come before drawings. If labels are wrapped anyway, drawings can take the rest.
        """
        slack = sum(whole - smallest for _, whole, smallest in self._labels)
        for left in (self._left, self._left + slack):
            for widths in choices:
                if sum(width + _GAP for width in widths if width) <= left:
                    return widths
        return choices[-1]

    def build(self) -> Table:
        """Return the table with a row for each label."""
        left = self._left if self.fits else self._wrap_labels()
        table = Table(
            *self._columns,
            box=box.SIMPLE_HEAD,
            show_footer=self.show_footer,
            padding=(0, 1, 0, 0),
            pad_edge=False,
            # Beyond the terminal, or else rich would take the width from labels, down to nothing.
            width=self.width - left if left < 0 else None,
        )
        for row in zip(*self._cells, strict=True):
            table.add_row(*row)
        return table

    def _wrap_labels(self) -> int:
        """Give label columns the width that is left: first for their words, then for all.

        Return the width that is still left; negative if the table exceeds the terminal.
        """
        columns, wholes, smallest = zip(*self._labels, strict=True)
        widths = [min(whole, _MIN_LABEL_WIDTH) for whole in wholes]
        spare: int = self._left + sum(wholes) - sum(widths)
        for wanted in (smallest, wholes):
            for place, width in enumerate(wanted):
                more = max(0, min(width - widths[place], spare))
                widths[place] += more
                spare -= more
        for column, width in zip(columns, widths, strict=True):
            column.min_width = column.max_width = width
        return spare

    def _add(self, column: Column, width: int, cells: Sequence[RenderableType]) -> None:
        self._columns.append(column)
        self._cells.append(cells)
        self._left -= width + _GAP


def align_points(figures: Sequence[str], foot: str) -> tuple[Sequence[str], str]:
    """Return figures, and lines under them, with blanks after decimals that are shorter."""
    texts = [*figures, *foot.split("\n")]
    longest = max((len(match[2]) for match in map(_DECIMALS.fullmatch, texts) if match), default=0)

    def aligned(text: str) -> str:
        match = _DECIMALS.fullmatch(text)
        return f"{match[1]}{match[2]:{longest}}{match[3]}" if match else text

    return [aligned(each) for each in figures], "\n".join(map(aligned, foot.split("\n")))


def bar(size: Number, largest: Number, width: int) -> RenderableType:
    """Return a bar of at most *width* characters. Credits are negative, and have none."""
    if largest <= 0 or size <= 0:
        return ""
    # Divide first, because money can overflow a float.
    return Bar(1, 0, float(size / largest), width=width, color="cyan")


def rounds_apart(amounts: Iterable[Number], total: Number) -> bool:
    """Return whether *amounts*, rounded to the cent, do not add up to the rounded *total*."""
    return exact_sum(map(_to_the_cent, amounts)) != _to_the_cent(total)


def _to_the_cent(amount: Number) -> Decimal:
    return Decimal(f"{Decimal(amount):.2f}")  # as shown; `round` fails beyond 28 digits
