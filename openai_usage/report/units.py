"""Format figures: short in charts, to the cent in headlines, exact in tables."""

from collections.abc import Mapping
from decimal import Decimal

from attrs import frozen

__all__ = [
    "BYTES",
    "COUNT",
    "NOTHING",
    "UNITS",
    "Unit",
    "change_in_percent",
    "days",
    "money",
    "percent",
]


@frozen
class Unit:
    """The unit of a figure, with its prefix and suffix."""

    before: str = ""
    """The prefix: `$`."""
    after: str = ""
    """The suffix: ` B`."""
    places: int = 0
    """The least number of decimal places."""
    name: str = ""
    """The name of the unit if the prefix and suffix do not say it: `USD`."""
    step: int = 1000
    """The factor between one of the larger units and the next."""
    larger: tuple[str, ...] = ("K", "M", "B", "T")
    """The suffixes of the larger units, in place of `after`."""

    def scale(self, value: Decimal) -> tuple[int, str]:
        """Return the factor and suffix of the unit in which *value* is short."""
        scale, after, larger = 1, self.after, iter(self.larger)
        # Step up early enough that rounding to one decimal place cannot give `1,000.0K`.
        while abs(value) / scale >= self.step - Decimal("0.05") and (next_ := next(larger, "")):
            scale, after = scale * self.step, next_
        return scale, after

    def short(self, value: Decimal) -> str:
        """Return *value* in short: `$12.3K`. Below a thousand it is as in `headline`."""
        scale, after = self.scale(value)
        if scale == 1:
            return self.headline(value)
        return self._around(value, f"{abs(value) / scale:,.1f}", after)

    def headline(self, value: Decimal) -> str:
        """Return *value* rounded to the cent for money, else to a whole number: `$1,234.50`."""
        return self._around(value, f"{value.copy_abs():,.{self.places}f}", self.after)

    def exact(self, value: Decimal) -> str:
        """Return *value* with all its digits, without trailing zeros: `$1,234.5006`."""
        # abs() may round to the precision of the decimal context. copy_abs() does not.
        whole, _, fraction = f"{value.copy_abs():,f}".partition(".")
        fraction = fraction.rstrip("0").ljust(self.places, "0")
        return self._around(value, f"{whole}.{fraction}" if fraction else whole, self.after)

    def signed(self, value: Decimal) -> str:
        """Return a change with its sign, as in `headline`: `+$1.20`. Zero has no sign."""
        text = self.headline(value)
        return f"+{text}" if value > 0 and _is_nonzero(text) else text

    def _around(self, value: Decimal, digits: str, after: str) -> str:
        below_zero = value < 0 and _is_nonzero(digits)
        return f"{'-' if below_zero else ''}{self.before}{digits}{after}"


def _is_nonzero(digits: str) -> bool:
    return any(digit in "123456789" for digit in digits)


COUNT = Unit()
NOTHING = "\N{EN DASH}"
"""The text in place of a figure that is unknown or has no meaning."""

BYTES = Unit(after=" B", step=1024, larger=(" KiB", " MiB", " GiB", " TiB", " PiB"))
UNITS: Mapping[object, Unit] = {"bytes": BYTES}
"""The units by their names in the metadata of measures."""


def money(currency: str) -> Unit:
    """Return the unit of amounts in *currency*, an ISO 4217 code."""
    if currency == "usd":
        return Unit(before="$", places=2, name="USD")
    return Unit(before=f"{currency.upper()} ", places=2)


def days(number: int) -> str:
    """Return a number of days in words: `1 day`, `1,234 days`."""
    return f"{number:,} day{'' if number == 1 else 's'}"


def percent(part: Decimal, whole: Decimal) -> str:
    """Return *part* as a percentage of *whole*, or a dash if *part* < 0 or *whole* <= 0."""
    return f"{part / whole:,.1%}".replace("%", " %") if whole > 0 <= part else NOTHING


def change_in_percent(now: Decimal, before: Decimal) -> str:
    """Return the relative change: `+12.5 %`, or `65 times` if *now* is at least ten times *before*.

    Return a dash if *before* is zero, or if either amount is negative (a refund).
    """
    if before <= 0 or now < 0:
        return NOTHING
    if now >= 10 * before:
        return f"{now / before:,.0f} times"
    return f"{(now - before) / before:+,.1%}".replace("%", " %")
