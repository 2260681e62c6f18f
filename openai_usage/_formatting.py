"""Format figures for people: thousands separators, fitting units, shares, changes, sparklines."""

from collections.abc import Sequence
from decimal import Decimal

from openai_usage._decimals import exact_difference, exact_sum

Number = int | Decimal

_LARGE = 100_000
"""Counts below this are shown with every digit."""

_BARS = "▁▂▃▄▅▆▇█"


def count(number: Number, *, exact: bool = False) -> str:
    """Return a count as `1,234`, and from 100,000 on in a unit, as `1.23M`."""
    if exact or number < _LARGE:
        return _all_digits(number)
    return _scaled(number, 1000, ("", "K", "M", "B", "T"))


def size(number: Number, *, exact: bool = False) -> str:
    """Return bytes in units of 1,024, the units of memory and vector stores."""
    if exact:
        return _all_digits(number)
    return _scaled(number, 1024, (" B", " KiB", " MiB", " GiB", " TiB", " PiB"))


def duration(seconds: Number, *, exact: bool = False) -> str:
    """Return seconds as `1 h 05 min`."""
    if exact:
        return _all_digits(seconds)
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{_all_digits(hours)} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def money(amount: Decimal, currency: str, *, exact: bool = False, places: int = 2) -> str:
    """Return an amount with its currency, rounded to *places* or with every digit if *exact*."""
    if exact:
        return f"{exact_sum([amount]):,f} {currency}"
    return f"{_without_minus_zero(f'{amount:,.{places}f}')} {currency}"


def _without_minus_zero(number: str, sign: str = "") -> str:
    """Return *number* with *sign* instead of its minus if all its digits are zero.

    The format option `z` does the same, but Python 3.15 limits it to 4,300 digits.
    """
    is_zero = number.startswith("-") and not any(digit in number for digit in "123456789")
    return sign + number[1:] if is_zero else number


def money_beside(amount: Decimal, other: Decimal, currency: str) -> str:
    """Return *amount* to the cent, or with as many digits as set it apart from *other*."""
    difference = exact_difference(amount, other)
    return money(amount, currency, places=max(2, -difference.adjusted()) if difference else 2)


UNITS = {None: count, "bytes": size, "seconds": duration}
"""The formatter of a measure, by the unit of its field."""


def share(part: Number, whole: Number) -> str:
    """Return *part* in per cent of *whole*, or an empty string if *whole* is not positive."""
    if whole <= 0:
        return ""
    percent = _without_minus_zero(f"{Decimal(part) / Decimal(whole):.0%}")
    match percent:
        case "0%" if part > 0:
            return "<1%"
        case "100%" if part != whole:
            return "<100%" if part < whole else ">100%"
    return percent


def change(before: Decimal, now: Decimal) -> str:
    """Return the change in per cent, or an empty string if *before* is not positive."""
    return _without_minus_zero(f"{now / before - 1:+,.0%}", "+") if before > 0 else ""


def sparkline(values: Sequence[Number], width: int) -> str:
    """Return *values* as a line of bars of at most *width* characters.

    Each bar is the mean of equally many values; the last one may be the mean of fewer.
    """
    size = -(-len(values) // width) or 1
    chunks = [values[start : start + size] for start in range(0, len(values), size)]
    means = [Decimal(sum(chunk)) / len(chunk) for chunk in chunks]  # money can overflow floats
    highest = max(means, default=Decimal(0))
    if highest <= 0:
        return ""
    return "".join(_BARS[max(0, round(7 * mean / highest))] for mean in means)


def _all_digits(number: Number) -> str:
    """Return *number* with every digit; as a Decimal, since `str(int)` is limited to 4,300."""
    return f"{Decimal(number):,f}"


def _scaled(number: Number, step: int, units: Sequence[str]) -> str:
    scaled, unit = Decimal(number), 0
    # Half a unit earlier, because rounding would show 999.5 as 1000.
    while abs(scaled) >= Decimal(step) - Decimal("0.5") and unit < len(units) - 1:
        scaled, unit = scaled / step, unit + 1
    places = 0 if not unit or scaled >= 100 else 1 if scaled >= 10 else 2
    return f"{scaled:,.{places}f}{units[unit]}"
