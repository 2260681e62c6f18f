"""FOCUS: every rule of the specification for the columns that costs of the API can fill."""

import logging
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from importlib import import_module
from typing import get_args

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import Bucket, ColumnError, CostsResult, InvalidQueryError, Name, Names
from openai_usage._decimals import exact_sum
from openai_usage._digits import Rounding
from openai_usage._extras import missing_library
from openai_usage.analysis import totals
from openai_usage.integrations.focus import (
    FocusRow,
    FocusVersion,
    count_without_quantity,
    focus_columns,
    focus_rows,
    focus_text,
)
from openai_usage.integrations.focus_arrow import focus_schema, focus_table
from tests.support.bills import DAY, START, bucket, cost

VERSIONS: Sequence[FocusVersion] = get_args(FocusVersion)

MANDATORY = {
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ServiceCategory",
    "ServiceName",
}
"""The columns that 1.2 and 1.4 both require, whatever the provider."""

MANDATORY_IN = {
    "1.2": {"ProviderName", "PublisherName"},
    "1.4": {"HostProviderName", "ServiceProviderName"},
}

ABSENT_FROM = {
    "1.2": {"HostProviderName", "InvoiceDetailId", "ServiceProviderName"},
    "1.4": {"ProviderName", "PublisherName"},  # deprecated in 1.3
}

NULLABLE = {
    "BillingAccountName",
    "ChargeClass",
    "ChargeDescription",
    "CommitmentDiscountStatus",
    "ConsumedQuantity",
    "ConsumedUnit",
    "HostProviderName",
    "InvoiceDetailId",
    "InvoiceId",
    "PricingQuantity",
    "PricingUnit",
    "SkuId",
    "SkuMeter",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
}
"""The columns for which the specification allows nulls."""

ALLOWED: Mapping[str, set[object]] = {
    "ChargeCategory": {"Usage", "Purchase", "Tax", "Credit", "Adjustment"},
    "ChargeClass": {None, "Correction"},
    "CommitmentDiscountStatus": {None, "Used", "Unused"},
    "ServiceCategory": {"AI and Machine Learning"},
    "ServiceSubcategory": {"Generative AI"},  # a child of that category
}

COSTS = ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")

UNIT = re.compile(r"([1-9][0-9]* )?[A-Z]\w*(-[A-Z]\w*)*")
"""UnitFormat: a number of units, if it is not one, and capitalized units with hyphens."""

WIDE = Context(prec=100)

NUMBERS = st.builds(
    Decimal.scaleb, st.integers(-1000, 10**11 - 1).map(Decimal), st.integers(-30, 0)
) | st.just(Decimal("0E-6176"))
"""Numbers with up to eleven digits before the point: blocks of thousands fit into a table, too."""

TEXTS = st.sampled_from([None, "", "a"])
RESULTS = st.builds(
    cost,
    NUMBERS,
    st.none() | NUMBERS,
    st.sampled_from(
        ["tokens", "1000_tokens", "gibibyte_hours", "duration_hours", "calls", "", None]
    ),
    st.sampled_from([None, "", "gpt-5, input", "gpt-5", "evals | gpt-5, output", "Credit"]),
    st.sampled_from(["usd", "USD", "eur"]),
    organization_id=st.sampled_from(["org-1", "org-2"]),
    organization_name=TEXTS,
    project_id=TEXTS,
    project_name=TEXTS,
    user_id=TEXTS,
    api_key_id=TEXTS,
    api_source=TEXTS,
)
BILLS = st.lists(
    st.builds(
        bucket,
        st.lists(RESULTS, max_size=6),
        st.integers(0, 800).map(lambda days: START + days * DAY),
    ),
    max_size=3,
)


def only(cost: CostsResult, **options: object) -> FocusRow:
    """Return the row of one cost."""
    [row] = focus_rows([bucket([cost])], **{"billing_account": "org-1", **options})  # type: ignore[arg-type]
    return row


def decimals(rows: Sequence[FocusRow], name: str) -> list[Decimal]:
    """Return the numbers in a column."""
    return [value for row in rows if isinstance(value := row[name], Decimal)]


