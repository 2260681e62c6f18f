"""What a year takes, as the page says it."""

import pytest

from openai_usage import UsageClient
from tests.support.yearly_reads import (
    END_TIME,
    README,
    START,
    requests,
    rows,
    slot_hours,
    slots,
    written,
)


def test_the_page_has_the_figures() -> None:
    page = README.read_text()
    assert page == written(page), "run `python -m tests.support.yearly_reads`"


def test_the_requests_are_those_that_a_client_plans() -> None:
    with UsageClient("none", base_url="https://api.openai.invalid") as client:
        minutes = client.completions(start_time=START, end_time=END_TIME, bucket_width="1m")
        days = client.completions(start_time=START, end_time=END_TIME)
        costs = client.costs(start_time=START, end_time=END_TIME)
        planned = [each.concurrently(1).plan().windows for each in (minutes, days, costs)]
    of_minutes, of_days, of_costs = map(len, planned)
    assert requests("1m") == 11 * of_minutes + of_costs
    assert requests("1d") == 11 * of_days + of_costs


def test_a_thousand_organizations_by_the_minute_are_too_many_for_one_machine() -> None:
    assert 1000 * requests("1m") == pytest.approx(4e6, rel=0.01)
    assert 1000 * rows("1m") == pytest.approx(5e9, rel=0.06)
    assert slot_hours("1m", 1000) == pytest.approx(1118.6, abs=0.1)
    assert slots("1m", 1000) == 140  # whatever the number of processors
