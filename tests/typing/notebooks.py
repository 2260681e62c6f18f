"""What callers see of money, data frames and reports, for mypy and pyright: never run."""

import asyncio
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any, Literal, assert_type

import pandas as pd
import polars as pl

from openai_usage import (
    Amount,
    AsyncUsageClient,
    BlockingBuckets,
    Bucket,
    Buckets,
    CostsResult,
    Page,
    UsageClient,
    days_ago,
)
from openai_usage.report import Report, report


def amounts_are_added_and_ordered(one: Amount, other: Amount, several: list[Amount]) -> None:
    assert_type(one + one, Amount)
    assert_type(0 + one, Amount)
    assert_type(one - one, Amount)
    assert_type(-one, Amount)
    assert_type(3 * one, Amount)
    assert_type(one * Decimal("0.5"), Amount)
    assert_type(one < other, bool)
    assert_type(one >= 0, bool)
    assert_type(sum(several), Amount | Literal[0])
    assert_type(sum(several, start=Amount(value=Decimal(0), currency="usd")), Amount)
    assert_type(max(several), Amount)
    assert_type(sorted(several), list[Amount])
    assert one + 5  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    assert one < Decimal(5)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    assert one * 1.5  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]


def values_are_dicts(
    page: Page[CostsResult], bucket: Bucket[CostsResult], cost: CostsResult
) -> None:
    assert_type(page.to_dict(), dict[str, Any])
    assert_type(bucket.to_dict(), dict[str, Any])
    assert_type(cost.to_dict(), dict[str, Any])
    assert_type(cost.amount.to_dict(), dict[str, Any])


async def buckets_are_frames(buckets: Buckets[CostsResult]) -> None:
    assert_type(await buckets.to_pandas(), pd.DataFrame)
    assert_type(await buckets.to_polars(money="float"), pl.DataFrame)
    await buckets.to_pandas(money="double")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def blocking_buckets_are_frames(buckets: BlockingBuckets[CostsResult]) -> None:
    assert_type(buckets.to_pandas(money="text"), pd.DataFrame)
    assert_type(buckets.to_polars(), pl.DataFrame)
    buckets.to_polars(money="double")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def a_report_is_awaited_with_a_client_that_is(client: AsyncUsageClient) -> None:
    fetching: Coroutine[object, object, Report] = report(client, days_ago(90))
    assert_type(await report(client, days_ago(90)), Report)
    assert_type(await asyncio.create_task(fetching), Report)


def a_report_is_returned_with_a_client_that_blocks(client: UsageClient) -> None:
    assert_type(report(client, days_ago(90), names=client.names()), Report)
    report(client, "2026-01-01")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
