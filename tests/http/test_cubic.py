"""The rate at which to send, estimated from rejections: a decision about values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage._http.cubic import CubicRate


def limited_to_20(pause: float = 0.0, *, confirmed: bool = False) -> CubicRate:
    """A rate that was told at 1.0 seconds that 20 requests a second are the limit."""
    rate = CubicRate()
    if confirmed:
        rate = limited_to_20()
        for n in range(21):
            rate.on_sent(3.0 + 0.045 * n)
        rate.on_rejected(3.0 + 0.045 * 20, 4.0, pause)
        return rate
    for n in range(23):
        rate.on_sent(0.5 + n / 100)
    for n in (20, 21, 22):
        rate.on_rejected(0.5 + n / 100, 1.0, pause)
    return rate


def test_nothing_is_concluded_from_a_rejection_of_all_requests() -> None:
    rate = CubicRate()
    for now in range(20):
        assert rate.on_sent(now) == 0.0
        assert rate.on_rejected(now, now + 0.1) == now + 0.1
    assert not rate.is_limited


@pytest.mark.parametrize("rejected", [{2}, {2, 5}, {2, 5, 8}, {30}, {20, 40}])
def test_nothing_is_concluded_from_a_handful_of_requests_or_rejections(rejected: set[int]) -> None:
    rate = CubicRate()
    for number in range(1, max(rejected) + 1):
        now = number / 50
        assert rate.on_sent(now) == 0.0
        if number in rejected:
            assert rate.on_rejected(now, now + 0.01) == now + 0.01
        else:
            rate.on_answered()
    assert not rate.is_limited


def test_few_requests_conclude_no_low_limit_before_more_confirm_it() -> None:
    rate = CubicRate()
    for _ in range(4):
        rate.on_sent(0.0)
    for _ in range(3):  # one was answered
        rate.on_rejected(0.0, 0.1)
    assert rate.on_sent(1.0) == pytest.approx(1 / 5, rel=0.05)
    assert rate.on_sent(1.2) == pytest.approx(1 / 5, rel=0.05)
    rate.on_rejected(1.2, 1.3)
    assert rate.on_sent(2.3) == pytest.approx(1.0, rel=0.06)


def test_a_limit_is_what_was_answered_within_a_second() -> None:
    rate = limited_to_20()
    assert rate.on_sent(1.0) == pytest.approx(1 / 19)  # a twentieth below


def test_a_limit_that_was_just_concluded_is_corrected_by_what_was_on_its_way() -> None:
    rate = CubicRate()
    for n in range(30):
        rate.on_sent(n / 100)
    for n in range(20, 30):
        rate.on_rejected(n / 100, 0.5)
    assert rate.on_sent(0.5) == pytest.approx(1 / 19)


def test_sending_goes_on_when_the_first_request_of_the_second_is_past() -> None:
    rate = CubicRate()
    for n in range(23):
        rate.on_sent(n / 100)
    assert rate.on_rejected(0.20, 0.3) == 0.3
    assert rate.on_rejected(0.21, 0.3) == 0.3
    assert rate.on_rejected(0.22, 0.3) == 1.0


def test_a_period_that_is_still_full_is_waited_for_and_teaches_nothing() -> None:
    rate = limited_to_20()
    assert rate.on_rejected(1.05, 1.1) == pytest.approx(1.2)
    assert rate.on_rejected(1.2, 1.3) == pytest.approx(1.6)
    assert rate.on_sent(1.6) == pytest.approx(1 / 20, rel=0.04)


def test_a_limit_that_is_not_met_again_is_forgotten() -> None:
    rate = limited_to_20()
    intervals = [rate.on_sent(1.0 + n / 10) for n in range(1, 80)]
    assert intervals == sorted(intervals, reverse=True)
    assert intervals[0] == pytest.approx(1 / 19, rel=0.01)
    assert intervals[-1] == 0.0
    assert not rate.is_limited


@pytest.mark.parametrize(("pause", "within"), [(0.0, 7), (1.0, 0)])
def test_the_more_a_rejection_costs_the_more_rarely_the_limit_is_tried(
    pause: float, within: int
) -> None:
    rate = limited_to_20(pause, confirmed=True)
    # How often, in ten seconds, it sends faster than the 20 a second that were met.
    faster = [n for n in range(1, 11) if rate.on_sent(4.0 + n) < 1 / 20]
    assert len(faster) == within


def test_where_a_rejection_costs_a_pause_the_rate_stays_a_little_below_the_limit() -> None:
    rate = limited_to_20(1.0, confirmed=True)
    intervals = [rate.on_sent(4.0 + n) for n in range(1, 17)]
    assert intervals == [pytest.approx(1 / 19)] * 15 + [pytest.approx(1 / 20)]


def test_one_rejection_after_a_rest_does_not_bring_it_to_a_halt() -> None:
    for confirmed in (False, True):
        rate = limited_to_20(confirmed=confirmed)
        rate.on_sent(5.5)
        rate.on_rejected(5.5, 5.6)
        assert 0.05 < rate.on_sent(6.6) < 0.1


@given(st.lists(st.tuples(st.floats(0.0, 30.0), st.integers(0, 5)), max_size=100))
def test_it_is_never_too_slow_to_go_on(steps: list[tuple[float, int]]) -> None:
    rate = CubicRate()
    now = 0.0
    sent = [now]
    for later, rejected in steps:
        now += later
        interval = rate.on_sent(now)
        assert 0.0 <= interval <= 1 / (0.1 * 0.95) + 1e-9
        sent.append(now)
        if rejected:
            until = rate.on_rejected(sent[-min(rejected, len(sent))], now)
            assert now <= until <= now + 1.0
            assert math.isfinite(until)
