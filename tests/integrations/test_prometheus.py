"""Prometheus: gauges are what the SDK says, whatever the API restates, and however it fails."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import define, field
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from openai_usage import (
    AsyncUsageClient,
    InvalidOptionError,
    InvalidQueryError,
    Organizations,
    __version__,
)
from openai_usage._extras import missing_library
from openai_usage.analysis import Budget, check_budgets, spending, totals, unusual
from openai_usage.integrations.prometheus import Collector
from openai_usage.sandbox import Sandbox
from openai_usage.sync import DuckDBSink, SyncedClient
from tests.conftest import DAY, TODAY, client_of
from tests.support.clock import WallClock
from tests.support.served_buckets import Row, serve_buckets
from tests.support.terminal import Terminal

HOUR = 3600
MIDDAY = TODAY + 12 * HOUR
MONTH = int(datetime(2026, 9, 1, tzinfo=UTC).timestamp())


@pytest.fixture(autouse=True)
async def clock(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    clock = WallClock(asyncio.get_running_loop(), MIDDAY)
    monkeypatch.setattr("time.time", clock)
    return clock


@pytest.fixture
async def sandbox(clock: WallClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=10, restates=True) as running:
        yield running


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[AsyncUsageClient]:
    async with client_of(sandbox, max_retries=0, on_gap=lambda _: None) as made:
        yield made


@asynccontextmanager
async def reading(collector: Collector) -> AsyncIterator[None]:
    """Let *collector* read in the background, at first once."""
    task = asyncio.create_task(collector.run())
    await asyncio.sleep(10)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def scraped(collector: Collector) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Return the labels and the value of each sample of a scrape, by name."""
    registry = CollectorRegistry()
    registry.register(collector)
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        assert family.documentation
        for sample in family.samples:
            assert sample.timestamp is None
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    for name, samples in found.items():
        keys = [tuple(sorted(labels.items())) for labels, _ in samples]
        assert len(set(keys)) == len(keys), name
    return found


def values(
    collector: Collector, name: str, *by: str, **labels: str
) -> dict[tuple[str, ...], float]:
    """The values of the samples that have these labels, by others."""
    return {
        tuple(own[each] for each in by): value
        for own, value in scraped(collector).get(f"openai_usage_{name}", [])
        if labels.items() <= own.items()
    }


def total(collector: Collector, name: str = "cost", **labels: str) -> float | None:
    found = [
        value
        for own, value in scraped(collector).get(f"openai_usage_{name}", [])
        if labels.items() <= own.items()
    ]
    return sum(found) if found else None


def row(day: int, *amounts: str, **labels: str) -> Row:
    """A day of costs, counted from today."""
    start = TODAY + day * DAY
    return {
        "start_time": start,
        "end_time": start + DAY,
        "results": [{"amount": {"value": each, "currency": "usd"}, **labels} for each in amounts],
    }


@define
class Days:
    """Days of costs that a sandbox serves, and that tests change."""

    rows: dict[int, Row] = field(factory=dict[int, Row])

    def __setitem__(self, day: int, amounts: Iterable[str]) -> None:
        self.rows[day] = row(day, *amounts)

    def __delitem__(self, day: int) -> None:
        del self.rows[day]

    def served(self, path: str) -> list[Row]:
        known = (each for _, each in sorted(self.rows.items()))
        if not path.endswith("costs"):
            return [{**each, "results": []} for each in known]
        return [each for each in known if each["start_time"] <= time.time()]


@pytest.fixture
def days(sandbox: Sandbox) -> Days:
    """Ten dollars on each day since July, and one today."""
    days = Days()
    for day in range(-75, 0):
        days[day] = ["10"]
    days[0] = ["1"]
    serve_buckets(sandbox, days.served)
    return days


# ------------------------------------------------------------------------- figures


