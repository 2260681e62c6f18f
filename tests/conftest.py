"""What the tests share: a loop that never sleeps, a sandbox, a client of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, settings

from openai_usage import AsyncUsageClient
from openai_usage.sandbox import Sandbox
from tests.support.asker import Asker
from tests.support.clock import JumpingLoop
from tests.support.terminal import Terminal

NOW = 1_789_080_000
"""2026-09-10 22:40:00 UTC, a Thursday: what the sandbox takes the time to be."""

DAY = 86_400
TODAY = NOW // DAY * DAY


settings.register_profile(
    "suite",
    max_examples=20,  # `nox -s thorough` tries more
    deadline=None,  # no test depends on the speed of the machine
    suppress_health_check=[
        HealthCheck.too_slow,  # likewise
        HealthCheck.data_too_large,  # pages of a few kilobytes are what is to be read
        HealthCheck.filter_too_much,  # what is wild is at times filtered for what is not
        HealthCheck.function_scoped_fixture,  # servers need not be new for every example
    ],
)
settings.register_profile("thorough", settings.get_profile("suite"), max_examples=500)
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "real_clock: waits in real time; for what runs in threads")
    config.addinivalue_line("markers", "drawn: looks at the drawings of a report")
    config.addinivalue_line(
        "markers", "slow: takes seconds, mostly to start programs; `nox -s slow`"
    )
    config.addinivalue_line("markers", "browser: asks a browser, where one is; `nox -s browser`")
    config.addinivalue_line("markers", "postgres: needs PostgreSQL; `nox -s postgres`")
    config.addinivalue_line("markers", "prometheus: needs Prometheus; `nox -s prometheus`")
    config.addinivalue_line("markers", "spark: needs Java and pyspark; `nox -s spark`")


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.get_closest_marker("real_clock"):
        return {"real": asyncio.new_event_loop}
    return {"jumping": JumpingLoop}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_ADMIN_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")  # dlt would send what tests do


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=7, now=NOW) as running:
        yield running


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[AsyncUsageClient]:
    async with client_of(sandbox) as made:
        yield made


@pytest.fixture
async def ask(sandbox: Sandbox) -> AsyncIterator[Asker]:
    async with aiohttp.ClientSession() as session:
        yield Asker(sandbox, session)


@pytest.fixture(autouse=True)
def no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the width of the terminal, in which the tests may run."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


@pytest.fixture
def without_drawings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the drawings out of reports. They take a second, and most tests read the text only."""
    if not request.node.get_closest_marker("drawn"):
        monkeypatch.setattr("openai_usage.report.page.svg", lambda _, __: "<svg></svg>")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own, in which commands are run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def asked(usage_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A sandbox that the commands in this process ask."""
    monkeypatch.setenv("OPENAI_ADMIN_KEY", usage_sandbox.admin_api_key)
    monkeypatch.setenv("OPENAI_BASE_URL", usage_sandbox.base_url)
    return usage_sandbox


def client_of(sandbox: Sandbox, **options: Any) -> AsyncUsageClient:
    return AsyncUsageClient(sandbox.admin_api_key, base_url=sandbox.base_url, **options)
