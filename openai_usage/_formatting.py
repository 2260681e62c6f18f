"""Figures as people read them: separators, units that fit, a bar, a line of the trend."""

from collections.abc import Sequence
from decimal import Decimal

from openai_usage._decimals import exact_difference, exact_sum

Number = int | Decimal

_LARGE = 100_000
"""Up to here, a count is shown as it is."""

_BARS = "▁▂▃▄▅▆▇█"


def count(number: Number, *, exact: bool = False) -> str:
    """1,234 as it is, and 1.23M for 1,234,567."""
    if exact or number < _LARGE:
        return _all_digits(number)
    return _scaled(number, 1000, ("", "K", "M", "B", "T"))


def size(number: Number, *, exact: bool = False) -> str:
    """Bytes in units of 1,024, as memory and vector stores are reckoned."""
    if exact:
        return _all_digits(number)
    return _scaled(number, 1024, (" B", " KiB", " MiB", " GiB", " TiB", " PiB"))


def duration(seconds: Number, *, exact: bool = False) -> str:
    """Seconds as `1 h 05 min`."""
    if exact:
        return _all_digits(seconds)
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{_all_digits(hours)} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def money(amount: Decimal, currency: str, *, exact: bool = False, places: int = 2) -> str:
    """To the cent, which everyone reckons in, with its currency; or to the last digit."""
    if exact:
        return f"{exact_sum([amount]):,f} {currency}"
    return f"{_without_minus_zero(f'{amount:,.{places}f}')} {currency}"


def _without_minus_zero(shown: str, sign: str = "") -> str:
    """Return a number with *sign* in place of a minus before nothing but zeros.

    The format `z` does the same, but with it Python 3.15 takes no more than 4,300 digits.
    """
    is_zero = shown.startswith("-") and not any(digit in shown for digit in "123456789")
    return sign + shown[1:] if is_zero else shown


def money_beside(amount: Decimal, other: Decimal, currency: str) -> str:
    """To the cent, or with as many digits as it takes to tell *amount* from *other*."""
    apart = exact_difference(amount, other)
    return money(amount, currency, places=max(2, -apart.adjusted()) if apart else 2)


UNITS = {None: count, "bytes": size, "seconds": duration}
"""How a measure is shown, by the unit that its field names."""


def share(part: Number, whole: Number) -> str:
    """Which part of the whole it is, in per cent; nothing where there is no whole."""
    if whole <= 0:
        return ""
    shown = _without_minus_zero(f"{Decimal(part) / Decimal(whole):.0%}")
    match shown:
        case "0%" if part > 0:
            return "<1%"
        case "100%" if part != whole:
            return "<100%" if part < whole else ">100%"
    return shown


def change(before: Decimal, now: Decimal) -> str:
    """By how much it is more or less than before; nothing where there was nothing before."""
    return _without_minus_zero(f"{now / before - 1:+,.0%}", "+") if before > 0 else ""


def sparkline(values: Sequence[Number], width: int) -> str:
    """How *values* went, in at most *width* characters, each the mean of as many of them.

    Fewer are left for the last, as a rule.
    """
    per = -(-len(values) // width) or 1
    heaps = [values[at : at + per] for at in range(0, len(values), per)]
    means = [Decimal(sum(heap)) / len(heap) for heap in heaps]  # money can be beyond floats
    highest = max(means, default=Decimal(0))
    if highest <= 0:
        return ""
    return "".join(_BARS[max(0, round(7 * mean / highest))] for mean in means)


def _all_digits(number: Number) -> str:
    """Every digit: as a decimal, since Python writes no integer of more than 4,300 digits."""
    return f"{Decimal(number):,f}"


def _scaled(number: Number, step: int, units: Sequence[str]) -> str:
    scaled, unit = Decimal(number), 0
    # Before rounding makes four digits of it.
    while abs(scaled) >= Decimal(step) - Decimal("0.5") and unit < len(units) - 1:
        scaled, unit = scaled / step, unit + 1
    places = 0 if not unit or scaled >= 100 else 1 if scaled >= 10 else 2
    return f"{scaled:,.{places}f}{units[unit]}"
