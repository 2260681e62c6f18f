"""`openai-usage endpoints`: the table, to people and to programs, and what a row says of itself."""

import json

import pytest
from attrs import frozen

from openai_usage import Endpoint, Endpoints, RangeQuery
from tests.support.terminal import Terminal

pytestmark = pytest.mark.real_clock

ROWS = Endpoints.table()


def test_json_has_the_whole_table(terminal: Terminal) -> None:
    found = json.loads(terminal("endpoints --format json"))
    assert [each["name"] for each in found] == list(ROWS)
    assert found[3] == {
        "name": "images",
        "method": "GET",
        "path": "organization/usage/images",
        "measures": ["num_model_requests", "images"],
        "filters": ["user_ids", "api_key_ids", "models", "sources", "sizes"],
        "group_by": ["project_id", "user_id", "api_key_id", "model", "size", "source"],
        "page_sizes": {
            "1d": {"default": 7, "maximum": 31},
            "1h": {"default": 24, "maximum": 168},
            "1m": {"default": 60, "maximum": 1440},
        },
    }


def test_people_see_the_same(terminal: Terminal) -> None:
    shown = terminal("endpoints")
    words = shown.split()
    for row in json.loads(terminal("endpoints --format json")):
        for each in (row["name"], row["path"], *row["measures"], *row["filters"], *row["group_by"]):
            assert each in words
    assert "page size  1d: 7, at most 180" in shown
    assert terminal.err == ""


def test_it_asks_nobody(terminal: Terminal) -> None:
    assert terminal("endpoints")  # without a key and without a sandbox


@frozen(kw_only=True)
class VideosQuery(RangeQuery):
    models: "list[str] | None" = None


@frozen(kw_only=True)
class VideosResult:
    seconds: int
    model: str | None = None


def test_a_row_of_ones_own_says_as_much_of_itself() -> None:
    row = Endpoint("organization/usage/videos", VideosQuery, VideosResult)
    assert [each.name for each in row.measures] == ["seconds"]
    assert [each.name for each in row.filters] == ["models"]
    assert row.group_by == ()
