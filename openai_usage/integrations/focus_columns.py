"""The columns of FOCUS's dataset Cost and Usage that costs of the API can fill."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from attrs import frozen

from openai_usage.schema.validation import validate

__all__ = ["FocusColumn", "FocusVersion", "focus_columns"]

FocusVersion: TypeAlias = Literal["1.2", "1.4"]
"""A version of the specification."""

_BOTH: tuple[FocusVersion, ...] = ("1.2", "1.4")


@frozen
class FocusColumn:
    """A column of the dataset Cost and Usage."""

    name: str
    """The name. Columns that are not FOCUS's own begin with `x_`."""
    kind: type
    """The type of its values: `str`, `Decimal`, `datetime` or `bool`."""
    nullable: bool = True
    """True if values can be None."""
    versions: Sequence[FocusVersion] = _BOTH
    """The versions that have it."""


_COLUMNS = (
    FocusColumn("BilledCost", Decimal, nullable=False),
    FocusColumn("BillingAccountId", str, nullable=False),
    FocusColumn("BillingAccountName", str),
    FocusColumn("BillingCurrency", str, nullable=False),
    FocusColumn("BillingPeriodEnd", datetime, nullable=False),
    FocusColumn("BillingPeriodStart", datetime, nullable=False),
    FocusColumn("ChargeCategory", str, nullable=False),
    FocusColumn("ChargeClass", str),
    FocusColumn("ChargeDescription", str),
    FocusColumn("ChargePeriodEnd", datetime, nullable=False),
    FocusColumn("ChargePeriodStart", datetime, nullable=False),
    FocusColumn("CommitmentDiscountStatus", str),
    FocusColumn("ConsumedQuantity", Decimal),
    FocusColumn("ConsumedUnit", str),
    FocusColumn("ContractedCost", Decimal, nullable=False),
    FocusColumn("EffectiveCost", Decimal, nullable=False),
    FocusColumn("HostProviderName", str, versions=("1.4",)),
    FocusColumn("InvoiceDetailId", str, versions=("1.4",)),
    FocusColumn("InvoiceId", str),
    FocusColumn("InvoiceIssuerName", str, nullable=False),
    FocusColumn("ListCost", Decimal, nullable=False),
    FocusColumn("PricingQuantity", Decimal),
    FocusColumn("PricingUnit", str),
    FocusColumn("ProviderName", str, nullable=False, versions=("1.2",)),
    FocusColumn("PublisherName", str, nullable=False, versions=("1.2",)),
    FocusColumn("ServiceCategory", str, nullable=False),
    FocusColumn("ServiceName", str, nullable=False),
    FocusColumn("ServiceProviderName", str, nullable=False, versions=("1.4",)),
    FocusColumn("ServiceSubcategory", str, nullable=False),
    FocusColumn("SkuId", str),
    FocusColumn("SkuMeter", str),
    FocusColumn("SkuPriceId", str),
    FocusColumn("SubAccountId", str),
    FocusColumn("SubAccountName", str),
    FocusColumn("x_ApiKeyId", str),
    FocusColumn("x_ApiSource", str),
    FocusColumn("x_Estimate", bool, nullable=False),
    FocusColumn("x_UserId", str),
)
"""All columns that are mandatory, and of the others those that the API can fill or that the rules
of the former refer to. They are in alphabetical order, and columns of others come last, as the
attribute ColumnHandling recommends."""


def focus_columns(version: FocusVersion = "1.2") -> tuple[FocusColumn, ...]:
    """Return the columns of a version, in order.

    Raises:
        InvalidQueryError: *version* is not one of its allowed values.
    """
    validate("version", version, FocusVersion)
    return tuple(each for each in _COLUMNS if version in each.versions)
