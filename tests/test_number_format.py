"""Numbers as text, in tables, spend and the report: their digits, units and signs."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage._number_format import (
    BYTES,
    COUNT,
    change,
    count,
    duration,
    money,
    money_beside,
    money_with_symbol,
    precise_change,
    precise_share,
    share,
    sparkline,
)


@pytest.mark.parametrize(
    ("amount", "short", "headline", "exact"),
    [
        ("0", "$0.00", "$0.00", "$0.00"),
        ("0E-6176", "$0.00", "$0.00", "$0.00"),
        ("1.5", "$1.50", "$1.50", "$1.50"),
        ("-1234.5006", "-$1.23K", "-$1,234.50", "-$1,234.5006"),
        ("999.949", "$999.95", "$999.95", "$999.949"),
        ("999.95", "$999.95", "$999.95", "$999.95"),
        ("999.995", "$1.00K", "$1,000.00", "$999.995"),
        ("12345678900", "$12.3B", "$12,345,678,900.00", "$12,345,678,900.00"),
        ("1E+16", "$10,000T", "$10,000,000,000,000,000.00", "$10,000,000,000,000,000.00"),
        ("0.0000000001", "$0.00", "$0.00", "$0.0000000001"),
        ("-0.001", "$0.00", "$0.00", "-$0.001"),
        ("-0", "$0.00", "$0.00", "$0.00"),
    ],
)
def test_money_as_text(amount: str, short: str, headline: str, exact: str) -> None:
    unit, value = money_with_symbol("usd"), Decimal(amount)
    assert (unit.short(value), unit.rounded(value), unit.exact(value)) == (short, headline, exact)


def test_other_units_as_text() -> None:
    assert money_with_symbol("eur").exact(Decimal("1.5")) == "EUR 1.50"
    assert COUNT.exact(Decimal(1234)) == COUNT.rounded(Decimal(1234)) == "1,234"
    assert BYTES.exact(Decimal(1234)) == "1,234 B"
    assert BYTES.short(Decimal(1000)) == "1,000 B"
    assert BYTES.short(Decimal(5 * 1024**3 + 1)) == "5.00 GiB"
    assert COUNT.short(Decimal(5 * 10**9)) == "5.00B"
    assert money_with_symbol("usd").signed(Decimal("0.001")) == "$0.00"
    assert money_with_symbol("usd").signed(Decimal(1)) == "+$1.00"
    assert money_with_symbol("usd").signed(Decimal(-1)) == "-$1.00"
    assert money_with_symbol("x1").signed(Decimal("0.001")) == "X1 0.00"


def test_shares_and_changes_say_nothing_where_there_is_nothing_to_say() -> None:
    dash = "\N{EN DASH}"
    assert precise_share(Decimal(1), Decimal(8)) == "12.5 %"
    assert precise_share(Decimal(1), Decimal(0)) == precise_share(Decimal(-1), Decimal(8)) == dash
    assert precise_change(Decimal(9), Decimal(8)) == "+12.5 %"
    assert precise_change(Decimal(7), Decimal(8)) == "-12.5 %"
    assert precise_change(Decimal(7), Decimal(0)) == dash
    assert precise_change(Decimal(-7), Decimal(8)) == dash
    assert precise_change(Decimal("0.9999"), Decimal(1)) == "0.0 %"
    assert precise_change(Decimal("79.9"), Decimal(8)) == "+898.8 %"
    assert precise_change(Decimal(520), Decimal(8)) == "65 times"


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15))
def test_exact_is_exact(value: Decimal) -> None:
    text = money_with_symbol("usd").exact(value)
    assert Decimal(text.replace("$", "").replace(",", "")) == value


def test_percentages_have_separators() -> None:
    assert precise_share(Decimal(123456), Decimal(100)) == "123,456.0 %"
    assert precise_change(Decimal(0), Decimal(5)) == "-100.0 %"


def test_counts_keep_their_size_in_view() -> None:
    assert [count(n) for n in (0, 999, 99_999, 100_000, 999_499, 999_500, 1_234_567)] == [
        *("0", "999", "99,999", "100K", "999K", "1.00M", "1.23M")
    ]
    assert count(10**16) == "10,000T"
    assert COUNT.exact(1_234_567) == "1,234,567"
    assert COUNT.exact(Decimal("1234567.50")) == "1,234,567.5"
    assert [COUNT.short(n) for n in (9_994_999, 9_995_001, 99_950_001)] == [
        *("9.99M", "10.0M", "100M")
    ]
    assert count(-5) == "-5"


def test_bytes_and_seconds_have_units_of_their_own() -> None:
    assert [BYTES.short(n) for n in (0, 1023, 1024, 5 * 2**30)] == [
        "0 B",
        "1,023 B",
        "1.00 KiB",
        "5.00 GiB",
    ]
    assert [duration(n) for n in (0, 59, 60, 3_600, 36_000_000)] == [
        *("0 s", "59 s", "1 min 00 s", "1 h 00 min", "10,000 h 00 min")
    ]


def test_money_is_shown_to_the_cent_or_to_the_last_digit() -> None:
    assert money("usd").rounded(Decimal("1234.005")) == "1,234.00 usd"
    assert money("usd").exact(Decimal("1234.00500")) == "1,234.005 usd"
    assert money("usd").exact(Decimal("1E+3")) == "1,000.00 usd"
    assert money("usd").exact(Decimal("0E-6176")) == "0.00 usd"
    assert money("usd").rounded(Decimal("-0.001")) == "0.00 usd"
    digits = "1.2345678901234567890123456789012345678901"
    assert money("usd").exact(Decimal(digits)) == f"{digits} usd"


@given(
    amount=st.decimals(allow_nan=False, allow_infinity=False, places=20),
    budget=st.decimals(allow_nan=False, allow_infinity=False, places=20),
)
def test_money_is_shown_with_the_digits_that_tell_it_from_other_money(
    amount: Decimal, budget: Decimal
) -> None:
    shown = money_beside(amount, budget, money("usd")).removesuffix(" usd").replace(",", "")
    assert re.fullmatch(r"-?\d+\.\d\d+", shown)
    places = len(shown.partition(".")[2])
    assert (f"{amount:z.{places}f}" == f"{budget:z.{places}f}") == (amount == budget)
    assert shown == f"{amount:z.{places}f}"


def test_shares() -> None:
    assert [share(n, 1000) for n in (0, 1, 500, 1000)] == ["0%", "<1%", "50%", "100%"]
    assert share(1, 0) == ""
    assert [share(n, 1000) for n in (-1, 996, 1004)] == ["0%", "<100%", ">100%"]


def test_changes() -> None:
    changes = [change(Decimal(1000), Decimal(before)) for before in (0, 500, 1001, 2000)]
    assert changes == ["", "+100%", "0%", "-50%"]


def test_sparklines_end_at_the_highest_and_say_nothing_of_nothing() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([1, 1, 7, 7, 7], 3) == "▂██"
    assert sparkline([], 8) == sparkline([0, 0], 8) == sparkline([-1], 8) == ""


@given(st.lists(st.integers(-(10**20), 10**20)), st.integers(1, 40))
def test_sparklines_fit(values: list[int], width: int) -> None:
    assert len(sparkline(values, width)) <= width


@given(st.integers(0, 10**15 - 1))
def test_counts_are_short_and_true(number: int) -> None:
    shown = count(number)
    assert len(shown) <= 6
    scale = {"K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}.get(shown[-1], 1)
    assert float(shown.rstrip("KMBT").replace(",", "")) * scale == pytest.approx(number, rel=0.006)


def test_a_line_of_the_trend_is_drawn_of_amounts_beyond_floats() -> None:
    huge = [Decimal(n).scaleb(6_144) for n in range(8)]
    assert sparkline(huge, 8) == sparkline([n * 10**5_000 for n in range(8)], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([Decimal("1e308")] * 6, 2) == "██"
    assert sparkline([Decimal("1e-6176"), Decimal("1e6144")], 2) == "▁█"
    assert sparkline([Decimal("0E-6176")], 2) == ""


def test_nothing_but_zeros_has_no_minus() -> None:
    assert money("usd").rounded(Decimal("-0.001")) == "0.00 usd"
    assert money("usd").rounded(Decimal("-0.01")) == "-0.01 usd"
    assert change(Decimal("0.999"), Decimal(1)) == "0%"
    assert change(Decimal("0.9"), Decimal(1)) == "-10%"
    assert share(Decimal("-0.001"), Decimal(1)) == "0%"
    assert money("usd").rounded(Decimal("9e6144")).count("000") > 2_000


def test_integers_beyond_those_that_python_writes_are_written() -> None:
    huge = 10**5_000
    shown = f"{Decimal(huge):,f}"
    assert COUNT.exact(huge) == COUNT.rounded(huge) == shown
    assert BYTES.exact(-huge) == f"-{shown} B"
    assert BYTES.short(huge).endswith(" PiB")
    assert count(-huge) == f"-{shown}"
    assert duration(huge * 3_600) == f"{shown} h 00 min"
    assert count(huge).endswith(",000T")
