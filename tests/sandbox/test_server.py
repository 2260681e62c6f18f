"""The sandbox: faithful on the wire, deterministic, quick; read by the official SDK as by ours."""

import base64
import json
from decimal import Decimal
from typing import Any

import openai
import pytest
from attrs import fields

from openai_usage import AsyncUsageClient, CompletionsResult, DecisionsResult, Endpoints
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, TODAY, client_of
from tests.support.asker import Asker

ROWS = Endpoints.table()
START = TODAY - 3 * DAY


# ---------------------------------------------------------------- the envelope


async def test_buckets_lie_at_whole_days_and_the_first_is_cut(ask: Asker) -> None:
    page = await ask("usage/completions", f"start_time={START + 41_426}")
    assert (page["object"], page["has_more"], page["next_page"]) == ("page", False, None)
    spans = [(each["start_time"], each["end_time"]) for each in page["data"]]
    assert spans[0] == (START + 41_426, START + DAY)
    assert spans[1:] == [(START + n * DAY, START + (n + 1) * DAY) for n in (1, 2, 3)]
    assert {each["object"] for each in page["data"]} == {"bucket"}
    assert page["data"][1]["start_time_iso"] == "2026-09-08T00:00:00+00:00"


@pytest.mark.parametrize(
    ("path", "width", "default", "most"),
    [
        ("usage/completions", "1d", 7, 31),
        ("usage/completions", "1h", 24, 168),
        ("usage/completions", "1m", 60, 1440),
        ("costs", "1d", 7, 180),
    ],
)
async def test_limits_have_their_defaults_and_maxima(
    ask: Asker, path: str, width: str, default: int, most: int
) -> None:
    query = f"start_time={TODAY - 300 * DAY}&bucket_width={width}"
    assert len((await ask(path, query))["data"]) == default
    page = await ask(path, f"{query}&limit={most}")
    assert len(page["data"]) == most
    assert page["has_more"] is True
    error = await ask.refused(path, f"{query}&limit={most + 1}", status=400)
    assert error["param"] == "limit"
    assert error["message"] == (
        f"Invalid limit provided: {most + 1}. Limit must be less than or equal to {most}."
    )


@pytest.mark.parametrize(
    "arrays",
    [
        "group_by=model&group_by=project_id",
        "group_by[]=model&group_by[]=project_id",
        "group_by%5B%5D=model&group_by%5B%5D=project_id",
        "group_by=model,project_id",
    ],
)
async def test_arrays_come_in_three_spellings(ask: Asker, arrays: str) -> None:
    page = await ask("usage/completions", f"start_time={START}&{arrays}")
    result = page["data"][0]["results"][0]
    assert result["model"]
    assert result["project_id"].startswith("proj_")
    assert result["user_id"] is None


async def test_commas_join_nothing_in_brackets(ask: Asker) -> None:
    both = "gpt-4.1-2025-04-14,o3-2025-04-16"
    for spelling, found in (("models", True), ("models[]", False)):
        page = await ask("usage/completions", f"start_time={START}&{spelling}={both}")
        assert bool(page["data"][0]["results"]) is found


async def test_a_line_item_may_hold_a_comma(ask: Asker) -> None:
    item = "gpt-4.1-2025-04-14, input"
    page = await ask("costs", f"start_time={START}&group_by=line_item&line_items={item}")
    results = [result for bucket in page["data"] for result in bucket["results"]]
    assert {result["line_item"] for result in results} == {item}
    assert {result["quantity_unit"] for result in results} == {"tokens"}


async def test_fields_that_no_specification_has(ask: Asker) -> None:
    page = await ask("costs", f"start_time={START}&group_by=project_id&group_by=user_id")
    result = page["data"][0]["results"][-1]
    assert result["organization_id"].startswith("org-")
    assert result["project_name"] in (
        "Support Assistant",
        "Document Search",
        "Voice Notes",
        "Research",
    )
    assert result["user_email"].endswith("@sandbox.example")


async def test_empty_buckets_are_there_with_no_results(ask: Asker) -> None:
    founded = 1_672_531_200
    page = await ask("usage/images", f"start_time={founded - 2 * DAY}&limit=4")
    assert [len(bucket["results"]) for bucket in page["data"]] == [0, 0, 1, 1]
    nights = await ask("usage/images", f"start_time={TODAY}&bucket_width=1m&limit=180")
    assert 0 < sum(not bucket["results"] for bucket in nights["data"]) < 180


