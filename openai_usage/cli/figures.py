"""Figures as people read them: separators, units that fit, a bar, a line of the trend."""

from collections.abc import Sequence
from decimal import Decimal

from openai_usage._sums import added

Number = int | Decimal

_LARGE = 100_000
"""Up to here, a count is shown as it is."""

_BARS = "▁▂▃▄▅▆▇█"


def count(number: Number, *, exact: bool = False) -> str:
    """1,234 as it is, and 1.23M for 1,234,567."""
    if exact or number < _LARGE:
        return f"{number:,f}" if isinstance(number, Decimal) else f"{number:,}"
    return _scaled(number, 1000, ("", "K", "M", "B", "T"))


def size(number: Number, *, exact: bool = False) -> str:
    """Bytes in units of 1,024, as memory and vector stores are reckoned."""
    if exact:
        return f"{number:,}"
    return _scaled(number, 1024, (" B", " KiB", " MiB", " GiB", " TiB", " PiB"))


def duration(seconds: Number, *, exact: bool = False) -> str:
    """Seconds as `1 h 05 min`."""
    if exact:
        return f"{seconds:,}"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def money(amount: Decimal, currency: str, *, exact: bool = False) -> str:
    """To the cent, which everyone reckons in, with its currency; or to the last digit."""
    if exact:
        return f"{added([amount]):,f} {currency}"
    return f"{amount:,.2f} {currency}"


UNITS = {None: count, "bytes": size, "seconds": duration}
"""How a measure is shown, by the unit that its field names."""


def share(part: Number, whole: Number) -> str:
    """Which part of the whole it is, in per cent; nothing where there is no whole."""
    if whole <= 0:
        return ""
    ratio = float(part) / float(whole)
    return "<1%" if 0 < ratio < 0.005 else f"{ratio:.0%}"


def change(before: Decimal | None, now: Decimal) -> str:
    """By how much it is more or less than before; nothing where there was nothing before."""
    return f"{now / before - 1:+,.0%}" if before is not None and before > 0 else ""


def sparkline(values: Sequence[Number], width: int) -> str:
    """How *values* went, in at most *width* characters, each the mean of as many of them.

    Fewer are left for the last, as a rule.
    """
    per = -(-len(values) // width) or 1
    heaps = [values[at : at + per] for at in range(0, len(values), per)]
    means = [float(sum(heap)) / len(heap) for heap in heaps]
    highest = max(means, default=0)
    if highest <= 0:
        return ""
    return "".join(_BARS[max(0, round(7 * mean / highest))] for mean in means)


def _scaled(number: Number, step: int, units: Sequence[str]) -> str:
    scaled, unit = Decimal(number), 0
    # Before rounding makes four digits of it.
    while abs(scaled) >= Decimal(step) - Decimal("0.5") and unit < len(units) - 1:
        scaled, unit = scaled / step, unit + 1
    places = 0 if not unit or scaled >= 100 else 1 if scaled >= 10 else 2
    return f"{scaled:,.{places}f}{units[unit]}"
