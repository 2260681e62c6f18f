"""How figures are written: short in charts, to the cent in headlines, exact in tables."""

from collections.abc import Mapping
from decimal import Decimal

from attrs import frozen

__all__ = ["BYTES", "COUNT", "NOTHING", "UNITS", "Unit", "change_in_percent", "money", "percent"]

_SUFFIXES = ("", "K", "M", "B", "T")


@frozen
class Unit:
    """What a figure counts, and what is written around its digits."""

    before: str = ""
    after: str = ""
    places: int = 0
    """Digits that are always there behind the point."""

    def short(self, value: Decimal) -> str:
        """At a glance: `$12.3K`; below a thousand as in a headline."""
        scaled, suffixes = abs(value), iter(_SUFFIXES)
        suffix = next(suffixes)
        while scaled >= Decimal("999.95") and (larger := next(suffixes, None)):
            scaled, suffix = scaled / 1000, larger
        return self._around(value, f"{scaled:,.1f}{suffix}") if suffix else self.headline(value)

    def headline(self, value: Decimal) -> str:
        """To the cent where it is money, else whole: `$1,234.50`."""
        return self._around(value, f"{value.copy_abs():,.{self.places}f}")

    def exact(self, value: Decimal) -> str:
        """Every digit that says something: `$1,234.5006`."""
        # To copy a sign loses no digit, as to reckon with it may.
        whole, _, fraction = f"{value.copy_abs():,f}".partition(".")
        fraction = fraction.rstrip("0").ljust(self.places, "0")
        return self._around(value, f"{whole}.{fraction}" if fraction else whole)

    def signed(self, value: Decimal) -> str:
        """A change, to the cent where it is money: `+$1.20`."""
        return f"+{self.headline(value)}" if value > 0 else self.headline(value)

    def _around(self, value: Decimal, digits: str) -> str:
        below_zero = value < 0 and any(digit in "123456789" for digit in digits)
        return f"{'-' if below_zero else ''}{self.before}{digits}{self.after}"


COUNT = Unit()
NOTHING = "\N{EN DASH}"
"""Where there is no figure."""

BYTES = Unit(after=" B")
UNITS: Mapping[object, Unit] = {"bytes": BYTES}
"""Units by the names that measures note."""


def money(currency: str) -> Unit:
    """Amounts in a currency, by its ISO 4217 code."""
    return Unit(before="$" if currency == "usd" else f"{currency.upper()} ", places=2)


def percent(part: Decimal, whole: Decimal) -> str:
    """How much *part* is of *whole*, or a dash where that says nothing."""
    return f"{part / whole:.1%}".replace("%", " %") if whole > 0 <= part else NOTHING


def change_in_percent(now: Decimal, before: Decimal) -> str:
    """How much more than *before*, or a dash where there was nothing to compare with."""
    if before <= 0:
        return NOTHING
    return f"{(now - before) / before:+.1%}".replace("%", " %")