async def test_the_future_is_not_there(ask: Asker) -> None:
    page = await ask("usage/completions", f"start_time={TODAY - DAY}&end_time={TODAY + 9 * DAY}")
    assert [bucket["start_time"] for bucket in page["data"]] == [TODAY - DAY, TODAY]
    assert page["data"][-1]["end_time"] == TODAY + DAY  # the bucket in progress
    page = await ask("usage/completions", f"start_time={NOW + DAY}")
    assert (page["data"], page["has_more"]) == ([], False)


async def test_time_passes_when_it_is_told_to(ask: Asker, sandbox: Sandbox) -> None:
    query = f"start_time={TODAY}"
    before = await ask("usage/completions", query)
    sandbox.now = NOW + 600
    after = await ask("usage/completions", query)
    counts = [page["data"][0]["results"][0]["num_model_requests"] for page in (before, after)]
    assert counts[0] < counts[1]


# ----------------------------------------------------------------- the cursors


async def test_a_cursor_is_opaque_and_leads_on(ask: Asker) -> None:
    query = f"start_time={START}&limit=2"
    page = await ask("costs", query)
    assert page["has_more"] is True
    assert page["next_page"].startswith("page_")
    base64.b64decode(page["next_page"].removeprefix("page_"), validate=True)
    rest = await ask("costs", f"{query}&page={page['next_page'].replace('+', '%2B')}")
    assert [bucket["start_time"] for bucket in rest["data"]] == [START + 2 * DAY, TODAY]
    assert (rest["has_more"], rest["next_page"]) == (False, None)


@pytest.mark.parametrize(
    "changed",
    [
        "start_time={other}&limit=2",
        "start_time={start}&limit=3",
        "start_time={start}",
        "start_time={start}&limit=2&end_time={other}",
        "start_time={start}&limit=2&group_by=project_id",
        "start_time={start}&limit=2&project_ids=proj_1",
    ],
)
async def test_a_cursor_is_bound_to_its_query(ask: Asker, changed: str) -> None:
    page = await ask("costs", f"start_time={START}&limit=2")
    query = changed.format(start=START, other=START + DAY)
    error = await ask.refused("costs", f"{query}&page={page['next_page']}", status=400)
    assert error == {
        "message": "The page token is invalid, have you modified the query parameters?",
        "type": "invalid_request_error",
        "param": None,
        "code": "invalid_request_error",
    }
    # Nor does it lead anywhere on another endpoint.
    usage = f"start_time={START}&limit=2&page={page['next_page']}"
    await ask.refused("usage/completions", usage, status=400)


@pytest.mark.parametrize("cursor", ["page_", "x", "page_AAAA", "page_YTpiOmM=", "page_%FF"])
async def test_a_damaged_cursor_is_refused(ask: Asker, cursor: str) -> None:
    error = await ask.refused("costs", f"start_time={START}&page={cursor}", status=400)
    assert error["message"].startswith("The page token is invalid")


async def test_a_cursor_lives_for_a_day(ask: Asker, sandbox: Sandbox) -> None:
    query = f"start_time={START}&limit=1"
    page = await ask("costs", query)
    sandbox.now = NOW + DAY - 1
    await ask("costs", f"{query}&page={page['next_page']}")
    sandbox.now = NOW + DAY
    await ask.refused("costs", f"{query}&page={page['next_page']}", status=400)


# ------------------------------------------------------------------ the errors


async def test_keys(ask: Asker, sandbox: Sandbox) -> None:
    query = f"start_time={START}"
    error = await ask.refused("costs", query, key="sk-admin-somebody-elses", status=401)
    assert error["code"] == "invalid_api_key"
    assert error["message"] == "Incorrect API key provided: sk-admin********lses."
    error = await ask.refused("costs", query, key="short", status=401)
    assert error["message"] == "Incorrect API key provided: *****."
    error = await ask.refused("costs", query, key=sandbox.project_api_key, status=403)
    assert "Missing scopes: api.usage.read" in error["message"]


