"""Format a decimal with every digit, or round it to the digits that a decimal column holds.

A decimal column has 128 bits, the widest that Parquet, pandas, polars and DuckDB all support. A
digit that no bill shows must not make a whole range fail, so values are rounded at the last
decimal. The rounding is counted, and each read reports it once.
"""

import logging
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import NamedTuple

from openai_usage._decimals import exact_difference
from openai_usage._number_format import counted

DIGITS, DECIMALS = 38, 24
"""The digits of a decimal column, and those after the point. The 14 before it are enough for a
hundred trillion dollars or tokens in one result. The API sends floats of up to 17 digits, of any
size, and has sent text with 30 decimals."""

NOT_IN_A_TABLE = "Use collect() to keep every digit."
MONEY_AS_TEXT = 'Use money="text" to keep every digit.'
"""The hints for a value that does not fit into a column, and for one of money."""

_LAST = Decimal(1).scaleb(-DECIMALS)
_quantize = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation]).quantize

_log = logging.getLogger("openai_usage")


def digits(number: Decimal) -> str:
    """Return *number* with every digit, never in scientific notation.

    A zero is `0`, because the API can send it as `0E-6176`.
    """
    return f"{number:f}" if number else "0"


def quantize(number: Decimal) -> Decimal:
    """Return *number* with the decimals of a column, rounded half to even.

    Raises:
        InvalidOperation: *number* has more digits before the point than a column holds.
    """
    return _quantize(number, _LAST)


class Rounded(NamedTuple):
    """The rounded values of one column."""

    values: int
    """The number of rounded values."""
    largest_difference: Decimal
    """The largest difference between a value and its rounded value."""


class Rounding:
    """Counts the rounded values of a read, by column."""

    def __init__(self) -> None:
        self.columns: dict[str, Rounded] = {}
        """The rounded values by the name of the column. Columns without any are missing."""

    def add(self, column: str, number: Decimal, rounded: Decimal) -> None:
        """Count that *number* was rounded to *rounded*."""
        values, largest = self.columns.get(column, (0, Decimal(0)))
        difference = exact_difference(number, rounded).copy_abs()
        self.columns[column] = Rounded(values + 1, max(largest, difference))

    def __str__(self) -> str:
        return "; ".join(
            f"{counted(values, 'value')} of {column}, by {largest:.2g} at most"
            for column, (values, largest) in self.columns.items()
        )

    def message(self, alternative: str) -> str:
        """Return a message about the rounded values and the *alternative* that is exact."""
        return (
            f"rounded to {DECIMALS} decimals, the most that a decimal column holds: {self}. "
            f"Use {alternative} to keep every digit."
        )

    def log(self, path: str, alternative: str = 'money="text"') -> None:
        """Log the rounded values of an endpoint, if there are any, and the exact *alternative*."""
        if self.columns:
            _log.warning(
                "GET %s: %s",
                path,
                self.message(alternative),
                extra={"endpoint": path, "rounded": dict(self.columns)},
            )
