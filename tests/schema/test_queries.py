"""Queries: what cannot be asked is refused by name, before anything is sent."""

from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest
from attrs import field, frozen

from openai_usage import (
    AsyncUsageClient,
    CompletionsQuery,
    CostsQuery,
    ExtraQuery,
    ImagesQuery,
    InvalidQueryError,
    RangeQuery,
)
from openai_usage.sandbox import Sandbox


@pytest.mark.parametrize(
    ("asked", "param", "says"),
    [
        ({"end_time": 100}, "end_time", r"takes a time after start_time \(100\), not 100"),
        ({"end_time": 99}, "end_time", "after start_time"),
        ({"group_by": ["modle"]}, "group_by", "Did you mean 'model'"),
        ({"group_by": ["zzz"]}, "group_by", "takes 'project_id', 'user_id'.* not 'zzz'"),
        ({"group_by": "model"}, "group_by", r"takes a list, not 'model'\. Pass \['model'\]"),
        ({"models": "gpt-4.1"}, "models", r"Pass \['gpt-4.1'\]"),
        ({"models": b"gpt-4.1"}, "models", "takes a list"),
        ({"models": {"gpt-4.1": 1}}, "models", "takes a list"),
        ({"models": 5}, "models", "takes a list, not 5"),
        ({"models": [5]}, "models", "takes str, not 5"),
        ({"models": ["  "]}, "models", "not blank"),
        ({"models": []}, "models", "not empty"),
        ({"bucket_width": "1w"}, "bucket_width", "takes '1m', '1h' or '1d', not '1w'"),
        ({"bucket_width": None}, "bucket_width", "not None"),
        ({"limit": 0}, "limit", "from 1 to 31"),
        ({"limit": 32}, "limit", "from 1 to 31 for buckets of 1d"),
        ({"limit": 169, "bucket_width": "1h"}, "limit", "from 1 to 168"),
        ({"limit": 1441, "bucket_width": "1m"}, "limit", "from 1 to 1440"),
        ({"limit": True}, "limit", "takes int, not True"),
        ({"limit": "7"}, "limit", "takes int, not '7'"),
        ({"batch": 1}, "batch", "takes bool, not 1"),
        ({"page": ""}, "page", "not blank"),
        ({"extra_query": ["a"]}, "extra_query", "takes a mapping"),
        ({"extra_query": {1: "a"}}, "extra_query", "takes a mapping"),
        *(
            (
                {"extra_query": {"a": wrong}},
                "extra_query['a']",
                "takes str, int, bool or a list of str, not",
            )
            for wrong in ({"b": 1}, [1], None, 1.5)
        ),
        ({"extra_query": {"a": []}}, "extra_query['a']", "not empty"),
        ({"extra_query": {"a": " "}}, "extra_query['a']", "takes text that is not blank"),
        (
            {"extra_query": {"limit": 9}},
            "extra_query",
            r"takes further parameters, not 'limit'\. Pass it by its own name\.",
        ),
        ({"extra_query": {"page": "x"}}, "extra_query", "not 'page'"),
        (
            {"models": ["a"], "extra_query": {"models[]": ["b"]}},
            "extra_query",
            "not 'models'",
        ),
    ],
)
async def test_a_query_that_cannot_be_asked_is_refused_by_name(
    asked: dict[str, Any], param: str, says: str, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    with pytest.raises(InvalidQueryError, match=says) as caught:
        client.completions(**{"start_time": 100, **asked})
    assert caught.value.param == param
    assert isinstance(caught.value, ValueError)
    assert sandbox.requests == []


def test_a_misspelt_parameter_is_an_error() -> None:
    with pytest.raises(TypeError, match="modles"):
        CompletionsQuery(start_time=1, modles=["gpt-4.1"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_costs_have_days_only_and_longer_pages() -> None:
    assert CostsQuery(start_time=1, limit=180).limit == 180
    with pytest.raises(InvalidQueryError, match="from 1 to 180"):
        CostsQuery(start_time=1, limit=181)
    with pytest.raises(InvalidQueryError, match="takes '1d', not '1h'"):
        CostsQuery(start_time=1, bucket_width="1h")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class Model(str, Enum):  # noqa: UP042 - a StrEnum is text already
    GPT = "gpt-4.1"
    DIMENSION = "model"


class Number(int, Enum):
    FIVE = 5


def test_members_of_enums_are_what_they_mean() -> None:
    """Their own text would be `Model.GPT`, and match nothing."""
    enums: Any = [Model.GPT]
    groups: Any = [Model.DIMENSION]
    query = CompletionsQuery(start_time=1, models=enums, group_by=groups)
    assert repr(query.models) == "('gpt-4.1',)"
    assert repr(query.group_by) == "('model',)"
    limited = CompletionsQuery(start_time=1, limit=Number.FIVE, extra_query={"n": Number.FIVE})
    assert repr(limited.limit) == "5"
    assert repr(limited.extra_query) == "{'n': 5}"


@pytest.mark.parametrize("param", ["project_ids", "user_ids", "api_key_ids", "sources", "sizes"])
def test_no_filter_may_be_empty(param: str) -> None:
    asked: dict[str, Any] = {"start_time": 1, param: []}
    with pytest.raises(InvalidQueryError, match="not empty"):
        ImagesQuery(**asked)


def test_lists_are_taken_as_they_are_now() -> None:
    models = ["gpt-4.1"]
    query = CompletionsQuery(start_time=1, models=models, group_by=("model",))
    models.append("gpt-5")
    assert query.models == ("gpt-4.1",)
    a_set: Any = {"a"}
    assert CompletionsQuery(start_time=1, models=a_set).models == ("a",)


def test_grouping_by_nothing_is_a_question() -> None:
    assert CompletionsQuery(start_time=1, group_by=[]).group_by == ()


def test_what_is_newer_than_this_version_can_still_be_asked() -> None:
    extra: ExtraQuery = {"group_by[]": ["new_dimension"], "flavours": ["a", "b"], "verbose": True}
    query = ImagesQuery(start_time=1, extra_query=extra)
    assert query.extra_query == {
        "group_by[]": ("new_dimension",),
        "flavours": ("a", "b"),
        "verbose": True,
    }
    # Names that queries have for themselves are no parameters.
    assert ImagesQuery(start_time=1, extra_query={"page_size": 5, "page_sizes": "x"})


@frozen(kw_only=True)
class VideosQuery(RangeQuery):
    """A row of a user's own."""

    codecs: "list[str] | None" = None
    ratio: float | None = field(default=None)
    size: str | int | None = None
    rule: Callable[[], int] | None = None


def test_a_query_of_ones_own_is_checked_by_its_types() -> None:
    assert VideosQuery(start_time=1, ratio=1.5).ratio == 1.5
    assert VideosQuery(start_time=1, ratio=1).ratio == 1
    assert VideosQuery(start_time=1, size=5).size == 5
    assert VideosQuery(start_time=1, size="5x5").size == "5x5"
    assert tuple(VideosQuery(start_time=1, codecs=["av1"]).codecs or ()) == ("av1",)
    with pytest.raises(InvalidQueryError, match="ratio takes float"):
        VideosQuery(start_time=1, ratio="wide")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_type_that_cannot_be_checked_is_said_to_whoever_declares_it() -> None:
    with pytest.raises(TypeError, match="cannot be checked"):
        VideosQuery(start_time=1, rule=lambda: 1)
