"""Totals: exact sums by any labels, per currency, from Python and without the command line."""

import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import Amount, Bucket, CostsResult, Endpoint, Endpoints, VectorStoresResult
from openai_usage._decimals import exact_sum
from openai_usage.analysis.totals import (
    Totals,
    TotalsBuilder,
    add_up,
    group_by,
    main_of,
    measures_of,
    values_of,
)
from tests.conftest import DAY

START = int(datetime(2026, 1, 30, tzinfo=UTC).timestamp())

Charge = tuple[str | None, str, Decimal]
"""A project, a currency and an amount."""

CHARGES = st.tuples(
    st.sampled_from([None, "", "proj_a", "proj_b"]),
    st.sampled_from(["usd", "usd", "eur"]),
    st.builds(Decimal.scaleb, st.integers(-1000, 10**20).map(Decimal), st.integers(-30, 0)),
)
BILLS = st.lists(st.lists(CHARGES, max_size=5), max_size=5)


def bucket_of(day: int, results: Iterable[object]) -> Bucket[object]:
    start = START + day * DAY
    return Bucket(start_time=start, end_time=start + DAY, results=tuple(results))


def bill_of(days: Iterable[Iterable[Charge]]) -> list[Bucket[object]]:
    return [
        bucket_of(
            day,
            [
                CostsResult(project_id=project, amount=Amount(value=amount, currency=currency))
                for project, currency, amount in charges
            ],
        )
        for day, charges in enumerate(days)
    ]


def by_project(
    endpoint: Endpoint[..., object], buckets: Iterable[Bucket[object]]
) -> Totals[object]:
    builder = TotalsBuilder[object](
        ["project_id"],
        measures_of(endpoint),
        lambda _, result: values_of(result, ["project_id"]),
    )
    for bucket in buckets:
        builder.add(bucket)
    return builder.build()


@given(BILLS)
def test_sums_are_the_bill_to_the_last_digit(days: list[list[Charge]]) -> None:
    totals = by_project(Endpoints.costs, bill_of(days)).largest_first()
    charges = [charge for each in days for charge in each]
    by_hand = group_by(charges, lambda charge: ((charge[0] or None,), charge[1]))
    assert {(group.labels, group.currency): group.figures["amount"] for group in totals.groups} == {
        key: exact_sum(amount for _, _, amount in those) for key, those in by_hand.items()
    }
    assert {currency: sums["amount"] for currency, sums in totals.sums.items()} == {
        currency: exact_sum(amount for _, _, amount in those)
        for currency, those in group_by(charges, lambda charge: charge[1]).items()
    }
    for groups in totals.by_currency.values():
        sizes = [group.figures["amount"] for group in groups]
        assert sizes == sorted(sizes, reverse=True)
        assert totals.largest[groups[0].currency] == sizes[0]
    for group in totals.groups:
        assert add_up(group.by_bucket.values()) == group.figures["amount"]


def test_the_most_frequent_currency_comes_first_and_has_no_trend_with_others() -> None:
    one = Decimal(1)
    days = [[("a", "eur", 9 * one), ("a", "usd", one)], [("b", "usd", 2 * one)]]
    totals = by_project(Endpoints.costs, bill_of(days)).largest_first()
    assert [(*group.labels, group.currency) for group in totals.groups] == [
        ("b", "usd"),
        ("a", "usd"),
        ("a", "eur"),
    ]
    assert totals.trend == []
    assert by_project(Endpoints.costs, bill_of(days[1:])).trend == [2]


def test_labels_can_be_anything_that_a_bucket_and_a_result_have() -> None:
    builder = TotalsBuilder[str](
        ["month"], measures_of(Endpoints.costs), lambda bucket, _: (f"{bucket.start:%Y-%m}",)
    )
    for bucket in bill_of([[("a", "usd", Decimal(2**day))] for day in range(4)]):
        builder.add(bucket)
    totals = builder.build()
    assert [(group.labels, group.figures) for group in totals.groups] == [
        (("2026-01",), {"amount": 3}),
        (("2026-02",), {"amount": 12}),
    ]
    assert totals.starts == [START + day * DAY for day in range(4)]
    assert totals.trend == [1, 2, 4, 8]


def test_buckets_that_are_added_later_do_not_change_the_totals() -> None:
    first, *others = bill_of([[("a", "usd", Decimal(1))], [("a", "usd", Decimal(2))]])
    builder = TotalsBuilder[str]([], measures_of(Endpoints.costs), lambda *_: ())
    builder.add(first)
    totals, same = builder.build(), builder.build()
    assert totals == same
    for bucket in others:
        builder.add(bucket)
    assert totals == same
    assert (totals.starts, totals.trend, totals.sums) == ([START], [1], {"usd": {"amount": 1}})
    assert builder.build().trend == [1, 2]


def test_what_has_no_measures_has_no_totals() -> None:
    with pytest.raises(ValueError, match=r"^results without measures cannot be added up"):
        TotalsBuilder[str]([], [], lambda *_: ())


def test_levels_are_kept_apart_from_sums() -> None:
    sizes = [[("a", 500), ("b", 2)], [("a", 20), ("a", 3)]]
    buckets = [
        bucket_of(day, [VectorStoresResult(project_id=id_, usage_bytes=n) for id_, n in found])
        for day, found in enumerate(sizes)
    ]
    totals = by_project(Endpoints.vector_stores, buckets)
    # The latest figure of each, with all parts of its bucket.
    assert [(group.labels, group.figures["usage_bytes"]) for group in totals.groups] == [
        (("a",), 23),
        (("b",), 2),
    ]
    assert totals.sums == {None: {}}
    assert totals.trend == []


def test_the_main_measure_is_not_the_requests_if_there_is_another() -> None:
    names = {name: main_of(measures_of(row)).name for name, row in Endpoints.table().items()}
    assert (names["completions"], names["costs"]) == ("input_tokens", "amount")
    assert "num_model_requests" not in names.values()


def test_nothing_has_no_sums() -> None:
    totals = by_project(Endpoints.costs, [])
    assert (totals.groups, totals.sums, totals.largest, totals.trend) == ([], {}, {}, [])


def test_it_needs_no_command_line() -> None:
    program = (
        "import sys, openai_usage.analysis.totals, openai_usage.analysis.spending;"
        "print(sorted({'rich', 'cyclopts', 'openai_usage.cli'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
