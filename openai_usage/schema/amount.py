"""Amount: money in one currency, which can be added, ordered and formatted without rounding."""

from collections.abc import Callable
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Literal, TypeAlias

from openai_usage._decimals import exact_add, exact_product, with_cents
from openai_usage._text import currency_code, short_repr
from openai_usage.schema.model import Model

__all__ = ["Amount"]

_Other: TypeAlias = "Amount | Literal[0]"


class Amount(Model):
    """Money, exact to the last digit the API sent.

    Amounts in one currency can be added, subtracted and ordered, and multiplied by an `int` or a
    `Decimal`. Every digit is kept. The result has its currency in lower case, because `usd` and
    `USD` are one currency. The number 0 goes with every currency, so `sum()` works::

        total = sum(result.amount for bucket in buckets for result in bucket.results)
        print(total, f"{total:,.2f}")  # 1234.5006 usd 1,234.50 usd

    Amounts are equal if both fields are equal. To add or order different currencies is a
    `ValueError`.
    """

    value: Decimal
    """In whole units of the currency: dollars, not cents."""
    currency: str
    """ISO 4217 in lower case: `usd`."""

    def check(self) -> None:
        """Raise a `ValueError` if `value` is not a finite `Decimal`."""
        if not isinstance(self.value, Decimal) or not self.value.is_finite():
            raise ValueError(f"an amount is a finite Decimal, not {self.value!r}")

    def __add__(self, other: _Other) -> "Amount":
        value = self._value_of(other)
        return NotImplemented if value is None else self._with(exact_add(self.value, value))

    def __radd__(self, other: int) -> "Amount":  # sum() begins with the number 0
        return NotImplemented if self._value_of(other) is None else self._with(self.value)

    def __sub__(self, other: _Other) -> "Amount":
        value = self._value_of(other)
        return (
            NotImplemented
            if value is None
            else self._with(exact_add(self.value, value.copy_negate()))
        )

    def __rsub__(self, other: int) -> "Amount":
        return NotImplemented if self._value_of(other) is None else -self

    def __neg__(self) -> "Amount":
        return self._with(self.value.copy_negate())

    def __mul__(self, factor: int | Decimal) -> "Amount":
        if not isinstance(factor, int | Decimal):
            return NotImplemented
        return self._with(exact_product(self.value, Decimal(factor)))

    __rmul__ = __mul__

    def __lt__(self, other: _Other) -> bool:
        return self._compare(lt, other)

    def __le__(self, other: _Other) -> bool:
        return self._compare(le, other)

    def __gt__(self, other: _Other) -> bool:
        return self._compare(gt, other)

    def __ge__(self, other: _Other) -> bool:
        return self._compare(ge, other)

    def __str__(self) -> str:
        return format(self)

    def __format__(self, spec: str) -> str:
        """Return the value as *spec* formats a `Decimal`, followed by the currency.

        Without a type, as in `,.2`, a spec means digits before and after the point. Without a
        precision, all digits are kept, and at least two decimals.
        """
        # A Decimal without a type can be written with an exponent.
        kind = "" if spec.endswith("%") or spec[-1:].isalpha() else "f"
        return f"{format(with_cents(self.value), spec + kind)} {self.currency}"

    def _with(self, value: Decimal) -> "Amount":
        return Amount(value=value, currency=currency_code(self.currency))

    def _compare(self, holds: Callable[[Decimal, Decimal], bool], other: _Other) -> bool:
        value = self._value_of(other)
        return NotImplemented if value is None else holds(self.value, value)

    def _value_of(self, other: object) -> Decimal | None:
        """Return the value of *other* in the same currency, or None if it is not an amount.

        Raises:
            ValueError: *other* is in a different currency.
        """
        if not isinstance(other, Amount):
            return Decimal(0) if isinstance(other, int) and other == 0 else None
        if currency_code(self.currency) != currency_code(other.currency):
            currencies = f"{short_repr(self.currency)} and {short_repr(other.currency)}"
            raise ValueError(
                f"amounts in {currencies} cannot be added or compared. Only amounts in one "
                "currency can. Add up each currency separately."
            )
        return other.value
