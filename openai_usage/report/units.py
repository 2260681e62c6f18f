"""How figures are written: short in charts, to the cent in headlines, exact in tables."""

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
    """What a figure counts, and what is written around its digits."""

    before: str = ""
    after: str = ""
    places: int = 0
    """Digits that are always there behind the point."""
    name: str = ""
    """What it is called, where what is written around it does not say so: `USD`."""
    step: int = 1000
    """How much larger each of the larger units is than the one before."""
    larger: tuple[str, ...] = ("K", "M", "B", "T")
    """What is written after figures in the larger units, instead of `after`."""

    def scale(self, value: Decimal) -> tuple[int, str]:
        """The unit in which *value* is short: how much it is, and what is written after it."""
        scale, after, larger = 1, self.after, iter(self.larger)
        # Before rounding makes one digit more of it.
        while abs(value) / scale >= self.step - Decimal("0.05") and (next_ := next(larger, "")):
            scale, after = scale * self.step, next_
        return scale, after

    def short(self, value: Decimal) -> str:
        """At a glance: `$12.3K`; below a thousand as in a headline."""
        scale, after = self.scale(value)
        if scale == 1:
            return self.headline(value)
        return self._around(value, f"{abs(value) / scale:,.1f}", after)

    def headline(self, value: Decimal) -> str:
        """To the cent where it is money, else whole: `$1,234.50`."""
        return self._around(value, f"{value.copy_abs():,.{self.places}f}", self.after)

    def exact(self, value: Decimal) -> str:
        """Every digit that says something: `$1,234.5006`."""
        # To copy a sign loses no digit, as to reckon with it may.
        whole, _, fraction = f"{value.copy_abs():,f}".partition(".")
        fraction = fraction.rstrip("0").ljust(self.places, "0")
        return self._around(value, f"{whole}.{fraction}" if fraction else whole, self.after)

    def signed(self, value: Decimal) -> str:
        """A change, to the cent where it is money: `+$1.20`; no sign where that is nothing."""
        written = self.headline(value)
        return f"+{written}" if value > 0 and _says_something(written) else written

    def _around(self, value: Decimal, digits: str, after: str) -> str:
        below_zero = value < 0 and _says_something(digits)
        return f"{'-' if below_zero else ''}{self.before}{digits}{after}"


def _says_something(digits: str) -> bool:
    return any(digit in "123456789" for digit in digits)


COUNT = Unit()
NOTHING = "\N{EN DASH}"
"""Where there is no figure."""

BYTES = Unit(after=" B", step=1024, larger=(" KiB", " MiB", " GiB", " TiB", " PiB"))
UNITS: Mapping[object, Unit] = {"bytes": BYTES}
"""Units by the names that measures note."""


def money(currency: str) -> Unit:
    """Amounts in a currency, by its ISO 4217 code."""
    if currency == "usd":
        return Unit(before="$", places=2, name="USD")
    return Unit(before=f"{currency.upper()} ", places=2)


def days(number: int) -> str:
    """A number of days, as `1 day` and `1,234 days`."""
    return f"{number:,} day{'' if number == 1 else 's'}"


def percent(part: Decimal, whole: Decimal) -> str:
    """How much *part* is of *whole*, or a dash where that says nothing."""
    return f"{part / whole:,.1%}".replace("%", " %") if whole > 0 <= part else NOTHING


def change_in_percent(now: Decimal, before: Decimal) -> str:
    """How much more than *before*, as a multiple from tenfold on: `+12.5 %`, `65 times`.

    A dash stands where that says nothing: where there was nothing before, or where one of both is
    a refund.
    """
    if before <= 0 or now < 0:
        return NOTHING
    if now >= 10 * before:
        return f"{now / before:,.0f} times"
    return f"{(now - before) / before:+,.1%}".replace("%", " %")
