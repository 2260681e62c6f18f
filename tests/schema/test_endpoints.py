"""The table, held against the official SDK's types and against the sandbox, row by row."""

import importlib
import inspect
import pydoc
import re
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from attrs import NOTHING, fields, fields_dict, frozen, resolve_types

from openai_usage import (
    AsyncUsageClient,
    BadRequestError,
    CompletionsQuery,
    CompletionsResult,
    Endpoint,
    RangeQuery,
)
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY, client_of
from tests.support.rows import ROWS, each_row, literals


def official(name: str, kind: Literal["params", "response"]) -> Any:
    module = importlib.import_module(f"openai.types.admin.organization.usage_{name}_{kind}")
    camel = "".join(word.capitalize() for word in name.split("_"))
    return getattr(module, f"Usage{camel}{kind.capitalize()}")


def test_the_table_is_the_officials_table() -> None:
    from openai.resources.admin.organization.usage import AsyncUsage

    public = {name for name in vars(AsyncUsage) if not name.startswith(("_", "with_"))}
    assert set(ROWS) == public


@each_row
def test_paths_are_the_officials(row: Endpoint[..., object]) -> None:
    from openai.resources.admin.organization.usage import AsyncUsage

    assert f'"/{row.path}"' in inspect.getsource(getattr(AsyncUsage, row.name))


@each_row
def test_parameters_are_the_officials(row: Endpoint[..., object]) -> None:
    theirs = get_type_hints(official(row.name, "params"))
    ours = {name: each.type for name, each in fields_dict(resolve_types(row.query_type)).items()}
    # Ours alone: the way to send what is newer than this package.
    assert set(ours) - {"extra_query"} == set(theirs)
    for name, hint in theirs.items():
        assert literals(ours[name]) == literals(hint), name
        ours_is_list = any(
            get_origin(kind) for kind in get_args(ours[name]) if kind is not NoneType
        )
        theirs_is_list = "Sequence" in str(hint) or "List" in str(hint)
        if name != "bucket_width":
            assert ours_is_list == theirs_is_list, name


def their_result(row: Endpoint[..., object]) -> Any:
    """The member of the official union that the row's results are, by their `object`."""
    bucket = get_args(official(row.name, "response").model_fields["data"].annotation)[0]
    results = get_args(bucket.model_fields["results"].annotation)[0]
    members = get_args(results)  # a union, annotated with its discriminator, or one class
    members = get_args(members[0]) if members else (results,)
    ours = fields_dict(row.result)["object"].default  # type: ignore[arg-type]
    [found] = [
        member for member in members if literals(member.model_fields["object"].annotation) == {ours}
    ]
    return found


DIFFERENCES = {
    ("costs", "amount"): "a row of costs without an amount is no number: an error, never None",
    ("costs", "quantity"): "a Decimal, as all that money is reckoned with; theirs is a float",
}
"""Where a type is other than the official one, and why."""

UNDOCUMENTED = {
    ("costs", "organization_id"): "says whose bill it is where a program reads several",
    ("costs", "organization_name"): "the same, for people",
    ("costs", "project_name"): "names projects for keys that may not read their list",
}
"""Fields that others have seen in answers and the official types do not have, and why we do."""


@each_row
def test_results_are_the_officials(row: Endpoint[..., object]) -> None:
    theirs = their_result(row).model_fields
    ours = fields_dict(resolve_types(row.result))  # type: ignore[type-var, arg-type]
    undocumented = {name for endpoint, name in UNDOCUMENTED if endpoint == row.name}
    assert set(ours) == set(theirs) | undocumented
    assert not set(theirs) & undocumented
    assert {name for name, each in ours.items() if "undocumented" in each.metadata} == undocumented
    for name in undocumented:
        assert str | None in (ours[name].type, *get_args(ours[name].type))
        assert ours[name].default is None
    for name, field in theirs.items():
        required = ours[name].default is NOTHING or name == "object"
        kinds = set(get_args(field.annotation) or (field.annotation,))
        our_kinds = set(get_args(ours[name].type) or (ours[name].type,))
        same = (
            required == field.is_required()
            and (NoneType in our_kinds) == (NoneType in kinds)
            and our_kinds & {int, bool} == kinds & {int, bool}
        ) and float not in kinds
        assert same != ((row.name, name) in DIFFERENCES) or name == "object", name


def test_an_amount_is_the_officials_but_exact() -> None:
    from openai.types.admin.organization import usage_costs_response as official_costs

    theirs = official_costs.DataResultOrganizationCostsResultAmount.model_fields
    [amount] = [each for each in fields(ROWS["costs"].result) if each.name == "amount"]  # type: ignore[arg-type]
    assert amount.type is not None
    assert set(fields_dict(amount.type)) == set(theirs)


@each_row
def test_classes_are_named_after_their_row(row: Endpoint[..., object]) -> None:
    import openai_usage

    camel = "".join(word.capitalize() for word in row.name.split("_"))
    assert row.query is getattr(openai_usage, f"{camel}Query")
    assert row.result is getattr(openai_usage, f"{camel}Result")


