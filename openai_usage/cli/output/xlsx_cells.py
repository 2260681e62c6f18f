"""The columns of a worksheet: their heads, number formats, widths, and the cells of their values.

Excel has floats of 64 bits, and dates without a time zone. This module does not need a library.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from attrs import define, field

from openai_usage._text import mask
from openai_usage.analysis.groups import Rest
from openai_usage.analysis.periods import PERIODS
from openai_usage.cli.output.rows import Row

_DAY, _MINUTE = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
_TIMES: Mapping[str, str] = {"hour": _MINUTE, "day": _DAY, "month": "yyyy-mm"}
"""The formats of periods. Excel cannot format the weeks of ISO 8601, so they stay text."""

_MONEY, _COUNT, _GENERAL = "#,##0.00", "#,##0", "General"
_NUMBERS: Mapping[type, str] = {Decimal: _MONEY, int: _COUNT}
_PRICE = "#,##0.00####"
_OTHERS: Mapping[str, str] = {
    **dict.fromkeys(("quantity", "quantity_before"), _GENERAL),
    **dict.fromkeys(("price", "price_before", "price_change"), _PRICE),
}
"""The formats of decimals that are not amounts of money, by the names of their columns."""

_MIDNIGHT = "T00:00:00Z"
_LARGEST = 9.99999999999999e307
"""The largest number in Excel."""

_WIDEST = 60
"""The most characters of a column's width. Longer text is cut on the screen, not in the cell."""

_FILTER_BUTTON = 3
"""The width of the button of the filter in a head, in characters."""


class CellNumber(float):
    """A number that formats itself with all digits of a float, whatever the format.

    XlsxWriter formats numbers with 16 digits, and a float can have 17.
    """

    def __format__(self, format_spec: str, /) -> str:
        """Return the shortest digits that give the same float."""
        return repr(self).removesuffix(".0")

    @property
    def held(self) -> Decimal:
        """The number that the digits in the cell say."""
        return Decimal(repr(self))

    @property
    def width(self) -> int:
        """The characters of the number as people see it."""
        return len(float.__format__(self, ",.2f"))


def cell_number(value: float | Decimal) -> CellNumber | None:
    """Return *value* as the number of a cell, or None if it is too large for Excel."""
    try:
        number = CellNumber(value)
    except OverflowError:
        return None
    return number if abs(number) <= _LARGEST else None


def cell_text(value: object) -> str:
    """Return *value* as the text of a cell, without characters that XML or people cannot read."""
    text = mask(str(value))
    # XlsxWriter would take this for its own markup, and would not escape it.
    return f"{text} " if text.startswith("<r>") and text.endswith("</r>") else text


@define
class CellColumn:
    """A column of a sheet."""

    name: str
    kind: type
    """The type of its values."""
    width: int = field(init=False)
    """The characters of its longest cell so far, up to a limit."""

    def __attrs_post_init__(self) -> None:
        self.width = len(self.head) + _FILTER_BUTTON

    @property
    def head(self) -> str:
        """The text of its first cell. Times say that they are in UTC."""
        return f"{self.name} (UTC)" if self.is_time or self.name in PERIODS else self.name

    @property
    def is_time(self) -> bool:
        """True if values are times of buckets, in ISO 8601."""
        return self.kind is datetime

    @property
    def number_format(self) -> str:
        """The format of its numbers. Money is shown to the cent, whatever digits it has."""
        return _OTHERS.get(self.name) or _NUMBERS.get(self.kind, _GENERAL)

    def moment(self, value: object, *, is_whole_day: bool) -> tuple[datetime, str] | None:
        """Return *value* as a time without a zone, and its format; None if it is only text."""
        if self.is_time:
            time_format = _DAY if is_whole_day else _MINUTE
        elif self.name in _TIMES and not isinstance(value, Rest):
            time_format = _TIMES[self.name]
        else:
            return None
        text = f"{value}-01" if self.name == "month" else str(value)
        return datetime.fromisoformat(text).replace(tzinfo=None), time_format

    def widen(self, length: int) -> None:
        """Make room for a cell of *length* characters."""
        self.width = min(max(self.width, length), _WIDEST)


def is_whole_day(columns: Sequence[CellColumn], row: Row) -> bool:
    """Return whether all times of *row* are midnights."""
    return all(str(row[each.name]).endswith(_MIDNIGHT) for each in columns if each.is_time)
