"""The sandbox's limits of spending, as any HTTP program reads them."""

from decimal import Decimal
from typing import Any

import pytest

from openai_usage import AsyncUsageClient
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, client_of
from tests.support.asker import Asker


async def test_the_limit_of_the_organization(ask: Asker) -> None:
    limit = await ask("spend_limit")
    assert limit == {
        "object": "organization.spend_limit",
        "currency": "USD",
        "interval": "month",
        "threshold_amount": limit["threshold_amount"],
        "enforcement": {"status": "enforcing"},
    }
    assert type(limit["threshold_amount"]) is int


async def test_limits_of_projects(ask: Asker) -> None:
    support = await ask(f"projects/{await ask.project('Support Assistant')}/spend_limit")
    assert (support["object"], support["enforcement"]) == (
        "project.spend_limit",
        {"status": "enforcing"},
    )
    voice = await ask(f"projects/{await ask.project('Voice Notes')}/spend_limit")
    assert voice["enforcement"] == {"status": "inactive"}
    for name in ("Research", "Document Search", "Pilot"):
        error = await ask.refused(f"projects/{await ask.project(name)}/spend_limit", status=404)
        assert error["message"] == "No spend limit is set."


async def test_alerts(ask: Asker) -> None:
    alerts = await ask("spend_alerts", "limit=2")
    assert alerts["object"] == "list"
    assert alerts["has_more"] is True
    first, second = alerts["data"]
    assert first == {
        "id": first["id"],
        "object": "organization.spend_alert",
        "currency": "USD",
        "interval": "month",
        "threshold_amount": first["threshold_amount"],
        "notification_channel": {"type": "email", "recipients": ["ines@sandbox.example"]},
    }
    assert first["id"].startswith("alert_")
    rest = await ask("spend_alerts", f"after={second['id']}&order=asc")
    every = [first, second, *rest["data"]]
    assert len(every) == 3
    backwards = await ask("spend_alerts", "order=desc")
    assert backwards["data"] == every[::-1]
    research = await ask(f"projects/{await ask.project('Research')}/spend_alerts")
    assert [each["object"] for each in research["data"]] == ["project.spend_alert"]
    none = await ask(f"projects/{await ask.project('Pilot')}/spend_alerts")
    assert none["data"] == []


@pytest.mark.parametrize(
    ("query", "param"), [("order=up", "order"), ("limit=0", "limit"), ("after=alert_x", "after")]
)
async def test_what_cannot_be_asked(ask: Asker, query: str, param: str) -> None:
    error = await ask.refused("spend_alerts", query, status=400)
    assert error["param"] == param


@pytest.mark.parametrize("path", ["spend_limit", "spend_alerts"])
async def test_who_may_read_them(ask: Asker, sandbox: Sandbox, path: str) -> None:
    await ask.refused(f"projects/proj_nowhere/{path}", status=404)
    await ask.refused(path, key=sandbox.project_api_key, status=403)
    await ask.refused(path, key="sk-admin-other", status=401)
    sandbox.scopes.remove("api.management.read")
    error = await ask.refused(path, status=403)
    assert "Missing scopes: api.management.read." in error["message"]
    sandbox.scopes.add("api.management.read")
    sandbox.scopes.remove("api.usage.read")
    await ask(path)


async def test_another_seed_has_other_ids_and_the_same_amounts(client: AsyncUsageClient) -> None:
    async with Sandbox(seed=7, now=NOW) as same, client_of(same) as reader:
        ours = await client.limits()
        assert ours == await reader.limits()
    async with Sandbox(seed=8, now=NOW) as other, client_of(other) as reader:
        theirs = await reader.limits()
    assert ours.organization.limit == theirs.organization.limit
    assert {each.id for each in ours.organization.alerts}.isdisjoint(
        each.id for each in theirs.organization.alerts
    )
    assert not ours.projects.keys() & theirs.projects.keys()


async def test_the_figures_make_sense_with_what_is_spent(client: AsyncUsageClient) -> None:
    limits = await client.limits()
    days: Any = [
        *await client.costs(
            start_time=NOW - 40 * DAY, end_time=NOW - 10 * DAY, group_by=["project_id"]
        ).collect()
    ]
    spent: dict[str, Decimal] = {}
    for day in days:
        for result in day.results:
            spent.setdefault(result.project_id, Decimal(0))
            spent[result.project_id] += result.amount.value
    for month, own in [
        (sum(spent.values(), Decimal(0)), limits.organization),
        *((spent.get(id_, Decimal(0)), own) for id_, own in limits.projects.items()),
    ]:
        if own.limit is not None:
            # What is enforced is not passed. Neither is out of sight.
            least = month if own.limit.enforcement == "enforcing" else month / 2
            assert least < own.limit.amount.value < 3 * month
        for alert in own.alerts:
            assert month / 3 < alert.amount.value < 3 * month
