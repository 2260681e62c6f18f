"""Costs in FOCUS, the FinOps Foundation's format for the costs of any provider.

Each result becomes a row of FOCUS's dataset Cost and Usage, in version 1.2 or 1.4::

    buckets = client.costs(start_time=start, group_by=["project_id", "line_item"]).collect()
    rows = focus_rows(buckets, version="1.4")

`openai_usage.integrations.focus_arrow` has the same rows as an Arrow table.

The rules are from the specification (github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec): those
of a column from the page with its name in `specification/columns` (1.2) or
`specification/datasets/cost_and_usage/columns` (later), those of formats from
`specification/attributes`.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

from openai_usage._decimals import exact_product
from openai_usage._digits import digits
from openai_usage._text import currency_code
from openai_usage._time_format import iso, iso_date
from openai_usage.errors import ColumnError
from openai_usage.integrations.focus_columns import FocusColumn, FocusVersion, focus_columns
from openai_usage.names import Names
from openai_usage.schema.line_items import line_item_label
from openai_usage.schema.results import Bucket, CostsResult
from openai_usage.schema.times import Timestamp

__all__ = [
    "FocusColumn",
    "FocusRow",
    "FocusValue",
    "FocusVersion",
    "count_without_quantity",
    "focus_columns",
    "focus_rows",
    "focus_text",
]

FocusValue: TypeAlias = str | Decimal | datetime | bool | None
"""A value of a row. Times are in UTC."""

FocusRow: TypeAlias = dict[str, FocusValue]
"""A row by the names of its columns, which are always the same and in the same order."""

NO_ACCOUNT = "Pass billing_account='…'."
AS_ROWS = "Use focus_rows() to keep every digit."
"""The hints of the errors for costs of an unknown organization, and for too many digits."""

_OPENAI = "OpenAI"

_CONSTANTS: FocusRow = {
    # It is for corrections of periods that were invoiced before. The API marks none.
    "ChargeClass": None,
    "CommitmentDiscountStatus": None,
    # Equal to ServiceProviderName, because OpenAI shows and offers no choice of the host.
    "HostProviderName": _OPENAI,
    "InvoiceDetailId": None,
    "InvoiceId": None,
    "InvoiceIssuerName": _OPENAI,
    "ProviderName": _OPENAI,
    "PublisherName": _OPENAI,
    "ServiceCategory": "AI and Machine Learning",
    "ServiceName": "OpenAI API",
    "ServiceProviderName": _OPENAI,
    "ServiceSubcategory": "Generative AI",
}
"""The values that are the same in every row."""

_UNITS = {
    "duration_seconds": "Seconds",
    "duration_minutes": "Minutes",
    "duration_hours": "Hours",
    "gibibyte_hours": "GiB-Hours",
}
"""The units of the attribute UnitFormat for those of the API that it spells otherwise."""

_BLOCK = re.compile("[1-9][0-9]{0,8}_.")
"""The beginning of a unit of the API that is a block of several: `1000_tokens`."""


def focus_rows(
    buckets: Iterable[Bucket[CostsResult]],
    *,
    version: FocusVersion = "1.2",
    names: Names | None = None,
    billing_account: str | None = None,
    now: Timestamp | None = None,
) -> list[FocusRow]:
    """Return a row for each result of *buckets*.

    The query needs `group_by=["project_id", "line_item"]`: the project is the sub account, and
    only a line item has a quantity.

    Args:
        buckets: The costs.
        version: The version of the specification.
        names: The names of projects whose name is not in the results.
        billing_account: The id of the organization, if the results do not have it. The API does
            not document that they do.
        now: The time at which `x_Estimate` is true for costs that the API still revises. Default:
            that of the local clock.

    Raises:
        ColumnError: The organization of a result is not known.
        InvalidQueryError: *version* or *now* is not valid.
    """
    columns = focus_columns(version)
    rows = []
    for bucket in buckets:
        shared = {**_CONSTANTS, **_periods(bucket), "x_Estimate": _is_estimate(bucket, now)}
        for cost in bucket.results:
            values = {
                **shared,
                **_accounts(bucket, cost, names, billing_account),
                **_charge(cost),
                "x_ApiKeyId": cost.api_key_id or None,
                "x_ApiSource": cost.api_source or None,
                "x_UserId": cost.user_id or None,
            }
            rows.append({column.name: values[column.name] for column in columns})
    return rows


def count_without_quantity(rows: Iterable[FocusRow]) -> int:
    """Return the number of rows of usage for which the API gave no quantity.

    FOCUS requires one. A line item without a quantity is rare, and a query that does not group by
    `line_item` has none.
    """
    return sum(row["ChargeCategory"] == "Usage" and row["PricingQuantity"] is None for row in rows)


def focus_text(value: FocusValue) -> str:
    """Return a value as text for CSV. None is empty.

    Numbers have every digit, a point, and no exponent, so that readers that guess types take them
    for decimals. Times end in Z.
    """
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case Decimal():
            text = digits(value)
            return text if "." in text else f"{text}.0"
        case datetime():
            return iso(value)
        case _:
            return value


def _periods(bucket: Bucket[CostsResult]) -> FocusRow:
    """Return the times of a bucket, and its month in UTC as the billing period."""
    month = bucket.start.replace(day=1, hour=0, minute=0, second=0)
    return {
        "BillingPeriodEnd": (month + timedelta(days=31)).replace(day=1),
        "BillingPeriodStart": month,
        "ChargePeriodEnd": bucket.end,
        "ChargePeriodStart": bucket.start,
    }


def _is_estimate(bucket: Bucket[CostsResult], now: Timestamp | None) -> bool:
    return not bucket.is_settled(now=now, bucket_width="1d")  # costs always have days


def _accounts(
    bucket: Bucket[CostsResult], cost: CostsResult, names: Names | None, account: str | None
) -> FocusRow:
    """Return the organization and the project of a cost."""
    organization = cost.organization_id or cost.organization or account
    if organization is None:
        raise ColumnError(
            f"The API does not say which organization the costs of {iso_date(bucket.start)} belong "
            "to, and FOCUS requires a BillingAccountId.",
            column="BillingAccountId",
            start_time=bucket.start_time,
            hint=NO_ACCOUNT,
        )
    project = cost.project_id or None  # empty for costs from before there were projects
    name = cost.project_name or (names.of(project).name if names else None)
    return {
        "BillingAccountId": organization,
        "BillingAccountName": cost.organization_name or cost.organization,
        "SubAccountId": project,
        "SubAccountName": (name or project) if project else None,  # null together with the id
    }


def _charge(cost: CostsResult) -> FocusRow:
    """Return the amount of a cost, and what it was billed for.

    All four costs are the billed one, as FOCUS has it for charges that have no unit price and
    depend on no other charge. A credit is for a SKU only if it has a quantity.
    """
    amount, item = cost.amount.value, cost.line_item or None
    is_usage = amount >= 0
    sku = item if is_usage or cost.quantity is not None else None
    return {
        "BilledCost": amount,
        "BillingCurrency": currency_code(cost.amount.currency).upper(),
        "ChargeCategory": "Usage" if is_usage else "Credit",
        "ChargeDescription": item,
        "ContractedCost": amount,
        "EffectiveCost": amount,
        "ListCost": amount,
        "SkuId": sku,
        "SkuMeter": line_item_label(sku, "kind"),
        "SkuPriceId": sku,
        **_quantities(cost, has_sku=sku is not None, is_usage=is_usage),
    }


def _quantities(cost: CostsResult, *, has_sku: bool, is_usage: bool) -> FocusRow:
    """Return the quantity that was priced, and that was consumed. A credit is not consumed."""
    block, unit = _unit(cost.quantity_unit or "")
    priced = cost.quantity if has_sku else None  # FOCUS allows none without a SKU
    consumed = exact_product(priced, Decimal(block)) if is_usage and priced is not None else None
    return {
        "ConsumedQuantity": consumed,
        "ConsumedUnit": None if consumed is None else unit,
        "PricingQuantity": priced,
        "PricingUnit": None if priced is None else unit if block == 1 else f"{block} {unit}",
    }


def _unit(text: str) -> tuple[int, str]:
    """Return the size of a block and its unit, as UnitFormat spells them: 1000 and `Tokens`."""
    block, _, name = text.partition("_") if _BLOCK.match(text) else ("1", "", text)
    words = re.findall(r"[^\W_]+", name)
    spelled = "-".join(f"{word[0].upper()}{word[1:]}" for word in words)
    return int(block), _UNITS.get(name) or spelled or "Units"
