"""Unusual days: found for good reasons only, whatever else is in the buckets."""

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import (
    AsyncUsageClient,
    AudioTranscriptionsResult,
    Bucket,
    CostsResult,
    InvalidQueryError,
    VectorStoresResult,
)
from openai_usage.analysis import Unusual, unusual
from openai_usage.schema.model import Model
from tests.conftest import DAY, NOW, TODAY
from tests.support.bills import START, bucket, completion, cost, values

HOUR = 3600
WEEK = 7

Bill = list[Bucket[CostsResult]]


def daily(*amounts: Sequence[CostsResult] | str | int) -> Bill:
    """A bill with a bucket for each day from a Monday on."""
    return [
        bucket([cost(str(each))] if isinstance(each, str | int) else each, START + day * DAY)
        for day, each in enumerate(amounts)
    ]


def at(day: int, hour: int = 0) -> datetime:
    return datetime.fromtimestamp(START + day * DAY + hour * HOUR, UTC)


def found_in(
    bill: Iterable[Bucket[Any]], by: Sequence[str] = (), days: int = 1000
) -> list[Unusual]:
    return unusual(bill, by, now=at(days))


def days_of(found: Iterable[Unusual]) -> list[int]:
    return [(each.day - at(0).date()).days for each in found]


AMOUNTS = st.integers(1, 10**6)
STEADY = st.lists(st.integers(85, 115), min_size=8 * WEEK, max_size=8 * WEEK)


@given(AMOUNTS, st.integers(0, 100))
def test_a_constant_series_is_never_unusual(amount: int, days: int) -> None:
    assert found_in(daily(*[amount] * days)) == []


@given(st.lists(AMOUNTS, min_size=WEEK, max_size=WEEK), st.integers(0, 12))
def test_neither_are_weeks_that_are_all_alike(week: list[int], weeks: int) -> None:
    assert found_in(daily(*week * weeks)) == []


@given(STEADY)
def test_ten_times_the_usual_is_always_unusual(amounts: list[int]) -> None:
    [found] = found_in(daily(*amounts, 1000))
    assert values(found.day, found.direction, found.weeks) == (at(56).date(), "above", 8)
    assert values(found.confidence, found.days_in_a_row) == ("high", 1)
    assert found.times is not None
    assert 8 < found.times < 12


@given(
    st.lists(st.integers(0, 1000), min_size=5 * WEEK, max_size=6 * WEEK),
    st.builds(Decimal.scaleb, st.integers(1, 10**9).map(Decimal), st.integers(-20, 20)),
)
def test_the_unit_of_the_amounts_does_not_matter(amounts: list[int], factor: Decimal) -> None:
    found = found_in(daily(*amounts))
    scaled = found_in(daily(*([cost(each * factor)] for each in amounts)))
    assert [values(each.day, each.score, each.times) for each in scaled] == [
        (each.day, each.score, each.times) for each in found
    ]


@given(
    st.lists(
        st.lists(
            st.builds(
                cost,
                st.integers(-50, 1000).map(str),
                project_id=st.sampled_from(["a", "b", "", None]),
                currency=st.sampled_from(["usd", "USD", "eur"]),
            ),
            max_size=5,
        ),
        min_size=WEEK,
        max_size=WEEK,
    ),
    st.integers(5, 9),
    st.randoms(use_true_random=False),
)
def test_the_order_of_results_does_not_matter(
    week: list[list[CostsResult]], weeks: int, chance: random.Random
) -> None:
    days = [*week * weeks, [*week[0], cost(2000, project_id="a"), cost(3000, project_id="b")]]
    shuffled = [chance.sample(each, len(each)) for each in days]
    for by in ([], ["project_id"]):
        assert found_in(daily(*days), by) == found_in(daily(*shuffled), by)


