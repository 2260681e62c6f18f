"""Compute how much of a change of costs comes from price, from volume and from the mix of kinds.

The usual decomposition of price and volume: new units at old prices are volume, the rest is price.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from openai_usage._decimals import exact_difference, exact_sum, rounded, significant
from openai_usage.analysis.groups import Label, group_by
from openai_usage.analysis.quotes import quote_of

__all__ = ["Price", "PriceChange", "change_of"]

_DIGITS = 12
"""The significant digits of prices. A price list has at most five; a mean of prices has more."""

_DECIMALS = 10
"""The least number of decimals of price effects, which are amounts of money."""


@frozen
class Price:
    """The costs of some labels in one unit and currency, and what a unit of them cost.

    Costs that do not say what was bought have no unit and no price: those without a quantity or
    with a quantity of zero, and credits. They are apart, so a credit does not lower a price.
    """

    labels: Mapping[str, Label]
    """The labels by name."""
    unit: str | None
    """The unit of quantities: a `quantity_unit` of the API. `1000_tokens` are added to `tokens`;
    minutes and hours of audio are added to `duration_seconds`."""
    per: str | None
    """The quantity that a price is for: `1M tokens`, `minute`, or the name of a newer unit."""
    currency: str
    """The currency of amounts and prices, in lower case."""
    amount: Decimal
    """The costs, exact. 0 if there are only costs before."""
    quantity: Decimal | None
    """The quantity that these costs are for, exact, in `unit`."""
    amount_before: Decimal | None = None
    """The costs of the period before, exact: 0 if there are none. None if no period is given."""
    quantity_before: Decimal | None = None
    """The quantity of the period before."""

    @property
    def price(self) -> Decimal | None:
        """The price of the quantity `per`, rounded to 12 significant digits.

        None without a quantity, and where corrections make the costs or the quantity negative.
        """
        return self._quoted(self._unit_price)

    @property
    def price_before(self) -> Decimal | None:
        """The price in the period before."""
        return self._quoted(self._unit_price_before)

    @property
    def price_change(self) -> Decimal | None:
        """`price` minus `price_before`. None if either is None."""
        now, before = self.price, self.price_before
        return None if now is None or before is None else exact_difference(now, before)

    @property
    def amount_change(self) -> Decimal | None:
        """`amount` minus `amount_before`, exact. None if no period before is given."""
        before = self.amount_before
        return None if before is None else exact_difference(self.amount, before)

    @property
    def price_effect(self) -> Decimal | None:
        """The part of `amount_change` that comes from price: the change of price times `quantity`.

        0 if one of the periods lacks a price, as for a line item that is new or gone, and for
        credits: then the whole change counts as volume. Computed from exact prices, then rounded to
        ten decimals, or to those of `amount_change` if it has more.
        None if no period before is given.
        """
        change, now, before = self.amount_change, self._unit_price, self._unit_price_before
        if change is None:
            return None
        if now is None or before is None:
            return Decimal(0)
        return _rounded((now - before) * Fraction(self.quantity or 0), change)

    @property
    def volume_effect(self) -> Decimal | None:
        """The rest of `amount_change`: the change of the quantity, at the price before.

        It takes up what `price_effect` lost by rounding, so the two add up to the last digit.
        """
        change, effect = self.amount_change, self.price_effect
        return None if change is None or effect is None else exact_difference(change, effect)

    @property
    def _unit_price(self) -> Fraction | None:
        return _ratio(self.amount, self.quantity)

    @property
    def _unit_price_before(self) -> Fraction | None:
        return _ratio(self.amount_before, self.quantity_before)

    def _quoted(self, unit_price: Fraction | None) -> Decimal | None:
        return None if unit_price is None else significant(unit_price * self._size, _DIGITS)

    @property
    def _size(self) -> int:
        return quote_of(self.unit or "").size


@frozen
class PriceChange:
    """The change of the costs of several prices, and where it comes from."""

    labels: Mapping[str, Label]
    """The labels by name."""
    currency: str
    """The currency in lower case."""
    amount: Decimal
    """The costs, exact."""
    amount_before: Decimal
    """The costs of the period before, exact."""
    price_effect: Decimal
    """The sum of the price effects."""
    volume_effect: Decimal
    """The sum of the volume effects: of more or less units, and of other kinds of them. With
    `price_effect` it adds up to the change, to the last digit."""
    mix_effect: Decimal
    """The part of `volume_effect` that comes from other kinds of units: more output tokens and
    less input tokens, for example. The rest of it comes from more or less units of the same kinds.
    Computed for each unit, and rounded as price effects are."""


def change_of(prices: Sequence[Price], by: Sequence[str]) -> PriceChange:
    """Return the change of the sum of *prices*, which are in one currency, with the labels *by*."""
    first = prices[0]
    return PriceChange(
        labels={name: first.labels[name] for name in by},
        currency=first.currency,
        amount=exact_sum(each.amount for each in prices),
        amount_before=_sum(each.amount_before for each in prices),
        price_effect=_sum(each.price_effect for each in prices),
        volume_effect=_sum(each.volume_effect for each in prices),
        mix_effect=_sum(
            _mix_effect(same) for same in group_by(prices, lambda each: each.unit).values()
        ),
    )


def _mix_effect(prices: Sequence[Price]) -> Decimal:
    """Return the volume effect of *prices* in one unit, without that of the number of units."""
    quantity_before = _sum(each.quantity_before for each in prices)
    unit_price = _ratio(_sum(each.amount_before for each in prices), quantity_before)
    if unit_price is None:
        return Decimal(0)
    more = exact_difference(_sum(each.quantity for each in prices), quantity_before)
    volume = _sum(each.volume_effect for each in prices)
    return _rounded(Fraction(volume) - unit_price * Fraction(more), volume)


def _ratio(amount: Decimal | None, quantity: Decimal | None) -> Fraction | None:
    """Return the price of one unit. None for credits, and if no quantity is known."""
    if amount is None or quantity is None or amount < 0 or quantity <= 0:
        return None
    return Fraction(amount) / Fraction(quantity)


def _rounded(effect: Fraction, change: Decimal) -> Decimal:
    return rounded(effect, max(_DECIMALS, -int(change.as_tuple().exponent)))


def _sum(numbers: Iterable[Decimal | None]) -> Decimal:
    return exact_sum(each for each in numbers if each is not None)