@pytest.mark.parametrize("version", VERSIONS)
def test_columns_are_those_of_the_version(version: FocusVersion) -> None:
    columns = focus_columns(version)
    names = [each.name for each in columns]
    own = [name for name in names if not name.startswith("x_")]
    custom = [name for name in names if name.startswith("x_")]
    assert MANDATORY | MANDATORY_IN[version] <= set(names)
    assert not ABSENT_FROM[version] & set(names)
    assert names == sorted(own) + sorted(custom)
    assert {"CommitmentDiscountStatus", "InvoiceId"} <= set(own)
    assert custom == ["x_ApiKeyId", "x_ApiSource", "x_Estimate", "x_UserId"]
    assert all(re.fullmatch("[A-Z][A-Za-z]*", name.removeprefix("x_")) for name in names)
    assert max(map(len, names)) <= 50
    assert {each.name for each in columns if each.nullable and each.name in own} <= NULLABLE


def test_only_known_versions_are_written() -> None:
    with pytest.raises(InvalidQueryError, match=r"version takes '1\.2' or '1\.4', not '1\.3'"):
        focus_rows([], version="1.3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@given(BILLS, st.sampled_from(VERSIONS))
def test_every_row_keeps_the_rules(bill: list[Bucket[CostsResult]], version: FocusVersion) -> None:
    columns = focus_columns(version)
    results = [result for each in bill for result in each.results]
    rows = focus_rows(bill, version=version)
    for row, result in zip(rows, results, strict=True):
        assert list(row) == [each.name for each in columns]
        for column in columns:
            value = row[column.name]
            assert value is not None or column.nullable, column
            assert value is None or isinstance(value, column.kind), column
            assert value != "", "absent values are null"
        for name, allowed in ALLOWED.items():
            assert row[name] in allowed
        assert re.fullmatch("[A-Z]{3}", str(row["BillingCurrency"]))
        assert {row[name] for name in COSTS} == {result.amount.value}
        check_times(row)
        check_quantities(row, result)
        assert row["SkuId"] == row["SkuPriceId"]
        assert row["SkuId"] is not None or row["SkuMeter"] is None
        assert (row["SubAccountId"] is None) == (row["SubAccountName"] is None)


def check_times(row: FocusRow) -> None:
    times = [row[f"{of}Period{edge}"] for of in ("Billing", "Charge") for edge in ("Start", "End")]
    first, until, start, end = (each for each in times if isinstance(each, datetime))
    assert first <= start < end <= until
    assert {each.utcoffset() for each in (first, until, start, end)} == {timedelta()}
    for each in (first, until):
        assert (each.day, each.hour, each.minute, each.second) == (1, 0, 0, 0)
    assert (until - first).days in (28, 29, 30, 31)


def check_quantities(row: FocusRow, result: CostsResult) -> None:
    is_usage = row["ChargeCategory"] == "Usage"
    assert is_usage == (result.amount.value >= 0)
    for name in ("Consumed", "Pricing"):
        quantity, unit = row[f"{name}Quantity"], row[f"{name}Unit"]
        assert (quantity is None) == (unit is None)
        assert unit is None or UNIT.fullmatch(str(unit))
        assert quantity is None or row["SkuPriceId"] is not None
    assert is_usage or row["ConsumedQuantity"] is None
    if is_usage and result.line_item:
        assert row["SkuPriceId"] == result.line_item
        assert (row["ConsumedQuantity"] is None) == (result.quantity is None)
        assert row["PricingQuantity"] == result.quantity


@given(BILLS)
def test_sums_are_those_of_the_results(bill: list[Bucket[CostsResult]]) -> None:
    rows = focus_rows(bill)
    for group in totals(bill):
        currency = str(group.currency).upper()
        own = [row for row in rows if row["BillingCurrency"] == currency]
        for name in COSTS:
            assert exact_sum(decimals(own, name)) == group.amount.value
    assert exact_sum(decimals(rows, "PricingQuantity")) == exact_sum(
        result.quantity
        for each in bill
        for result in each.results
        if result.line_item and result.quantity is not None
    )


@given(BILLS)
def test_text_has_no_exponents_and_times_in_utc(bill: list[Bucket[CostsResult]]) -> None:
    for row in focus_rows(bill):
        for column in focus_columns():
            value, text = row[column.name], focus_text(row[column.name])
            forms = {
                Decimal: r"-?[0-9]+\.[0-9]+",
                datetime: r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
                bool: "true|false",
                str: ".+",
            }
            assert re.fullmatch("" if value is None else forms[column.kind], text)
            if isinstance(value, Decimal):
                assert Decimal(text) == value


@given(BILLS, st.sampled_from(VERSIONS))
def test_an_arrow_table_has_the_same_rows(
    bill: list[Bucket[CostsResult]], version: FocusVersion
) -> None:
    rounding = Rounding()
    table = focus_table(bill, version=version, rounding=rounding)
    assert table.schema == focus_schema(version)
    rows = focus_rows(bill, version=version)
    last = Decimal(1).scaleb(-24)
    for found, row in zip(table.to_pylist(), rows, strict=True):
        for name, value in row.items():
            if isinstance(value, Decimal):
                assert abs(found[name] - value) <= last / 2
            else:
                assert found[name] == value
    needs_more = {
        name
        for row in rows
        for name, value in row.items()
        if isinstance(value, Decimal) and value != value.quantize(last, context=WIDE)
    }
    assert set(rounding.columns) == needs_more


def test_a_schema_says_which_columns_are_never_null() -> None:
    schema = focus_schema("1.4")
    assert schema.field("BilledCost").type == pa.decimal128(38, 24)
    assert schema.field("ChargePeriodStart").type == pa.timestamp("us", tz="UTC")
    assert not schema.field("BillingAccountId").nullable
    assert schema.field("InvoiceId").nullable


def test_a_row_of_usage() -> None:
    row = only(
        cost(
            "2.50",
            "1250000",
            "tokens",
            "gpt-5-2025-08-07, input",
            organization_id="org-9",
            organization_name="Acme",
            project_id="proj_1",
            project_name="One",
            user_id="user-1",
            api_key_id="key_1",
            api_source="unlabeled",
        ),
        version="1.4",
    )
    assert row == {
        **dict.fromkeys(COSTS, Decimal("2.50")),
        "BillingAccountId": "org-9",
        "BillingAccountName": "Acme",
        "BillingCurrency": "USD",
        "BillingPeriodEnd": datetime(2026, 2, 1, tzinfo=UTC),
        "BillingPeriodStart": datetime(2026, 1, 1, tzinfo=UTC),
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeDescription": "gpt-5-2025-08-07, input",
        "ChargePeriodEnd": datetime(2026, 1, 6, tzinfo=UTC),
        "ChargePeriodStart": datetime(2026, 1, 5, tzinfo=UTC),
        "CommitmentDiscountStatus": None,
        "ConsumedQuantity": 1_250_000,
        "ConsumedUnit": "Tokens",
        "HostProviderName": "OpenAI",
        "InvoiceDetailId": None,
        "InvoiceId": None,
        "InvoiceIssuerName": "OpenAI",
        "PricingQuantity": 1_250_000,
        "PricingUnit": "Tokens",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": "OpenAI API",
        "ServiceProviderName": "OpenAI",
        "ServiceSubcategory": "Generative AI",
        "SkuId": "gpt-5-2025-08-07, input",
        "SkuMeter": "input",
        "SkuPriceId": "gpt-5-2025-08-07, input",
        "SubAccountId": "proj_1",
        "SubAccountName": "One",
        "x_ApiKeyId": "key_1",
        "x_ApiSource": "unlabeled",
        "x_Estimate": False,
        "x_UserId": "user-1",
    }


def test_a_negative_amount_is_a_credit_which_is_not_consumed() -> None:
    credit = only(cost(-20, item="Service credit"))
    assert (credit["ChargeCategory"], credit["ChargeDescription"]) == ("Credit", "Service credit")
    assert {credit[name] for name in COSTS} == {-20}
    nulls = ("SkuId", "SkuMeter", "SkuPriceId", "PricingQuantity", "PricingUnit")
    assert {credit[name] for name in (*nulls, "ConsumedQuantity", "ConsumedUnit")} == {None}
    with_quantity = only(cost(-20, "5", "images", "dall-e-3, images"))
    assert (with_quantity["SkuId"], with_quantity["PricingQuantity"]) == ("dall-e-3, images", 5)
    assert with_quantity["ConsumedQuantity"] is None
    assert count_without_quantity([credit, with_quantity]) == 0


def test_usage_without_a_quantity_is_counted() -> None:
    rows = [only(cost(1, quantity, item=item)) for quantity in (None, "5") for item in ("a", None)]
    assert [row["PricingQuantity"] for row in rows] == [None, None, 5, None]
    assert count_without_quantity(rows) == 3


@pytest.mark.parametrize(
    ("unit", "priced", "consumed"),
    [
        ("tokens", (2, "Tokens"), (2, "Tokens")),
        ("1000_tokens", (2, "1000 Tokens"), (2000, "Tokens")),
        ("duration_seconds", (2, "Seconds"), (2, "Seconds")),
        ("duration_minutes", (2, "Minutes"), (2, "Minutes")),
        ("duration_hours", (2, "Hours"), (2, "Hours")),
        ("gibibyte_hours", (2, "GiB-Hours"), (2, "GiB-Hours")),
        ("images", (2, "Images"), (2, "Images")),
        ("characters", (2, "Characters"), (2, "Characters")),
        ("video_seconds", (2, "Video-Seconds"), (2, "Video-Seconds")),
        ("100_GB_days", (2, "100 GB-Days"), (200, "GB-Days")),
        ("0_tokens", (2, "0-Tokens"), (2, "0-Tokens")),
        ("_", (2, "Units"), (2, "Units")),
        ("", (2, "Units"), (2, "Units")),
        (None, (2, "Units"), (2, "Units")),
    ],
)
def test_units_are_spelled_as_focus_spells_them(
    unit: str | None, priced: tuple[int, str], consumed: tuple[int, str]
) -> None:
    row = only(cost(1, "2", unit))
    assert (row["PricingQuantity"], row["PricingUnit"]) == priced
    assert (row["ConsumedQuantity"], row["ConsumedUnit"]) == consumed


def test_the_account_is_the_organization_or_its_label() -> None:
    unknown = cost(1)
    with pytest.raises(ColumnError, match=r"belong to, .* Pass billing_account='…'\.") as caught:
        focus_rows([bucket([unknown])])
    assert (caught.value.column, caught.value.start_time) == ("BillingAccountId", START)
    assert only(unknown)["BillingAccountId"] == "org-1"
    assert only(unknown)["BillingAccountName"] is None
    assert only(cost(1, organization_id="org-9"))["BillingAccountId"] == "org-9"


def test_a_project_has_the_name_that_is_known() -> None:
    names = Names(known={"proj_1": Name(id="proj_1", name="One", status="active")})
    found = [
        only(cost(1, project_id=id_, project_name=name), names=names)["SubAccountName"]
        for id_, name in (("proj_1", "Old"), ("proj_1", None), ("proj_2", None), ("", "None"))
    ]
    assert found == ["Old", "One", "proj_2", None]


def test_costs_that_are_still_revised_are_estimates() -> None:
    settled = START + 4 * DAY
    assert only(cost(1), now=settled - 1)["x_Estimate"] is True
    assert only(cost(1), now=settled)["x_Estimate"] is False


def test_a_number_that_does_not_fit_into_a_table_is_an_error() -> None:
    bill = [bucket([cost(10**14, organization_id="org-1")])]
    with pytest.raises(
        ColumnError, match=r"BilledCost is about 1\.00e\+14 .* Use focus_rows"
    ) as caught:
        focus_table(bill)
    assert caught.value.column == "BilledCost"
    assert focus_rows(bill)[0]["BilledCost"] == 10**14


def test_without_pyarrow_only_the_table_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "openai_usage.integrations.focus_arrow")
    with pytest.raises(ModuleNotFoundError) as caught:
        import_module("openai_usage.integrations.focus_arrow")
    assert str(caught.value) == str(missing_library("pyarrow", "arrow"))
    assert only(cost(1))["BilledCost"] == 1


def test_rounded_numbers_of_a_table_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    table = focus_table([bucket([cost("1E-25", organization_id="org-1")])])
    assert table["BilledCost"].to_pylist() == [0]
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.message.endswith("Use focus_rows() to keep every digit.")
