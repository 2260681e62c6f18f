"""Digits of a decimal: all of them as text, or as many as a decimal column holds.

A decimal column has 128 bits, the widest that Parquet, pandas, polars and DuckDB all have. The
whole range must not be refused for a digit that no bill shows, so a value is rounded at the last
decimal, and the rounding is counted: every read says once what it rounded.
"""

import logging
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import NamedTuple

from openai_usage._decimals import exact_difference

DIGITS, DECIMALS = 38, 24
"""Of a decimal column. 14 digits before the point are a hundred trillion dollars or tokens in one
result. The API sends up to 17 digits of a float, of any size, and has sent text of 30 decimals."""

_LAST = Decimal(1).scaleb(-DECIMALS)
_quantize = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation]).quantize

_log = logging.getLogger("openai_usage")


def digits(number: Decimal) -> str:
    """Return every digit, never in scientific notation.

    A zero can come as `0E-6176`, which has no digits to show.
    """
    return f"{number:f}" if number else "0"


def fitted(number: Decimal) -> Decimal:
    """Return *number* with the decimals of a column, rounded half to even.

    Raises:
        InvalidOperation: There are more digits before the point than a column holds.
    """
    return _quantize(number, _LAST)


class Rounded(NamedTuple):
    """What was rounded in one column."""

    values: int
    """How many values were rounded."""
    largest_difference: Decimal
    """The largest difference that it made."""


class Rounding:
    """Counts what is rounded in a read, by column."""

    def __init__(self) -> None:
        self.columns: dict[str, Rounded] = {}
        """What was rounded, by the name of the column; nothing was rounded in the others."""

    def add(self, column: str, number: Decimal, instead: Decimal) -> None:
        """Count that *instead* stands in the place of *number*."""
        values, largest = self.columns.get(column, (0, Decimal(0)))
        made = exact_difference(number, instead).copy_abs()
        self.columns[column] = Rounded(values + 1, max(largest, made))

    def message(self, way_out: str) -> str:
        """Return what was rounded, in one sentence, and what to use against it."""
        rounded = "; ".join(
            f"{values:,} value{'' if values == 1 else 's'} of {column}, by {largest:.2g} at most"
            for column, (values, largest) in self.columns.items()
        )
        return (
            f"rounded to {DECIMALS} decimals, the most that a decimal column holds: {rounded}. "
            f"Use {way_out} to keep every digit."
        )

    def log(self, path: str) -> None:
        """Log what was rounded in the answers of an endpoint, if anything was."""
        if self.columns:
            _log.warning(
                "GET %s: %s",
                path,
                self.message('money="text"'),
                extra={"endpoint": path, "rounded": dict(self.columns)},
            )
