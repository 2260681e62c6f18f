"""Adds up decimals without losing a digit, which is what every figure about money rests on."""

from collections.abc import Iterable
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation
from functools import reduce

_EXACT = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact, InvalidOperation])
"""Keeps every digit. The default keeps 28, and an amount alone can have more."""


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """The sum, with every digit and no others: a zero can come as `0E-6176`, and adds none."""
    return _EXACT.normalize(reduce(_EXACT.add, filter(None, amounts), Decimal(0)))


def of_cents(cents: int) -> Decimal:
    """Return *cents* as an amount of money, with two decimals."""
    return _EXACT.scaleb(Decimal(cents), -2)


def exact_difference(amount: Decimal, other: Decimal) -> Decimal:
    """By how much *amount* is more than *other*, with every digit."""
    return exact_sum([amount, other.copy_negate()])
