"""What OpenTelemetry is shown of iterations and requests, and that it may be missing."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest
from attrs import frozen
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    Histogram,
    HistogramDataPoint,
    InMemoryMetricReader,
    NumberDataPoint,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from openai_usage import (
    APIConnectionError,
    APIResponseValidationError,
    AsyncUsageClient,
    Buckets,
    CompletionsResult,
    NotFoundError,
    PaginationError,
    PermissionDeniedError,
    __version__,
)
from openai_usage._telemetry import _opentelemetry
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY, client_of


@frozen
class Seen:
    """What an application has got that set up both providers."""

    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader
    tracer: trace.Tracer

    @property
    def requests(self) -> list[ReadableSpan]:
        return [each for each in self.exporter.get_finished_spans() if each.name == "GET"]

    @property
    def iteration(self) -> ReadableSpan:
        """The one span that stands for an iteration, or for a page."""
        [iteration] = [
            each
            for each in self.exporter.get_finished_spans()
            if each.name.startswith("openai_usage.")
        ]
        return iteration

    def points(self, name: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        assert data is not None
        return [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers, meters = TracerProvider(), MeterProvider([reader])
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    # In place of setting the providers, which a process can do but once.
    monkeypatch.setattr(trace, "get_tracer", tracers.get_tracer)
    monkeypatch.setattr(metrics, "get_meter", meters.get_meter)
    _opentelemetry.cache_clear()
    yield Seen(exporter, reader, tracers.get_tracer("the application"))
    _opentelemetry.cache_clear()
    tracers.shutdown()
    meters.shutdown()


def ten_days(client: AsyncUsageClient, **more: Any) -> Buckets[CompletionsResult]:
    return client.completions(start_time=TODAY - 10 * DAY, end_time=TODAY, limit=4, **more)


def facts(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def below(parent: ReadableSpan | trace.Span, *children: ReadableSpan) -> bool:
    context = parent.get_span_context()
    assert context is not None
    return all(each.parent is not None and each.parent == context for each in children)


# ----------------------------------------------------------------- what is seen


async def test_an_iteration_and_its_requests(
    client: AsyncUsageClient, sandbox: Sandbox, seen: Seen
) -> None:
    await ten_days(client).collect()
    assert seen.iteration.name == "openai_usage.iterate completions"
    assert seen.iteration.kind is SpanKind.INTERNAL
    assert seen.iteration.parent is None
    assert seen.iteration.status.status_code is StatusCode.UNSET
    assert seen.iteration.instrumentation_scope is not None
    assert seen.iteration.instrumentation_scope.name == "openai_usage"
    assert seen.iteration.instrumentation_scope.version == __version__
    assert facts(seen.iteration) == {
        "openai_usage.endpoint": "completions",
        "openai_usage.windows_at_once": 1,
        "openai_usage.pages": 3,
        "openai_usage.buckets": 10,
        "openai_usage.outcome": "complete",
    }
    assert len(seen.requests) == 3
    assert below(seen.iteration, *seen.requests)
    port = int(sandbox.base_url.split(":")[2].split("/")[0])
    for request in seen.requests:
        assert request.kind is SpanKind.CLIENT
        assert request.status.status_code is StatusCode.UNSET
        assert facts(request) == {
            "http.request.method": "GET",
            "server.address": "127.0.0.1",
            "server.port": port,
            "url.full": f"{sandbox.base_url}/organization/usage/completions",
            "http.response.status_code": 200,
            "openai_usage.rate_limiter.wait": 0.0,
        }


async def test_a_page(client: AsyncUsageClient, seen: Seen) -> None:
    await client.costs(start_time=TODAY - 10 * DAY)
    assert seen.iteration.name == "openai_usage.page costs"
    assert facts(seen.iteration) == {
        "openai_usage.endpoint": "costs",
        "openai_usage.pages": 1,
        "openai_usage.buckets": 7,
        "openai_usage.outcome": "complete",
    }
    assert below(seen.iteration, *seen.requests)


async def test_metrics(client: AsyncUsageClient, sandbox: Sandbox, seen: Seen) -> None:
    sandbox.faults.dropped_connection(times=2)  # aiohttp sends once more by itself
    sandbox.faults.status(500, times=2, after=1)
    await ten_days(client).collect()
    points: list[HistogramDataPoint] = seen.points("http.client.request.duration")
    assert all(0 < point.sum < 10 for point in points)
    port = facts(seen.requests[0])["server.port"]
    server = {"http.request.method": "GET", "server.address": "127.0.0.1", "server.port": port}
    assert [(point.count, point.attributes) for point in points] == [
        (1, {**server, "error.type": "ServerDisconnectedError"}),
        (3, {**server, "http.response.status_code": 200}),
        (2, {**server, "http.response.status_code": 500, "error.type": "500"}),
    ]
    for name, value in ("retries", 3), ("buckets", 10):
        [point] = seen.points(f"openai_usage.{name}")
        assert isinstance(point, NumberDataPoint)
        assert (point.value, point.attributes) == (value, {"openai_usage.endpoint": "completions"})


async def test_the_metric_is_as_the_conventions_have_it(
    client: AsyncUsageClient, seen: Seen
) -> None:
    await ten_days(client)
    data = seen.reader.get_metrics_data()
    assert data is not None
    [scope] = data.resource_metrics[0].scope_metrics
    [duration] = [each for each in scope.metrics if each.name == "http.client.request.duration"]
    assert isinstance(duration.data, Histogram)
    [point] = duration.data.data_points
    assert point.explicit_bounds == (
        *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10),
    )
    assert (duration.unit, scope.scope.name, scope.scope.version) == (
        "s",
        "openai_usage",
        __version__,
    )


async def test_retries(client: AsyncUsageClient, sandbox: Sandbox, seen: Seen) -> None:
    sandbox.faults.status(503, headers={"retry-after": "7"}, times=2)
    await client.costs(start_time=TODAY)
    first, second, third = seen.requests
    assert below(seen.iteration, first, second, third)
    assert "http.request.resend_count" not in facts(first)
    assert "openai_usage.retry.wait" not in facts(first)
    assert [facts(each)["http.request.resend_count"] for each in (second, third)] == [1, 2]
    assert [facts(each)["openai_usage.retry.wait"] for each in (second, third)] == [7.0, 7.0]
    for failed in first, second:
        assert facts(failed)["http.response.status_code"] == 503
        assert facts(failed)["error.type"] == "503"
        assert failed.status.status_code is StatusCode.ERROR
        assert failed.status.description is None  # as the conventions have it
    assert third.status.status_code is StatusCode.UNSET
    assert seen.iteration.status.status_code is StatusCode.UNSET


async def test_the_wait_at_the_gate(client: AsyncUsageClient, sandbox: Sandbox, seen: Seen) -> None:
    await asyncio.sleep(5)
    client._transport.rate_limiter._all.pause_until(5 + 9)
    await client.costs(start_time=TODAY)
    [request] = seen.requests
    assert facts(request)["openai_usage.rate_limiter.wait"] == pytest.approx(9)


async def test_windows_side_by_side(client: AsyncUsageClient, seen: Seen) -> None:
    await ten_days(client).concurrently(3).collect()
    assert facts(seen.iteration)["openai_usage.windows_at_once"] == 3
    assert facts(seen.iteration)["openai_usage.buckets"] == 10
    assert len(seen.requests) == 3
    assert below(seen.iteration, *seen.requests)


async def test_windows_that_are_up_to_the_client(client: AsyncUsageClient, seen: Seen) -> None:
    await ten_days(client).concurrently().collect()
    assert "openai_usage.windows_at_once" not in facts(seen.iteration)


# ------------------------------------------------------------ who belongs to whom


async def test_the_parent_is_the_span_that_is_current_where_iteration_starts(
    client: AsyncUsageClient, seen: Seen
) -> None:
    buckets = ten_days(client)
    with seen.tracer.start_as_current_span("the application's") as parent:
        iteration = aiter(buckets)
        await anext(iteration)
    await aclosing(iteration).__aexit__(None, None, None)
    assert below(parent, seen.iteration)
    assert below(seen.iteration, *seen.requests)


@pytest.mark.parametrize("windows", [1, 3])
async def test_the_caller_keeps_its_own_current_span(
    windows: int, client: AsyncUsageClient, seen: Seen
) -> None:
    with seen.tracer.start_as_current_span("the application's") as mine:
        async for _ in ten_days(client).concurrently(windows):
            assert trace.get_current_span() is mine
    assert trace.get_current_span() is trace.INVALID_SPAN


async def test_two_iterations_at_once_keep_apart(client: AsyncUsageClient, seen: Seen) -> None:
    buckets = ten_days(client)
    await asyncio.gather(buckets.collect(), buckets.collect())
    iterations = {each.parent.span_id for each in seen.requests if each.parent is not None}
    assert len(seen.requests) == 6
    assert len(iterations) == 2


# ----------------------------------------------------------------- how it ended


async def test_an_error(sandbox: Sandbox, seen: Seen) -> None:
    sandbox.faults.status(404, after=1)
    async with client_of(sandbox) as client:
        with pytest.raises(NotFoundError):
            await ten_days(client).collect()
    assert seen.iteration.status.status_code is StatusCode.ERROR
    assert seen.iteration.status.description == "NotFoundError"
    assert facts(seen.iteration)["error.type"] == "NotFoundError"
    assert facts(seen.iteration)["openai_usage.outcome"] == "failed"
    assert facts(seen.iteration)["openai_usage.buckets"] == 4
    assert seen.requests[-1].status.status_code is StatusCode.ERROR


async def test_no_answer(sandbox: Sandbox, seen: Seen) -> None:
    sandbox.faults.cut_body()
    async with client_of(sandbox, max_retries=0) as client:
        with pytest.raises(APIConnectionError):
            await client.costs(start_time=TODAY)
    [request] = seen.requests
    assert facts(request)["http.response.status_code"] == 200
    assert facts(request)["error.type"] == "ClientPayloadError"
    assert request.status.status_code is StatusCode.ERROR
    assert request.status.description == "ClientPayloadError"
    assert not request.events


async def test_an_answer_that_is_no_page_is_an_error_of_the_iteration_alone(
    client: AsyncUsageClient, sandbox: Sandbox, seen: Seen
) -> None:
    sandbox.faults.malformed_json()
    with pytest.raises(APIResponseValidationError):
        await client.costs(start_time=TODAY)
    [request] = seen.requests
    assert request.status.status_code is StatusCode.UNSET
    assert seen.iteration.status.description == "APIResponseValidationError"


async def test_pages_that_do_not_add_up(
    client: AsyncUsageClient, sandbox: Sandbox, seen: Seen
) -> None:
    sandbox.faults.repeated_cursor(times=9)
    with pytest.raises(PaginationError):
        await ten_days(client).collect()
    assert seen.iteration.status.description == "PaginationError"


@pytest.mark.parametrize("windows", [1, 2])
async def test_an_iteration_that_is_left(
    windows: int, client: AsyncUsageClient, sandbox: Sandbox, seen: Seen
) -> None:
    sandbox.faults.stall(1, after=1, times=99)
    async for _ in ten_days(client).concurrently(windows):
        break
    for _ in range(5):
        await asyncio.sleep(0)  # what was dropped is closed by the loop's next turns
    assert facts(seen.iteration)["openai_usage.outcome"] == "left"
    assert facts(seen.iteration)["openai_usage.pages"] == 1
    assert seen.iteration.status.status_code is StatusCode.UNSET
    given_up = seen.requests[1:]
    assert len(given_up) == 2 * (windows - 1)
    assert all(facts(each)["error.type"] == "CancelledError" for each in given_up)
    assert seen.exporter.get_finished_spans()[-1].name == seen.iteration.name  # the last to end


async def test_aclose(client: AsyncUsageClient, seen: Seen) -> None:
    async with aclosing(ten_days(client).pages()) as pages:
        await anext(pages)
    assert facts(seen.iteration)["openai_usage.outcome"] == "left"


@pytest.mark.parametrize("windows", [1, 2])
async def test_an_iteration_that_is_cancelled(
    windows: int, client: AsyncUsageClient, sandbox: Sandbox, seen: Seen
) -> None:
    sandbox.faults.stall(60, times=99)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await ten_days(client).concurrently(windows).collect()
    assert facts(seen.iteration)["openai_usage.outcome"] == "cancelled"
    assert seen.iteration.status.status_code is StatusCode.UNSET
    assert len(seen.requests) == windows
    for request in seen.requests:
        assert facts(request)["error.type"] == "CancelledError"
        assert request.status.status_code is StatusCode.UNSET


async def test_a_list_of_names_and_its_requests(seen: Seen) -> None:
    async with (
        Sandbox(seed=7, page_caps={"projects": 4}) as sandbox,
        client_of(sandbox, max_retries=0) as client,
    ):
        sandbox.faults.status(403, after=2, times=7)
        with seen.tracer.start_as_current_span("the application's") as application:
            await client.names()
    [iteration, *refused] = [
        each for each in seen.exporter.get_finished_spans() if each.name.startswith("openai_usage.")
    ]
    assert below(application, iteration, *refused)
    assert iteration.name == "openai_usage.list projects"
    assert facts(iteration) == {
        "openai_usage.endpoint": "projects",
        "openai_usage.pages": 2,
        "openai_usage.buckets": 0,
        "openai_usage.outcome": "complete",
    }
    assert {each.name for each in refused} == {"openai_usage.list api_keys"}
    assert {facts(each)["error.type"] for each in refused} == {"PermissionDeniedError"}
    assert sum(below(iteration, each) for each in seen.requests) == 2
    assert len(seen.requests) == 2 + len(refused) == 2 + 7


async def test_limits_and_their_requests(sandbox: Sandbox, seen: Seen) -> None:
    async with client_of(sandbox) as client:
        with seen.tracer.start_as_current_span("the application's") as application:
            await client.limits(project_ids=["proj_a"])
    read = [
        each for each in seen.exporter.get_finished_spans() if each.name.startswith("openai_usage.")
    ]
    assert below(application, *read)
    assert sorted((each.name, facts(each)["openai_usage.outcome"]) for each in read) == [
        ("openai_usage.get spend_limit", "complete"),
        ("openai_usage.get spend_limit", "complete"),  # with a 404: none is set
        ("openai_usage.list spend_alerts", "complete"),
        ("openai_usage.list spend_alerts", "failed"),
    ]
    assert {facts(each).get("openai_usage.pages") for each in read} == {0, 1}
    assert len(seen.requests) == 4


# ------------------------------------------------------------- what is never seen


async def test_no_key_no_ids_and_no_text_of_the_servers(sandbox: Sandbox, seen: Seen) -> None:
    ids = {
        "user_ids": ["user-zoe"],
        "api_key_ids": ["key_zoe"],
        "project_ids": ["proj_zoe"],
        "models": ["gpt-zoe"],
    }
    quoted = f"no: {sandbox.admin_api_key}, {ids}, somebody@example.org"
    secrets = [sandbox.admin_api_key, "zoe", "start_time=", "user_ids", "?", "no:", "example.org"]
    sandbox.faults.status(500, body=quoted)
    sandbox.faults.status(403, body=quoted, after=2)
    sandbox.faults.status(200, body=quoted)
    async with client_of(sandbox) as client:
        for error in PermissionDeniedError, APIResponseValidationError:
            with pytest.raises(error, match="no: "):
                await ten_days(client, **ids).collect()
    assert len(seen.requests) == 5
    for span in seen.exporter.get_finished_spans():
        assert not span.events  # nor an exception recorded
        shown = span.to_json()
        assert not [each for each in secrets if each in shown]
    data = seen.reader.get_metrics_data()
    assert data is not None
    assert not [each for each in secrets if each in data.to_json()]


# ------------------------------------------------------------- where it is missing


async def test_nothing_is_seen_where_it_is_not_installed(
    client: AsyncUsageClient, sandbox: Sandbox, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    assert len(await ten_days(client).collect()) == 10
    assert len((await ten_days(client)).data) == 4
    assert not seen.exporter.get_finished_spans()


async def test_nothing_is_seen_where_it_is_too_old(
    client: AsyncUsageClient, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Old:
        def create_histogram(self, name: str, unit: str, description: str) -> None: ...

    monkeypatch.setattr(metrics, "get_meter", lambda *_: Old())
    assert len(await ten_days(client).collect()) == 10
    assert not seen.exporter.get_finished_spans()


@pytest.mark.parametrize("installed", [True, False])
def test_it_is_looked_for_by_the_first_iteration_and_may_be_missing(*, installed: bool) -> None:
    program = f"""
import asyncio, sys

looked_for = []

class Looking:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "opentelemetry":
            looked_for.append(name)
            if not {installed}:
                raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Looking())

from openai_usage import AsyncUsageClient
from openai_usage.sandbox import Sandbox

async def main():
    async with Sandbox() as sandbox:
        client = AsyncUsageClient(sandbox.admin_api_key, base_url=sandbox.base_url)
        async with client:
            buckets = client.costs(start_time={TODAY - 3 * DAY}, end_time={TODAY})
            assert not looked_for
            await buckets
            count = len(looked_for)
            assert count >= 1 and {installed} or looked_for == ["opentelemetry"]
            assert len(await buckets.concurrently().collect()) == 3
            assert len(looked_for) == count  # once is enough
    assert ("opentelemetry" in sys.modules) is {installed}
    assert "opentelemetry.sdk" not in sys.modules
    print("done")

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("done\n", "")
