"""What callers see, for mypy and pyright only: this file is checked and never run.

An `ignore` that is not needed is an error in both checkers (`warn_unused_ignores`,
`reportUnnecessaryTypeIgnoreComment`), so each one below proves that its line is refused.
"""

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal, assert_type

import aiohttp
import pyarrow as pa
from attrs import Attribute, frozen

from openai_usage import (
    Amount,
    APIError,
    APIStatusError,
    AsyncUsageClient,
    AudioSpeechesResult,
    AudioTranscriptionsResult,
    BlockingBuckets,
    Bucket,
    Buckets,
    ByOrganization,
    CodeInterpreterSessionsResult,
    ColumnError,
    CompletionsQuery,
    CompletionsResult,
    CostsResult,
    DecisionsResult,
    EmbeddingsResult,
    Endpoint,
    Endpoints,
    FileSearchCallsResult,
    ImagesResult,
    InvalidQueryError,
    Limits,
    ModerationsResult,
    MoneyType,
    Name,
    Names,
    Organizations,
    Page,
    Plan,
    RangeQuery,
    SpendAlert,
    SpendLimit,
    SpendLimits,
    UnreadLimit,
    UnreadList,
    Update,
    UsageClient,
    UsageError,
    VectorStoresResult,
    WebSearchCallsResult,
    Window,
    days_ago,
    month_start,
)
from openai_usage import Client as Misspelt  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # noqa: F401
from openai_usage.analysis import (
    Budget,
    BudgetVerdict,
    LimitNotice,
    Price,
    PriceChange,
    Prices,
    Shares,
    Spending,
    Unusual,
    check_budgets,
    costs_group_by,
    limit_notices,
    prices,
    read_budgets,
    shares,
    spending,
    unusual,
    worst_exit_code,
)
from openai_usage.arrow import Rounding, record_batch, schema
from openai_usage.report import Missing, Report, report
from openai_usage.sandbox import RecordedRequest, Sandbox
from openai_usage.sync import Change, DuckDBSink, Lag, Synced, SyncResult, sync


