"""Totals: exact sums by any labels and periods, per currency, from Python and without HTTP."""

import random
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import (
    Amount,
    Bucket,
    CompletionsResult,
    CostsResult,
    Endpoints,
    InvalidQueryError,
    VectorStoresResult,
)
from openai_usage._decimals import exact_sum
from openai_usage.analysis import totals
from openai_usage.analysis.groups import Group, Totals, group_by
from openai_usage.analysis.measures import main_of, measures_of
from openai_usage.analysis.totals import TotalsBuilder
from tests.conftest import DAY

START = int(datetime(2026, 1, 30, tzinfo=UTC).timestamp())

ITEMS = (None, "", "gpt-5, input", "gpt-5, output", "evals | gpt-5, input", "x | y", "Credit")

Charge = tuple[str | None, str | None, str, Decimal]
"""A project, a line item, a currency and an amount."""

CHARGES = st.tuples(
    st.sampled_from([None, "", "proj_a", "proj_b"]),
    st.sampled_from(ITEMS),
    st.sampled_from(["usd", "usd", "USD", "eur"]),
    st.builds(Decimal.scaleb, st.integers(-1000, 10**20).map(Decimal), st.integers(-30, 0)),
)
BILLS = st.lists(st.lists(CHARGES, max_size=5), max_size=5)
LABELS = ["project_id", "line_item", "product", "model", "kind", "day", "week", "month", "start"]


def bucket_of(day: int, results: Iterable[object], width: int = DAY) -> Bucket[object]:
    start = START + day * DAY
    return Bucket(start_time=start, end_time=start + width, results=tuple(results))


def bill_of(days: Iterable[Iterable[Charge]]) -> list[Bucket[object]]:
    return [
        bucket_of(
            day,
            [
                CostsResult(
                    project_id=project,
                    line_item=item,
                    amount=Amount(value=amount, currency=currency),
                )
                for project, item, currency, amount in charges
            ],
        )
        for day, charges in enumerate(days)
    ]


def charge(item: str | None, amount: str, currency: str = "usd") -> Charge:
    return None, item, currency, Decimal(amount)


def shown(found: Totals) -> list[tuple[object, ...]]:
    return [
        (*group.labels.values(), *group.figures.values(), *filter(None, [group.currency]))
        for group in found
    ]


def by_labels(found: Totals) -> dict[object, object]:
    return {(*group.labels.items(), group.currency): group.figures for group in found}


@given(BILLS, st.lists(st.sampled_from(LABELS), unique=True))
def test_sums_are_the_bill_to_the_last_digit(days: list[list[Charge]], by: list[str]) -> None:
    found = totals(bill_of(days), by)
    charges = [charge for each in days for charge in each]
    bill = {
        currency: exact_sum(amount for *_, amount in those)
        for currency, those in group_by(charges, lambda charge: charge[2].lower()).items()
    }
    assert {currency: sums["amount"] for currency, sums in found.sums.items()} == bill
    for currency, groups in found.by_currency.items():
        assert exact_sum(group.amount.value for group in groups) == bill[str(currency)]
        assert len({tuple(group.labels.items()) for group in groups}) == len(groups)
        assert found.largest[currency] == max(group.amount.value for group in groups)
    for some in (by[1:], by[:1], []):
        assert by_labels(found.merged(some)) == by_labels(totals(bill_of(days), some))
    for count in range(3):
        assert found.top(count).sums == found.sums


def test_costs_by_month_and_model() -> None:
    days = [
        [charge("gpt-5, input", "1.10"), charge("gpt-5, output", "2.20")],
        [charge("evals | gpt-5, input", "0.01"), charge("Credit", "-5"), charge("Refund", "-1")],
        [charge("gpt-5-nano, input_tokens", "4"), charge("gpt-5, input", "0E-6176")],
        [charge("gpt-5, input", "3"), charge(None, "2")],
    ]
    bill = bill_of(days)
    assert shown(totals(bill, ["month", "model"])) == [
        ("2026-01", "gpt-5", Decimal("3.31"), "usd"),
        ("2026-01", "Refund", Decimal(-1), "usd"),
        ("2026-01", "Credit", Decimal(-5), "usd"),
        ("2026-02", "gpt-5-nano", Decimal(4), "usd"),
        ("2026-02", "gpt-5", Decimal(3), "usd"),
        ("2026-02", None, Decimal(2), "usd"),
    ]
    assert shown(totals(bill, ["kind", "day"]))[0] == (
        "output",
        "2026-01-30",
        Decimal("2.20"),
        "usd",
    )
    assert shown(totals(bill, ["week"])) == [
        ("2026-W05", Decimal("1.31"), "usd"),
        ("2026-W06", Decimal(5), "usd"),
    ]


