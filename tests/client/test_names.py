"""Names in place of ids: what is read, what is not, and what is made of it where it cannot be."""

import asyncio
import json
import pickle
import re
from collections.abc import Sequence
from typing import Any

import msgspec
import openai
import pytest
import rich.pretty
from hypothesis import given
from hypothesis import strategies as st
from openai.types.admin.organization import OrganizationUser, Project
from openai.types.admin.organization.projects import ProjectAPIKey

from openai_usage import (
    AsyncUsageClient,
    InvalidQueryError,
    Name,
    Names,
    UnreadList,
)
from openai_usage._pagination import lists, name_lists
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, TODAY, client_of
from tests.support.leaks import holders
from tests.support.name_requests import PROJECTS, USERS, listed, paths, projects

LONG_AGO = 1_735_689_600  # 2025-01-01, when nothing was archived or deleted yet
IDS: Sequence[Any] = ["project_id", "user_id", "api_key_id"]


# ------------------------------------------------------------------ what is read


async def test_every_id_in_the_results_has_a_name(client: AsyncUsageClient) -> None:
    names = await client.names(personal=True)
    found: dict[str | None, Name] = {}
    for start in (LONG_AGO, TODAY - 20 * DAY):
        async for bucket in client.completions(
            start_time=start, end_time=start + 3 * DAY, group_by=IDS
        ):
            for result in bucket.results:
                for id_ in (result.project_id, result.user_id, result.api_key_id):
                    found[id_] = names.of(id_)
    assert {str(found[id_]) for id_ in found if id_ and id_.startswith("proj_")} == {
        "Support Assistant",
        "Document Search",
        "Voice Notes",
        "Research",
        "Pilot (archived)",
    }
    assert {str(found[id_]) for id_ in found if id_ and id_.startswith("user-")} == {
        "Inês Duarte",
        "Tomás Herrera",
        "Mei Lindqvist",
        "Amara Okafor",
        "Jonas Weber",
    }
    assert {str(found[id_]) for id_ in found if id_ and id_.startswith("key_")} == {
        *("chat", "triage", "agents", "search", "nightly", "voice", "notebook", "pilot")
    }
    assert found[None] == Name(id=None, status="none")
    assert all(name.id == id_ for id_, name in found.items())
    assert names.unread == ()


async def test_a_key_that_was_deleted_keeps_its_id(client: AsyncUsageClient) -> None:
    names = await client.names()
    used = client.embeddings(start_time=LONG_AGO, end_time=LONG_AGO + DAY, group_by=["api_key_id"])
    [bucket] = await used.collect()
    keys = [names.of(result.api_key_id) for result in bucket.results]
    [deleted] = [key for key in keys if key.status != "active"]
    assert deleted == Name(id=deleted.id, status="unknown")
    assert str(deleted) == f"{deleted.id} (unknown)"
    assert {key.name for key in keys} == {"search", "nightly", "notebook", None}


@pytest.mark.real_clock  # its HTTP library looks up addresses in a thread
async def test_the_official_sdk_reads_the_same_names() -> None:
    async with (
        Sandbox(seed=7, now=NOW, page_caps={"projects": 2, "users": 3, "api_keys": 1}) as sandbox,
        client_of(sandbox) as ours,
        openai.AsyncOpenAI(
            api_key="unused", admin_api_key=sandbox.admin_api_key, base_url=sandbox.base_url
        ) as theirs,
    ):
        known = (await ours.names(personal=True)).known
        organization = theirs.admin.organization
        their_names: dict[str, tuple[str | None, str | None, str | None]] = {}
        async for project in organization.projects.list(include_archived=True):
            their_names[project.id] = (project.name, None, project.status)
            keys = organization.projects.api_keys.list(project.id, owner_project_access="any")
            async for key in keys:
                their_names[key.id] = (key.name, None, "active")
        async for user in organization.users.list():
            their_names[user.id] = (user.name, user.email, "active")
    assert {id_: (name.name, name.email, name.status) for id_, name in known.items()} == their_names
    assert len(their_names) == 22


