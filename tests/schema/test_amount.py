"""Amounts add, compare and format exactly, and never across currencies."""

import pickle
from decimal import ROUND_UP, Decimal, localcontext
from fractions import Fraction
from operator import add, ge, gt, le, lt, mul, sub
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import Amount
from openai_usage.schema import results

VALUES = st.decimals(allow_nan=False, allow_infinity=False).filter(
    lambda value: -300 < value.adjusted() < 300
)
ZEROS = st.sampled_from([Decimal("0E-6176"), Decimal("-0"), Decimal(0)])


def usd(value: Decimal | str | int, currency: str = "usd") -> Amount:
    return Amount(value=Decimal(value), currency=currency)


AMOUNTS = st.builds(usd, VALUES | ZEROS, st.sampled_from(["usd", "USD"]))


@given(st.lists(AMOUNTS, min_size=1), st.integers(1, 40))
def test_sum_is_exact_whatever_the_context(amounts: list[Amount], digits: int) -> None:
    with localcontext(prec=digits, rounding=ROUND_UP):
        total = sum(amounts)
    assert isinstance(total, Amount)
    assert Fraction(total.value) == sum(Fraction(each.value) for each in amounts)
    assert total.currency == "usd"


@given(AMOUNTS, AMOUNTS, st.integers(1, 40))
def test_so_are_differences_products_and_order(one: Amount, other: Amount, digits: int) -> None:
    value, factor = Fraction(one.value), Fraction(other.value)
    with localcontext(prec=digits):
        assert Fraction((one - other).value) == value - factor
        assert Fraction((-one).value) == -value
        assert Fraction((one * other.value).value) == value * factor
        assert 7 * one == one * 7 == one * Decimal(7)
        for compare in (lt, le, gt, ge):
            assert compare(one, other) is compare(value, factor)


def test_a_zero_of_the_api_adds_no_decimals() -> None:
    assert repr(sum([usd("1.50"), usd("0E-6176")])) == (
        "Amount(value=Decimal('1.50'), currency='usd')"
    )


def test_the_number_0_is_no_money() -> None:
    nothing: list[Amount] = []
    one = usd(1)
    assert one + 0 == 0 + one == one - 0 == one
    assert 0 - one == usd(-1)
    assert sum([one]) - sum(nothing) == one
    assert sum(nothing) - sum([one]) == usd(-1)
    assert usd("-0.01") < 0 <= usd(0) <= 0 < one
    assert one > 0 >= -one


@pytest.mark.parametrize("compute", [add, sub, lt, le, gt, ge])
def test_two_currencies_are_an_error(compute: Any) -> None:
    with pytest.raises(ValueError, match="cannot be added or compared") as caught:
        compute(usd(1), usd(0, "eur"))
    assert str(caught.value) == (
        "amounts in 'usd' and 'eur' cannot be added or compared. Only amounts in one currency can. "
        "Add up each currency separately."
    )


@pytest.mark.parametrize("other", [5, 0.0, 1.5, Decimal(1), Decimal(0), "", "1", [], None])
@pytest.mark.parametrize("compute", [add, sub, lt, le, gt, ge])
def test_other_things_are_not_money(compute: Any, other: object) -> None:
    with pytest.raises(TypeError, match="Amount"):
        compute(usd(1), other)
    with pytest.raises(TypeError, match="Amount"):
        compute(other, usd(1))


@pytest.mark.parametrize("factor", [1.5, "3", usd(1), None])
def test_money_is_multiplied_by_exact_numbers_only(factor: Any) -> None:
    with pytest.raises(TypeError):
        mul(usd(1), factor)
    with pytest.raises(ValueError, match="finite"):
        mul(usd(1), Decimal("Infinity"))


def test_equality_is_that_of_the_fields_and_so_is_the_hash() -> None:
    assert usd("1.50") == usd("1.5")
    assert hash(usd("1.50")) == hash(usd("1.5"))
    assert usd(1) != usd(1, "USD")
    assert usd(1) <= usd(1, "USD") <= usd(1)
    assert usd(0) != usd(0, "eur")
    nothing: object = 0
    assert usd(0) != nothing
    assert usd(0)  # as before there was arithmetic


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("12.5", "12.50"),
        ("12", "12.00"),
        ("1E+2", "100.00"),
        ("0E-6176", "0.00"),
        ("-0", "0.00"),
        ("-1234.5", "-1234.50"),
        ("1.2300000", "1.23"),
        ("0.00032195744715549047", "0.00032195744715549047"),
        ("1E-9", "0.000000001"),
    ],
)
def test_str_is_the_value_and_the_currency(value: str, shown: str) -> None:
    assert str(usd(value)) == f"{usd(value)}" == f"{shown} usd"


@given(AMOUNTS, st.integers(1, 40))
def test_str_has_every_digit(amount: Amount, digits: int) -> None:
    with localcontext(prec=digits):
        value, currency = str(amount).split(" ")
    assert (Decimal(value), currency) == (amount.value, amount.currency)
    assert set(value) <= set("-.0123456789")
    assert len(value.partition(".")[2]) >= 2


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        (",.2f", "1,234.50 usd"),
        (",", "1,234.5006 usd"),
        (".3", "1234.501 usd"),
        ("+", "+1234.5006 usd"),
        (">12", "   1234.5006 usd"),
        ("*>12,.1f", "*****1,234.5 usd"),
        (".0%", "123450% usd"),
        (".2e", "1.23e+3 usd"),
    ],
)
def test_a_format_is_that_of_the_value(spec: str, shown: str) -> None:
    assert format(usd("1234.5006"), spec) == shown


def test_a_format_that_decimals_do_not_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="format"):
        format(usd(1), "d")


def test_amounts_of_version_0_1_0_can_be_unpickled() -> None:
    assert pickle.loads(pickle.dumps(usd(1))) == usd(1)
    assert results.Amount is Amount