def test_the_labels_of_periods_are_iso_8601() -> None:
    # The last days of 2026 are in the 53rd week, which ends in 2027.
    start = int(datetime(2026, 12, 31, 22, tzinfo=UTC).timestamp())
    buckets = [
        Bucket(
            start_time=start + hour * 3600,
            end_time=start + hour * 3600 + 3600,
            results=(CompletionsResult(input_tokens=1, output_tokens=2, num_model_requests=3),),
        )
        for hour in range(4)
    ]
    found = {by: [*totals(buckets, [by])] for by in ("start", "hour", "day", "week", "month")}
    assert {by: [group.labels[by] for group in groups] for by, groups in found.items()} == {
        "start": [
            "2026-12-31T22:00:00Z",
            "2026-12-31T23:00:00Z",
            "2027-01-01T00:00:00Z",
            "2027-01-01T01:00:00Z",
        ],
        "hour": [
            "2026-12-31T22:00Z",
            "2026-12-31T23:00Z",
            "2027-01-01T00:00Z",
            "2027-01-01T01:00Z",
        ],
        "day": ["2026-12-31", "2027-01-01"],
        "week": ["2026-W53"],
        "month": ["2026-12", "2027-01"],
    }
    assert found["day"][0].figures == {
        "num_model_requests": 6,
        "input_tokens": 2,
        "output_tokens": 4,
    }


def test_a_bucket_longer_than_the_period_is_rejected() -> None:
    with pytest.raises(InvalidQueryError, match=r"bucket_width='1h'") as raised:
        totals(bill_of([[charge("a", "1")]]), by=["hour"])
    assert (raised.value.param, raised.value.value) == ("by", "hour")
    with pytest.raises(InvalidQueryError, match="contains the bucket from 2026-01-30"):
        totals([bucket_of(0, bill_of([[charge("a", "1")]])[0].results, 3 * DAY)], by=["month"])


@pytest.mark.parametrize("by", [["modle"], ["end"], "month"])
def test_labels_that_do_not_exist_are_rejected(by: Sequence[str]) -> None:
    with pytest.raises(InvalidQueryError, match=r"^by "):
        totals(bill_of([[charge("a", "1")]]), by)


def test_measures_that_do_not_exist_are_rejected() -> None:
    with pytest.raises(InvalidQueryError, match=r"^measures .* Did you mean 'amount'"):
        totals(bill_of([[charge("a", "1")]]), measures=["amout"])


def test_other_measures_are_summed_as_far_as_they_are_known() -> None:
    rows = [("a", 5), ("a", None), ("b", None), ("c", 0)]
    results = [
        CompletionsResult(
            model=model,
            input_tokens=10,
            input_cached_tokens=cached,
            output_tokens=1,
            num_model_requests=1,
        )
        for model, cached in rows
    ]
    found = totals(
        [bucket_of(0, results)], ["model"], measures=["input_tokens", "input_cached_tokens"]
    )
    assert {group.labels["model"]: group.figures for group in found} == {
        "a": {"input_tokens": 20, "input_cached_tokens": 5},
        "b": {"input_tokens": 10},
        "c": {"input_tokens": 10, "input_cached_tokens": 0},
    }
    assert found.sums == {None: {"input_tokens": 40, "input_cached_tokens": 5}}
    assert [row["input_cached_tokens"] for row in found.rows()] == [5, None, 0]
    cached = totals([bucket_of(0, results)], ["model"], measures=["input_cached_tokens"])
    assert [group.labels["model"] for group in cached] == ["a", "b", "c"]


def test_the_most_frequent_currency_comes_first() -> None:
    days = [[charge("a", "9", "eur"), charge("a", "1")], [charge("b", "2", "USD")]]
    assert shown(totals(bill_of(days), ["line_item"])) == [
        ("b", Decimal(2), "usd"),
        ("a", Decimal(1), "usd"),
        ("a", Decimal(9), "eur"),
    ]


def test_the_rest_is_one_group() -> None:
    bill = bill_of(
        [
            [
                charge(item, amount)
                for item, amount in zip("abcd", ("4", "3", "2", "1"), strict=True)
            ],
            [charge("a", "1", "eur"), charge("d", "5"), charge("b", "1")],
        ]
    )
    by_item = totals(bill, ["line_item"])
    assert shown(by_item.top(2)) == [
        ("d", Decimal(6), "usd"),
        ("a", Decimal(4), "usd"),
        ("2 more", Decimal(6), "usd"),
        ("a", Decimal(1), "eur"),
    ]
    assert by_item.top(3) is by_item, "one group needs no more room than the rest"
    daily = totals(bill, ["day", "line_item", "project_id"]).top(1)
    assert shown(daily)[:3] == [
        ("2026-01-30", "3 more", None, Decimal(9), "usd"),
        ("2026-01-30", "d", None, Decimal(1), "usd"),
        ("2026-01-31", "d", None, Decimal(5), "usd"),
    ]
    assert shown(totals(bill, ["day"]).top(1)) == shown(totals(bill, ["day"]))