@pytest.mark.parametrize(
    ("path", "query", "param", "code", "says"),
    [
        ("costs", "", "start_time", "invalid_request_error", "Missing required parameter"),
        ("costs", "start_time=", "start_time", "invalid_type", "expected an integer"),
        ("costs", "start_time=today", "start_time", "invalid_type", "got 'today' instead"),
        ("costs", "start_time=1.5", "start_time", "invalid_type", "expected an integer"),
        ("costs", "start_time=5&end_time=5", "end_time", "invalid_request_error", "time after"),
        ("costs", "start_time=5&bucket_width=1h", "bucket_width", "invalid_request_error", "1d"),
        ("costs", "start_time=5&limit=0", "limit", "invalid_request_error", "from 1 to 180"),
        ("costs", "start_time=5&group_by=model", "group_by", "invalid_request_error", "model"),
        ("usage/completions", "start_time=5&batch=yes", "batch", "invalid_type", "a boolean"),
        (
            "costs",
            "start_time=1764979199&group_by=api_key_id",
            "start_time",
            "invalid_request_error",
            "on or after 1764979200",
        ),
    ],
)
async def test_parameters(
    ask: Asker, path: str, query: str, param: str, code: str, says: str
) -> None:
    error = await ask.refused(path, query, status=400)
    assert (error["param"], error["code"]) == (param, code)
    assert says in error["message"]


async def test_unknown_parameters_are_passed_over(ask: Asker) -> None:
    page = await ask("costs", f"start_time={START}&flavour=a")
    assert len(page["data"]) == 4


async def test_other_paths_and_methods(ask: Asker, sandbox: Sandbox) -> None:
    await ask.refused("usage/everything", "start_time=5", status=404)
    async with ask.session.post(f"{sandbox.base_url}/organization/costs") as response:
        assert response.status == 404


# ----------------------------------------------------------------- the numbers


async def test_the_same_seed_is_the_same_organization(client: AsyncUsageClient) -> None:
    asked: dict[str, Any] = {"start_time": START, "group_by": ["project_id", "model"]}
    first = await client.completions(**asked).collect()
    for seed, same in ((7, True), (8, False)):
        async with Sandbox(seed=seed, now=NOW) as other, client_of(other) as reader:
            # Asked in another order, so that nothing hangs on what was asked before.
            await reader.costs(start_time=TODAY - 900 * DAY)
            assert (await reader.completions(**asked).collect() == first) is same


async def test_a_filter_leaves_what_a_group_shows(client: AsyncUsageClient) -> None:
    asked: dict[str, Any] = {"start_time": START, "end_time": START + DAY}
    for group, option in (
        ("model", "models"),
        ("project_id", "project_ids"),
        ("user_id", "user_ids"),
        ("api_key_id", "api_key_ids"),
        ("batch", "batch"),
    ):
        [grouped] = await client.completions(**{**asked, "group_by": [group]}).collect()
        assert len(grouped.results) > 1
        for result in grouped.results:
            label = getattr(result, group)
            if label is None:
                continue  # of nobody: cannot be asked for
            only = label if group == "batch" else [label]
            [filtered] = await client.completions(
                **{**asked, "group_by": [group], option: only}
            ).collect()
            assert filtered.results == (result,)


FILTERS = {
    "project_id": "project_ids",
    "user_id": "user_ids",
    "api_key_id": "api_key_ids",
    "model": "models",
    "vector_store_id": "vector_store_ids",
    "context_level": "context_levels",
    "source": "sources",
    "size": "sizes",
    "line_item": "line_items",
    "batch": "batch",
}


@pytest.mark.parametrize("name", ROWS)
async def test_every_filter_of_every_row_filters(client: AsyncUsageClient, name: str) -> None:
    asked: dict[str, Any] = {"start_time": START, "end_time": START + DAY}
    method = getattr(client, name)
    options = {each.name for each in ROWS[name].parameters}
    for group, option in FILTERS.items():
        if option not in options or (name == "costs" and group == "user_id"):
            continue
        [grouped] = await method(**asked, group_by=[group]).collect()
        result = next(r for r in grouped.results if getattr(r, group) is not None)
        label = getattr(result, group)
        only = label if option == "batch" else [label]
        [filtered] = await method(**{**asked, "group_by": [group], option: only}).collect()
        assert filtered.results == (result,)
        assert len(grouped.results) > 1


