"""`spend --notify --every`: what is new is posted once, whatever else happens."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from attrs import define, field

from openai_usage.cli.app import run
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY
from tests.support.served_buckets import Row, serve_buckets
from tests.support.terminal import COMMAND, Terminal, asking
from tests.support.webhook_server import Webhook, webhook_in_thread

pytestmark = [pytest.mark.real_clock, pytest.mark.slow]


@define
class Costs:
    """Costs of a dollar a day, and of *today*, which a test changes. A read is two requests."""

    sandbox: Sandbox
    today: int = 1
    requests: int = field(default=0, init=False)

    def served(self, _: str) -> list[Row]:
        self.requests += 1
        today = int(time.time()) // DAY * DAY
        return [
            {
                "start_time": today - day * DAY,
                "end_time": today - (day - 1) * DAY,
                "results": [{"amount": {"value": 1 if day else self.today, "currency": "usd"}}],
            }
            for day in range(70, -1, -1)
        ]

    def wait(self, reads: int = 2) -> None:
        """Wait until the costs were read anew, and what that led to is over."""
        until = (self.requests + 1) // 2 * 2 + 2 * reads - 1
        while self.requests < until:
            time.sleep(0.02)


@pytest.fixture
def costs() -> Iterator[Costs]:
    with Sandbox() as sandbox:
        costs = Costs(sandbox)
        serve_buckets(sandbox, costs.served)
        yield costs


@pytest.fixture
def there() -> Iterator[Webhook]:
    with webhook_in_thread() as found:
        yield found


@contextmanager
def repeating(costs: Costs, there: Webhook, *options: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a process, which reads every second."""
    env = {**asking(costs.sandbox), "OPENAI_USAGE_WEBHOOK": there.url}
    command = [COMMAND, "spend", "--every", "1s", *options]
    with subprocess.Popen(
        command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            costs.wait()
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


def codes(there: Webhook) -> list[int]:
    return [each["exit_code"] for each in there.payloads]


def test_a_check_posts_when_it_comes_to_something_else(costs: Costs, there: Webhook) -> None:
    with repeating(costs, there, "--check", "--budget", "4000") as process:
        assert there.payloads == []  # all is well
        costs.today = 5000
        costs.wait()
        assert codes(there) == [3]
        assert "over the budget of 4,000.00 usd" in there.payloads[0]["text"]
        costs.today = 5001  # still over
        costs.wait()
        assert codes(there) == [3]
        costs.today = 1
        costs.wait()
        assert codes(there) == [3, 0]
        costs.sandbox.faults.clear()
        costs.sandbox.faults.status(401, times=10_000)
        while len(there.payloads) < 3:
            time.sleep(0.02)
        assert codes(there) == [3, 0, 5]
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out.count("budget of 4,000.00") == 2
    assert err.endswith("openai-usage: interrupted.\n")
    assert costs.sandbox.admin_api_key not in out + err
    assert "b0tT0k3n" not in out + err


def test_without_a_check_every_change_is_posted(costs: Costs, there: Webhook) -> None:
    there.will(404)
    with repeating(costs, there) as process:
        costs.wait()
        assert len(there.payloads) == 2  # the first was not accepted
        assert there.payloads[0]["amounts"] == there.payloads[1]["amounts"]
        costs.wait(3)
        assert len(there.payloads) == 2
        costs.today = 100
        costs.wait()
        assert len(there.payloads) == 3
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert "the webhook answered 404 Not Found" in err


def test_an_outage_is_waited_out_and_a_refusal_is_not(costs: Costs, there: Webhook) -> None:
    with repeating(costs, there) as process:
        costs.sandbox.faults.clear()
        costs.sandbox.faults.status(503, times=10_000, headers={"Retry-After-Ms": "1"})
        assert process.stderr is not None
        said = ""
        while "The next read is in 1 seconds." not in said:
            said = process.stderr.readline()
        costs.today = 7
        serve_buckets(costs.sandbox, costs.served)
        while len(there.payloads) < 2:  # a retry in between makes the number of requests odd
            time.sleep(0.02)
        assert there.payloads[0]["amounts"] != there.payloads[1]["amounts"]
        costs.sandbox.faults.clear()
        costs.sandbox.faults.status(401, times=10_000)
        assert process.wait(60) == 1
        assert "401" in process.stderr.read()


def test_a_budget_in_another_currency_is_posted_once(costs: Costs, there: Webhook) -> None:
    with repeating(costs, there, "--check", "--budget", "5", "--currency", "eur") as process:
        costs.wait()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert codes(there) == [2]
    assert "the budget is in eur, but the bill is in usd." in err


def test_less_than_before_is_not_news(costs: Costs, there: Webhook, here: Path) -> None:
    (here / "budgets.toml").write_text("[[budgets]]\namount = 6000\n")
    costs.today = 7000
    with repeating(costs, there, "--check", "--budget", "4000", "--budgets", "budgets.toml"):
        assert codes(there) == [3]
        costs.today = 5000  # over one of the two
        costs.wait()
        assert codes(there) == [3]
        costs.today = 7000
        costs.wait()
        assert codes(there) == [3, 3]


def test_a_failure_is_posted_if_it_happens_again(costs: Costs, there: Webhook) -> None:
    with repeating(costs, there, "--check", "--budget", "4000") as process:
        assert process.stderr is not None
        for number in range(2):
            costs.sandbox.faults.clear()
            costs.sandbox.faults.status(503, times=10_000, headers={"Retry-After-Ms": "1"})
            said = ""
            while "The next read is in 1 seconds." not in said:
                said = process.stderr.readline()
            if number == 0:
                serve_buckets(costs.sandbox, costs.served)
                costs.wait()
                assert there.payloads == []
        while not there.payloads:
            time.sleep(0.02)
        assert codes(there) == [5]


def test_a_copy_that_is_being_written_is_waited_for(
    costs: Costs, there: Webhook, here: Path
) -> None:
    assert run(["sync", "--to", "duckdb:copy.duckdb", "--sandbox", "--last", "9w"]) == 0
    env = {**os.environ, "OPENAI_USAGE_WEBHOOK": there.url}
    command = [COMMAND, "spend", "--every", "1s", "--from", "duckdb:copy.duckdb"]
    with subprocess.Popen(command, env=env, text=True, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr is not None
            while not there.payloads:
                time.sleep(0.02)
            said = ""
            while "another process" not in said:
                with duckdb.connect("copy.duckdb"):
                    said = process.stderr.readline()
            assert "this is a copy" in process.stderr.readline()
            assert process.poll() is None
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
    command[-1] = "duckdb:none.duckdb"
    done = subprocess.run(command, env=env, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--every 1h", "--every was given without a webhook. Add --notify URL, or set "),
        ("--every 1h --notify https://a.example/b --month 2026-01", "--every and --month contrad"),
        ("--every 1", "--every takes a time such as 30s, 5m, 1h or 1d, not '1'."),
    ],
)
def test_a_mistake_is_said(options: str, message: str, terminal: Terminal) -> None:
    terminal(f"spend --sandbox {options}", exit_code=2)
    assert terminal.err.startswith(f"openai-usage: {message}")
