"""A report with a client that blocks, and how notebooks show a report."""

import asyncio
import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve

from openai_usage import AsyncUsageClient, InvalidQueryError, UsageClient
from openai_usage.report import Missing, Report, report
from openai_usage.report.data import Figures
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, TODAY, client_of

RANGE = (TODAY - 14 * DAY, TODAY)


@pytest.fixture
def running() -> Iterator[Sandbox]:
    """A sandbox in a thread of its own, for clients that block."""
    with Sandbox(seed=7, now=NOW) as sandbox:
        yield sandbox


@pytest.fixture
def blocking(running: Sandbox) -> Iterator[UsageClient]:
    with UsageClient(running.admin_api_key, base_url=running.base_url) as client:
        yield client


@pytest.mark.real_clock
def test_both_clients_give_the_same(blocking: UsageClient, running: Sandbox) -> None:
    async def awaited() -> Report:
        async with client_of(running) as client:
            names = await client.names(kinds=["projects"])
            return await report(client, *RANGE, names=names)

    made = report(blocking, *RANGE, names=blocking.names(kinds=["projects"]))
    assert isinstance(made, Report)
    assert made.missing == ()
    expected = asyncio.run(awaited()).figures
    assert expected.spend[0].rows
    assert evolve(made.figures, generated=expected.generated) == expected


@pytest.mark.real_clock
def test_an_empty_range_is_an_error(blocking: UsageClient, running: Sandbox) -> None:
    with pytest.raises(InvalidQueryError, match="end_time"):
        report(blocking, TODAY, TODAY - DAY)
    assert running.requests == []


async def test_an_async_client_sends_nothing_before_the_await(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    waiting: Any = report(client, TODAY, TODAY - DAY)
    assert inspect.iscoroutine(waiting)
    with pytest.raises(InvalidQueryError, match="end_time"):
        await waiting
    assert sandbox.requests == []


# ----------------------------------------------------------------- in notebooks


def test_a_report_is_short(figures: Figures) -> None:
    made = Report(evolve(figures, missing=()))
    assert repr(made) == "Report(28 August 2026 to 10 September 2026, in UTC, 0 parts missing)"
    assert len(repr(made.figures)) < 3_000
    html = made._repr_html_()
    assert "<p>Report of 28 August 2026 to 10 September 2026, in UTC</p>" in html
    assert "<td>Spent</td>" in html
    assert html.endswith(
        "<p>Write the whole page to a file with Path(&quot;report.html&quot;).write_text("
        "made.html(), encoding=&quot;utf-8&quot;).</p></div>"
    )


def test_it_says_what_is_missing(figures: Figures) -> None:
    made = Report(evolve(figures, missing=(Missing("images", "404 <Not Found>"),)))
    assert repr(made).endswith(", 1 part missing)")
    row = "<tr><td>Missing</td><td>images</td><td>404 &lt;Not Found&gt;</td></tr>"
    assert row in made._repr_html_()
