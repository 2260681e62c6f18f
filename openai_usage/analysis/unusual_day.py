"""Unusual: a day that differs from the same weekdays of the weeks before, with a sentence."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, TypeAlias

from attrs import evolve, frozen

from openai_usage._number_format import NOTHING, SHORT, Number, money, money_with_symbol, share
from openai_usage._text import printable
from openai_usage.analysis.deviations import Confidence
from openai_usage.analysis.groups import Label
from openai_usage.analysis.measures import Measure

__all__ = ["Direction", "Unusual"]

Direction: TypeAlias = Literal["above", "below"]
"""The side of the usual amount."""


@frozen
class Unusual:
    """A day that differs from the same weekdays of the weeks before."""

    labels: Mapping[str, Label]
    """The labels by name. None of them for everything together."""
    day: date
    """The day in UTC."""
    until: datetime | None
    """The end of the hours that are compared if the day is still in progress, otherwise None."""
    measure: Measure
    """The measure of the amount: `amount` for costs."""
    currency: str | None
    """The currency in lower case, or None for usage."""
    amount: Number
    """The costs of the day without credits, or its usage."""
    credits: Decimal
    """The credits of the day, as a negative amount or 0. They are not compared."""
    usual: Decimal
    """The median of the weeks before, exact."""
    spread: Decimal
    """The usual distance from the median: the MAD times 1.4826, or a least value if that is more.
    Rounded to ten decimals."""
    score: Decimal
    """The distance of `amount` from `usual` as a multiple of `spread`, rounded to two decimals. It
    is negative below the median."""
    times: Decimal | None
    """`amount` as a multiple of `usual`, rounded to two decimals. None if `usual` is 0."""
    weeks: int
    """The number of weeks before that the comparison rests on."""
    confidence: Confidence
    """The certainty that the day is unusual: `low`, `medium` or `high`, by the number of weeks."""
    days_in_a_row: int = 1
    """The number of days in a row, up to this one, that were unusual in the same direction."""

    @property
    def direction(self) -> Direction:
        """`above` or `below` the usual amount."""
        return "above" if self.score > 0 else "below"

    def continues(self, previous: "Unusual") -> bool:
        """Return whether *previous* is the day before, unusual in the same direction."""
        one_day = self.day - previous.day == timedelta(days=1)
        return one_day and self.direction == previous.direction

    def __str__(self) -> str:
        return self.text()

    def text(self, *, symbols: bool = False) -> str:
        """Return the day in words: amounts as `12.50 usd`, or with *symbols* as `$12.50`."""

        def shown(amount: Number) -> str:
            return self._shown(amount, symbols=symbols)

        when = f"{self.day.day} {self.day:%B}"
        until = " until then" if self.until else ""
        if self.until:
            when += f" until {self.until:%H:%M} UTC"
        labels = "".join(f", {name} {_shown(value)}" for name, value in self.labels.items())
        notes = [
            f"median of {self.weeks} {self.day:%A}s before",
            *([f"without credits of {shown(-self.credits)}"] if self.credits else []),
            *([f"{self.days_in_a_row} days in a row"] if self.days_in_a_row > 1 else []),
            f"{self.confidence} confidence",
        ]
        return (
            f"{when}{labels}: {shown(self.amount)}, {self._compared(shown(self.usual))} of a "
            f"{self.day:%A}{until} ({'; '.join(notes)})"
        )

    def _compared(self, usual: str) -> str:
        usual = f"the usual {usual}"
        if self.times is None:
            return f"not {usual}"
        if self.direction == "above":
            return f"{self.times:,.1f} times {usual}"
        return f"{share(self.amount, self.usual)} of {usual}"

    def _shown(self, amount: Number, *, symbols: bool) -> str:
        """Return an amount of money with at least two digits, or usage with its name."""
        if self.currency is not None:
            unit = (money_with_symbol if symbols else money)(printable(self.currency))
            small = Decimal(amount)
            places = max(2, 1 - small.adjusted()) if small else 2
            return evolve(unit, places=places).rounded(amount)
        figure = SHORT[self.measure.unit](amount)
        name = self.measure.name.removeprefix("num_").replace("_", " ")
        return figure if self.measure.unit else f"{figure} {name}"


def _shown(label: Label) -> str:
    if label is None:
        return NOTHING
    return printable(str(label)) if isinstance(label, str) else str(label).lower()
