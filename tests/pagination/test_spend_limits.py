"""The limits of spending: what is read, what is none, and what is unread."""

import asyncio
import json
import pickle
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import openai
import pytest
import rich.pretty
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from openai.types.admin.organization import OrganizationSpendAlert, OrganizationSpendLimit

from openai_usage import (
    Amount,
    AsyncUsageClient,
    InvalidQueryError,
    Limits,
    SpendAlert,
    SpendLimit,
    SpendLimits,
    UnreadLimit,
    UsageClient,
)
from openai_usage._pagination import lists, spend_limits
from openai_usage.sandbox import Sandbox
from openai_usage.sandbox.api_errors import ApiError
from openai_usage.sandbox.faults import Answer
from tests.conftest import NOW, TODAY, client_of
from tests.support.leaks import KEY, of_ours, printed
from tests.support.name_requests import PROJECTS, listed, paths
from tests.support.raw_server import raw_server

PLAIN = "gateway-s3cr3t-0123456789"
"""A key that looks like no key, as gateways hand out."""

LIMIT = "organization/spend_limit"
ALERTS = "organization/spend_alerts"


def a_limit(**changes: Any) -> str:
    """A hard limit as the API words it; a change to `...` leaves a field out."""
    fields = {
        "object": "organization.spend_limit",
        "currency": "USD",
        "interval": "month",
        "threshold_amount": 1_500_000,
        "enforcement": {"status": "enforcing"},
        **changes,
    }
    return json.dumps({name: value for name, value in fields.items() if value is not ...})


def an_alert(**changes: Any) -> dict[str, Any]:
    fields = {
        "id": "alert_1",
        "object": "organization.spend_alert",
        "currency": "USD",
        "interval": "month",
        "threshold_amount": 1_200_050,
        "notification_channel": {"type": "email", "recipients": ["zoe@example.org"]},
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not ...}


def usd(value: str) -> Amount:
    return Amount(value=Decimal(value), currency="usd")


