"""Compare an amount with those of the weeks before: median and median absolute deviation (MAD).

Both are robust: an odd day among the weeks before changes neither the usual nor the spread much.
Days are compared with the same weekday, because weekends differ from other days.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from statistics import median
from typing import Literal, TypeAlias

from attrs import frozen

from openai_usage._decimals import exactly, rounded
from openai_usage._number_format import Number

__all__ = [
    "MIN_WEEKS",
    "WEEKS",
    "Confidence",
    "Deviation",
    "confidence_of",
    "deviation_of",
    "matters",
]

WEEKS = 8
"""The weeks before that a day is compared with. Their median stays usual while up to three of them
are not, and they are too few for growth over months to count."""

MIN_WEEKS = 4
"""The fewest weeks that a comparison can rest on. The median of four stays usual if one of them is
not: a holiday, for example."""

SCORE = 5
"""The least score of an unusual day: its distance from the median, as a multiple of the spread.

Iglewicz and Hoaglin ("How to Detect and Handle Outliers", 1993) use 3.5. But the spread of eight
values is often too small by chance. Of normal days that vary by 18 %, 3.5 reports three to five in
a hundred, depending on the weeks, and 5 reports one. Of days that vary by 10 %, 5 reports none.
"""

MAD_SCALE = Fraction("1.4826")
"""The factor from the MAD to the standard deviation, for amounts that are normally distributed."""

LEAST_SPREAD = Fraction(1, 10)
"""The least spread, as a part of the median. After weeks of equal amounts, the MAD is zero, and any
cent would be unusual. With `SCORE`, an unusual day is at least 50 % above or below the usual."""

_BELOW, _ABOVE = (rounded(1 + sign * SCORE * LEAST_SPREAD, 10) for sign in (-1, 1))
"""The multiples of the median between which every amount is usual."""

LEAST_SHARE = Fraction(1, 100)
"""The least spread, as a part of the mean day of all groups together. With `SCORE`, a difference
of less than 5 % of that day is too small to matter."""

Confidence: TypeAlias = Literal["low", "medium", "high"]
"""The certainty that a day is unusual."""


def confidence_of(weeks: int) -> Confidence:
    """Return how sure a comparison with this number of weeks can be.

    With four or five weeks, the spread is too small by chance about twice as often as with eight.
    """
    return "high" if weeks >= WEEKS else "medium" if weeks >= 6 else "low"


@frozen
class Deviation:
    """The distance of an amount from the usual amount."""

    usual: Decimal
    """The median of the weeks before, exact."""
    spread: Decimal
    """The usual distance from it: the MAD, scaled, or a least value. Rounded to ten decimals."""
    score: Decimal
    """The distance of the amount from the median as a multiple of the spread, rounded to two
    decimals. It is negative below the median."""
    times: Decimal | None
    """The amount as a multiple of the median, rounded to two decimals. None if the median is 0."""


def deviation_of(amount: Number, before: Sequence[Number], mean_day: Fraction) -> Deviation | None:
    """Return the deviation of an unusual amount, or None if the amount is usual.

    Args:
        amount: The amount of the day.
        before: The amounts of the same weekdays before.
        mean_day: The mean of the days before, of all groups together. It is not zero.
    """
    ordered = sorted(before)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    with exactly():  # most days are usual, and this is faster than fractions
        if high * _BELOW < amount < low * _ABOVE or low <= amount <= high:
            return None
    value, values = Fraction(amount), [Fraction(each) for each in before]
    middle = median(values)
    mad = median(abs(each - middle) for each in values)
    spread = max(MAD_SCALE * mad, LEAST_SPREAD * middle, LEAST_SHARE * mean_day)
    score = (value - middle) / spread
    if abs(score) < SCORE:
        return None
    return Deviation(
        usual=_exact(middle),
        spread=rounded(spread, 10),
        score=rounded(score, 2),
        times=rounded(value / middle, 2) if middle else None,
    )


def matters(difference: Number, mean_day: Fraction) -> bool:
    """Return whether a difference is large enough to matter."""
    return Fraction(difference) >= SCORE * LEAST_SHARE * mean_day


def _exact(number: Fraction) -> Decimal:
    """Return the mean of two decimals, which is a decimal, too."""
    return rounded(number, number.denominator.bit_length())
