"""Format numbers for people: in units, short or with every digit; in per cent; as bars."""

from collections.abc import Sequence
from decimal import Context, Decimal

from attrs import evolve, frozen

from openai_usage._decimals import exact_difference

Number = int | Decimal

NOTHING = "\N{EN DASH}"
"""The text in place of an unknown or meaningless number."""

_THREE_DIGITS = Context(prec=3)


@frozen
class Unit:
    """A unit, which formats numbers.

    All digits of a number are formatted, however many it has: as a Decimal, because `str(int)` is
    limited to 4,300, and without the option `z`, which Python 3.15 limits to as many.
    """

    prefix: str = ""
    """The text before the digits: `$`."""
    suffix: str = ""
    """The text after the digits: ` B`."""
    places: int = 0
    """The least number of decimal places."""
    name: str = ""
    """The name of the unit if the prefix and suffix do not say it: `USD`."""
    step: int = 1000
    """The factor between one of the larger units and the next."""
    larger: tuple[str, ...] = ("K", "M", "B", "T")
    """The suffixes of the larger units, in place of `suffix`."""

    def scale(self, value: Number) -> tuple[int, str]:
        """Return the factor and suffix of the unit in which *value* is short."""
        scale, suffix, places = 1, self.suffix, self.places
        for larger in self.larger:
            # Half of the last digit earlier, because rounding would show 999.5K as 1,000K.
            if _size(value) / scale < self.step - Decimal(5).scaleb(-1 - places):
                break
            scale, suffix, places = scale * self.step, larger, 0
        return scale, suffix

    def short(self, value: Number) -> str:
        """Return *value* with three digits in a larger unit, if it reaches one: `$12.3K`."""
        scale, suffix = self.scale(value)
        if scale == 1:
            return self.rounded(value)
        scaled = _size(value) / scale
        places = max(0, 2 - _THREE_DIGITS.plus(scaled).adjusted())
        return self._around(value, f"{scaled:,.{places}f}", suffix)

    def rounded(self, value: Number, *, plus: str = "") -> str:
        """Return *value* rounded to the cent for money, else to a whole number: `$1,234.50`."""
        return self._around(value, f"{_size(value):,.{self.places}f}", self.suffix, plus)

    def signed(self, value: Number) -> str:
        """Return a change with its sign, as in `rounded`: `+$1.20`, or `$0.00` for zero."""
        return self.rounded(value, plus="+")

    def exact(self, value: Number) -> str:
        """Return *value* with all its digits, without trailing zeros: `$1,234.5006`."""
        whole, _, fraction = f"{_size(value):,f}".partition(".")
        fraction = fraction.rstrip("0").ljust(self.places, "0")
        return self._around(value, f"{whole}.{fraction}" if fraction else whole, self.suffix)

    def _around(self, value: Number, digits: str, suffix: str, plus: str = "") -> str:
        is_zero = not digits.strip("0,.")
        sign = "" if is_zero else "-" if value < 0 else plus
        return f"{sign}{self.prefix}{digits}{suffix}"


def _size(value: Number) -> Decimal:
    # abs() may round to the precision of the decimal context. copy_abs() does not.
    return Decimal(value).copy_abs()


COUNT = Unit()
BYTES = Unit(suffix=" B", step=1024, larger=(" KiB", " MiB", " GiB", " TiB", " PiB"))
PERCENT = Unit(suffix="%")
TENTHS_OF_PERCENT = Unit(suffix=" %", places=1)


def money(currency: str, places: int = 2) -> Unit:
    """Return the unit of amounts in *currency*, as the API spells it: `1,234.50 usd`."""
    return Unit(suffix=f" {currency}", places=places)


def money_with_symbol(currency: str) -> Unit:
    """Return the unit of amounts in *currency*, with a symbol for dollars: `$1.20`, `EUR 1.20`."""
    if currency == "usd":
        return Unit(prefix="$", places=2, name="USD")
    return Unit(prefix=f"{currency.upper()} ", places=2)


def money_beside(amount: Decimal, other: Decimal, unit: Unit) -> str:
    """Return *amount* to the cent, or with as many digits as set it apart from *other*."""
    difference = exact_difference(amount, other)
    places = max(2, -difference.adjusted()) if difference else 2
    return evolve(unit, places=places).rounded(amount)


def count(number: Number) -> str:
    """Return a count with every digit, or in short from 100,000 on: `1.23M`."""
    return COUNT.short(number) if number >= 100_000 else COUNT.exact(number)


def counted(number: int, thing: str) -> str:
    """Return how many things there are: `1 day`, `1,234 days`."""
    return f"{COUNT.exact(number)} {thing}{'' if number == 1 else 's'}"


def duration(seconds: Number) -> str:
    """Return seconds as `1 h 05 min`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{COUNT.exact(hours)} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


SHORT = {None: count, "bytes": BYTES.short, "seconds": duration}
"""The short form of numbers in a table, by the unit of their field."""


def share(part: Number, whole: Number) -> str:
    """Return *part* in per cent of *whole*, or an empty string if *whole* is not positive."""
    if whole <= 0:
        return ""
    percent = PERCENT.rounded(100 * (Decimal(part) / Decimal(whole)))
    match percent:
        case "0%" if part > 0:
            return "<1%"
        case "100%" if part != whole:
            return "<100%" if part < whole else ">100%"
    return percent


def precise_share(part: Decimal, whole: Decimal) -> str:
    """Return *part* as `12.5 %` of *whole*, or a dash if *part* < 0 or *whole* <= 0."""
    return TENTHS_OF_PERCENT.rounded(100 * (part / whole)) if whole > 0 <= part else NOTHING


def change(now: Decimal, before: Decimal, unit: Unit = PERCENT) -> str:
    """Return the change as `+12%`, or an empty string if *before* is not positive."""
    return unit.signed(100 * (now / before - 1)) if before > 0 else ""


def precise_change(now: Decimal, before: Decimal) -> str:
    """Return the change as `+12.5 %`, or as `65 times` if *now* is at least ten times *before*.

    Return a dash if *before* is zero, or if either amount is negative (a refund).
    """
    if before <= 0 or now < 0:
        return NOTHING
    if now >= 10 * before:
        return f"{COUNT.rounded(now / before)} times"
    return change(now, before, TENTHS_OF_PERCENT)


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
    return "".join("▁▂▃▄▅▆▇█"[max(0, round(7 * mean / highest))] for mean in means)