class Wire:
    """What a server answers by path, a status and a body each; all else the sandbox answers."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.answers: dict[str, tuple[int, str | bytes]] = {}
        self.pages: dict[str, Iterator[str]] = {}
        sandbox.faults._add(self.effect, 10_000, 0)

    async def effect(self, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        path = request.path.removeprefix("/v1/")
        if path in self.pages:
            return web.Response(body=next(self.pages[path]))
        if path not in self.answers:
            return await answer()
        status, body = self.answers[path]
        return web.Response(status=status, body=body)


@pytest.fixture
def wire(sandbox: Sandbox) -> Wire:
    return Wire(sandbox)


# ------------------------------------------------------------------ what is read


async def test_the_organization_and_its_active_projects(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    limits = await client.limits()
    names = await client.names(kinds=["projects"])
    own = limits.organization
    assert own.limit is not None
    assert own.limit.amount.currency == "usd"
    assert [alert.amount.value < own.limit.amount.value for alert in own.alerts] == [True] * 3
    by_name = {str(names.of(id_)): each for id_, each in limits.projects.items()}
    active = [str(name) for name in names.known.values() if name.status == "active"]
    assert list(by_name) == active
    assert "Pilot (archived)" in map(str, names.known.values())
    assert {name for name, each in by_name.items() if each.limit} == {
        "Support Assistant",
        "Voice Notes",
    }
    assert {name for name, each in by_name.items() if each.alerts} == {
        "Support Assistant",
        "Research",
    }
    assert by_name["Document Search"] == SpendLimits()
    assert limits.unread == ()
    assert len(sandbox.requests) == 1 + 2 * (1 + len(active))


async def test_cents_become_dollars(client: AsyncUsageClient, wire: Wire) -> None:
    wire.answers[LIMIT] = 200, a_limit()
    wire.answers[ALERTS] = 200, listed([an_alert(), an_alert(id="alert_2", threshold_amount=5)])
    limits = await client.limits(project_ids=())
    assert limits == Limits(
        organization=SpendLimits(
            limit=SpendLimit(amount=usd("15000"), interval="month", enforcement="enforcing"),
            alerts=(
                SpendAlert(id="alert_1", amount=usd("12000.5"), interval="month"),
                SpendAlert(id="alert_2", amount=usd("0.05"), interval="month"),
            ),
        ),
        projects={},
    )
    assert limits.organization.limit is not None
    assert str(limits.organization.limit.amount.value) == "15000.00"


@given(cents=st.integers(0, 2**63 - 1), form=st.sampled_from(["%d", "%d.0", '"%d"', "%d.00e0"]))
async def test_every_cent_counts(sandbox: Sandbox, cents: int, form: str) -> None:
    body = a_limit(threshold_amount=0).replace(": 0", f": {form % cents}")
    sandbox.faults.clear()
    Wire(sandbox).answers[LIMIT] = 200, body
    async with client_of(sandbox) as client:
        limit = (await client.limits(project_ids=())).organization.limit
    assert limit is not None
    assert limit.amount.value * 100 == cents


async def test_newer_words_are_kept_and_no_other_interval_is_a_month(
    client: AsyncUsageClient, wire: Wire
) -> None:
    later = {"status": "paused_until", "until": 5}
    wire.answers[LIMIT] = 200, a_limit(interval="week", enforcement=later, currency="usd", more=[])
    wire.answers[ALERTS] = 200, listed([an_alert(), an_alert(id="alert_2", interval="quarter")])
    own = (await client.limits(project_ids=())).organization
    assert own.limit is not None
    assert own.limit == SpendLimit(amount=usd("15000"), interval="week", enforcement="paused_until")
    assert [each.monthly for each in (own.limit, *own.alerts)] == [None, usd("12000.5"), None]


async def test_nothing_of_people_is_kept(client: AsyncUsageClient, wire: Wire) -> None:
    wire.answers[ALERTS] = 200, listed([an_alert()])
    limits = await client.limits()
    assert "example" not in repr((limits.organization, limits.projects))


@pytest.mark.real_clock  # its HTTP library looks up addresses in a thread
async def test_the_official_sdk_reads_the_same_limits() -> None:
    def ours(owner: SpendLimits) -> tuple[Sequence[object], ...]:
        limits = [owner.limit] if owner.limit else []
        return (
            [(each.amount.value * 100, each.interval, each.enforcement) for each in limits],
            [(each.id, each.amount.value * 100, each.interval) for each in owner.alerts],
        )

    async def theirs(resource: Any, *args: str) -> tuple[Sequence[object], ...]:
        try:
            limit = await resource.spend_limit.retrieve(*args)
        except openai.NotFoundError:
            limits = []
        else:
            limits = [(limit.threshold_amount, limit.interval, limit.enforcement.status)]
        alerts = [
            (each.id, each.threshold_amount, each.interval)
            async for each in resource.spend_alerts.list(*args)
        ]
        return limits, alerts

    async with (
        Sandbox(seed=7, now=NOW, page_caps={"spend_alerts": 2}) as sandbox,
        client_of(sandbox) as client,
        openai.AsyncOpenAI(
            api_key="unused", admin_api_key=sandbox.admin_api_key, base_url=sandbox.base_url
        ) as other,
    ):
        limits = await client.limits()
        organization = other.admin.organization
        assert ours(limits.organization) == await theirs(organization)
        for id_, each in limits.projects.items():
            assert ours(each) == await theirs(organization.projects, id_)


@pytest.mark.parametrize(
    ("entry", "official"),
    [
        (spend_limits._Limit, OrganizationSpendLimit),
        (spend_limits._Alert, OrganizationSpendAlert),
    ],
)
def test_what_is_read_is_in_the_official_types(entry: Any, official: Any) -> None:
    for field in msgspec.structs.fields(entry):
        assert official.model_fields[field.name].is_required()


# ------------------------------------------------------------------ what is asked


async def test_only_some_projects(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    limits = await client.limits(project_ids=["proj_b", "proj_a", "proj_b"])
    assert list(limits.projects) == ["proj_b", "proj_a"]
    expected = {f"/v1/{LIMIT}", f"/v1/{ALERTS}"}
    for id_ in ("proj_a", "proj_b"):
        expected |= {f"{PROJECTS}/{id_}/spend_limit", f"{PROJECTS}/{id_}/spend_alerts"}
    assert sorted(paths(sandbox)) == sorted(expected)


async def test_only_the_organization(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    assert (await client.limits(project_ids=())).projects == {}
    assert sorted(paths(sandbox)) == [f"/v1/{ALERTS}", f"/v1/{LIMIT}"]
    assert {request.query for request in sandbox.requests} == {()}


async def test_each_call_reads_them_again(
    client: AsyncUsageClient, sandbox: Sandbox, wire: Wire
) -> None:
    first = await client.limits()
    count = len(sandbox.requests)
    wire.answers[LIMIT] = 200, a_limit()
    second = await client.limits()
    assert len(sandbox.requests) == count + count - 1  # the list of projects was kept
    assert second.organization.limit != first.organization.limit
    assert second.projects == first.projects


@pytest.mark.parametrize(
    ("project_ids", "says"),
    [
        ("proj_a", r"^project_ids takes a list, not 'proj_a'. Pass \['proj_a'\].$"),
        ([5], "^project_ids takes str, not 5.$"),
        ([" "], "^project_ids takes text that is not blank, not ' '.$"),
        (["proj_a", "../x"], "^project_ids takes ids of letters, digits, - and _, not '../x'.$"),
        (["proj_a\n"], "not 'proj_a"),
        ([KEY], "not an API key"),
        (KEY, "takes a list"),
    ],
)
async def test_what_cannot_be_asked_for_is_refused(
    client: AsyncUsageClient, sandbox: Sandbox, project_ids: Any, says: str
) -> None:
    blocking = UsageClient(sandbox.admin_api_key, base_url=sandbox.base_url)
    with pytest.raises(InvalidQueryError, match=says) as caught:
        await client.limits(project_ids=project_ids)
    assert caught.value.param == "project_ids"
    assert "s3cr3t" not in printed(of_ours(caught.value))
    with blocking, pytest.raises(InvalidQueryError, match=says) as caught:
        blocking.limits(project_ids=project_ids)
    assert "s3cr3t" not in printed(of_ours(caught.value))
    assert sandbox.requests == []


@pytest.mark.parametrize("param", ["personal", "kinds", "project_ids"])
async def test_names_do_not_show_a_key_either(sandbox: Sandbox, param: str) -> None:
    arguments: Any = {param: [KEY]}
    async with client_of(sandbox) as client:
        with pytest.raises(InvalidQueryError) as caught:
            await client.names(**arguments)
    assert "s3cr3t" not in printed(of_ours(caught.value))
    other = UsageClient(sandbox.admin_api_key, base_url=sandbox.base_url)
    with other, pytest.raises(InvalidQueryError) as caught:
        other.names(**arguments)
    assert "s3cr3t" not in printed(of_ours(caught.value))
    assert sandbox.requests == []


async def test_a_key_that_looks_like_none_is_not_sent(sandbox: Sandbox) -> None:
    async with AsyncUsageClient(PLAIN, base_url=sandbox.base_url) as client:
        with pytest.raises(InvalidQueryError, match="not the admin key") as caught:
            await client.limits(project_ids=["proj_a", PLAIN])
    assert "s3cr3t" not in printed(of_ours(caught.value))
    assert sandbox.requests == []


async def test_there_are_never_more_than_some_on_their_way(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.stall(1, times=1_000)
    reading = asyncio.create_task(client.limits(project_ids=[f"proj_{n}" for n in range(50)]))
    await asyncio.sleep(0.5)
    assert len(sandbox.requests) == 8
    assert len((await reading).projects) == 50
    assert len(sandbox.requests) == 102


async def test_a_closed_client_says_so(client: AsyncUsageClient) -> None:
    await client.close()
    for project_ids in (None, ()):
        with pytest.raises(RuntimeError, match="closed; make a new one"):
            await client.limits(project_ids=project_ids)


# ------------------------------------------------------------------ what is none


async def test_a_404_of_the_api_is_none(client: AsyncUsageClient, wire: Wire) -> None:
    wire.answers[LIMIT] = 404, '{"error":{"message":"Not found.","code":"not_found"}}'
    wire.answers[ALERTS] = 404, '{"error":{"message":"Not found."}}'
    limits = await client.limits(project_ids=())
    assert limits == Limits(organization=SpendLimits(), projects={})


@pytest.mark.parametrize(
    "body", ["<html>Not found</html>", "", '{"error":"x"}', '{"detail":"x"}', '{"x":' + 1900 * "["]
)
async def test_a_404_of_a_proxy_is_unread(client: AsyncUsageClient, wire: Wire, body: str) -> None:
    wire.answers[LIMIT] = 404, body
    [unread] = (await client.limits(project_ids=())).unread
    assert (unread.kind, unread.status_code, unread.passing) == ("spend_limit", 404, False)
    assert unread.hint.startswith("Check base_url")


# ------------------------------------------------------------------ what is unread


async def test_without_the_scope(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    sandbox.scopes.remove("api.management.read")
    limits = await client.limits()
    assert (limits.organization, limits.projects) == (SpendLimits(), {})
    assert [
        (each.kind, each.project_id, each.path, each.status_code) for each in limits.unread
    ] == [
        ("projects", None, "organization/projects", 403),
        ("spend_limit", None, LIMIT, 403),
        ("spend_alerts", None, ALERTS, 403),
    ]
    for each in limits.unread:
        assert "Missing scopes: api.management.read." in each.why
        assert each.why.endswith(each.hint)
        assert "admin-keys" in each.hint
        assert str(each) == f"{each.path}: {each.why}"
        assert (each.project_id, each.passing) == (None, False)
    assert (await client.costs(start_time=TODAY)).data
    assert len((await client.limits(project_ids=["proj_a"])).unread) == 4


async def test_a_wrong_key_is_unread_as_with_names(sandbox: Sandbox) -> None:
    async with AsyncUsageClient("sk-admin-other", base_url=sandbox.base_url) as client:
        limits = await client.limits()
        names = await client.names()
    assert {each.status_code for each in (*limits.unread, *names.unread)} == {401}
    assert limits.unread[0].why == names.unread[0].why


async def test_a_scope_for_projects_alone(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    sandbox.faults.status(403, after=1, times=100)
    limits = await client.limits()
    assert set(limits.projects.values()) == {SpendLimits()}
    owners = {(each.kind, each.project_id) for each in limits.unread}
    assert len(owners) == len(limits.unread) == 2 + 2 * len(limits.projects)
    # In the order in which they are asked for, whichever answers first.
    assert [each.project_id for each in limits.unread][::2] == [None, *limits.projects]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (a_limit(threshold_amount=-1), r"Expected `int` >= 0 at \$.threshold_amount"),
        (a_limit(threshold_amount=10.5), r"Expected `int`, got `.*` at \$.threshold_amount"),
        (a_limit(threshold_amount="10.5"), r"Expected `int`, got `str` at \$.threshold_amount"),
        (a_limit(threshold_amount="$5"), r"Expected `int`, got `str` at \$.threshold_amount"),
        (a_limit(threshold_amount=True), r"Expected `int`, got `bool` at \$.threshold_amount"),
        (a_limit(threshold_amount=None), r"Expected `int`, got `null` at \$.threshold_amount"),
        (a_limit(threshold_amount=2**63), "Expected `int` <= 9223372036854775807"),
        (a_limit(threshold_amount=...), r"missing required field `threshold_amount` at \$"),
        (a_limit(currency="EUR"), r"matching regex .* at \$.currency"),
        (a_limit(currency="usdt"), r"matching regex .* at \$.currency"),
        (a_limit(currency=...), "missing required field `currency`"),
        (a_limit(interval=...), "missing required field `interval`"),
        (a_limit(interval=""), r"matching regex .* at \$.interval"),
        (a_limit(interval="a month"), r"matching regex .* at \$.interval"),
        (a_limit(interval="month" * 20), r"matching regex .* at \$.interval"),
        (a_limit(interval=None), r"Expected `str`, got `null` at \$.interval"),
        (a_limit(enforcement=...), "missing required field `enforcement`"),
        (a_limit(enforcement="enforcing"), r"Expected `object`, got `str` at \$.enforcement"),
        (a_limit(enforcement={}), r"missing required field `status` at \$.enforcement"),
        (f'{{"threshold_amount":1,{a_limit()[1:]}', r"contains a field twice at \$"),
        (f"[{a_limit()}]", r"Expected `object`, got `array` at \$"),
        ("<html>", r"JSON is malformed"),
        ("", r"truncated"),
        ("[" * 200_000, "nested too deeply"),
        (a_limit().encode().replace(b"month", b"\xff"), "not valid UTF-8"),
    ],
)
async def test_a_limit_is_whole_or_unread(
    client: AsyncUsageClient, wire: Wire, body: str | bytes, why: str
) -> None:
    wire.answers[LIMIT] = 200, body
    limits = await client.limits(project_ids=())
    assert limits.organization.limit is None
    assert len(limits.organization.alerts) == 3
    [unread] = limits.unread
    assert unread.path == LIMIT
    assert (unread.status_code, unread.passing, unread.hint) == (None, True, "")
    assert re.search(why, unread.why)


@pytest.mark.parametrize(
    "alert",
    [
        an_alert(id=...),
        an_alert(id=7),
        an_alert(threshold_amount=-5),
        an_alert(threshold_amount=...),
        an_alert(currency="JPY"),
        an_alert(interval=None),
    ],
)
async def test_a_list_of_alerts_is_whole_or_unread(
    client: AsyncUsageClient, wire: Wire, alert: dict[str, Any]
) -> None:
    wire.answers[ALERTS] = 200, listed([an_alert(), alert])
    limits = await client.limits(project_ids=())
    assert limits.organization.limit is not None
    assert limits.organization.alerts == ()
    [unread] = limits.unread
    assert (unread.kind, unread.path) == ("spend_alerts", ALERTS)
    assert "$.data[1]" in unread.why
    assert "zoe" not in repr(unread)  # whom an alert notifies is not quoted


async def test_pages_of_alerts(sandbox: Sandbox, client: AsyncUsageClient) -> None:
    expected = await client.limits()
    async with (
        Sandbox(seed=7, now=NOW, page_caps={"spend_alerts": 1}) as small,
        client_of(small) as other,
    ):
        assert await other.limits() == expected
        assert paths(small).count(f"/v1/{ALERTS}") == 3
        cursors = [dict(each.query) for each in small.requests if each.path == f"/v1/{ALERTS}"]
    ids = [alert.id for alert in expected.organization.alerts]
    assert cursors == [{}, {"after": ids[0]}, {"after": ids[1]}]


async def test_a_404_after_the_first_page_is_not_none() -> None:
    async with Sandbox(seed=7, now=NOW, page_caps={"spend_alerts": 1}) as small:
        small.faults._add(not_found, 9, 0, needs="after")
        async with client_of(small) as client:
            limits = await client.limits(project_ids=())
    assert limits.organization.alerts == ()
    [unread] = limits.unread
    assert (unread.kind, unread.why) == (
        "spend_alerts",
        "the API did not find a page of its own list.",
    )


async def not_found(_: web.BaseRequest, __: Answer) -> web.StreamResponse:
    return ApiError.no_limit().response()


async def test_an_alert_on_two_pages_is_one(client: AsyncUsageClient, wire: Wire) -> None:
    first = listed([an_alert()], has_more=True, last_id="alert_1")
    wire.pages[ALERTS] = iter([first, listed([an_alert(), an_alert(id="alert_2")])])
    alerts = (await client.limits(project_ids=())).organization.alerts
    assert [alert.id for alert in alerts] == ["alert_1", "alert_2"]


@pytest.mark.parametrize(
    ("last_ids", "why"),
    [
        (["alert_1", "alert_1"], "the same cursor twice"),
        ([None], "returned no cursor"),
        ([f"alert_{n}" for n in range(5)], "the list does not end: 5 pages were read"),
    ],
)
async def test_a_list_without_end_is_unread(
    client: AsyncUsageClient,
    wire: Wire,
    monkeypatch: pytest.MonkeyPatch,
    last_ids: list[str | None],
    why: str,
) -> None:
    monkeypatch.setattr(lists, "_MOST_PAGES", 5)
    wire.pages[ALERTS] = iter(
        listed([an_alert()], has_more=True, last_id=last_id) for last_id in last_ids
    )
    limits = await client.limits(project_ids=())
    assert limits.organization.alerts == ()
    [unread] = limits.unread
    assert why in unread.why
    assert list(wire.pages[ALERTS]) == []


@pytest.mark.parametrize("key", [KEY, PLAIN, "plainkeyofagateway123"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (LIMIT, a_limit(interval="%s")),
        (LIMIT, a_limit(enforcement={"status": "%s"})),
        (ALERTS, listed([an_alert(interval="%s")])),
        (ALERTS, listed([an_alert(id="%s")])),
        (ALERTS, listed([], has_more=True, last_id="%s")),
    ],
)
async def test_a_key_in_the_place_of_a_word_is_not_shown(
    sandbox: Sandbox, wire: Wire, key: str, path: str, body: str
) -> None:
    wire.answers = {LIMIT: (200, a_limit()), ALERTS: (200, listed([])), path: (200, body % key)}
    async with AsyncUsageClient(key, base_url=sandbox.base_url) as client:
        limits = await client.limits(project_ids=())
    [unread] = limits.unread
    assert unread.path == path
    assert key not in f"{unread} {unread!r} {limits.organization}"
    assert len(sandbox.requests) == 2


async def test_a_project_whose_id_is_no_part_of_a_path_is_not_asked_for(
    client: AsyncUsageClient, wire: Wire, sandbox: Sandbox
) -> None:
    wire.answers["organization/projects"] = 200, listed([{"id": "../../costs", "name": "A"}])
    limits = await client.limits()
    assert limits.projects == {}
    [unread] = limits.unread
    assert (unread.kind, unread.passing) == ("projects", True)
    assert len(sandbox.requests) == 3


async def test_projects_of_before_are_read_where_their_list_fails(
    client: AsyncUsageClient, wire: Wire
) -> None:
    before = await client.limits()
    await asyncio.sleep(600)
    wire.answers["organization/projects"] = 403, "{}"
    after = await client.limits()
    assert after.projects == before.projects
    assert [each.kind for each in after.unread] == ["projects"]


# ------------------------------------------------------------------ what fails in passing


async def test_no_connection_is_unread() -> None:
    async with raw_server(b"") as url, AsyncUsageClient(KEY, base_url=url, max_retries=0) as client:
        limits = await client.limits()
    assert [each.kind for each in limits.unread] == ["projects", "spend_limit", "spend_alerts"]
    assert all(each.passing and each.status_code is None for each in limits.unread)
    assert limits.unread[1].why.startswith("no complete answer from 127.0.0.1: ")


async def test_what_is_no_answer_at_all_is_unread() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\nConnection: close\r\n\r\n"
    async with (
        raw_server(head + a_limit().encode()) as url,
        AsyncUsageClient(KEY, base_url=url, max_retries=1) as client,
    ):
        limits = await client.limits(project_ids=())
    assert limits.organization == SpendLimits()
    assert [each.passing for each in limits.unread] == [True, True]


async def test_a_request_is_tried_again(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    sandbox.faults.status(503, times=3)
    assert (await client.limits(project_ids=())).unread == ()
    assert len(sandbox.requests) == 2 + 3


async def test_where_many_fail_the_rest_is_not_asked_for(sandbox: Sandbox) -> None:
    sandbox.faults.status(500, times=1_000)
    async with client_of(sandbox, max_retries=0) as client:
        limits = await client.limits(project_ids=[f"proj_{n}" for n in range(50)])
    asked = len(sandbox.requests)
    assert 8 <= asked < 20
    assert len(limits.unread) == 102
    skipped = [each for each in limits.unread if "not asked for, since 8" in str(each)]
    assert len(skipped) == 102 - asked
    assert all(each.passing for each in limits.unread)


@pytest.mark.parametrize("status", [401, 403, 500])
async def test_why_it_is_unread_never_holds_the_key(sandbox: Sandbox, status: int) -> None:
    sandbox.faults.status(status, body=f"not {sandbox.admin_api_key}", times=9)
    async with client_of(sandbox, max_retries=0) as client:
        unread = (await client.limits(project_ids=())).unread
    assert ["not [the admin key]" in each.why for each in unread] == [True, True]


# ------------------------------------------------------------------ as values


@pytest.mark.real_clock
def test_programs_that_block(usage_sandbox: Sandbox) -> None:
    key, url = usage_sandbox.admin_api_key, usage_sandbox.base_url

    async def read() -> Limits:
        async with client_of(usage_sandbox) as client:
            return await client.limits()

    with UsageClient(key, base_url=url) as client:
        limits = client.limits()
        assert limits == asyncio.run(read())
        count = len(usage_sandbox.requests)
        assert client.limits(project_ids=()).projects == {}
        assert len(usage_sandbox.requests) == count + 2


async def test_limits_travel(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    limits = await client.limits()
    assert pickle.loads(pickle.dumps(limits)) == limits
    sandbox.scopes.clear()
    unread = (await client.limits(project_ids=())).unread
    assert pickle.loads(pickle.dumps(unread)) == unread


def test_a_repr_is_short() -> None:
    unread = UnreadLimit(kind="projects", path="p", why="w", passing=False)
    limits = Limits(
        organization=SpendLimits(),
        projects={f"proj_{n}": SpendLimits() for n in range(5_000)},
        unread=(unread,),
    )
    assert repr(limits) == "<Limits of the organization and 5000 projects, 1 unread>"
    assert len(rich.pretty.pretty_repr(limits)) < 300
