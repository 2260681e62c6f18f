"""Names in a service that lives long: which lists are read, when anew, and what stays meanwhile."""

import asyncio
import pickle
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from openai_usage import (
    Amount,
    AsyncUsageClient,
    CostsResult,
    InvalidQueryError,
    Name,
    Names,
    UnreadList,
    UsageClient,
)
from openai_usage.names import WorkKind
from openai_usage.sandbox import Sandbox
from openai_usage.sandbox.faults import Answer
from tests.conftest import DAY, TODAY, client_of
from tests.support.name_requests import PROJECTS, USERS, listed, paths, projects

KEPT = 600
"""Seconds that a list is kept."""


class Lists:
    """What a server has in its lists, by path; all else the sandbox answers."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.entries: dict[str, Iterable[dict[str, Any]]] = {PROJECTS: projects(2)}
        self.status = 200
        sandbox.faults._add(self.effect, 10_000, 0)

    async def effect(self, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        if request.path not in self.entries and not request.path.startswith(PROJECTS):
            return await answer()
        if self.status != 200:
            return web.Response(status=self.status, body='{"error":{"message":"No."}}')
        return web.Response(body=listed(self.entries.get(request.path, [])))

    def keys(self, project: str, *ids: str) -> None:
        """Say which API keys a project has."""
        entries = [{"id": id_, "name": id_.upper()} for id_ in ids]
        self.entries[f"{PROJECTS}/{project}/api_keys"] = entries


@pytest.fixture
def lists(sandbox: Sandbox) -> Lists:
    return Lists(sandbox)


# ---------------------------------------------------------------- only what is needed


@pytest.mark.parametrize(
    ("kinds", "personal", "read", "statuses"),
    [
        ([], False, {}, ("unread", "unread", "unread")),
        ([], True, {USERS: 1}, ("unread", "unread", "unknown")),
        (["projects"], False, {PROJECTS: 1}, ("unknown", "unread", "unread")),
        ({"projects"}, True, {PROJECTS: 1, USERS: 1}, ("unknown", "unread", "unknown")),
        (("api_keys",), False, {PROJECTS: 1, "keys": 7}, ("unknown", "unknown", "unread")),
        (["projects", "api_keys"], False, {PROJECTS: 1, "keys": 7}, ("unknown",) * 2 + ("unread",)),
    ],
)
async def test_only_what_is_asked_for_is_read(
    client: AsyncUsageClient,
    sandbox: Sandbox,
    kinds: Any,
    personal: bool,
    read: dict[str, int],
    statuses: tuple[str, ...],
) -> None:
    names = await client.names(kinds=kinds, personal=personal)
    found = ("keys" if path.endswith("/api_keys") else path for path in paths(sandbox))
    assert Counter(found) == read
    # What was not asked for is not known to be missing.
    assert tuple(names.of(id_).status for id_ in ("proj_x", "key_x", "user-x")) == statuses
    assert names.unread == ()
    assert pickle.loads(pickle.dumps(names)) == names


async def test_what_was_read_for_others_is_not_in_names_that_did_not_ask(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    everything = await client.names(personal=True)
    count = len(sandbox.requests)
    of_projects = await client.names(kinds=["projects"])
    assert len(sandbox.requests) == count
    assert {name.id for name in everything.known.values()} > of_projects.known.keys()
    assert {id_[:5] for id_ in of_projects.known} == {"proj_"}


async def test_keys_of_some_projects(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    everything = await client.names()
    project = next(id_ for id_, name in everything.known.items() if name.name == "Research")
    async with client_of(sandbox) as other:
        count = len(sandbox.requests)
        names = await other.names(project_ids=[project, "proj_unheard_of", "../.."])
        assert paths(sandbox)[count:] == [PROJECTS, f"{PROJECTS}/{project}/api_keys"]
        assert {str(name) for id_, name in names.known.items() if id_.startswith("key_")} == {
            "notebook"
        }
        assert sum(id_.startswith("proj_") for id_ in names.known) == 7
        count = len(sandbox.requests)
        assert (await other.names(project_ids=())).known.keys() < names.known.keys()
        assert len(sandbox.requests) == count
        assert await other.names() == everything
        assert len(sandbox.requests) == count + 6  # the keys of the other projects


@pytest.mark.real_clock
def test_programs_that_block_ask_for_less_too(usage_sandbox: Sandbox) -> None:
    key, url = usage_sandbox.admin_api_key, usage_sandbox.base_url
    with UsageClient(key, base_url=url) as client:
        names = client.names(kinds=["projects"])
        assert paths(usage_sandbox) == [PROJECTS]
        project = next(iter(names.known))
        client.names(kinds=["api_keys"], project_ids={project})
        assert paths(usage_sandbox) == [PROJECTS, f"{PROJECTS}/{project}/api_keys"]
        with pytest.raises(InvalidQueryError, match="Did you mean 'projects'"):
            client.names(kinds=["project"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"kinds": "projects"}, r"kinds takes a list, not 'projects'"),
        ({"kinds": ["users"]}, "kinds takes 'projects' or 'api_keys', not 'users'"),
        ({"kinds": None}, "kinds takes a list, not None"),
        ({"project_ids": "proj_a"}, "project_ids takes a list, not 'proj_a'"),
        ({"project_ids": [5]}, "project_ids takes str, not 5"),
    ],
)
async def test_what_cannot_be_asked_for_is_refused(
    client: AsyncUsageClient, sandbox: Sandbox, arguments: Any, says: str
) -> None:
    with pytest.raises(InvalidQueryError, match=says):
        await client.names(**arguments)
    assert sandbox.requests == []


# ---------------------------------------------------------------- read anew


async def test_a_new_project_and_a_new_key_are_learnt_of(
    client: AsyncUsageClient, sandbox: Sandbox, lists: Lists
) -> None:
    lists.keys("proj_0", "key_a")
    names = await client.names()
    assert str(names.of("proj_0")) == "Project 0"
    assert [names.of(id_).status for id_ in ("proj_2", "key_b")] == ["unknown"] * 2
    lists.entries[PROJECTS] = [{"id": "proj_0", "name": "Renamed"}, *projects(3)[1:]]
    lists.keys("proj_0", "key_b")
    lists.keys("proj_2", "key_c")
    # However often it is asked for, it is not read again within these minutes.
    count = len(sandbox.requests)
    for _ in range(9):
        await asyncio.sleep((KEPT - 1) / 9)
        assert await client.names() == names
    assert len(sandbox.requests) == count
    await asyncio.sleep(1)
    later = await client.names()
    assert len(sandbox.requests) == count + 1 + 3
    assert {id_: str(later.of(id_)) for id_ in ("proj_0", "proj_2", "key_b", "key_c")} == {
        "proj_0": "Renamed",
        "proj_2": "Project 2",
        "key_b": "KEY_B",
        "key_c": "KEY_C",
    }
    assert later.of("key_a").status == "unknown"  # it was deleted
    assert names.of("proj_2").status == "unknown"  # which was true then
    assert await client.names() == later
    assert len(sandbox.requests) == count + 1 + 3


async def test_people_are_read_anew_too(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    await client.names(kinds=[], personal=True)
    sandbox.faults.status(200, body=listed([{"id": "user-new", "name": "New"}]), after=0)
    await asyncio.sleep(KEPT)
    names = await client.names(kinds=[], personal=True)
    assert names.known == {"user-new": Name(id="user-new", name="New", status="active")}
    assert paths(sandbox) == [USERS] * 2


async def test_several_calls_read_anew_together(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    await client.names()
    await asyncio.sleep(KEPT)
    count = len(sandbox.requests)
    some: list[list[WorkKind]] = [["projects"], ["projects", "api_keys"], ["api_keys"]]
    await asyncio.gather(*(client.names(kinds=kinds) for kinds in some * 3))
    assert len(set(paths(sandbox)[count:])) == len(sandbox.requests) - count == 1 + 7


async def test_calls_for_other_projects_read_what_is_theirs(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    known = (await client.names(kinds=["projects"])).known
    first, second, *_ = known
    one, other, both = await asyncio.gather(
        *(client.names(project_ids=ids) for ids in ([first], [second], [first, second]))
    )
    assert len(sandbox.requests) == 1 + 2
    assert {**one.known, **other.known} == both.known
    assert one.known != other.known


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_names_stay_where_their_list_cannot_be_read_anew(
    sandbox: Sandbox, lists: Lists, status: int
) -> None:
    lists.keys("proj_1", "key_a")
    async with client_of(sandbox, max_retries=0) as client:
        names = await client.names()
        await asyncio.sleep(KEPT)
        lists.status = status
        later = await client.names()
        assert later.known == names.known
        assert [each.kind for each in later.unread] == ["projects", "api_keys", "api_keys"]
        # They are as they were, and what is not among them may be new.
        assert str(later.of("proj_0")) == "Project 0"
        assert {later.of(id_).status for id_ in ("proj_2", "key_b")} == {"unread"}
        lists.status = 200
        count = len(sandbox.requests)
        # What fails in passing is asked for at the next call, and what is refused in due time.
        again = await client.names()
        assert len(sandbox.requests) - count == (3 if status == 500 else 0)
        await asyncio.sleep(KEPT)
        assert (await client.names()).unread == ()
        assert again.known == names.known


async def test_a_scope_that_is_granted_is_noticed(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.scopes.remove("api.management.read")
    assert (await client.names()).known == {}
    sandbox.scopes.add("api.management.read")
    assert (await client.names()).known == {}
    assert len(sandbox.requests) == 1
    await asyncio.sleep(KEPT)
    assert len((await client.names()).known) == 17


async def test_keys_of_a_project_that_is_gone_are_not_read(
    client: AsyncUsageClient, sandbox: Sandbox, lists: Lists
) -> None:
    lists.keys("proj_1", "key_a")
    assert "key_a" in (await client.names()).known
    lists.entries[PROJECTS] = projects(1)
    await asyncio.sleep(KEPT)
    count = len(sandbox.requests)
    names = await client.names()
    assert paths(sandbox)[count:] == [PROJECTS, f"{PROJECTS}/proj_0/api_keys"]
    assert names.known.keys() == {"proj_0"}


# ---------------------------------------------------------------- what results say themselves


async def test_results_of_costs_name_projects(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    known = (await client.names(kinds=["projects"])).known
    sandbox.scopes.remove("api.management.read")
    async with client_of(sandbox) as other:
        names = await other.names(kinds=["projects"])
        bill = other.costs(start_time=TODAY - DAY, end_time=TODAY, group_by=["project_id"])
        [bucket] = await bill.collect()
    named = names.with_names_from(bucket.results)
    assert named.unread == names.unread
    ids = [result.project_id for result in bucket.results]
    assert [str(named.of(id_)) for id_ in ids] == [known[str(id_)].name for id_ in ids]
    assert {named.of(id_).status for id_ in ids} == {"unread"}
    assert {names.of(id_).name for id_ in ids} == {None}
    assert named.with_names_from(bucket.results) is named


def named(id_: str | None, name: str | None) -> CostsResult:
    return CostsResult(
        project_id=id_, project_name=name, amount=Amount(value=Decimal(1), currency="usd")
    )


def test_the_list_comes_first() -> None:
    listed = {
        "proj_a": Name(id="proj_a", name="A", status="archived"),
        "proj_b": Name(id="proj_b", status="active"),
    }
    names = Names(known=listed).with_names_from(
        [
            named("proj_a", "other"),
            named("proj_b", "B"),
            named("proj_c", ""),
            named("proj_d", None),
            named("proj_e", "E"),
            named(None, "nobody"),
            named("", "nobody"),
            object(),
        ]
    )
    assert [str(names.of(id_)) for id_ in ("proj_a", "proj_b", "proj_c", "proj_d", "proj_e")] == [
        "A (archived)",
        "B",
        "proj_c (unknown)",
        "proj_d (unknown)",
        "E",
    ]
    assert names.of("proj_b").status == "active"
    assert names.of("proj_e").status == "unknown"
    assert names.of(None).status == names.of("").status == "none"


def test_an_archived_project_stays_marked() -> None:
    names = Names(known={"proj_a": Name(id="proj_a", status="archived")})
    assert str(names.with_names_from([named("proj_a", "A")]).of("proj_a")) == "A (archived)"


def test_kinds_that_were_not_asked_for_are_not_unknown() -> None:
    refused = UnreadList(kind="projects", path="p", why="w", passing=False)
    for names, statuses in (
        (Names(known={}, kinds=("projects",)), ["unknown", "unread"]),
        (Names(known={}, kinds=()), ["unread", "unread"]),
        (Names(known={}, unread=(refused,)), ["unread", "unread"]),
    ):
        assert [names.of(id_).status for id_ in ("proj_a", "key_a")] == statuses