def test_it_says_so_in_a_sentence() -> None:
    # 121 on Fridays, give or take: 2026-03-06 is a Friday.
    bill = daily(*(121 + day // 7 % 3 for day in range(60)), 412, *[121] * 5)
    [found] = found_in(bill)
    assert found.day == date(2026, 3, 6)
    assert str(found) == (
        "6 March: 412.00 usd, 3.4 times the usual 122.00 usd of a Friday "
        "(median of 8 Fridays before; high confidence)"
    )
    assert values(found.usual, found.spread, found.score) == (
        122,
        Decimal("12.2"),
        Decimal("23.77"),
    )
    assert values(found.times, found.currency, found.measure.name) == (
        Decimal("3.38"),
        "usd",
        "amount",
    )
    assert values(found.labels, found.until, found.credits) == ({}, None, 0)


def test_a_cheap_day_is_unusual_once_its_costs_are_complete() -> None:
    bill = daily(*[100] * 56, 20)
    assert unusual(bill, now=at(59, 23)) == []
    [found] = unusual(bill, now=at(60))
    assert values(found.direction, found.score) == ("below", -8)
    assert str(found) == (
        "2 March: 20.00 usd, 20% of the usual 100.00 usd of a Monday "
        "(median of 8 Mondays before; high confidence)"
    )
    assert days_of(unusual(daily(*[100] * 56, 200), now=at(57))) == [56]
    usage = [bucket([completion(200 if day < 35 else 1)], START + day * DAY) for day in range(36)]
    assert days_of(unusual(usage, now=at(36, 1))) == [35]
    assert unusual(usage, now=at(36)) == [], "usage of the last minutes is still to come"


@pytest.mark.parametrize(
    ("weeks", "confidence"),
    [(3, None), (4, "low"), (5, "low"), (6, "medium"), (7, "medium"), (8, "high"), (20, "high")],
)
def test_it_says_how_sure_it_can_be(weeks: int, confidence: str | None) -> None:
    found = found_in(daily(*[100] * weeks * WEEK, 1000))
    assert [values(each.confidence, each.weeks) for each in found] == (
        [(confidence, min(weeks, 8))] if confidence else []
    )


def test_days_before_the_first_charge_do_not_count() -> None:
    bill = daily(*[0] * 100, *[100] * 28, 1000)
    [found] = found_in(bill)
    assert values(days_of([found]), found.weeks) == ([128], 4)
    assert found_in(daily(*[0] * 100, *[100] * 27, 1000)) == []
    assert found_in(daily(*[0] * 100)) == []


def test_new_projects_are_not_unusual_but_everything_together_can_be() -> None:
    old, new = cost(100, project_id="old"), cost(500, project_id="new")
    bill = daily(*[[old]] * 60, *[[old, new]] * 3)
    assert found_in(bill, ["project_id"]) == []
    found = found_in(bill)
    assert days_of(found) == [60, 61, 62]
    assert [each.days_in_a_row for each in found] == [1, 2, 3]
    assert "(median of 8 Sundays before; 3 days in a row; high confidence)" in str(found[2])


def test_an_odd_day_in_the_other_direction_begins_anew() -> None:
    found = found_in(daily(*[100] * 56, 1000, 1, 1, 100, 1000))
    assert days_of(found) == [56, 57, 58, 60]
    assert [each.days_in_a_row for each in found] == [1, 1, 2, 1]


def test_a_day_of_the_past_weeks_that_was_unusual_does_not_change_the_usual() -> None:
    amounts = [100] * 56
    for day in (28, 42, 49):
        amounts[day] = 5000
    assert days_of(found_in(daily(*amounts, 1000))) == [28, 42, 49, 56]


def test_amounts_too_small_to_matter_are_left_out() -> None:
    big, small = cost(1000, project_id="big"), cost("1", project_id="small")
    bill = daily(*[[big, small]] * 56, [big, cost("49", project_id="small")])
    assert found_in(bill, ["project_id"]) == []
    bill = daily(*[[big, small]] * 56, [big, cost("60", project_id="small")])
    [found] = found_in(bill, ["project_id"])
    assert str(found) == (
        "2 March, project_id small: 60.00 usd, 60.0 times the usual 1.00 usd of a Monday "
        "(median of 8 Mondays before; high confidence)"
    )


def test_cents_are_not_unusual_after_equal_amounts() -> None:
    assert found_in(daily(*[100] * 56, "100.01")) == []
    assert found_in(daily(*[100] * 56, 149)) == []
    assert days_of(found_in(daily(*[100] * 56, 150))) == [56]


def test_days_that_vary_are_not_unusual() -> None:
    assert found_in(daily(*[50, 60, 70, 80, 90, 100, 110] * 8, 180)) != []
    amounts = [10 * (1 + week) for week in range(8) for _ in range(WEEK)]
    assert found_in(daily(*amounts, 150)) == []


def test_missing_days_and_parts_of_days_are_not_compared() -> None:
    bill = daily(*[100] * 56, 1000)
    part = bucket([cost(1)], START + 56 * DAY, DAY // 2)
    assert found_in([*bill[:56], part]) == []
    without = [each for day, each in enumerate(bill) if day not in (0, 7, 14)]
    [found] = found_in(without)
    assert values(found.weeks, found.confidence) == (5, "low")
    clipped = bucket([cost(1)], START + 49 * DAY, DAY // 2)
    [found] = found_in([*bill[:49], clipped, *bill[50:]])
    assert found.weeks == 7
    nothing: Bill = [bucket([], START + day * DAY) for day in range(56, 63)]
    assert {each.direction for each in found_in([*bill[:56], *nothing])} == {"below"}


def test_the_day_in_progress_is_not_compared_as_a_whole() -> None:
    bill = daily(*[100] * 56, 1000)
    assert unusual(bill, now=at(56, 23)) == []
    assert days_of(unusual(bill, now=at(57))) == [56]


def test_nothing_follows_a_long_time_without_anything() -> None:
    assert found_in(daily(100, *[0] * 60, 1000)) == []
    found = found_in(daily(*[100] * 7, *[0] * 40, 1000))
    assert "1,000.00 usd, not the usual 0.00 usd of a" in str(found[-1])
    assert found[-1].times is None


def test_credits_make_no_day_look_cheap() -> None:
    charge, credit = cost(100), cost(-90)
    assert found_in(daily(*[[charge]] * 56, [charge, credit])) == []
    assert found_in(daily(*[[charge]] * 56, [credit])) != [], "there was no charge"
    [found] = found_in(daily(*[[charge]] * 56, [cost(1000), credit], [charge]))
    assert values(found.amount, found.credits) == (1000, -90)
    assert "before; without credits of 90.00 usd; high confidence)" in str(found)
    assert found_in(daily(*[[credit]] * 60)) == []
    [found] = found_in(
        daily(
            *[[cost(100, project_id="a"), cost(-1, project_id="b")]] * 56,
            [cost(500, project_id="a")],
        ),
        ["project_id"],
    )
    assert found.credits == 0


def test_currencies_are_apart() -> None:
    usual = [cost(100), cost(1, currency="eur")]
    bill = daily(*[usual] * 56, [cost(1000), cost(10, currency="EUR")])
    assert [values(each.currency, each.amount) for each in found_in(bill)] == [
        ("eur", 10),
        ("usd", 1000),
    ]
    assert "10.00 eur, 10.0 times the usual 1.00 eur" in str(found_in(bill)[0])


def test_tiny_amounts_are_shown_with_two_digits() -> None:
    [found] = found_in(daily(*["0.00012"] * 56, "0.00123"))
    assert "0.0012 usd, 10.2 times the usual 0.00012 usd of a Monday" in str(found)


def hours_of(amounts: Iterable[int], **fields: Any) -> list[Bucket[Any]]:
    return [
        bucket([completion(amount, **fields)], START + hour * HOUR, HOUR)
        for hour, amount in enumerate(amounts)
    ]


def test_today_so_far_is_compared_with_the_same_hours() -> None:
    quiet, busy = [10] * 12, [100] * 12
    usage = hours_of([*(quiet + busy) * 56, *[100] * 12, 5])
    [found] = unusual(usage, now=at(56, 12) + timedelta(minutes=20))
    assert found.until == at(56, 12)
    assert str(found) == (
        "2 March until 12:00 UTC: 1,200 input tokens, 10.0 times the usual 120 input tokens "
        "of a Monday until then (median of 8 Mondays before; high confidence)"
    )
    [found] = unusual(usage, now=at(56, 12) + timedelta(minutes=14))
    assert values(found.until, found.amount) == (at(56, 11), 1100)
    assert unusual(usage[: 56 * 24], now=at(56, 12)) == [], "no hour of today is known"
    assert unusual([*usage[:-6], *usage[-5:]], now=at(56, 12)) == [], "an hour of today is missing"
    whole = [*(quiet + busy) * 56, *[100] * 24]
    assert days_of(found_in(hours_of([*whole[:-24], *[1000] * 24]))) == [56]
    halves = [
        Bucket(start_time=start, end_time=start + HOUR // 2, results=results)
        for each in usage
        for start, results in (
            (each.start_time, each.results),
            (each.start_time + HOUR // 2, ()),
        )
    ]
    now = at(56, 12) + timedelta(minutes=20)
    assert unusual(halves, now=now) == unusual(usage, now=now)


def test_levels_are_compared_by_day() -> None:
    sizes = [*[100] * 56 * 24, *[1000] * 24]
    buckets = [
        bucket([VectorStoresResult(usage_bytes=size)], START + hour * HOUR, HOUR)
        for hour, size in enumerate(sizes)
    ]
    assert unusual(buckets, now=at(56, 12)) == []
    [found] = unusual(buckets, now=at(57, 1))
    assert "1,000 B, 10.0 times the usual 100 B of a Monday (" in str(found)


def test_usage_is_shown_in_its_unit() -> None:
    seconds = [60] * 56 + [7200]
    buckets = [
        bucket([AudioTranscriptionsResult(seconds=each, num_model_requests=1)], START + day * DAY)
        for day, each in enumerate(seconds)
    ]
    [found] = found_in(buckets)
    assert "2 h 00 min, 120.0 times the usual 1 min 00 s of a Monday" in str(found)


def test_labels_are_shown_safely() -> None:
    usage = [
        bucket(
            [completion(100 if day < 56 else 900, model="a\x1b", batch=False)], START + day * DAY
        )
        for day in range(57)
    ]
    [found] = found_in(usage, ["model", "batch", "user_id", "model"])
    assert found.labels == {"model": "a\x1b", "batch": False, "user_id": None}
    assert "2 March, model a\ufffd, batch false, user_id \N{EN DASH}: 900 input" in str(found)


def test_the_largest_difference_of_a_day_comes_first() -> None:
    projects = [cost(100, project_id=each) for each in "abc"]
    odd = [cost(amount, project_id=each) for each, amount in zip("abc", (400, 900, 0), strict=True)]
    found = found_in(daily(*[projects] * 56, odd), ["project_id"])
    assert [each.labels["project_id"] for each in found] == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("by", "message"),
    [
        (["day"], r"^by takes labels that are not periods, not 'day'"),
        (["modle"], "Did you mean 'model'"),
        ("model", r"^by takes a list"),
    ],
)
def test_labels_that_do_not_fit_are_rejected(by: Sequence[str], message: str) -> None:
    with pytest.raises(InvalidQueryError, match=message):
        unusual(daily(1), by)


def test_times_and_buckets_that_do_not_fit_are_rejected() -> None:
    with pytest.raises(InvalidQueryError, match=r"^now takes an aware datetime"):
        unusual([], now=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(InvalidQueryError, match=r"a period that contains the bucket"):
        unusual([bucket([cost(1)], width=2 * DAY)])


def test_the_default_time_is_the_clock() -> None:
    assert unusual([]) == []
    bill = daily(*[100] * 56, 1000)
    long_ago = [
        Bucket(
            start_time=each.start_time - 4 * 365 * DAY - DAY,
            end_time=each.end_time - 4 * 365 * DAY - DAY,
            results=each.results,
        )
        for each in bill
    ]
    assert len(unusual(long_ago)) == 1


async def test_a_day_of_the_sandbox_with_ten_times_the_usage_is_found(
    client: AsyncUsageClient,
) -> None:
    bill = await client.costs(
        start_time=TODAY - 70 * DAY, end_time=NOW, group_by=["project_id", "line_item"]
    ).collect()
    now = datetime.fromtimestamp(NOW, UTC)
    usual = unusual(bill, now=now)
    day = bill[-5]
    much = [
        cost(each.amount.value * 10, item=each.line_item, project_id=each.project_id)
        for each in day.results
    ]
    odd = [bucket(much, each.start_time) if each is day else each for each in bill]
    found = [each for each in unusual(odd, now=now) if each not in usual]
    assert [values(each.day, each.direction, each.confidence) for each in found] == [
        (day.start.date(), "above", "high")
    ]
    of_projects = unusual(odd, ["project_id"], now=now)
    assert len([each for each in of_projects if each.day == day.start.date()]) >= 3


async def test_the_unusual_days_of_the_sandbox_are_found(client: AsyncUsageClient) -> None:
    bill = await client.costs(
        start_time=TODAY - 140 * DAY, end_time=NOW, group_by=["project_id"]
    ).collect()
    found = unusual(bill, ["project_id"], now=datetime.fromtimestamp(NOW, UTC))
    high = [each for each in found if each.times and each.times > 3]
    assert len(high) >= 2
    assert len({each.labels["project_id"] for each in high}) == 1
    assert {each.days_in_a_row for each in high} == {1}


def test_a_measure_that_an_endpoint_of_ones_own_leaves_out_is_not_compared() -> None:
    class Result(Model):
        calls: int | None
        project_id: str | None = None

    def results(day: int) -> list[Result]:
        calls = 900 if day == 70 else 10
        return [Result(calls=None, project_id="a"), Result(calls=calls, project_id="b")]

    found = unusual(
        [bucket(results(day), START + day * DAY) for day in range(71)],
        by=["project_id"],
        now=datetime.fromtimestamp(START + 80 * DAY, UTC),
    )
    assert [each.labels["project_id"] for each in found] == ["b"]


def test_no_control_character_of_a_currency_is_in_the_sentence() -> None:
    found = unusual(
        [
            bucket([cost(95 if day == 70 else 10, currency="us\x1b[2J")], START + day * DAY)
            for day in range(71)
        ],
        now=datetime.fromtimestamp(START + 80 * DAY, UTC),
    )
    assert [str(each).isprintable() for each in found] == [True]