@pytest.mark.parametrize(
    ("entry", "official"),
    [
        (name_lists._Project, Project),
        (name_lists._User, OrganizationUser),
        (name_lists._Entry, ProjectAPIKey),
    ],
)
def test_what_is_read_of_an_entry_is_in_the_official_types(entry: Any, official: Any) -> None:
    for field in msgspec.structs.fields(entry):
        theirs = official.model_fields[field.name]
        # What they may leave out or send as null, we take.
        assert theirs.is_required() or not field.required
        assert theirs.annotation is str or None in theirs.annotation.__args__ or not field.required


async def test_cursors_are_followed_to_the_end(client: AsyncUsageClient) -> None:
    caps = {"projects": 1, "users": 2, "api_keys": 1}
    async with Sandbox(seed=7, now=NOW, page_caps=caps) as small, client_of(small) as other:
        names = await other.names(personal=True)
        assert names == await client.names(personal=True)
        assert paths(small).count(PROJECTS) == 7
        assert paths(small).count(USERS) == 3
        first, *others = [each.query for each in small.requests if each.path == PROJECTS]
        assert first == (("include_archived", "true"), ("limit", "100"))
        assert all(each[:-1] == first for each in others)  # which have a cursor beside it
        cursors = [dict(each.query).get("after") for each in small.requests if each.path == USERS]
        users = [id_ for id_, name in names.known.items() if name.email]
        assert cursors == [None, users[1], users[3]]


@given(
    st.lists(
        st.lists(st.tuples(st.from_regex(r"[\w-]+", fullmatch=True), st.none() | st.text())),
        min_size=1,
        max_size=4,
    )
)
async def test_every_entry_is_there_however_the_pages_are_cut(
    sandbox: Sandbox, pages: list[list[tuple[str, str | None]]]
) -> None:
    pages = [[(f"proj_{id_.encode().hex()}", name) for id_, name in page] for page in pages]
    for number, page in enumerate(pages, 1):
        body = listed(
            ({"id": id_, "name": name} for id_, name in page),
            has_more=number < len(pages),
            last_id=f"proj_{number}",
        )
        sandbox.faults.status(200, body=body)
    sandbox.scopes.discard("api.management.read")  # the keys are of no interest here
    async with client_of(sandbox) as client:
        names = await client.names()
    entries = dict(entry for page in pages for entry in page)
    assert {id_: name.name for id_, name in names.known.items()} == entries
    assert {each.kind for each in names.unread} == ({"api_keys"} if entries else set())