async def test_costs_are_those_of_the_sdk(client: AsyncUsageClient) -> None:
    collector = Collector(client, endpoints=["costs"])
    async with reading(collector):
        buckets = await client.costs(
            start_time=TODAY - 70 * DAY, end_time=MIDDAY, group_by=["project_id", "line_item"]
        ).collect()
        [found] = spending(buckets, today=datetime.fromtimestamp(TODAY, UTC).date())
        periods = {
            "today": [TODAY],
            "yesterday": [TODAY - DAY],
            "last_settled_day": [TODAY - 4 * DAY],
            "month_to_date": range(MONTH, TODAY + 1, DAY),
        }
        for period, starts in periods.items():
            own = [each for each in buckets if each.start_time in starts]
            expected = {
                (each.text("project_id") or "", each.text("model") or ""): float(each.amount.value)
                for each in totals(own, by=["project_id", "model"])
            }
            assert len(expected) > 3
            assert expected == values(
                collector, "cost", "project", "model", period=period, currency="usd"
            )
        projected = total(collector, period="month_projected", organization="default")
        assert projected == pytest.approx(float(found.projection.total), abs=1e-9)
        assert (total(collector, period="month_to_date") or 0) < (projected or 0)


async def test_usage_is_that_of_the_sdk(client: AsyncUsageClient) -> None:
    collector = Collector(client)
    start = MONTH - 70 * DAY
    async with reading(collector):
        for name, endpoint in client.table().items():
            if name == "costs":
                continue
            grouped = [each for each in ("project_id", "model") if each in endpoint.group_by]
            month = [
                each
                async for each in client.query(
                    name, start_time=start, end_time=MIDDAY, group_by=grouped or None
                )
                if each.start_time >= MONTH
            ]
            for group in totals(month, by=grouped):
                project, model = (
                    group.text(each) or "" if each in grouped else ""
                    for each in ("project_id", "model")
                )
                for measure, figure in group.figures.items():
                    known = values(
                        collector,
                        measure.removeprefix("usage_"),
                        "project",
                        "model",
                        endpoint=name,
                        period="month_to_date",
                    )
                    assert known[project, model] == figure
            assert total(collector, "up", endpoint=name) == 1
    assert scraped(collector)["openai_usage_build_info"] == [({"version": __version__}, 1)]


async def test_a_restatement_downwards_is_followed(client: AsyncUsageClient, days: Days) -> None:
    collector = Collector(client, endpoints=["costs"], labels=[])
    async with reading(collector):
        assert total(collector, period="yesterday") == 10
        assert total(collector, period="month_to_date") == 91
        days[-1] = ["5.25"]
        days[-5] = ["9"]  # settled: nobody reads it again
        await asyncio.sleep(300)
        assert total(collector, period="yesterday") == 5.25
        assert total(collector, period="month_to_date") == 86.25
        assert total(collector, "restated_buckets_total") == 1
        days[0] = ["2"]  # growing, not restated
        await asyncio.sleep(300)
        assert total(collector, period="today") == 2
        assert total(collector, "restated_buckets_total") == 1
    assert total(collector, "settled_until_timestamp_seconds") == TODAY - 3 * DAY


async def test_groups_that_vanish_are_gone(client: AsyncUsageClient, days: Days) -> None:
    days.rows[0] = row(0, "3", project_id="proj_new")
    collector = Collector(client, endpoints=["costs"], labels=["project"])
    async with reading(collector):
        assert values(collector, "cost", "project", period="today") == {("proj_new",): 3}
        assert ("proj_new",) in values(collector, "project_info", "project_name")
        days.rows[0] = row(0, "3", project_id="proj_other")
        await asyncio.sleep(300)
        assert values(collector, "cost", "project", period="today") == {("proj_other",): 3}
        assert values(collector, "project_info", "project") == {("",): 1, ("proj_other",): 1}


async def test_a_known_zero_is_zero_and_the_unknown_is_nothing(
    client: AsyncUsageClient, days: Days
) -> None:
    days[-1] = []
    del days[0]
    del days[-3]
    collector = Collector(client)
    async with reading(collector):
        assert values(collector, "cost", "project", "model", period="yesterday") == {("", ""): 0}
        assert total(collector, period="today") is None
        missing = {"endpoint": "costs", "organization": "default"}
        assert total(collector, "missing_buckets", **missing) == 2  # today is late at noon, too
        assert values(collector, "images", "project", period="yesterday") == {("",): 0}
        assert total(collector, "input_tokens", period="today", endpoint="embeddings") is None
        assert total(collector, period="last_settled_day") == 10


