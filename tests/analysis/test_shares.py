"""Shares: cached input, batch and service tiers, and the tokens and cost of a request."""

from decimal import Decimal
from typing import Any

import pytest

from openai_usage import (
    AsyncUsageClient,
    Bucket,
    CompletionsResult,
    DecisionsResult,
    InvalidQueryError,
)
from openai_usage.analysis import shares
from tests.conftest import DAY, NOW, TODAY
from tests.support.bills import START, bucket, completion, cost, values


def usage(*rows: dict[str, Any]) -> list[Bucket[CompletionsResult]]:
    return [bucket([completion(**row) for row in rows])]


def test_the_share_of_cached_input() -> None:
    found = shares(
        usage(
            {"input_tokens": 300, "input_cached_tokens": 100, "model": "a"},
            {"input_tokens": 1000, "model": "a"},  # does not say how many were cached
            {"input_tokens": 5, "model": "b"},
            {"input_tokens": 0, "input_cached_tokens": 0, "model": "c"},
        ),
        by=["model"],
    )
    assert {each.labels["model"]: each.cached for each in found} == {
        "a": Decimal("0.333333"),
        "b": None,
        "c": None,
    }


def test_a_group_is_compared_with_those_that_differ_in_the_last_label() -> None:
    rows = [
        {"model": "a", "batch": True, "input_tokens": 30, "num_model_requests": 1},
        {"model": "a", "batch": False, "input_tokens": 60, "num_model_requests": 3},
        {"model": "b", "batch": False, "output_tokens": 10, "num_model_requests": 0},
    ]
    by_batch = {each.labels["batch"]: each for each in shares(usage(*rows), by=["batch"])}
    assert values(by_batch[True].of_tokens, by_batch[True].of_requests) == (
        Decimal("0.3"),
        Decimal("0.25"),
    )
    of_models = {
        (*each.labels.values(),): (each.of_tokens, each.of_requests, each.tokens_per_request)
        for each in shares(usage(*rows), by=["model", "batch", "batch"])
    }
    assert of_models == {
        ("a", True): (Decimal("0.333333"), Decimal("0.25"), 30),
        ("a", False): (Decimal("0.666667"), Decimal("0.75"), 20),
        ("b", False): (1, None, None),
    }


def test_the_cost_of_a_request() -> None:
    buckets = usage(
        {"project_id": "a", "num_model_requests": 3}, {"project_id": "b", "input_tokens": 1}
    )
    bill = [bucket([cost("1", project_id="a"), cost("1", project_id="a", currency="USD")])]
    found = {
        each.labels["project_id"]: each for each in shares(buckets, ["project_id"], costs=bill)
    }
    assert values(found["a"].cost, found["a"].cost_per_request, found["a"].currency) == (
        2,
        Decimal("0.666667"),
        "usd",
    )
    assert values(found["b"].cost, found["b"].cost_per_request, found["b"].currency) == (
        None,
        None,
        None,
    )
    [every] = shares(buckets, costs=bill)
    assert values(every.requests, every.cost_per_request) == (4, Decimal("0.5"))


def test_costs_that_do_not_fit_are_rejected() -> None:
    buckets = usage({})
    with pytest.raises(
        InvalidQueryError, match=r"^costs takes costs of the same days as the usage"
    ):
        shares(buckets, costs=[bucket([cost("1")]), bucket([], START + DAY)])
    with pytest.raises(InvalidQueryError, match=r"^costs takes costs in one currency"):
        shares(buckets, costs=[bucket([cost("1"), cost("1", currency="eur")])])
    with pytest.raises(InvalidQueryError, match=r"^by takes labels that costs have"):
        shares(buckets, ["batch"], costs=[bucket([cost("1")])])


def test_other_buckets_are_rejected() -> None:
    bill: Any = [bucket([cost("1")])]
    with pytest.raises(InvalidQueryError, match=r"^buckets takes buckets of completions"):
        shares(bill)
    with pytest.raises(InvalidQueryError, match=r"^costs takes buckets of costs"):
        shares(usage({}), costs=usage({}))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_rows_are_flat() -> None:
    rows = [DecisionsResult(input_tokens=8, output_tokens=2, num_model_requests=5)]
    found = shares([bucket(rows)])
    assert len(found) == 1
    assert found.rows() == [
        {
            "requests": 5,
            "input_tokens": 8,
            "output_tokens": 2,
            "cached": None,
            "of_tokens": 1,
            "of_requests": 1,
            "tokens_per_request": 2,
            "cost": None,
            "cost_per_request": None,
            "currency": None,
        }
    ]
    assert [*shares([])] == []


async def test_shares_of_the_sandbox_add_up(client: AsyncUsageClient) -> None:
    buckets = await client.completions(
        start_time=TODAY - 7 * DAY, end_time=NOW, group_by=["service_tier", "batch"]
    ).collect()
    for by in ("service_tier", "batch", "day"):
        found = [*shares(buckets, by=[by])]
        assert len(found) > 1
        assert abs(sum(each.of_tokens or 0 for each in found) - 1) < Decimal("0.00001")


def test_costs_of_whole_days_are_not_divided_by_the_requests_of_a_part_of_one() -> None:
    usage = [bucket([completion(1)], START + 3600, DAY - 3600)]
    with pytest.raises(InvalidQueryError, match="costs of the same days as the usage"):
        shares(usage, costs=[bucket([cost("1")])])
    assert [each.cost for each in shares(usage)] == [None]
