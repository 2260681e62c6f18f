"""`openai-usage exporter`: its options, its files, and how it ends."""

import json
import re
import signal
import urllib.request
from pathlib import Path

import pytest

from openai_usage.sandbox import Sandbox
from tests.support.exporter import exporter
from tests.support.organizations_file import write_organizations
from tests.support.terminal import Terminal

pytestmark = pytest.mark.real_clock


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return str(answer.read().decode())


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop(end: signal.Signals) -> None:
    with exporter("--sandbox", "--budget", "9000", "--names", "--limits") as (process, url):
        assert get(f"{url}/healthz") == "ok\n"
        text = ""
        while "openai_usage_budget_used" not in text:
            text = get(f"{url}/metrics")
        assert 'budget="All costs",currency="usd",of="",owner="",per="month"} 9000.0' in text
        process.send_signal(end)
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.slow
def test_it_reads_every_organization_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "organizations.toml"
    with Sandbox(seed=1) as one, Sandbox(seed=2) as two:
        write_organizations(file, {"acme": one, "apex": two})
        file.write_text(file.read_text() + "budget = 5\n")
        two.faults.status(403, times=10_000)
        with exporter(
            "--organizations", str(file), "--endpoints", "costs", "--label", "line-item"
        ) as (process, url):
            text = ""
            while 'up{endpoint="costs",organization="acme"} 1.0' not in text:
                text = get(f"{url}/metrics")
            assert re.search('openai_usage_cost{.*line_item="gpt.*organization="acme"', text)
            assert 'openai_usage_up{endpoint="costs",organization="apex"} 0.0' in text
            assert 'openai_usage_budget{budget="apex"' in text
            assert process.stderr is not None
            line = process.stderr.readline()
            assert line.startswith("openai-usage: costs of apex could not be read: ")
            process.terminate()
            assert process.wait(60) == 0
            keys = [one.admin_api_key, two.admin_api_key]
            assert not any(each in text + line + process.stderr.read() for each in keys)


def test_a_dashboard_is_printed(terminal: Terminal) -> None:
    dashboard = json.loads(terminal("exporter --dashboard"))
    ids = [each["id"] for each in dashboard["panels"]]
    assert len({*ids}) == len(ids) > 10
    taken = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken
                taken.add((x, y))
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"


def test_rules_are_printed(terminal: Terminal) -> None:
    text = terminal("exporter --rules")
    assert re.findall("- alert: (.*)", text) == [
        "OpenAIUsageOverBudget",
        "OpenAIUsageBudgetWarning",
        "OpenAIUsageProjectedOverBudget",
        "OpenAIUsageBudgetUnknown",
        "OpenAIUsageUnusualDay",
        "OpenAIUsageDaysMissing",
        "OpenAIUsageStale",
        "OpenAIUsageExporterDown",
    ]
    assert text.startswith("#")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--label user", "the labels user and key belong to people. Add --personal to use them."),
        ("--every 5", "--every takes a time such as 30s, 5m, 1h or 1d, not '5'."),
        ("--every 0m", "--every takes a time such as 30s, 5m, 1h or 1d, not '0m'."),
        ("--from duckdb:a.duckdb", "--from and --prefix are not possible here: the exporter"),
        ("--prefix a_", "--from and --prefix are not possible here: the exporter reads the API."),
        ("--on-gap raise", "--on-gap is not possible here: openai_usage_missing_buckets counts"),
        ("--rules --dashboard", "--dashboard and --rules are two files. Print one at a time."),
        ("--budget 0.001", "--budget takes 0 or an amount of money from 0.01, not 0.001."),
        ("--host 192.0.2.1", "cannot listen on 192.0.2.1, port 9186: "),
    ],
)
def test_a_mistake_is_said(options: str, message: str, terminal: Terminal) -> None:
    sandbox = "" if "--from" in options else "--sandbox "
    is_host = "--host" in options
    terminal(f"exporter {sandbox}{options}", exit_code=1 if is_host else 2)
    assert terminal.err.startswith(f"openai-usage: {message}")