async def test_a_month_without_any_bucket_is_unknown(
    client: AsyncUsageClient, days: Days, clock: WallClock
) -> None:
    clock.moved = MONTH + HOUR - MIDDAY  # an hour into September
    for day in [each for each in days.rows if TODAY + each * DAY >= MONTH]:
        del days[day]
    collector = Collector(client, budgets=[Budget(amount=100)], labels=[])
    async with reading(collector):
        assert total(collector, period="month_to_date") is None
        assert total(collector, period="month_projected") is None
        assert total(collector, period="yesterday") == 10
        assert total(collector, "missing_buckets", endpoint="costs") == 0
        assert total(collector, "budget") == 100
        assert total(collector, "budget_used") is None
        assert total(collector, "budget_known") == 0


async def test_a_new_day_and_a_new_month_begin(
    client: AsyncUsageClient, days: Days, clock: WallClock
) -> None:
    collector = Collector(client, endpoints=["costs"], labels=[], every=timedelta(hours=12))
    for day in range(1, 30):
        days[day] = ["10"]
    async with reading(collector):
        await asyncio.sleep(DAY)
        assert total(collector, period="today") == 10
        assert total(collector, period="yesterday") == 1
        await asyncio.sleep(21 * DAY)
        assert datetime.fromtimestamp(time.time(), UTC).month == 10
        assert total(collector, period="month_to_date") == 20
        assert total(collector, period="month_projected") == 310
        assert total(collector, period="last_settled_day") == 10


async def test_amounts_in_several_currencies_stay_apart(
    client: AsyncUsageClient, days: Days
) -> None:
    for result in days.rows[-1]["results"]:
        result["amount"]["currency"] = "EUR"
    collector = Collector(client, endpoints=["costs"], labels=[])
    async with reading(collector):
        assert values(collector, "cost", "currency", period="yesterday") == {("eur",): 10}
        month = values(collector, "cost", "currency", period="month_to_date")
        assert month == {("usd",): 81, ("eur",): 10}
        days[-1] = []
        await asyncio.sleep(300)
        assert values(collector, "cost", "currency", period="yesterday") == {("usd",): 0}


# ------------------------------------------------------------------------- labels


