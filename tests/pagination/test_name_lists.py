"""The sandbox's lists of projects, people and API keys: what they hold, and how they are paged."""

from typing import Any

import aiohttp
import pytest

from openai_usage import AsyncUsageClient
from openai_usage.sandbox import Sandbox
from openai_usage.sandbox.dataset.organization import organization_of
from tests.conftest import DAY, NOW, client_of
from tests.support.asker import Asker


async def test_the_envelope(ask: Asker) -> None:
    answer = await ask("projects", "limit=2")
    first, last = answer["data"]
    assert (first["object"], first["status"]) == ("organization.project", "active")
    assert answer == {
        "object": "list",
        "data": [first, last],
        "first_id": first["id"],
        "last_id": last["id"],
        "has_more": True,
    }
    rest = await ask("projects", f"after={last['id']}")
    assert [each["name"] for each in rest["data"]] == [
        "Voice Notes",
        "Research",
        "Contract Review",
        "Translations",
    ]
    assert rest["has_more"] is False
    nothing = await ask("projects", f"after={rest['last_id']}")
    assert nothing == {**nothing, "data": [], "first_id": None, "last_id": None, "has_more": False}


async def test_archived_projects_are_there_if_asked_for(ask: Asker) -> None:
    plain = await ask("projects")
    every = await ask("projects", "include_archived=true")
    [pilot] = [each for each in every["data"] if each not in plain["data"]]
    assert (pilot["name"], pilot["status"], pilot["archived_at"]) == (
        "Pilot",
        "archived",
        1_767_225_600,
    )


async def test_every_id_of_every_endpoint_can_be_looked_up(client: AsyncUsageClient) -> None:
    names = await client.names(personal=True)
    labels = [source.labels for source in organization_of(7).sources]
    for label, statuses in {
        "project_id": {"active", "archived"},
        "user_id": {"active", "none"},
        "api_key_id": {"active", "unknown", "none"},
    }.items():
        ids: list[Any] = [each[label] for each in labels]
        assert {names.of(id_).status for id_ in ids} == statuses
    unknown = {each["api_key_id"] for each in labels} - {None, *names.known}
    assert len(unknown) == 1


async def test_what_is_no_more_has_usage_from_before_alone(client: AsyncUsageClient) -> None:
    names = await client.names()
    archived = 1_767_225_600
    used = client.completions(
        start_time=archived - 7 * DAY, end_time=archived + 7 * DAY, group_by=["project_id"]
    )
    days = [
        bucket.start_time
        for bucket in await used.collect()
        if "Pilot (archived)" in {str(names.of(result.project_id)) for result in bucket.results}
    ]
    assert days == [archived - n * DAY for n in range(7, 0, -1)]
    deleted = 1_788_220_800
    by_key = client.embeddings(
        start_time=deleted - 3 * DAY, end_time=deleted + 3 * DAY, group_by=["api_key_id"]
    )
    unknown = [
        bucket.start_time
        for bucket in await by_key.collect()
        if "unknown" in {names.of(result.api_key_id).status for result in bucket.results}
    ]
    assert unknown == [deleted - n * DAY for n in (3, 2, 1)]


async def test_people(ask: Asker) -> None:
    answer = await ask("users")
    assert len(answer["data"]) == 5
    [mei] = [each for each in answer["data"] if each["email"] == "mei@sandbox.example"]
    assert (mei["object"], mei["name"]) == ("organization.user", "Mei Lindqvist")
    for spelling in ("emails", "emails[]"):
        only = await ask("users", f"{spelling}=mei@sandbox.example")
        assert only["data"] == [mei]


async def test_keys_have_owners(ask: Asker) -> None:
    answer = await ask(f"projects/{await ask.project('Document Search')}/api_keys")
    search, nightly = answer["data"]  # and not the one that was deleted
    assert (search["object"], search["name"]) == ("organization.project.api_key", "search")
    assert search["redacted_value"] == f"sk-...{search['id'][-4:]}"
    assert search["owner"]["type"] == "user"
    people = {each["id"]: each for each in (await ask("users"))["data"]}
    assert people[search["owner"]["user"]["id"]]["email"] == search["owner"]["user"]["email"]
    assert nightly["owner"]["type"] == "service_account"
    assert nightly["owner"]["service_account"]["id"].startswith("svc_acct_")


@pytest.mark.parametrize(
    ("access", "found"),
    [
        ("", ["chat", "triage"]),
        ("owner_project_access=active", ["chat", "triage"]),
        ("owner_project_access=inactive", ["agents"]),
        ("owner_project_access=any", ["chat", "triage", "agents"]),
    ],
)
async def test_keys_of_those_who_left(ask: Asker, access: str, found: list[str]) -> None:
    answer = await ask(f"projects/{await ask.project('Support Assistant')}/api_keys", access)
    assert [each["name"] for each in answer["data"]] == found


@pytest.mark.parametrize("path", ["projects", "users", "keys"])
@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ("limit=0", "limit", "invalid_request_error"),
        ("limit=101", "limit", "invalid_request_error"),
        (f"limit={'9' * 5000}", "limit", "invalid_request_error"),
        ("limit=-1", "limit", "invalid_type"),
        ("limit=", "limit", "invalid_type"),
        ("limit=1.0", "limit", "invalid_type"),
        ("limit=٣", "limit", "invalid_type"),
        ("after=", "after", "invalid_request_error"),
        ("after=proj_nowhere", "after", "invalid_request_error"),
    ],
)
async def test_what_cannot_be_asked(
    ask: Asker, path: str, query: str, param: str, code: str
) -> None:
    if path == "keys":
        path = f"projects/{await ask.project('Research')}/api_keys"
    error = await ask.refused(path, query, status=400)
    assert (error["param"], error["code"]) == (param, code)


async def test_no_other_access_can_be_asked_for(ask: Asker) -> None:
    path = f"projects/{await ask.project('Research')}/api_keys"
    error = await ask.refused(path, "owner_project_access=some", status=400)
    assert error["param"] == "owner_project_access"


async def test_a_project_that_is_not_there_has_no_keys(ask: Asker) -> None:
    await ask.refused("projects/proj_nowhere/api_keys", status=404)


async def test_scopes_can_be_taken_and_given_back(ask: Asker, sandbox: Sandbox) -> None:
    sandbox.scopes.remove("api.management.read")
    error = await ask.refused("projects", status=403)
    assert "Missing scopes: api.management.read." in error["message"]
    await ask("costs", f"start_time={NOW - DAY}")
    sandbox.scopes.add("api.management.read")
    sandbox.scopes.remove("api.usage.read")
    error = await ask.refused("costs", f"start_time={NOW - DAY}", status=403)
    assert "Missing scopes: api.usage.read." in error["message"]
    await ask("users")
    await ask.refused("users", key=sandbox.project_api_key, status=403)


async def test_a_list_can_be_capped() -> None:
    async with (
        Sandbox(page_caps={"users": 2}) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        answer = await Asker(sandbox, session)("users", "limit=100")
        assert (len(answer["data"]), answer["has_more"]) == (2, True)


async def test_another_seed_has_other_ids_and_the_same_names(client: AsyncUsageClient) -> None:
    async with Sandbox(seed=8, now=NOW) as other, client_of(other) as reader:
        ours, theirs = await client.names(personal=True), await reader.names(personal=True)
    assert not ours.known.keys() & theirs.known.keys()
    assert {str(name) for name in ours.known.values()} == {
        str(name) for name in theirs.known.values()
    }
