"""The exporter with Prometheus itself: it scrapes, answers the dashboard, evaluates the rules."""

import asyncio
import json
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from importlib.resources import as_file, files
from typing import Any
from urllib.request import urlopen

import pytest

from openai_usage import month_start
from openai_usage.analysis import Budget, spending
from openai_usage.integrations.prometheus import Collector
from openai_usage.integrations.prometheus.server import serve
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, client_of
from tests.support.prometheus_server import Prometheus, prometheus, until
from tests.support.served_buckets import Row, serve_buckets

pytestmark = [pytest.mark.prometheus, pytest.mark.real_clock]

FILES = files("openai_usage.integrations")
VARIABLES = {"$organization": ".*", "$currency": "usd"}

amounts: dict[int, list[str]] = {}
"""The amounts that the sandbox serves, by day before today."""


def served(path: str) -> list[Row]:
    today = int(time.time()) // DAY * DAY
    usage = [{"input_tokens": 5, "output_tokens": 6, "num_model_requests": 1, "model": "gpt-5"}]
    costs = path.endswith("costs")
    return [
        {
            "start_time": today - day * DAY,
            "end_time": today - (day - 1) * DAY,
            "results": [
                {
                    "amount": {"value": each, "currency": "usd"},
                    "project_id": "proj_a",
                    "line_item": "gpt-5, input",
                }
                for each in own
            ]
            if costs
            else usage,
        }
        for day, own in sorted(amounts.items(), reverse=True)
    ]


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    amounts.update({day: ["0.10", "12.34"] for day in range(80)})
    amounts[1] = ["1000"]
    async with Sandbox() as running:
        serve_buckets(running, served)
        yield running


@asynccontextmanager
async def scraping(collector: Collector) -> AsyncIterator[tuple[Prometheus, str]]:
    """Let *collector* read, and Prometheus scrape it."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serve(collector, "127.0.0.1", 0))
        rules = stack.enter_context(as_file(FILES / "prometheus_rules.yml"))
        task = asyncio.create_task(collector.run())
        stack.push_async_callback(cancelled, task)
        server = prometheus(url.removeprefix("http://"), rules)
        running = await asyncio.to_thread(server.__enter__)
        stack.push_async_callback(asyncio.to_thread, server.__exit__, None, None, None)
        yield running, url


async def cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def wait(condition: Callable[[], Any]) -> None:
    await asyncio.to_thread(until, condition)


def promtool(*arguments: str, input: bytes = b"") -> subprocess.CompletedProcess[bytes]:  # noqa: A002
    return subprocess.run(["promtool", *arguments], input=input, capture_output=True, check=False)


def expressions() -> Iterator[str]:
    """Every expression of the dashboard, with values in place of its variables."""
    for panel in json.loads((FILES / "grafana.json").read_text("utf-8"))["panels"]:
        for target in panel["targets"]:
            expression = target["expr"]
            for name, value in VARIABLES.items():
                expression = expression.replace(name, value)
            yield expression


async def test_prometheus_has_the_figures_of_the_sdk(sandbox: Sandbox) -> None:
    async with client_of(sandbox) as client:
        budgets = [Budget(amount=900), Budget(amount=1, project="proj_a", name="A")]
        endpoints = ["costs", "completions"]
        collector = Collector(client, every=0.2, endpoints=endpoints, budgets=budgets)
        async with scraping(collector) as (server, url):
            month = 'sum(openai_usage_cost{period="month_to_date"})'
            yesterday = 'sum(openai_usage_cost{period="yesterday"})'
            await wait(lambda: server.value(yesterday) == 1000)
            await wait(lambda: "OpenAIUsageOverBudget" in server.alerts())
            await wait(lambda: "OpenAIUsageUnusualDay" in server.alerts())

            # The API restates yesterday, downwards. A counter would add 995 here.
            amounts[1] = ["995"]
            await wait(lambda: server.value(yesterday) == 995)
            today = datetime.now(UTC).date()
            buckets = await client.costs(
                start_time=month_start(1), group_by=["project_id", "line_item"]
            ).collect()
            [found] = spending(buckets, today=today)
            projected = month.replace("month_to_date", "month_projected")
            known = await asyncio.to_thread(server.value, month)
            assert known == pytest.approx(float(found.total.this_month), abs=0.005)
            known = await asyncio.to_thread(server.value, projected)
            assert known == pytest.approx(float(found.projection.total), abs=0.005)
            await wait(lambda: server.value("sum(openai_usage_restated_buckets_total)"))

            found_nothing = [
                each for each in expressions() if not await asyncio.to_thread(server.query, each)
            ]
            assert found_nothing == []
            groups = (await asyncio.to_thread(server.answer, "rules"))["groups"]
            rules = [each for group in groups for each in group["rules"]]
            assert len(rules) == 8
            assert {each["health"] for each in rules} == {"ok"}
            assert {each.get("lastError") for each in rules} <= {None, ""}

            # Groups that vanish are gone, and an outage is said.
            amounts[1] = ["12.44"]
            await wait(lambda: "OpenAIUsageUnusualDay" not in server.alerts())
            sandbox.faults.clear()
            sandbox.faults.status(401, times=10_000)
            await wait(lambda: server.value("min(openai_usage_up)") == 0)
            assert await asyncio.to_thread(server.value, yesterday) == 12.44
            metrics = await asyncio.to_thread(lambda: urlopen(f"{url}/metrics").read())
    checked = await asyncio.to_thread(promtool, "check", "metrics", input=metrics)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_the_rules_are_well_formed() -> None:
    with as_file(FILES / "prometheus_rules.yml") as rules:
        checked = promtool("check", "rules", str(rules))
    assert checked.returncode == 0
    assert b"SUCCESS: 8 rules found" in checked.stdout