def example(name: str, hint: Any) -> Any:
    """A value that *name* can have."""
    if allowed := sorted(map(str, literals(hint))):
        return allowed if name != "bucket_width" else allowed[0]
    return {"start_time": TODAY - DAY, "end_time": TODAY, "batch": True, "limit": 2}.get(
        name, ["a", "b, c"]
    )


@each_row
async def test_every_option_goes_through_the_sandbox(
    row: Endpoint[..., object], client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    if row.name == "costs":  # only recent costs can be grouped by key, which is one of the options
        assert TODAY > 1_764_979_200
    asked = {
        each.name: example(each.name, each.type)
        for each in fields(resolve_types(row.query_type))
        if each.name not in ("page", "extra_query")
    }
    page = await getattr(client, row.name)(**asked)
    assert [bucket.end_time for bucket in page.data][-1] <= TODAY
    assert all(bucket.results == () for bucket in page.data)  # the filters match nothing
    [request] = sandbox.requests
    sent = [name.removesuffix("[]") for name, _ in request.query]
    assert set(sent) == set(asked)
    for name, value in asked.items():
        expected = value if isinstance(value, list) else [str(value).replace("True", "true")]
        assert [v for n, v in request.query if n.removesuffix("[]") == name] == expected


@each_row
async def test_every_row_answers_with_its_own_results(
    row: Endpoint[..., object], client: AsyncUsageClient
) -> None:
    buckets = await getattr(client, row.name)(start_time=TODAY - 2 * DAY, end_time=TODAY).collect()
    assert len(buckets) == 2
    assert all(type(result) is row.result for bucket in buckets for result in bucket.results)
    assert sum(len(bucket.results) for bucket in buckets) == 2
    object_ = fields_dict(row.result)["object"].default  # type: ignore[arg-type]
    assert buckets[0].results[0].object == object_


@each_row
async def test_methods_show_their_parameters(
    row: Endpoint[..., object], client: AsyncUsageClient
) -> None:
    method = getattr(client, row.name)
    signature = inspect.signature(method)
    assert set(signature.parameters) == {each.name for each in fields(row.query_type)}
    assert {each.kind for each in signature.parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    assert signature.parameters["start_time"].default is inspect.Parameter.empty
    assert signature.return_annotation == f"Buckets[{row.result.__name__}]"
    shown = pydoc.plain(pydoc.render_doc(method))
    assert re.search(rf"{row.name}\(\s*\*,\s*start_time: int", shown)
    for each in row.parameters:
        assert f"{each.name}: {each.metadata['doc']}" in shown
    assert (inspect.getdoc(row.query_type) or "no doc") in (method.__doc__ or "")
    assert method.__qualname__ == f"AsyncUsageClient.{row.name}"


def test_a_row_shows_itself_on_the_class() -> None:
    row = AsyncUsageClient.completions
    assert isinstance(row, Endpoint)
    assert repr(row) == (
        "<Endpoint completions: GET organization/usage/completions -> CompletionsResult>"
    )
    assert list(AsyncUsageClient.table()) == list(ROWS)


@frozen(kw_only=True)
class VideosQuery(RangeQuery):
    """Seconds of video made."""

    codecs: list[str] | None = None


@frozen(kw_only=True)
class VideosResult:
    seconds: int


class Client(AsyncUsageClient):
    videos = Endpoint("organization/usage/videos", VideosQuery, VideosResult)
    completions_again = Endpoint(
        "organization/usage/completions", CompletionsQuery, CompletionsResult
    )


async def test_a_row_of_ones_own(sandbox: Sandbox) -> None:
    sandbox.faults.status(
        200,
        body='{"data":[{"start_time":0,"end_time":60,"results":[{"seconds":5,"x":1}]}],'
        '"has_more":false}',
    )
    async with Client(sandbox.admin_api_key, base_url=sandbox.base_url) as client:
        page = await client.videos(start_time=0, codecs=["av1"])
        assert page.data[0].results == (VideosResult(seconds=5),)
        assert sandbox.requests[0].path == "/v1/organization/usage/videos"
        assert ("codecs[]", "av1") in sandbox.requests[0].query
        asked: dict[str, Any] = {"start_time": TODAY - DAY, "end_time": TODAY}
        assert (await client.completions_again(**asked)).data == (
            await client.completions(**asked)
        ).data
    assert list(Client.table()) == [*ROWS, "videos", "completions_again"]
    assert Client.table()["videos"].name == "videos"


def test_a_row_may_have_two_names() -> None:
    class Twice(AsyncUsageClient):
        spend = AsyncUsageClient.costs

    assert Twice.spend.name == AsyncUsageClient.costs.name == "costs"


def test_a_path_is_relative() -> None:
    with pytest.raises(ValueError, match="relative to base_url: use 'organization/x'"):
        Endpoint("/organization/x", VideosQuery, VideosResult)


async def test_new_dimensions_can_be_asked_for(sandbox: Sandbox) -> None:
    async with client_of(sandbox) as client:
        with pytest.raises(BadRequestError, match="planet"):  # the sandbox has not heard of it
            await client.completions(start_time=TODAY, extra_query={"group_by": ["planet"]})
    assert ("group_by[]", "planet") in sandbox.requests[0].query