async def test_quantities_belong_to_line_items(client: AsyncUsageClient) -> None:
    plain = await client.costs(start_time=START, group_by=["project_id"])
    assert {r.quantity for bucket in plain.data for r in bucket.results} == {None}
    items = await client.costs(start_time=START, group_by=["line_item"])
    assert None not in {r.quantity for bucket in items.data for r in bucket.results}


async def test_faults_come_in_the_order_they_were_asked_for(ask: Asker, sandbox: Sandbox) -> None:
    sandbox.faults.status(502, after=1)
    sandbox.faults.status(503, times=2)
    await ask("costs", f"start_time={START}")
    for status in (502, 503, 503, 200):
        await ask("costs", f"start_time={START}", status=status)


async def test_somebody_is_nobody(client: AsyncUsageClient) -> None:
    page = await client.completions(start_time=START, group_by=["user_id"])
    assert {result.user_id is None for result in page.data[0].results} == {True, False}


@pytest.mark.parametrize("name", ["completions", "decisions"])
async def test_token_counts_add_up_in_every_result(client: AsyncUsageClient, name: str) -> None:
    groups = ["project_id", "model", "batch", "service_tier", "api_source"]
    seen = 0
    async for bucket in getattr(client, name)(start_time=START, bucket_width="1h", group_by=groups):
        for r in bucket.results:
            assert isinstance(r, CompletionsResult | DecisionsResult)
            seen += 1
            v = {each.name: getattr(r, each.name) for each in fields(type(r))}
            assert v["input_tokens"] == (
                v["input_cached_tokens"]
                + v["input_cache_write_tokens"]
                + v["input_uncached_tokens"]
            )
            for whole, parts in {
                "input_uncached": ("input_text", "input_audio", "input_image"),
                "input_cached": ("input_cached_text", "input_cached_audio", "input_cached_image"),
                "input_cache_write": ("input_cache_write_30m", "input_cache_write_12h"),
                "output": ("output_text", "output_audio", "output_image"),
            }.items():
                assert v[f"{whole}_tokens"] == sum(v[f"{part}_tokens"] for part in parts)
            assert r.num_model_requests > 0
    assert seen > 50


async def test_people_sleep_and_have_weekends(client: AsyncUsageClient) -> None:
    async def requests(start: int, hours: int) -> int:
        buckets = client.completions(
            start_time=start, end_time=start + hours * 3600, bucket_width="1h"
        )
        iterated = await buckets.collect()
        return sum(result.num_model_requests for bucket in iterated for result in bucket.results)

    monday = TODAY - 3 * DAY  # TODAY is a Thursday
    assert await requests(monday + 9 * 3600, 3) > 3 * await requests(monday + 1 * 3600, 3)
    assert await requests(monday, 24) > 1.5 * await requests(monday - DAY, 24)


async def test_money_has_more_digits_than_a_cent(client: AsyncUsageClient) -> None:
    costs = await client.costs(start_time=START, group_by=["line_item"]).collect()
    amounts = [result.amount.value for bucket in costs for result in bucket.results]
    assert any(amount != round(amount, 4) for amount in amounts)
    assert all(isinstance(amount, Decimal) and amount >= 0 for amount in amounts)


# ------------------------------------------------------------ the official SDK


def plain(value: Any) -> Any:
    """A result of either SDK as plain data; money as the float that the official one makes."""
    if hasattr(value, "model_dump"):
        value = value.model_dump()
    elif hasattr(value, "__attrs_attrs__"):
        value = {each.name: getattr(value, each.name) for each in fields(type(value))}
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return float(value) if isinstance(value, Decimal) else value


@pytest.mark.real_clock  # its HTTP library looks up addresses in a thread
@pytest.mark.parametrize(
    ("name", "amounts"), [*((name, "number") for name in ROWS), ("costs", "string")]
)
async def test_the_official_sdk_reads_the_same_numbers(name: str, amounts: Any) -> None:
    asked: dict[str, Any] = {"start_time": START, "end_time": TODAY, "limit": 3}
    asked["group_by"] = ["project_id"]
    async with (
        Sandbox(seed=7, now=NOW, amounts=amounts) as sandbox,
        client_of(sandbox) as ours,
        openai.AsyncOpenAI(
            api_key="unused", admin_api_key=sandbox.admin_api_key, base_url=sandbox.base_url
        ) as theirs,
    ):
        our_page = await getattr(ours, name)(**asked)
        their_page = await getattr(theirs.admin.organization.usage, name)(**asked)
    assert len(our_page.data) == len(their_page.data) == 3
    for our_bucket, their_bucket in zip(our_page.data, their_page.data, strict=True):
        assert our_bucket.start_time == their_bucket.start_time
        assert our_bucket.end_time == their_bucket.end_time
        assert our_bucket.results
        for mine, official in zip(our_bucket.results, their_bucket.results, strict=True):
            known = plain(mine)
            theirs_plain = {k: v for k, v in plain(official).items() if k in known}
            assert known == theirs_plain