async def test_what_was_read_stays(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    names = await client.names()
    count = len(sandbox.requests)
    assert count == 1 + 7
    assert await client.names() == names
    assert len(sandbox.requests) == count
    await client.names(personal=True)
    assert paths(sandbox)[count:] == [USERS]


async def test_nothing_is_read_before_it_is_asked_for(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    await client.costs(start_time=TODAY)
    assert paths(sandbox) == ["/v1/organization/costs"]


# -------------------------------------------------------------- several at a time


async def test_calls_at_the_same_time_share_the_requests(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    mixed = await asyncio.gather(*(client.names(personal=n % 2 == 0) for n in range(10)))
    assert len(sandbox.requests) == len(set(paths(sandbox))) == 1 + 7 + 1
    assert {names.personal for names in mixed} == {True, False}
    assert mixed[0] == mixed[2] != mixed[1] == mixed[3]


async def test_calls_at_the_same_time_share_a_failure(sandbox: Sandbox) -> None:
    sandbox.faults.status(500, times=100)
    async with client_of(sandbox, max_retries=2) as client:
        first, second, *_ = await asyncio.gather(*(client.names() for _ in range(10)))
        assert first == second
        assert [each.kind for each in first.unread] == ["projects"]
        assert len(sandbox.requests) == 3
        await asyncio.gather(*(client.names() for _ in range(10)))
        assert len(sandbox.requests) == 6


async def test_who_gives_up_does_not_spoil_it_for_others(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.stall(1, times=100)
    gone = asyncio.create_task(client.names())
    await asyncio.sleep(0.5)
    waiting = asyncio.create_task(client.names())
    await asyncio.sleep(1)  # the projects are there, the keys are on their way
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    names = await waiting
    assert len(names.known) == 17
    assert paths(sandbox).count(PROJECTS) == 1  # what had been read by then was kept
    assert nothing_is_left()


def nothing_is_left() -> bool:
    """Whether no task runs but this one and those that serve the sandbox's connections."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    return not [task for task in others if "RequestHandler" not in repr(task)]


async def test_a_client_that_is_closed_meanwhile_leaves_nothing(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.stall(10, after=1, times=100)
    reading = asyncio.create_task(client.names())
    await asyncio.sleep(1)
    assert len(sandbox.requests) == 1 + 7
    await client.close()
    with pytest.raises(RuntimeError, match="closed"):
        await reading
    assert nothing_is_left()


async def test_where_one_fails_the_others_are_seen_to_their_end() -> None:
    ended = []

    async def stuck() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(1)
            ended.append("stuck")

    async def failing() -> None:
        await asyncio.sleep(1)
        raise RuntimeError("closed")

    with pytest.raises(RuntimeError, match="closed"):
        await lists.gather([stuck(), failing()])
    assert ended == ["stuck"]


async def test_there_are_never_more_than_some_on_their_way(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(200, body=listed(projects(100)))
    sandbox.faults.stall(1, times=100)
    before = len(asyncio.all_tasks())
    reading = asyncio.create_task(client.names())
    await asyncio.sleep(0.5)
    assert len(sandbox.requests) == 1 + 8
    # Those that read, and those that serve the sandbox's connections.
    assert len(asyncio.all_tasks()) - before < 30
    names = await reading
    assert len(sandbox.requests) == 1 + 100
    assert len(names.known) == len(names.unread) == 100  # the sandbox knows no such projects


# -------------------------------------------------------------------- the people


async def test_people_are_not_asked_for_unless_they_are_wanted(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    with_people = await client.names(personal=True)
    without = await client.names()
    assert USERS in paths(sandbox)
    assert with_people.of("user-nobody").status == "unknown"
    [user] = [id_ for id_, name in with_people.known.items() if name.name == "Jonas Weber"]
    assert with_people.of(user) == Name(
        id=user, name="Jonas Weber", email="jonas@sandbox.example", status="active"
    )
    assert without.of(user) == Name(id=user, status="unread")
    assert len(without.known) == 17
    assert without.unread == ()  # which is nothing to warn of


async def test_nothing_of_people_is_asked_for_or_kept(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    names = await client.names()
    assert {path for path in paths(sandbox) if "users" in path} == set()
    kept = repr([vars(each) for each in holders(client._name_lists) if hasattr(each, "__dict__")])
    assert "notebook" in kept  # Jonas's key
    for personal in ("Jonas", "jonas", "@", "user-"):
        assert personal not in kept + repr(names.known)


async def test_an_answer_that_is_no_list_is_not_quoted(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(200, body='{"data":["jonas at $.data[0]"],"has_more":false}')
    [unread] = (await client.names()).unread
    assert unread.why.endswith("Expected `object`, got `str` at $.data[0]")


def test_a_repr_shows_no_people() -> None:
    jonas = Name(id="user-1", name="Jonas", email="jonas@sandbox.example", status="active")
    names = Names(known={"user-1": jonas}, personal=True)
    assert repr(names) == "<Names of 1 ids, 0 lists unread>"
    assert "onas" not in rich.pretty.pretty_repr(names) + str(names)


# ------------------------------------------------------------- what cannot be read


async def test_without_the_scope_ids_stay_and_usage_is_read(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.scopes.remove("api.management.read")
    names = await client.names(personal=True)
    assert [(each.kind, each.path, each.passing) for each in names.unread] == [
        ("projects", "organization/projects", False),
        ("users", "organization/users", False),
    ]
    assert "organization/projects: the API answered 403" in str(names.unread[0])
    assert "Missing scopes: api.management.read" in names.unread[0].why
    for id_ in ("proj_a", "user-a", "key_a", "svc_acct_a"):
        assert names.of(id_) == Name(id=id_, status="unread")
    assert (await client.costs(start_time=TODAY)).data
    # It is the API's last word.
    count = len(sandbox.requests)
    assert await client.names(personal=True) == names
    assert len(sandbox.requests) == count


async def test_a_scope_for_projects_alone(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    sandbox.faults.status(401, after=1, times=7)
    names = await client.names()
    assert {each.kind for each in names.unread} == {"api_keys"}
    assert {name.status for name in names.known.values()} == {"active", "archived"}
    assert names.of("key_a").status == "unread"
    assert names.of("proj_a").status == "unknown"
    assert names.of("svc_acct_a").status == "unread"


@pytest.mark.parametrize("fault", ["status", "cut_body", "malformed_json"])
async def test_what_failed_in_passing_is_asked_for_again(sandbox: Sandbox, fault: str) -> None:
    arguments = (503,) if fault == "status" else ()
    getattr(sandbox.faults, fault)(*arguments, after=3)
    async with client_of(sandbox, max_retries=0) as client:
        first = await client.names()
        [unread] = first.unread
        assert unread.passing
        assert unread.kind == "api_keys"
        assert len(first.known) < 17
        assert first.of("key_a").status == "unread"
        count = len(sandbox.requests)
        second = await client.names()
        assert paths(sandbox)[count:] == [f"/v1/{unread.path}"]
    assert (len(second.known), second.unread) == (17, ())
    assert second.of("key_a").status == "unknown"


GOES_ON = {"has_more": True}


async def test_where_many_lists_fail_the_rest_is_not_asked_for(sandbox: Sandbox) -> None:
    projects = [{"id": f"proj_{n}", "name": str(n), "status": "active"} for n in range(30)]
    listing = json.dumps({"data": projects, "has_more": False})
    async with client_of(sandbox, max_retries=0) as client:
        sandbox.faults.status(200, body=listing, times=1)
        sandbox.faults.status(500, times=100)
        names = await client.names()
        asked = len(sandbox.requests) - 1
        assert 8 <= asked < 20
        assert len(names.unread) == 30
        assert sum("not asked for, since 8" in str(each) for each in names.unread) == 30 - asked
        assert names.of("proj_3").name == "3"
        await client.names()  # asks for them anew
        assert len(sandbox.requests) - 1 >= 2 * 8


@pytest.mark.parametrize(
    ("bodies", "why"),
    [
        ([listed([], **GOES_ON)], "returned no cursor"),
        ([listed([], **GOES_ON, last_id=None)], "returned no cursor"),
        ([listed(projects(1), **GOES_ON, last_id=" ")], "returned no cursor"),
        ([listed([], **GOES_ON, last_id="proj_1")] * 2, "the same cursor twice"),
        ([listed([], **GOES_ON, last_id=f"proj_{n}") for n in range(5)], "the list does not end"),
        (["<html>"], "malformed"),
        ([listed([{"id": 5}])], r"Expected `str`, got `int` at \$.data\[0\].id"),
        ([listed([{"name": "a"}])], "required field `id`"),
        ([listed([{"id": "../../.."}])], "matching regex"),
        ([listed([{"id": "proj_a/b"}])], "matching regex"),
        ([listed([{"id": "proj_a\n"}])], "matching regex"),
        ([listed([{"id": ""}])], "matching regex"),
        ([listed([], has_more="false")], r"at \$.has_more"),
        (['{"data":[]}'], "required field `has_more`"),
        ([listed(projects(1)).encode().replace(b"Project", b"\xff")], "not valid UTF-8"),
    ],
)
async def test_a_list_is_whole_or_unread(
    client: AsyncUsageClient,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    bodies: list[str | bytes],
    why: str,
) -> None:
    monkeypatch.setattr(lists, "_MOST_PAGES", 5)
    for body in bodies:
        sandbox.faults.status(200, body=body)
    names = await client.names()
    assert names.known == {}
    [unread] = names.unread
    assert re.search(why, unread.why)
    assert len(sandbox.requests) == len(bodies)  # and no keys were asked for
    assert (await client.names()).unread == ()  # what is no list may be one the next time


async def test_more_is_known_than_is_read(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    entry = {"id": "proj_a", "name": None, "status": "dissolved", "mood": [1.5, {"a": None}]}
    sandbox.faults.status(200, body=listed([entry], first_id="proj_a", mood="good"))
    names = await client.names()
    assert names.of("proj_a") == Name(id="proj_a", status="active")


@pytest.mark.parametrize("status", [401, 403, 500])
async def test_why_a_list_is_unread_never_holds_the_key(sandbox: Sandbox, status: int) -> None:
    sandbox.faults.status(status, body=f"not {sandbox.admin_api_key}", times=9)
    async with client_of(sandbox, max_retries=0) as client:
        [unread] = (await client.names()).unread
    assert "not [the admin key]" in unread.why


async def test_an_answer_that_is_too_large_says_so(sandbox: Sandbox) -> None:
    async with client_of(sandbox, max_response_bytes=50) as client:
        [unread] = (await client.names()).unread
    assert unread.why == "the response is not a valid page: it is larger than 50 bytes at $"
    assert unread.hint == ""  # the end of `why` that says what to do: there is none


# ------------------------------------------------------------------- how it is asked


@pytest.mark.parametrize("personal", ["yes", 1, None])
async def test_personal_is_true_or_false(
    client: AsyncUsageClient, sandbox: Sandbox, personal: Any
) -> None:
    with pytest.raises(InvalidQueryError, match="personal takes bool"):
        await client.names(personal=personal)
    assert sandbox.requests == []


async def test_a_closed_client_says_so(client: AsyncUsageClient) -> None:
    await client.close()
    with pytest.raises(RuntimeError, match="closed; make a new one"):
        await client.names(personal=True)
    with pytest.raises(RuntimeError, match="closed; make a new one"):
        await client.names()


# -------------------------------------------------------------------- as values


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (Name(id="proj_a", name="Marketing", status="active"), "Marketing"),
        (Name(id="proj_a", name="Marketing", status="archived"), "Marketing (archived)"),
        (Name(id="proj_a", status="active"), "proj_a"),
        (Name(id="proj_a", status="unknown"), "proj_a (unknown)"),
        (Name(id="proj_a", status="unread"), "proj_a (unread)"),
        (Name(id="user-a", name="Jo", email="jo@b.example", status="active"), "Jo"),
        (Name(id="user-a", email="jo@b.example", status="active"), "jo@b.example"),
        (Name(id=None, status="none"), "(none)"),
    ],
)
def test_what_people_are_shown(name: Name, text: str) -> None:
    assert str(name) == text


UNREAD = UnreadList(kind="users", path="organization/users", why="it is Sunday", passing=True)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (Names(known={}, personal=True), ["unknown"] * 4),
        (Names(known={}), ["unknown", "unread", "unknown", "unread"]),
        (Names(known={}, unread=(UNREAD,), personal=True), ["unknown", "unread"] * 2),
    ],
)
def test_an_id_is_unknown_only_where_its_list_was_read(names: Names, expected: list[str]) -> None:
    ids = ["proj_a", "user-a", "key_a", "no kind that is known"]
    assert [names.of(id_).status for id_ in ids] == expected


@given(st.none() | st.text())
def test_whatever_the_id_there_is_a_name(id_: str | None) -> None:
    name = Names(known={}).of(id_)
    assert (name.id, name.name, name.email) == (id_, None, None)
    assert (id_ or "").lstrip() in str(name)
    assert (name.status == "none") is (not id_)


def test_names_travel(usage_sandbox: Sandbox) -> None:
    async def read() -> Names:
        async with client_of(usage_sandbox) as client:
            return await client.names()

    names = asyncio.run(read())
    assert names.of("key_a").status == "unknown"
    copied = pickle.loads(pickle.dumps(names))
    assert copied == names
    assert copied.of("key_a").status == "unknown"
    assert pickle.loads(pickle.dumps(UNREAD)) == UNREAD