def test_rows_are_flat() -> None:
    found = totals(bill_of([[charge("gpt-5, input", "1.5")]]), ["month", "model"])
    assert found.rows() == [
        {"month": "2026-01", "model": "gpt-5", "amount": Decimal("1.5"), "currency": "usd"}
    ]


def test_buckets_that_are_added_later_do_not_change_the_totals() -> None:
    first, *others = bill_of([[charge("a", "1")], [charge("a", "2")]])
    builder = TotalsBuilder(CostsResult)
    builder.add([first])
    found, same = builder.build(), builder.build()
    builder.add(others)
    assert found == same
    assert found.sums == {"usd": {"amount": 1}}
    assert builder.build().sums == {"usd": {"amount": 3}}


def test_what_has_no_measures_has_no_totals() -> None:
    @attrs.frozen
    class Nothing:
        model: str | None = None

    with pytest.raises(ValueError, match=r"^results without measures cannot be added up"):
        TotalsBuilder(Nothing)


def test_levels_are_kept_apart_from_sums() -> None:
    sizes = [[("a", 500), ("b", 2)], [("a", 20), ("a", 3)]]
    buckets = [
        bucket_of(day, [VectorStoresResult(project_id=id_, usage_bytes=n) for id_, n in found])
        for day, found in enumerate(sizes)
    ]
    found = totals(buckets, ["project_id"])
    # Those of the last bucket, with all its parts. Project b has nothing any more.
    assert shown(found) == [("a", 23), ("b", 0)]
    assert found.sums == {None: {}}
    by_day = totals(buckets, ["project_id", "day"])
    assert shown(by_day.merged(["day"])) == [("2026-01-30", 502), ("2026-01-31", 23)]
    assert shown(by_day.merged(["project_id"])) == [("a", 23), ("b", 0)]
    assert shown(by_day.merged([])) == [(23,)]


SIZES = st.lists(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 9)), max_size=4), max_size=5
)


@given(SIZES, st.lists(st.sampled_from(["project_id", "day", "month"]), unique=True), st.randoms())
def test_levels_are_the_same_in_every_view(
    days: list[list[tuple[str, int]]], by: list[str], chance: random.Random
) -> None:
    # A bucket for each result, in any order: those with the same start belong together.
    buckets = [
        bucket_of(day, [VectorStoresResult(project_id=id_, usage_bytes=size)])
        for day, found in enumerate(days)
        for id_, size in found
    ]
    chance.shuffle(buckets)
    parts = totals(buckets, by)
    last = [found for found in days if found][-1:]
    assert shown(totals(buckets)) == [(sum(size for _, size in found),) for found in last]
    for fewer in ([], by[:1], by[1:]):
        assert by_labels(parts.merged(fewer)) == by_labels(totals(buckets, fewer))


def test_the_main_measure_is_not_the_requests_if_there_is_another() -> None:
    names = {name: main_of(measures_of(row)).name for name, row in Endpoints.table().items()}
    assert (names["completions"], names["costs"]) == ("input_tokens", "amount")
    assert "num_model_requests" not in names.values()


def test_nothing_has_no_sums() -> None:
    for found in (totals([], ["model"]), totals(bill_of([[], []]), ["model"])):
        assert ([*found], len(found), found.sums, found.largest) == ([], 0, {}, {})
        assert (found.rows(), found.by) == ([], ("model",))
        assert found.top(3).merged([]).largest_first().groups == []


def test_usage_has_no_amount() -> None:
    with pytest.raises(AttributeError, match="not totals of costs"):
        _ = Group({}, {"images": 1}).amount


def test_it_needs_no_command_line() -> None:
    program = (
        "import sys, openai_usage.analysis, openai_usage.analysis.spending;"
        "print(sorted({'rich', 'vl_convert', 'cyclopts', 'openai_usage.cli'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_nothing_has_no_largest_groups() -> None:
    assert list(totals([], ["month"]).top(3)) == []


def test_a_level_is_not_that_of_a_bucket_without_results() -> None:
    level = VectorStoresResult(usage_bytes=5)
    buckets: list[Bucket[VectorStoresResult]] = [
        Bucket(start_time=day * DAY, end_time=(day + 1) * DAY, results=results)
        for day, results in enumerate([(), (level,), ()])
    ]
    [group] = totals(buckets)
    assert group.figures["usage_bytes"] == 5