def test_what_the_readme_says_of_the_official_sdk() -> None:
    with Sandbox(seed=7, now=NOW) as sandbox:
        client = openai.OpenAI(
            api_key="unused",
            admin_api_key=sandbox.admin_api_key,
            base_url=sandbox.base_url,
            max_retries=0,
        )
        with client:
            usage = client.admin.organization.usage
            misspelt: Any = ["modle"]
            with pytest.raises(openai.BadRequestError):
                usage.completions(start_time=START, group_by=misspelt)
            assert ("group_by[]", "modle") in sandbox.requests[0].query  # it was sent
            [result, *_] = usage.costs(start_time=START).data[0].results
            amount: Any = result.model_dump()["amount"]
            assert type(amount["value"]) is float
            sandbox.faults.status(200, body="<html>", headers={"Content-Type": "text/html"})
            page: Any = usage.costs(start_time=START)
            assert page == "<html>"
            json_type = {"Content-Type": "application/json"}
            sandbox.faults.status(200, body='{"error":{}}', headers=json_type)
            page = usage.costs(start_time=START)
            assert page.data is None
            sandbox.faults.status(200, body='{"data":[', headers=json_type)
            with pytest.raises(json.JSONDecodeError):
                usage.costs(start_time=START)


# ------------------------------------------------------------------- its life


def test_it_runs_in_a_thread_for_programs_that_block() -> None:
    with Sandbox(seed=7, now=NOW) as sandbox:
        client = openai.OpenAI(
            api_key="unused", admin_api_key=sandbox.admin_api_key, base_url=sandbox.base_url
        )
        with client:
            page = client.admin.organization.usage.costs(start_time=START)
        assert len(page.data) == 4
        assert sandbox.requests[0].path == "/v1/organization/costs"
        port = int(sandbox.base_url.rpartition(":")[2].removesuffix("/v1"))
        with pytest.raises(OSError, match="address"), Sandbox(port=port):
            pass
    with pytest.raises(RuntimeError, match="sandbox is not running"):
        _ = sandbox.base_url


async def test_it_must_run_to_have_an_address() -> None:
    sandbox = Sandbox()
    assert repr(sandbox) == "<Sandbox (not running)>"
    with pytest.raises(RuntimeError, match="Use it inside a `with`"):
        _ = sandbox.base_url
    await sandbox.__aexit__(None, None, None)


async def test_requests_are_recorded_without_showing_keys(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    await client.costs(start_time=START, group_by=["line_item"])
    [request] = sandbox.requests
    assert (request.method, request.path) == ("GET", "/v1/organization/costs")
    assert repr(sandbox) == f"<Sandbox {sandbox.base_url}>"
    assert ("group_by[]", "line_item") in request.query
    assert sandbox.admin_api_key not in repr(request)
    assert sandbox.admin_api_key in request.headers["authorization"]


@pytest.mark.parametrize("wrong", [{"times": 0}, {"after": -1}])
def test_faults_that_cannot_be(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="Use times of at least 1"):
        Sandbox().faults.cut_body(**wrong)


async def test_faults_can_be_taken_back(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    sandbox.faults.status(404, times=10)
    sandbox.faults.clear()
    await client.costs(start_time=START)
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "10.0.0.1:80", ""])
async def test_it_answers_to_the_names_of_loopback_alone(ask: Asker, host: str) -> None:
    # Where a page in a browser would be sent, once its own name leads here.
    error = await ask.refused("costs", f"start_time={START}", status=421, headers={"Host": host})
    assert "only answers requests to 127.0.0.1" in error["message"]


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "127.0.0.1"])
async def test_the_names_of_loopback_may_have_any_port(ask: Asker, host: str) -> None:
    await ask("costs", f"start_time={START}", headers={"Host": host})
