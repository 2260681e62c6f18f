"""Compute what a unit cost, by any labels, and its change against the period before."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TypeAlias

from attrs import field, frozen

from openai_usage import Bucket, CostsResult
from openai_usage._decimals import exact_difference, exact_product, exact_sum
from openai_usage._refusals import without_arguments_in_tracebacks
from openai_usage.analysis.groups import Label, group_by
from openai_usage.analysis.periods import PERIODS
from openai_usage.analysis.price_changes import Price, PriceChange, change_of
from openai_usage.analysis.quotes import quote_of
from openai_usage.analysis.selection import first_of, split
from openai_usage.analysis.totals import totals
from openai_usage.schema.validation import choose, reject, validate

__all__ = ["Price", "PriceChange", "Prices", "prices"]


@frozen
class Prices:
    """Prices by labels, unit and currency. Costs without a quantity are among them."""

    by: Sequence[str]
    """The names of the labels."""
    prices: Sequence[Price] = field(repr=lambda prices: f"<{len(prices)}>")
    """By currency, then by period, then with the highest costs first."""

    def __iter__(self) -> Iterator[Price]:
        return iter(self.prices)

    def __len__(self) -> int:
        return len(self.prices)

    @without_arguments_in_tracebacks
    def changes(self, by: Sequence[str] = ("model",)) -> list[PriceChange]:
        """Return the change of the costs by fewer labels, the largest changes first.

        Return nothing if no period before was given.

        Raises:
            InvalidQueryError: The prices do not have one of the labels.
        """
        names = [choose("by", name, self.by) for name in by]
        compared = [each for each in self.prices if each.amount_before is not None]
        groups = group_by(
            compared, lambda each: (each.currency, *(each.labels[name] for name in names))
        )
        found = [change_of(same, names) for same in groups.values()]
        order = list(dict.fromkeys(each.currency for each in self.prices))

        def key(each: PriceChange) -> tuple[int, Decimal]:
            size = exact_difference(each.amount, each.amount_before).copy_abs()
            return order.index(each.currency), size.copy_negate()

        return sorted(found, key=key)

    def rows(self) -> list[dict[str, Label | Decimal]]:
        """Return a row for each price: its labels, its figures and the currency."""
        return [
            {**each.labels, **{name: getattr(each, name) for name in _COLUMNS}} for each in self
        ]


_COLUMNS = (
    "per",
    "price",
    "price_before",
    "price_change",
    "amount",
    "amount_before",
    "amount_change",
    "price_effect",
    "volume_effect",
    "unit",
    "quantity",
    "quantity_before",
    "currency",
)


@without_arguments_in_tracebacks
def prices(
    buckets: Iterable[Bucket[CostsResult]],
    before: Iterable[Bucket[CostsResult]] = (),
    by: Sequence[str] = ("model", "kind"),
) -> Prices:
    """Return what a unit cost: the costs divided by the quantities, exact until the last step.

    These are effective prices. They contain discounts and free units, and by fewer labels they are
    means of several prices. The sum of all amounts is the bill, to the last digit::

        query = {"group_by": ["line_item"]}
        last, this = month_start(1), month_start()
        october = client.costs(start_time=last, end_time=this, **query).collect()
        november = client.costs(start_time=this, **query).collect()
        for each in prices(november, october):
            print(each.labels["model"], each.labels["kind"], each.price, each.per)

    Args:
        buckets: Costs that were grouped by `line_item`. Other costs do not have quantities.
        before: The costs of the period to compare with. Periods of different lengths have different
            volumes. Default: nothing is compared.
        by: The names of labels, as in `totals()`. With *before*, they cannot be periods.

    Raises:
        InvalidQueryError: The buckets are not of costs, or *by* is not valid.
    """
    validate("by", by, Sequence[str])
    by = list(dict.fromkeys(by))
    buckets, before = list(buckets), list(before)
    for name in PERIODS if before else ():
        if name in by:
            hint = "Leave out the period or `before`."
            reject("by", name, "labels that both periods can have", hint)
    now, past = _sums("buckets", buckets, by), _sums("before", before, by)
    zero = Decimal(0) if before else None
    found = []
    for key in dict.fromkeys([*now, *past]):
        amount, quantity = now.get(key, (Decimal(0), None))
        amount_before, quantity_before = past.get(key, (zero, None))
        *labels, unit, currency = key
        found.append(
            Price(
                labels=dict(zip(by, labels, strict=True)),
                unit=None if unit is None else str(unit),
                per=None if unit is None else quote_of(str(unit)).per,
                currency=str(currency),
                amount=amount,
                quantity=quantity,
                amount_before=amount_before,
                quantity_before=quantity_before,
            )
        )
    return Prices(tuple(by), _sorted(found, by))


_Sums: TypeAlias = dict[tuple[Label, ...], tuple[Decimal, Decimal | None]]
"""The amount and the quantity, by labels, unit and currency."""


def _sums(param: str, buckets: Sequence[Bucket[CostsResult]], by: Sequence[str]) -> _Sums:
    hint = "Pass those of client.costs(group_by=['line_item'])."
    first_of(buckets, param, (CostsResult,), "buckets of costs", hint)
    priced, others = split(buckets, _has_a_price)
    groups = totals(priced, [*by, "quantity_unit"], measures=["amount", "quantity"])
    found: dict[tuple[Label, ...], list[tuple[Decimal, Decimal]]] = {}
    for group in groups:
        quote = quote_of(str(group.labels["quantity_unit"]))
        quantity = exact_product(Decimal(group.figures["quantity"]), Decimal(quote.factor))
        key = (*(group.labels[name] for name in by), quote.unit, group.currency)
        found.setdefault(key, []).append((group.amount.value, quantity))
    sums: _Sums = {
        key: (exact_sum(amounts), exact_sum(quantities))
        for key, (amounts, quantities) in (
            (key, zip(*same, strict=True)) for key, same in found.items()
        )
    }
    for group in totals(others, by, measures=["amount"]):
        sums[(*(group.labels[name] for name in by), None, group.currency)] = (
            group.amount.value,
            None,
        )
    return sums


def _has_a_price(result: CostsResult) -> bool:
    """Return whether a result has a quantity that its amount is for, which a credit has not."""
    quantity = result.quantity
    if not quantity or not result.quantity_unit:
        return False
    # A correction has a negative amount and a negative quantity.
    return quantity.is_signed() == result.amount.value.is_signed()


def _sorted(prices: Sequence[Price], by: Sequence[str]) -> list[Price]:
    """Return the most frequent currency first, then by period, then the highest costs first."""
    frequent = Counter(each.currency for each in prices)
    periods = [name for name in by if name in PERIODS]

    def key(each: Price) -> tuple[int, str, list[str], Decimal, str]:
        times = [str(each.labels[name]) for name in periods]
        order = -frequent[each.currency]
        return order, each.currency, times, each.amount.copy_negate(), str(each.labels)

    return sorted(prices, key=key)