async def test_labels_are_chosen(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    collector = Collector(client, labels=["kind", "line_item", "product", "kind"])
    async with reading(collector):
        kinds = values(collector, "cost", "kind", "line_item", "product", period="yesterday")
        assert len({kind for kind, _, _ in kinds}) > 2
        assert len({item for _, item, _ in kinds}) > 5
        assert {"project_info"}.isdisjoint(scraped(collector))
        tokens = values(collector, "input_tokens", "kind", endpoint="completions", period="today")
        assert list(tokens) == [("",)]
    grouped = {each.path: each.query for each in sandbox.requests if "costs" in each.path}
    assert ("group_by[]", "line_item") in [*grouped.values()][-1]


async def test_persons_are_only_there_if_wanted(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    for label in ("user", "key"):
        with pytest.raises(InvalidQueryError, match=r"belong to people\. Pass personal=True"):
            Collector(client, labels=cast("Any", [label]))
    collector = Collector(client, labels=["user", "key"], personal=True, names=True)
    async with reading(collector):
        users = values(collector, "user_info", "user", "user_name")
        assert all(id_.startswith("user-") for id_, _ in users if id_)
        assert any(name and name != id_ for id_, name in users if id_)
        keys = values(collector, "key_info", "key", "key_name")
        assert any(name != id_ for id_, name in keys if id_)
        assert ("", "no user") in users
    sandbox.requests.clear()
    collector = Collector(client, personal=True, names=True)
    async with reading(collector):
        assert "user_info" not in scraped(collector)
    assert not any(each.path.endswith(("users", "api_keys")) for each in sandbox.requests)


async def test_projects_have_names_if_wanted(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    plain = Collector(client, labels=["project"], endpoints=["completions"])
    async with reading(plain):
        plain_names = values(plain, "project_info", "project", "project_name")
        assert all(id_ == name for id_, name in plain_names if id_)
    named = Collector(client, labels=["project"], endpoints=["completions"], names=True)
    async with reading(named):
        found = values(named, "project_info", "project", "project_name")
        assert "Research" in {name for _, name in found}
        sandbox.scopes.clear()
        await asyncio.sleep(700)
        assert total(named, "up", endpoint="names") == 0
        assert values(named, "project_info", "project", "project_name") == found


# ------------------------------------------------------------------------- failures


async def test_an_outage_keeps_the_last_figures_and_is_survived(
    client: AsyncUsageClient, sandbox: Sandbox, days: Days, caplog: pytest.LogCaptureFixture
) -> None:
    collector = Collector(client, endpoints=["costs"], labels=[])
    async with reading(collector):
        assert total(collector, "up") == 1
        read_at = total(collector, "last_read_timestamp_seconds")
        sandbox.faults.clear()
        sandbox.faults.status(503, times=10_000)
        days[0] = ["7"]
        await asyncio.sleep(6 * HOUR)
        assert total(collector, period="today") == 1
        assert total(collector, "up") == 0
        assert total(collector, "last_read_timestamp_seconds") == read_at
        failed = total(collector, "reads_failed_total")
        assert failed is not None
        assert failed > 6 * 11
        serve_buckets(sandbox, days.served)
        await asyncio.sleep(301)
        assert total(collector, period="today") == 7
        assert total(collector, "up") == 1
        assert total(collector, "reads_failed_total") == failed
    said = [each.message for each in caplog.records if "of default" in each.message]
    assert len(said) == 2
    assert said[0].startswith("costs of default could not be read: the API answered 503")
    assert said[1] == "everything of default can be read again."


async def test_what_lasts_beyond_midnight_becomes_unknown(
    client: AsyncUsageClient, sandbox: Sandbox, days: Days, clock: WallClock
) -> None:
    clock.moved = 18 * DAY  # noon of 28 September
    for day in range(1, 30):
        days[day] = ["10"]
    budgets = [Budget(amount=50), Budget(amount=50, per="day")]
    collector = Collector(client, endpoints=["costs"], labels=[], budgets=budgets, every=6 * HOUR)
    async with reading(collector):
        assert values(collector, "budget_known", "per") == {("month",): 1, ("day",): 1}
        sandbox.faults.clear()
        sandbox.faults.status(503, times=10_000)
        await asyncio.sleep(DAY)
        periods = values(collector, "cost", "period")
        assert {each for (each,) in periods} == {
            "last_settled_day",
            "month_to_date",
            "month_projected",
        }
        assert periods["month_to_date",] == 271
        assert total(collector, "budget_used", per="month") == 271
        assert values(collector, "budget_known", "per") == {("month",): 1, ("day",): 0}  # over
        assert total(collector, "missing_buckets") == 2  # a part of yesterday, and today
        await asyncio.sleep(3 * DAY)
        assert {each for (each,) in values(collector, "cost", "period")} == {"last_settled_day"}
        assert total(collector, "budget_used") is None
        assert values(collector, "budget_known", "per") == {("month",): 0, ("day",): 0}
        serve_buckets(sandbox, days.served)
        await asyncio.sleep(6 * HOUR)
        assert total(collector, "up") == 1


async def test_an_outage_at_the_start_leaves_budgets_unknown(
    client: AsyncUsageClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults.status(503, times=10_000)
    budgets = [Budget(amount=50), Budget(amount=5, organization="default")]
    collector = Collector(client, budgets=budgets, names=True, limits=True)
    assert total(collector, "budget_known") == 0
    async with reading(collector):
        assert total(collector, "budget") == 55
        assert values(collector, "budget_known", "budget") == {("All costs",): 0, ("default",): 0}
        assert total(collector, "budget_used") is None
    said = [each.message for each in caplog.records if "could not be read" in each.message]
    assert len(said) == 2  # of all endpoints, and of all lists


async def test_a_key_that_is_refused_is_tried_again(
    client: AsyncUsageClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.scopes.clear()
    collector = Collector(client, limits=True, names=True)
    async with reading(collector):
        assert total(collector, "up") == 0
        assert total(collector, "last_read_timestamp_seconds") == 0
        assert total(collector, "settled_until_timestamp_seconds") == 0
        assert total(collector) is None
        sandbox.scopes |= {"api.usage.read", "api.management.read"}
        await asyncio.sleep(700)
        assert values(collector, "up", "endpoint") == dict.fromkeys(
            [*((each,) for each in client.table()), ("names",), ("limits",)], 1
        )
    assert sandbox.admin_api_key not in caplog.text


async def test_one_organization_does_not_stop_another(clock: WallClock, tmp_path: Path) -> None:
    async with (
        Sandbox(seed=1) as good,
        Sandbox(seed=2) as bad,
        client_of(good) as first,
        client_of(bad, max_retries=0) as second,
    ):
        bad.scopes.clear()
        collector = Collector(
            {"acme": first, "apex": second},
            endpoints=["costs"],
            labels=[],
            budgets=[
                Budget(amount=10**9),
                Budget(amount=10**9, organization="acme"),
                Budget(amount=10**9, organization="apex"),
            ],
        )
        async with reading(collector):
            assert values(collector, "up", "organization") == {("acme",): 1, ("apex",): 0}
            assert total(collector, organization="apex") is None
            known = values(collector, "budget_known", "budget")
            assert known == {("All costs",): 0, ("acme",): 1, ("apex",): 0}
            bad.scopes.add("api.usage.read")
            await asyncio.sleep(300)
            assert values(collector, "budget_known", "budget") == dict.fromkeys(known, 1)
            used = values(collector, "budget_used", "budget")
            assert used["All costs",] == pytest.approx(used["acme",] + used["apex",])
            for label in ("acme", "apex"):
                month = total(collector, organization=label, period="month_to_date")
                assert used[label,] == pytest.approx(month)


@pytest.mark.parametrize("first", ["acme", "apex"])
async def test_costs_that_are_not_read_any_more_are_unknown(first: str, clock: WallClock) -> None:
    clock.moved = 18 * DAY  # noon of 28 September
    labels = [first, *({"acme", "apex"} - {first})]
    async with Sandbox(seed=1) as one, Sandbox(seed=2) as two:
        for each in (one, two):
            served = Days()
            for day in range(-75, 40):
                served[day] = ["10"]
            serve_buckets(each, served.served)
        sandboxes = dict(zip(labels, (one, two), strict=True))
        async with AsyncExitStack() as stack:
            clients = {
                label: await stack.enter_async_context(
                    client_of(each, max_retries=0, on_retry=lambda _: None)
                )
                for label, each in sandboxes.items()
            }
            budgets = [
                Budget(amount=10**9),
                Budget(amount=10**9, organization="acme"),
                Budget(amount=10**9, organization="apex"),
            ]
            collector = Collector(
                clients, endpoints=["costs"], labels=[], budgets=budgets, every=12 * HOUR
            )
            async with reading(collector):
                assert set(values(collector, "budget_known", "budget").values()) == {1}
                sandboxes["apex"].faults.clear()
                sandboxes["apex"].faults.status(503, times=10_000)
                await asyncio.sleep(DAY)
                known = values(collector, "budget_known", "budget")
                assert known == {("All costs",): 0, ("acme",): 1, ("apex",): 0}
                await asyncio.sleep(3 * DAY)  # October
                assert values(collector, "budget_known", "budget") == known
                used = values(collector, "budget_used", "budget")
                october = total(collector, organization="acme", period="month_to_date")
                assert used["acme",] == october == 20
                assert ("apex",) not in used
                serve_buckets(sandboxes["apex"], served.served)
                await asyncio.sleep(13 * HOUR)
                assert set(values(collector, "budget_known", "budget").values()) == {1}


async def test_an_odd_figure_is_a_failed_read(
    client: AsyncUsageClient, days: Days, caplog: pytest.LogCaptureFixture
) -> None:
    collector = Collector(client, labels=[], budgets=[Budget(amount=5)])
    async with reading(collector):
        for odd in ("1e309", "1e4000"):
            days[0] = [odd]
            await asyncio.sleep(300)
            assert total(collector, "up", endpoint="costs") == 0
            assert total(collector, "up", endpoint="images") == 1
            assert total(collector, period="today") == 1
        longer = row(0, "5")
        longer["end_time"] += DAY
        days.rows[0] = longer
        await asyncio.sleep(300)
        assert total(collector, "up", endpoint="costs") == 0
        days[0] = ["2"]
        await asyncio.sleep(300)
        assert total(collector, "up", endpoint="costs") == 1
        assert total(collector, period="today") == 2
    assert "costs of default could not be read: a figure is too large" in caplog.text


async def test_what_is_not_an_error_of_the_api_does_not_stop_it(
    client: AsyncUsageClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = Collector(client, endpoints=["costs"], labels=[], names=True, limits=True)
    async with reading(collector):
        with monkeypatch.context() as broken:
            broken.setattr("openai_usage._http.transport.Transport.get", None)
            await asyncio.sleep(700)
            assert set(values(collector, "up", "endpoint").values()) == {0}
        await asyncio.sleep(700)
        assert set(values(collector, "up", "endpoint").values()) == {1}
    assert sandbox.requests


async def test_no_error_shows_a_key(
    client: AsyncUsageClient,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def quote_the_key(*_: object, **__: object) -> None:
        raise RuntimeError(f"odd header: {sandbox.admin_api_key}")

    monkeypatch.setattr("openai_usage._http.transport.Transport.get", quote_the_key)
    caplog.set_level("DEBUG")
    collector = Collector(client, endpoints=["costs"])
    async with reading(collector):
        assert total(collector, "up") == 0
    assert "Traceback" in caplog.text
    assert "could not be read: odd header: " in caplog.text
    assert sandbox.admin_api_key not in caplog.text


async def test_a_short_history_is_read_as_far_as_it_goes(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.short_history(TODAY - 30 * DAY, times=10_000)
    collector = Collector(client, labels=[])
    async with reading(collector):
        up = values(collector, "up", "endpoint")
        assert up == dict.fromkeys(up, 1)
        assert total(collector, period="month_to_date")
        failed = values(collector, "reads_failed_total", "endpoint")
        assert failed["completions",] == 0
        assert failed["costs",] == 1


async def test_what_vanishes_is_unknown(client: AsyncUsageClient, days: Days) -> None:
    collector = Collector(client, endpoints=["costs"], labels=[])
    async with reading(collector):
        assert total(collector, period="yesterday") == 10
        del days[-1]
        await asyncio.sleep(300)
        assert total(collector, period="yesterday") is None
        assert total(collector, "missing_buckets") == 1
        assert total(collector, period="month_to_date") == 81


async def test_a_gap_that_stays_does_not_stop_what_follows(
    client: AsyncUsageClient, sandbox: Sandbox, days: Days
) -> None:
    for day in range(1, 30):
        days[day] = ["10"]
    del days[-55]
    collector = Collector(client, endpoints=["costs"], labels=[], every=12 * HOUR)
    async with reading(collector):
        assert total(collector, period="last_settled_day") == 10
        assert total(collector, "settled_until_timestamp_seconds") == TODAY - 55 * DAY
        await asyncio.sleep(15 * DAY)
        assert total(collector, period="last_settled_day") == 10
        assert total(collector, "settled_until_timestamp_seconds") == TODAY + 12 * DAY
        sandbox.requests.clear()
        await asyncio.sleep(DAY)
        assert len(sandbox.requests) <= 3


async def test_a_settled_day_that_changes_is_noticed_within_a_day(
    client: AsyncUsageClient, days: Days
) -> None:
    collector = Collector(client, endpoints=["costs"], labels=[], every=12 * HOUR)
    for day in (1, 2):
        days[day] = ["0"]
    async with reading(collector):
        days[-8] = ["30"]
        await asyncio.sleep(DAY)
        assert total(collector, period="month_to_date") == 111
        assert total(collector, "restated_buckets_total") == 1


async def test_a_clock_that_was_wrong_is_corrected(
    client: AsyncUsageClient, days: Days, clock: WallClock
) -> None:
    clock.moved = 4 * DAY
    collector = Collector(client, endpoints=["costs"], labels=[])
    async with reading(collector):
        assert total(collector, period="today") is None
        clock.moved = 0
        days[0] = ["5"]
        await asyncio.sleep(301)
        assert total(collector, period="today") == 5
        assert total(collector, "settled_until_timestamp_seconds") == TODAY - 3 * DAY


async def test_another_reason_is_said_again(
    client: AsyncUsageClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults.status(503, times=3)
    sandbox.faults.status(401, times=10_000)
    collector = Collector(client, endpoints=["costs"])
    async with reading(collector):
        await asyncio.sleep(HOUR)
    said = [each.message for each in caplog.records if "costs of default" in each.message]
    assert [text[:56] for text in said] == [
        f"costs of default could not be read: the API answered {status}" for status in (503, 401)
    ]


# ------------------------------------------------------------------------- budgets, limits, days


async def test_budgets_are_compared_as_the_sdk_does(client: AsyncUsageClient) -> None:
    budgets = [
        Budget(amount=100, name="Everything"),
        Budget(amount=3000, project="Research"),
        Budget(amount=5, per="day", model="gpt-5"),
        Budget(amount=5, currency="eur"),
        Budget(amount=5, project="Nope"),
    ]
    collector = Collector(client, endpoints=["costs"], labels=[], budgets=budgets)
    async with reading(collector):
        await asyncio.sleep(300)
        names = await client.names()
        bill = await client.costs(
            start_time=TODAY - 70 * DAY,
            end_time=MIDDAY + 300,
            group_by=["project_id", "line_item"],
        ).collect()
        found = spending(bill, today=datetime.fromtimestamp(TODAY, UTC).date())
        for each in check_budgets(budgets, found, names=names):
            known = {"per": each.budget.per, "currency": each.budget.currency}
            known["of"] = each.budget.of or ""
            assert total(collector, "budget", **known) == each.budget.amount
            assert total(collector, "budget_known", **known) == (each.exit_code not in (2, 5))
            if each.problem:
                assert total(collector, "budget_used", **known) is None
                assert total(collector, "budget_projected", **known) is None
                continue
            assert total(collector, "budget_used", **known) == pytest.approx(float(each.largest))
            if each.projected is not None:
                projected = total(collector, "budget_projected", **known)
                assert projected == pytest.approx(float(each.projected))
        assert total(collector, "budget_known", of="Nope") == 0
        assert total(collector, "budget_known", budget="Everything") == 1


async def test_a_budget_per_day_counts_the_day_before(client: AsyncUsageClient, days: Days) -> None:
    days[-1] = ["100"]
    del days[0]
    collector = Collector(client, budgets=[Budget(amount=50, per="day")])
    async with reading(collector):
        assert total(collector, "budget_used") == 100
        assert total(collector, "budget_known") == 1  # it is over in any case
        del days[-1]
        await asyncio.sleep(300)
        assert total(collector, "budget_used") is None
        assert total(collector, "budget_known") == 0


async def test_a_name_of_several_projects_is_not_known(client: AsyncUsageClient) -> None:
    async with Sandbox(seed=3) as another, client_of(another) as other:
        collector = Collector(
            {"acme": client, "apex": other},
            endpoints=["costs"],
            budgets=[Budget(amount=10**9, project="Research"), Budget(amount=10**9)],
        )
        async with reading(collector):
            await asyncio.sleep(300)
            known = values(collector, "budget_known", "budget")
            assert known == {("Research",): 0, ("All costs",): 1}
            assert ("Research",) not in values(collector, "budget_used", "budget")


async def test_a_name_that_is_misspelt_is_said_once(
    client: AsyncUsageClient, caplog: pytest.LogCaptureFixture
) -> None:
    budgets = [Budget(amount=5, project="Reserch")]
    collector = Collector(client, endpoints=["costs"], budgets=budgets, every=60)
    async with reading(collector):
        await asyncio.sleep(600)
    said = [each.message for each in caplog.records if "Did you mean 'Research'?" in each.message]
    assert len(said) == 1


async def test_a_share_to_warn_at_is_a_gauge(client: AsyncUsageClient, days: Days) -> None:
    budgets = [
        Budget(amount=100, warn_at=[0.5, 0.9]),
        Budget(amount=100, warn_at=[0.95], organization="default"),
        Budget(amount=100, per="day"),
    ]
    collector = Collector(client, endpoints=["costs"], budgets=budgets)
    async with reading(collector):
        found = values(collector, "budget_warning", "budget")
        assert found == {("All costs",): 0.9, ("default",): 0}


def test_budgets_that_cannot_be_compared_are_refused(client: AsyncUsageClient) -> None:
    with pytest.raises(InvalidOptionError, match="two budgets are for the same costs"):
        Collector(client, budgets=[Budget(amount=1), Budget(amount=2)])
    for budget in (Budget(amount=1, user="Ann"), Budget(amount=1, key="key_a")):
        with pytest.raises(InvalidOptionError, match="belong to people"):
            Collector(client, budgets=[budget])
        assert Collector(client, budgets=[budget], personal=True)
    with pytest.raises(InvalidOptionError, match=r"^budgets need the endpoint costs\. Add it\.$"):
        Collector(client, endpoints=["images"], budgets=[Budget(amount=1)])


async def test_limits_are_those_of_the_api(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    collector = Collector(client, endpoints=["images"], limits=True)
    async with reading(collector):
        limits = await client.limits()
        found = values(collector, "limit", "project", "kind", "id")
        scopes = values(collector, "limit", "scope", "project")
        assert {scope for scope, project in scopes if project} == {"project"}
        assert ("organization", "") in scopes
        assert limits.organization.limit is not None
        assert found["", "hard_limit", ""] == float(limits.organization.limit.amount.value)
        for project, own in limits.projects.items():
            for alert in own.alerts:
                assert found[project, "alert", alert.id] == float(alert.amount.value)
        assert total(collector, "up", endpoint="limits") == 1
        sandbox.scopes.discard("api.management.read")
        await asyncio.sleep(300)
        assert values(collector, "limit", "project", "kind", "id") == found
        assert total(collector, "up", endpoint="limits") == 0


async def test_unusual_days_are_those_of_the_sdk(client: AsyncUsageClient, days: Days) -> None:
    days.rows[-1] = row(-1, "500", project_id="proj_loud")
    collector = Collector(client, endpoints=["costs"], labels=["project"])
    async with reading(collector):
        bill = await client.costs(start_time=TODAY - 70 * DAY, group_by=["project_id"]).collect()
        expected = [
            each
            for by in ([], ["project_id"])
            for each in unusual(bill, by, now=datetime.fromtimestamp(time.time(), UTC))
        ]
        found = values(collector, "unusual_cost", "by", "of", "day")
        assert found == {
            (
                "project" if each.labels else "",
                str(each.labels.get("project_id") or ""),
                each.day.isoformat(),
            ): float(each.amount)
            for each in expected
        }
        assert found["", "", "2026-09-09"] == 500
        assert values(collector, "usual_cost", "by")["",] == 10
        days[-1] = ["10"]
        await asyncio.sleep(300)
        assert values(collector, "unusual_cost", "by") == {}


# ------------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"endpoints": ["cost"]}, "endpoints .*'costs'"),
        ({"labels": ["modle"]}, "labels .*'model'"),
        ({"labels": "model"}, r"Pass \['model'\]"),
        ({"every": 0}, "every takes a positive time"),
        ({"every": "5m"}, "every takes a timedelta or a number of seconds"),
    ],
)
async def test_invalid_arguments_are_refused(
    options: Mapping[str, Any], message: str, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    with pytest.raises(InvalidQueryError, match=message):
        Collector(client, **options)
    assert sandbox.requests == []


async def test_a_copy_cannot_be_followed(tmp_path: Path) -> None:
    with (
        DuckDBSink(tmp_path / "copy.duckdb") as sink,
        pytest.raises(InvalidQueryError, match="copy"),
    ):
        Collector({"acme": SyncedClient(sink, "acme")})


async def test_no_request_is_sent_by_a_scrape(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    collector = Collector(client)
    assert total(collector, "up") == 0
    assert sandbox.requests == []
    async with reading(collector):
        sent = len(sandbox.requests)
        text = str(scraped(collector)) + str(scraped(collector))
        assert len(sandbox.requests) == sent
        assert sent <= 3 * len(client.table())
        assert sandbox.admin_api_key not in text
        await asyncio.sleep(300)
        assert len(sandbox.requests) == sent + len(client.table())


async def test_each_organization_of_a_file_has_its_label(client: AsyncUsageClient) -> None:
    async with Organizations({"acme": client}) as organizations:
        collector = Collector(dict(organizations), endpoints=["costs"])
        async with reading(collector):
            found = values(collector, "cost", "organization")
            assert set(found) == {("acme",)}


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch, terminal: Terminal) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    monkeypatch.delitem(sys.modules, "openai_usage.integrations.prometheus")
    expected = str(missing_library("prometheus_client", "prometheus"))
    with pytest.raises(ModuleNotFoundError) as caught:
        import_module("openai_usage.integrations.prometheus")
    assert str(caught.value) == expected
    terminal("exporter --sandbox", exit_code=2)
    assert terminal.err == f"openai-usage: {expected}\n"
    assert terminal("exporter --rules")