async def results_have_their_own_class(client: AsyncUsageClient) -> None:
    assert_type(client.completions(start_time=0), Buckets[CompletionsResult])
    assert_type(await client.images(start_time=0), Page[ImagesResult])
    assert_type(client.query(Endpoints.costs, start_time=0), Buckets[CostsResult])
    assert_type(client.query("costs", start_time=0), Buckets[object])
    assert_type(client.costs(start_time=0).settled(), Buckets[CostsResult])
    assert_type(client.costs(start_time=0).settled(timedelta(days=1)).resume_from, int | None)
    client.query(Endpoints.costs, start_tim=0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    async for bucket in client.costs(start_time=0):
        assert_type(bucket, Bucket[CostsResult])
        assert_type(bucket.start_time, int)
        assert_type(bucket.start, datetime)
        for result in bucket.results:
            assert_type(result, CostsResult)
            assert_type(result.amount, Amount)
            assert_type(result.amount.value, Decimal)
            assert_type(result.quantity, Decimal | None)
            assert_type(result.line_item, str | None)


async def buckets_are_read_in_many_ways(buckets: Buckets[VectorStoresResult]) -> None:
    assert_type(buckets.pages(), AsyncGenerator[Page[VectorStoresResult], None])
    assert_type(buckets.raw_pages(), AsyncGenerator[bytes, None])
    assert_type(await buckets.collect(), list[Bucket[VectorStoresResult]])
    assert_type(buckets.concurrently(8), Buckets[VectorStoresResult])
    assert_type(await buckets.to_arrow(), pa.Table)
    assert_type(buckets.arrow_batches(), AsyncGenerator[pa.RecordBatch, None])
    assert_type(await buckets.to_arrow(money="text"), pa.Table)
    assert_type(buckets.arrow_batches(money="float"), AsyncGenerator[pa.RecordBatch, None])
    await buckets.to_arrow(money="double")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(buckets.plan(), Plan)
    assert_type(buckets.plan().windows, tuple[Window, ...])
    assert_type(buckets.plan().requests, int)


async def buckets_are_followed(buckets: Buckets[CostsResult]) -> None:
    assert_type(buckets.follow(on_round=print), AsyncGenerator[Update[CostsResult], None])
    buckets.follow(60, revisions=True, after=timedelta(days=1))
    async for update in buckets.follow(every=timedelta(minutes=5)):
        assert_type(update.bucket, Bucket[CostsResult])
        assert_type(update.before, Bucket[CostsResult] | None)
        assert_type(update.resume_from, int)
        assert_type(update.is_settled, bool)
        assert_type(update.is_changed, bool)
        update.resume_from = 0  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    buckets.follow("1h")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    buckets.follow(60, True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # noqa: FBT003
    buckets.follow(after=60)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def blocking_buckets_are_followed(buckets: BlockingBuckets[CostsResult]) -> None:
    assert_type(buckets.follow(revisions=True), Generator[Update[CostsResult], None, None])


def a_client_that_blocks_has_the_same_rows(client: UsageClient) -> None:
    assert_type(client.completions(start_time=0), BlockingBuckets[CompletionsResult])
    assert_type(client.embeddings(start_time=0), BlockingBuckets[EmbeddingsResult])
    assert_type(client.moderations(start_time=0), BlockingBuckets[ModerationsResult])
    assert_type(client.images(start_time=0), BlockingBuckets[ImagesResult])
    assert_type(client.audio_speeches(start_time=0), BlockingBuckets[AudioSpeechesResult])
    assert_type(
        client.audio_transcriptions(start_time=0), BlockingBuckets[AudioTranscriptionsResult]
    )
    assert_type(client.vector_stores(start_time=0), BlockingBuckets[VectorStoresResult])
    assert_type(
        client.code_interpreter_sessions(start_time=0),
        BlockingBuckets[CodeInterpreterSessionsResult],
    )
    assert_type(client.file_search_calls(start_time=0), BlockingBuckets[FileSearchCallsResult])
    assert_type(client.web_search_calls(start_time=0), BlockingBuckets[WebSearchCallsResult])
    assert_type(client.decisions(start_time=0), BlockingBuckets[DecisionsResult])
    assert_type(client.costs(start_time=0), BlockingBuckets[CostsResult])

    assert_type(client.names(personal=True), Names)
    client.completions(start_time=0, group_by=["modle"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    client.costs(start_time=0, bucket_width="1h")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def blocking_buckets_are_read_in_the_same_ways(buckets: BlockingBuckets[CostsResult]) -> None:
    for bucket in buckets:
        assert_type(bucket, Bucket[CostsResult])
    assert_type(buckets.first_page(), Page[CostsResult])
    assert_type(buckets.pages(), Generator[Page[CostsResult], None, None])
    assert_type(buckets.raw_pages(), Generator[bytes, None, None])
    assert_type(buckets.collect(), list[Bucket[CostsResult]])
    assert_type(buckets.concurrently(8), BlockingBuckets[CostsResult])
    money: MoneyType = "text"
    assert_type(buckets.to_arrow(money=money), pa.Table)
    assert_type(buckets.arrow_batches(money=money), Generator[pa.RecordBatch, None, None])
    buckets.to_arrow(money="double")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(buckets.plan(), Plan)
    assert_type(buckets.endpoint.result, type[CostsResult])


def rows_of_ones_own_become_batches(page: Page[CostsResult], rounding: Rounding) -> None:
    batch = record_batch(Endpoints.costs, page.data, money="decimal", rounding=rounding)
    assert_type(batch, pa.RecordBatch)
    assert_type(schema(Endpoints.costs, money="text"), pa.Schema)
    assert_type(rounding.columns["amount"].values, int)
    assert_type(rounding.columns["amount"].largest_difference, Decimal)


def times_come_in_three_kinds(client: AsyncUsageClient) -> None:
    client.costs(start_time=1_764_979_200, end_time=date(2026, 1, 1))
    client.costs(start_time=datetime.now(UTC), end_time=None)
    client.costs(start_time=days_ago(30), end_time=month_start())
    client.costs(start_time="2026-01-01")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.costs(start_time=1.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(CompletionsQuery(start_time=date(2026, 1, 1)).start_time, int)


def a_row_says_what_it_can_be_asked(client: AsyncUsageClient, blocking: UsageClient) -> None:
    assert_type(client.base_url, str)
    assert_type(blocking.base_url, str)
    assert_type(AsyncUsageClient.costs.group_by, tuple[str, ...])
    assert_type(AsyncUsageClient.costs.filters, list[Attribute[object]])
    assert_type(AsyncUsageClient.costs.measures, list[Attribute[object]])


def each_method_takes_what_its_endpoint_takes(client: AsyncUsageClient) -> None:
    client.completions(start_time=0, group_by=["model", "service_tier"], batch=True)
    client.completions(start_time=0, models=("gpt-4.1",), bucket_width="1m", limit=1440)
    client.completions(start_time=0, extra_query={"a": "b", "c": ["d"], "e": 1, "f": True})
    client.images(start_time=0, sizes=["1024x1024"], sources=["image.edit"])
    client.web_search_calls(start_time=0, context_levels=["low"])

    client.completions()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.completions(0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.completions(start_time=0, modles=["gpt-4.1"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.completions(start_time=0, group_by=["modle"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    client.completions(start_time=0, group_by="model")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.completions(start_time=0, bucket_width="1w")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.costs(start_time=0, bucket_width="1h")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.costs(start_time=0, models=["gpt-4.1"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.vector_stores(start_time=0, group_by=["model"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    client.images(start_time=0, sizes=["7x7"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


def facts_are_frozen(amount: Amount, query: CompletionsQuery) -> None:
    amount.value = Decimal(0)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    query.limit = 5  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


@frozen(kw_only=True)
class VideosQuery(RangeQuery):
    codec: str | None = None


@frozen(kw_only=True)
class VideosResult:
    seconds: int


class Client(AsyncUsageClient):
    videos = Endpoint("organization/usage/videos", VideosQuery, VideosResult)


class BlockingClient(UsageClient):
    videos = Endpoint("organization/usage/videos", VideosQuery, VideosResult)


def a_row_of_ones_own_is_typed_like_the_others(client: Client, blocking: BlockingClient) -> None:
    assert_type(blocking.videos(start_time=0, codec="av1"), BlockingBuckets[VideosResult])
    blocking.videos(start_time=0, codecs="av1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert_type(client.videos(start_time=0, codec="av1"), Buckets[VideosResult])
    client.videos(start_time=0, codecs="av1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert_type(Client.videos.result, type[VideosResult])


async def ids_have_names(client: AsyncUsageClient, result: CompletionsResult) -> None:
    assert_type(await client.names(), Names)
    names = await client.names(personal=True)
    name = names.of(result.user_id)  # which may be None
    assert_type(name, Name)
    assert_type(name.id, str | None)
    assert_type(name.name, str | None)
    assert_type(name.email, str | None)
    assert_type(name.status, Literal["active", "archived", "unknown", "unread", "none"])
    assert_type(names.known, Mapping[str, Name])
    assert_type(names.unread, tuple[UnreadList, ...])
    assert_type(names.unread[0].kind, Literal["projects", "users", "api_keys"])
    await client.names(personal="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    name.status = "active"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


async def limits_are_read_like_names(client: AsyncUsageClient, blocking: UsageClient) -> None:
    limits = await client.limits(project_ids=["proj_a"])
    assert_type(limits, Limits)
    assert_type(blocking.limits(), Limits)
    assert_type(limits.organization, SpendLimits)
    assert_type(limits.projects, Mapping[str, SpendLimits])
    assert_type(limits.unread, tuple[UnreadLimit, ...])
    assert_type(limits.unread[0].kind, Literal["projects", "spend_limit", "spend_alerts"])
    assert_type(limits.unread[0].project_id, str | None)
    assert_type(limits.unread[0].status_code, int | None)
    own = limits.organization
    assert_type(own.limit, SpendLimit | None)
    assert_type(own.alerts, tuple[SpendAlert, ...])
    if own.limit is not None:
        assert_type(own.limit.amount, Amount)
        assert_type(own.limit.interval, str)
        assert_type(own.limit.enforcement, str)
        assert_type(own.limit.monthly, Amount | None)
    assert_type(own.alerts[0].id, str)
    await client.limits(["proj_a"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.limits(project_ids=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    own.limit = None  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


async def a_report_is_text_pictures_and_what_is_missing(client: AsyncUsageClient) -> None:
    made = await report(client, days_ago(90), names=await client.names())
    assert_type(made, Report)
    assert_type(made.html(), str)
    assert_type(made.pictures(), Mapping[str, bytes])
    assert_type(made.missing, tuple[Missing, ...])
    assert_type(made.missing[0].why, str)
    assert_type(made.figures.spend[0].currency, str)
    await report(client, "2026-01-01")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await report(client, days_ago(9), group_by=["kind"])  # type: ignore[list-item]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await report(client, days_ago(9), names=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


def answers_are_computed_from_buckets(client: UsageClient) -> None:
    bill = client.costs(start_time=0).collect()
    usage = client.completions(start_time=0).collect()
    assert_type(prices(bill, bill), Prices)
    assert_type(next(iter(prices(bill))), Price)
    assert_type(prices(bill).changes(), list[PriceChange])
    assert_type(next(iter(prices(bill))).price, Decimal | None)
    prices(usage)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(shares(usage, costs=bill), Shares)
    assert_type(shares(client.decisions(start_time=0).collect()), Shares)
    assert_type(next(iter(shares(usage))).cached, Decimal | None)
    shares(bill)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(unusual(bill, by=["model"]), list[Unusual])
    assert_type(unusual(usage)[0].confidence, Literal["low", "medium", "high"])
    assert_type(unusual(usage)[0].direction, Literal["above", "below"])


def budgets_are_compared_with_spending(client: UsageClient) -> None:
    budgets = read_budgets("budgets.toml")
    assert_type(budgets, list[Budget])
    assert_type(Budget(amount="500.50", warn_at=[0.5, 1]).amount, Decimal)
    assert_type(
        Budget(amount=5).owner, Literal["organization", "project", "model", "user", "key"] | None
    )
    Budget(amount=0.1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Budget(amount=5, per="week")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Budget(5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    bill = client.costs(start_time=0, group_by=costs_group_by(budgets)).collect()
    assert_type(spending(bill), list[Spending])
    verdicts = check_budgets(budgets, spending(bill), names=client.names())
    assert_type(verdicts, list[BudgetVerdict])
    assert_type(verdicts[0].used, Decimal | None)
    assert_type(worst_exit_code(verdicts), int)
    notices = limit_notices(client.limits(), spending(bill))
    assert_type(notices, list[LimitNotice])
    assert_type(notices[0].day, date | None)
    assert_type(notices[0].threshold, SpendLimit | SpendAlert)
    spending(client.completions(start_time=0).collect())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def errors_carry_their_evidence(error: APIStatusError, usage: UsageError) -> None:
    assert_type(error.status_code, int)
    assert_type(error.retry_after, float | None)
    assert_type(error.code, str | None)
    assert_type(error.body, str)
    assert_type(usage.resume_from, int | None)
    assert_type(usage.message, str)
    assert_type(usage.hint, str)
    assert_type(InvalidQueryError("no", param="limit").param, str)
    assert_type(InvalidQueryError(param="limit", expected="1 to 7").value, str)


async def clients_and_sandboxes_are_context_managers(session: aiohttp.ClientSession) -> None:
    async with AsyncUsageClient("sk-admin-…", session=session, timeout=5) as client:
        assert_type(client, AsyncUsageClient)
    async with Sandbox(seed=7, amounts="string") as sandbox:
        assert_type(sandbox.requests, list[RecordedRequest])
        assert_type(sandbox.base_url, str)
    with Sandbox() as sandbox:
        sandbox.faults.status(429, headers={"Retry-After": "1"}, times=2)
    with UsageClient("sk-admin-…", timeout=5, on_gap="raise") as blocking:
        assert_type(blocking, UsageClient)
    UsageClient(on_gap="no")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with AsyncUsageClient():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass


async def organizations_have_the_same_rows(organizations: Organizations) -> None:
    assert_type(organizations.costs(start_time=0), ByOrganization[CostsResult])
    assert_type(organizations["acme"], AsyncUsageClient)
    async for label, bucket in organizations.images(start_time=0):
        assert_type(label, str)
        assert_type(bucket, Bucket[ImagesResult])
    assert_type(
        await organizations.costs(start_time=0).collect(), dict[str, list[Bucket[CostsResult]]]
    )
    organizations.costs(start_tim=0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def a_copy_is_typed(sink: DuckDBSink, organizations: Organizations) -> None:
    result = await sync(organizations, sink, start_time=days_ago(9), endpoints=["costs"])
    assert_type(result, SyncResult)
    assert_type(result.synced, Sequence[Synced])
    assert_type(result.synced[0].changes, Sequence[Change])
    assert_type(result.failed[0].error, APIError | ColumnError)
    assert_type(sink.lags(), list[Lag])
    await sync(organizations, sink, start_time="2026-01-01")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
