"""Add up costs to charges: one for each day and each combination of labels."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias

from attrs import frozen

from openai_usage import Amount, Bucket, CostsResult
from openai_usage._decimals import exactly
from openai_usage._text import currency_code
from openai_usage.schema.line_items import LINE_ITEM_PARTS, line_item_label

__all__ = ["Charge", "Dimension", "Field", "charges_of", "fields_of", "sums_by_day"]

Dimension: TypeAlias = Literal[
    "organization",
    "project_id",
    "model",
    "kind",
    "product",
    "line_item",
    "user_id",
    "api_key_id",
]
"""A label by which spending can be broken down."""

Field: TypeAlias = Literal["project_id", "line_item", "user_id", "api_key_id"]
"""A field that the API can group costs by."""

_FIELDS: Mapping[Dimension, Field] = {
    "model": "line_item",
    "project_id": "project_id",
    "kind": "line_item",
    "product": "line_item",
    "line_item": "line_item",
    "user_id": "user_id",
    "api_key_id": "api_key_id",
}
"""The field by which the API has to group costs, for each label but the organization."""

_Label: TypeAlias = str | None
_Key: TypeAlias = tuple[date, _Label, _Label, _Label, _Label, _Label, str, bool]

_ZERO = Decimal(0)


def fields_of(dimensions: Iterable[Dimension]) -> list[Field]:
    """Return the fields by which the API has to group costs for these labels."""
    return list(dict.fromkeys(_FIELDS[each] for each in dimensions if each in _FIELDS))


@frozen
class Charge:
    """The cost of one line item of one project, user and API key on one day."""

    day: date
    """The day in UTC."""
    project_id: str | None
    """The project, or None if the cost belongs to no project."""
    line_item: str | None
    """The line item, or None if the API gives none."""
    amount: Amount
    """The cost."""
    user_id: str | None = None
    """The user, if the costs are grouped by it."""
    api_key_id: str | None = None
    """The API key, if the costs are grouped by it."""
    organization: str | None = None
    """The label of the organization, if several are read together."""

    def label(self, dimension: Dimension) -> str | None:
        """Return the label of this cost in sums by *dimension*."""
        if dimension in LINE_ITEM_PARTS:
            return line_item_label(self.line_item, dimension)
        found: str | None = getattr(self, dimension)
        return found


def charges_of(buckets: Iterable[Bucket[CostsResult]]) -> Iterator[Charge]:
    """Yield the costs in *buckets*, with charges and credits of the same line item apart.

    A bucket that is too long counts on the day on which it begins.
    """
    # `totals()` would take three times as long, and its order is not needed here.
    sums: dict[_Key, Decimal] = {}
    with exactly():
        for bucket in buckets:
            day = bucket.start.date()
            for each in bucket.results:
                value, currency = each.amount.value, each.amount.currency
                # An id can be empty: for costs that are older than projects, for example.
                key = (
                    day,
                    each.project_id or None,
                    each.line_item or None,
                    each.user_id or None,
                    each.api_key_id or None,
                    each.organization,
                    currency if currency.islower() else currency_code(currency),
                    value < 0,
                )
                # A zero can be `0E-6176`, and a sum with it would have as many decimals.
                sums[key] = sums.get(key, _ZERO) + (value or _ZERO)
    for (day, project, line_item, user, api_key, organization, currency, _), value in sums.items():
        amount = Amount(value=value, currency=currency)
        yield Charge(day, project, line_item, amount, user, api_key, organization)


def sums_by_day(charges: Iterable[Charge]) -> Mapping[date, Decimal]:
    """Return the exact sums of *charges* in one currency, by the days that have any."""
    sums: dict[date, Decimal] = {}
    with exactly():
        for each in charges:
            sums[each.day] = sums.get(each.day, _ZERO) + each.amount.value
    return sums
