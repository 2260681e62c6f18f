"""The size of a report: it is sent by mail, and opened on phones."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from openai_usage.analysis.daily import Key, Rows
from openai_usage.report import Report
from openai_usage.report.data import Figures, Spend
from openai_usage.report.fetch import gather
from openai_usage.report.options import Options
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, TODAY, client_of
from tests.support.hostile_report import called
from tests.support.report_values import of_days


async def test_ninety_days_are_at_most_400_kb(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: NOW)
    async with client_of(sandbox) as client:
        names = await client.names(kinds=["projects"])
        figures = await gather(client, TODAY - 89 * DAY, names=names)
    assert len(Report(figures).html().encode()) <= 400_000


def test_five_thousand_projects_are_at_most_1_mb() -> None:
    days, projects = 30, 5_000
    ids = [f"proj_{n:024}" for n in range(projects)]

    def rows(size: int) -> Rows:
        found: Mapping[Key, tuple[Decimal, ...]] = {
            (id_, f"gpt-{n % 7}, {kind}"): tuple(
                Decimal(f"{n % size}.{day:02}{n % 1000:05}") for day in range(days)
            )
            for n, id_ in enumerate(ids)
            for kind in ("input", "output")
        }
        return found

    figures: Figures = of_days(
        days,
        spend=(Spend("usd", rows(97), rows(89)),),
        names=called(**{id_: f"The project of team {n}" for n, id_ in enumerate(ids)}),
    )
    html = Report(figures).html()
    assert "4,975 more" in html
    assert "The project of team 4999" in html
    assert len(html.encode()) <= 1_000_000


def test_options_keep_every_breakdown() -> None:
    assert Options.of(group_by=["project"]).group_by == ("project", "model")
    assert Options.of().group_by == ("model", "project")
