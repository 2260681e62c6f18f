"""Filters of ids take names, too."""

import json
from collections.abc import Sequence

import pytest

from openai_usage import AsyncUsageClient
from openai_usage.cli.app import run
from openai_usage.cli.ids import find_ids
from openai_usage.cli.wording import CommandError
from openai_usage.sandbox import Sandbox
from tests.support.name_requests import listed, paths

RANGE = ["--start", "2026-01-05", "--end", "2026-01-07", "--format", "json"]


async def ids_of(client: AsyncUsageClient, **filters: Sequence[str] | None) -> dict[str, str]:
    """The names of the ids that are found for names, by parameter."""
    found = await find_ids(client, filters)
    names = await client.names(personal=True)
    return {param: " ".join(str(names.of(id_)) for id_ in found[param]) for param in found}


async def refused(client: AsyncUsageClient, **filters: Sequence[str] | None) -> str:
    with pytest.raises(CommandError) as caught:
        await find_ids(client, filters)
    return str(caught.value)


async def test_names_are_found_in_upper_or_lower_case(client: AsyncUsageClient) -> None:
    assert await ids_of(client, project_ids=["voice notes", "PILOT"]) == {
        "project_ids": "Voice Notes Pilot (archived)"
    }
    assert await ids_of(client, api_key_ids=["Nightly"]) == {"api_key_ids": "nightly"}
    assert await ids_of(client, user_ids=["mei lindqvist"]) == {"user_ids": "Mei Lindqvist"}
    [person] = [
        each
        for each in (await client.names(personal=True)).known.values()
        if each.name == "Jonas Weber"
    ]
    assert await find_ids(client, {"user_ids": [str(person.email).upper()]}) == {
        "user_ids": [person.id]
    }


async def test_ids_are_taken_as_they_are(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    params = {
        "project_ids": ["proj_1", "proj_2"],
        "api_key_ids": ["key_1"],
        "user_ids": None,
        "models": ["o3"],
        "limit": 3,
    }
    assert await find_ids(client, params) == params
    assert sandbox.requests == []
    found = await find_ids(client, {"project_ids": ["proj_1", "Research"]})
    assert found["project_ids"][0] == "proj_1"
    assert paths(sandbox) == ["/v1/organization/projects"]


async def test_keys_are_looked_up_in_the_projects_that_are_asked_for(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    projects = (await find_ids(client, {"project_ids": ["Research"]}))["project_ids"]
    found = await find_ids(client, {"project_ids": ["Research"], "api_key_ids": ["notebook"]})
    assert found["project_ids"] == projects
    assert found["api_key_ids"][0].startswith("key_")
    assert [path for path in paths(sandbox) if path.endswith("api_keys")] == [
        f"/v1/organization/projects/{projects[0]}/api_keys"
    ]
    said = await refused(client, project_ids=["Research"], api_key_ids=["nightly"])
    assert (
        said == "--api-key-ids nightly is not the name of any API key. Use an id (key_…) instead."
    )


async def test_a_name_that_is_not_known_may_be_a_typing_error(client: AsyncUsageClient) -> None:
    assert await refused(client, project_ids=["voice note"]) == (
        "--project-ids 'voice note' is not the name of any project. Did you mean 'Voice Notes'?"
    )
    assert await refused(client, project_ids=["Zebra"]) == (
        "--project-ids Zebra is not the name of any project. Use an id (proj_…) instead."
    )


async def test_the_names_of_people_are_not_suggested(client: AsyncUsageClient) -> None:
    assert await refused(client, user_ids=["Mei Lindquist"]) == (
        "--user-ids 'Mei Lindquist' is not the name of any user. Use an id (user-…) instead."
    )


async def test_a_name_of_several_is_not_guessed(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    twins = [{"id": f"proj_{n}", "name": name} for n, name in enumerate(["A", "a", "b"])]
    sandbox.faults.status(200, body=listed([*twins, {"id": "proj_9"}]))
    assert await refused(client, project_ids=["A"]) == (
        "--project-ids A is the name of 2 projects: proj_0 and proj_1. "
        "Use the id of the one you mean."
    )


async def test_names_that_cannot_be_read_are_not_said_to_be_unknown(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.scopes.discard("api.management.read")
    said = await refused(client, project_ids=["Research"])
    assert said.startswith(
        "--project-ids Research is a name, and some names cannot be read: organization/projects: "
        "the API answered 403: "
    )
    assert said.endswith(" Use an id (proj_…) instead.")


@pytest.mark.real_clock
def test_commands_take_names(asked: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["costs", *RANGE, "--group-by", "project_id", "--names"]
    assert run([*words, "--project-ids", "Voice Notes", "research"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["project_name"] for row in rows} == {"Voice Notes", "Research"}
    assert run([*words, "--project-ids", "Voice Note"]) == 2
    assert capsys.readouterr().err == (
        "openai-usage: --project-ids 'Voice Note' is not the name of any project. "
        "Did you mean 'Voice Notes'?\n"
    )


@pytest.mark.real_clock
def test_prices_take_names(asked: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["prices", *RANGE, "--by", "project", "--names", "--project-ids"]
    assert run([*words, "Research"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["project_name"] for row in rows} == {"Research"}
    assert run([*words, "Researchers"]) == 2
    assert "Did you mean 'Research'?" in capsys.readouterr().err
    sent = len(asked.requests)
    assert run([*words, asked.admin_api_key]) == 2
    said = capsys.readouterr()
    assert asked.admin_api_key not in f"{said}"
    assert len(asked.requests) == sent


@pytest.mark.real_clock
def test_nothing_is_sent_if_anything_else_is_not_valid(
    asked: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["costs", *RANGE, "--limit", "999", "--project-ids", "Research"]) == 2
    assert "--limit takes" in capsys.readouterr().err
    key = asked.admin_api_key
    assert run(["costs", *RANGE, "--project-ids", key]) == 2
    said = capsys.readouterr()
    assert "not an API key" in said.err
    assert key not in f"{said}"
    assert asked.requests == []
