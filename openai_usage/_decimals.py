"""Add decimals without losing a digit. Every total of money relies on this."""

from collections.abc import Iterable
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation
from functools import reduce

_EXACT = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact, InvalidOperation])
"""A context that keeps every digit. The default keeps 28, and an amount can have more."""


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Return the sum with every digit, and without trailing zeros such as those of `0E-6176`."""
    return _EXACT.normalize(reduce(_EXACT.add, filter(None, amounts), Decimal(0)))


def of_cents(cents: int) -> Decimal:
    """Return *cents* as an amount of money, with two decimals."""
    return _EXACT.scaleb(Decimal(cents), -2)


def exact_difference(amount: Decimal, other: Decimal) -> Decimal:
    """Return *amount* minus *other*, with every digit."""
    return exact_sum([amount, other.copy_negate()])
