"""Options of the data source for Spark: text that is validated before anything is sent."""

import pickle
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import frozen

from openai_usage import (
    CompletionsResult,
    Endpoint,
    InvalidOptionError,
    InvalidQueryError,
    RangeQuery,
    UsageClient,
)
from openai_usage.integrations.spark_options import SparkOptions, parse_options
from openai_usage.sandbox import Sandbox
from openai_usage.schema.windows import Window
from tests.conftest import DAY, TODAY
from tests.support.organizations_file import write_organizations

LEAST = {"endpoint": "completions", "start_time": "2026-09-01"}
START = int(datetime(2026, 9, 1, tzinfo=UTC).timestamp())


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A file of two organizations, whose keys are not there."""
    path = tmp_path / "organizations.toml"
    path.write_text(
        "[organizations.acme]\nadmin_key_env = 'NO_SUCH_KEY'\n"
        "[organizations.globex]\nadmin_key_file = 'none.key'\n"
    )
    return str(path)


def parse(texts: Mapping[str, str] | None = None, **more: str) -> SparkOptions:
    return parse_options({**LEAST, **(texts or {}), **more})


def parameter(options: SparkOptions, name: str) -> object:
    return getattr(options.query, name)


def test_the_least_is_an_endpoint_and_a_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: TODAY + 0.5)
    options = parse()
    assert (options.endpoint, options.row().name) == ("completions", "completions")
    assert (options.query.start_time, options.query.end_time) == (START, None)
    assert options.window() == Window(START, TODAY)
    assert (options.organizations, options.labels) == (None, ("default",))
    assert (options.partitions, options.requests_per_second) == (1, None)
    assert (options.money, options.on_gap) == ("decimal", "raise")
    assert options.settled_after == timedelta(hours=24)
    assert parse(endpoint="costs").settled_after == timedelta(hours=72)


def test_every_parameter_has_the_type_that_the_query_declares() -> None:
    options = parse(
        end_time="2026-09-02T12:00+02:00",
        bucket_width="1h",
        group_by="model, project_id",
        models='["gpt-5, mini", "o3"]',
        project_ids=" proj_1 ",
        batch="False",
    )
    query = options.query
    assert query.end_time == START + DAY + 36_000
    assert options.window() == Window(START, START + DAY + 36_000)
    assert (query.bucket_width, options.width) == ("1h", 3600)
    assert parameter(options, "group_by") == ("model", "project_id")
    assert parameter(options, "models") == ("gpt-5, mini", "o3")
    assert query.project_ids == ("proj_1",)
    assert parameter(options, "batch") is False
    assert parse(start_time=str(START)).query.start_time == START
    assert parse(start_time="2026-09-01 00:00:00+00:00").query.start_time == START
    assert parameter(parse(group_by=""), "group_by") == ()


def test_every_other_option_has_a_type_of_its_own() -> None:
    options = parse(
        partitions="4",
        requests_per_second="0.5",
        money="text",
        on_gap="warn",
        pushdown="FALSE",
        settled_after="3600",
    )
    assert (options.partitions, options.requests_per_second) == (4, Decimal("0.5"))
    assert (options.money, options.on_gap) == ("text", "warn")
    assert options.settled_after == timedelta(hours=1)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"endpoint": "complet"}, "endpoint takes 'completions', .* Did you mean 'completions'"),
        ({"start_time": "soon"}, "start_time takes 2026-01-01, 2026-01-01T12:00Z or Unix seconds"),
        ({"start_time": "2026-01-01T00:00"}, r"not '2026-01-01T00:00'\. Add Z for UTC, or an off"),
        ({"start_time": "9999-01-01"}, "start_time takes a time in the past, not 9999-01-01T00:00"),
        ({"end_time": "2026-09-01"}, "end_time takes a time after start_time"),
        ({"bucket_width": "1w"}, "bucket_width takes '1m', '1h' or '1d', not '1w'"),
        ({"group_by": "modle"}, "group_by takes 'project_id', .* not 'modle'. Did you mean"),
        ({"group_by": "['model']"}, r'group_by takes a list such as a,b or \["a", "b"\]'),
        ({"models": "[" * 9999}, "models takes a list such as a,b"),
        ({"models": ""}, "models takes a list that is not empty"),
        ({"models": "[5]"}, "models takes str, not 5"),
        ({"batch": "yes"}, "batch takes true or false, not 'yes'"),
        ({"partitions": "0"}, "partitions takes a whole number from 1 to 9999, not '0'"),
        ({"partitions": "1.5"}, "partitions takes a whole number"),
        ({"requests_per_second": "-1"}, "requests_per_second takes a number such as 5 or 0.5"),
        (
            {"requests_per_second": "0.003", "partitions": "4"},
            "requests_per_second takes a number from 0.004",
        ),
        ({"money": "cents"}, "money takes 'decimal', 'text' or 'float', not 'cents'"),
        ({"on_gap": "ignore"}, "on_gap takes 'raise' or 'warn', not 'ignore'"),
        ({"pushdown": "on"}, "pushdown takes true or false, not 'on'"),
        ({"pushdown": "true"}, "rows would be lost. Set start_time and end_time instead"),
        ({"settled_after": "1d"}, "settled_after takes a number"),
        ({"organizations": " "}, "organizations takes the path of a file"),
        ({"organizations": "/nowhere"}, "/nowhere: the file cannot be read"),
        ({"organization": "acme"}, "organization takes labels of the file of organizations"),
        ({"organization": ""}, "organization takes labels of the file of organizations, not ''"),
        ({"organization": "[]"}, r"organization takes labels of the file .*, not '\[\]'"),
        (
            {"organization": "[5]"},
            "organization takes labels of the file .*, not '5'",
        ),
        ({"api_key_id": "key_1"}, "'api_key_id' is unknown. .* Did you mean 'api_key_ids'"),
        (
            {"endpoint": "vector_stores", "api_key_ids": "key_1"},
            "'api_key_ids' is unknown. The options of vector_stores are ",
        ),
        ({"group": "model"}, "'group' is unknown. The options of completions are endpoint, "),
        ({"partition": "2"}, "Did you mean 'partitions'"),
        ({"path": "here"}, "'path' is unknown"),
        ({"page": "x"}, "'page' is unknown"),
        ({"base_url": "https://elsewhere.example"}, "'base_url' is unknown"),
    ],
)
def test_a_mistake_is_refused_with_what_is_allowed(texts: dict[str, str], message: str) -> None:
    with pytest.raises((InvalidOptionError, InvalidQueryError), match=message):
        parse(texts).window()


@pytest.mark.parametrize("name", ["endpoint", "start_time"])
def test_what_is_required_is_said(name: str) -> None:
    with pytest.raises(InvalidOptionError, match=f"the option {name} is missing. It takes "):
        parse_options({each: text for each, text in LEAST.items() if each != name})


KEY = "sk-admin-" + "Z" * 30


@pytest.mark.parametrize(
    "texts",
    [
        *({name: "hunter2"} for name in ("admin_api_key", "api_key", "key", "openai_admin_key")),
        *({name: "hunter2"} for name in ("token", "secret", "password", "credentials")),
        {"group_by": KEY},
        {"models": f'["{KEY}"]'},
        {"organizations": f"/tmp/{KEY}"},
        {"endpoint": KEY},
        {"start_time": KEY},
        {KEY.lower(): "x"},
        {"anything": "sk-proj-0123456789"},
        {"models": f"gpt-5,{KEY}"},
        {"endpoint": "costs", "line_items": "Bearer sk-proj-zzzz0123456789zzzz"},
    ],
)
def test_a_key_is_refused_and_never_shown(texts: dict[str, str]) -> None:
    with pytest.raises(InvalidOptionError, match="and Spark writes options into plans") as raised:
        parse(texts)
    text = str(raised.value)
    assert "OPENAI_ADMIN_KEY in the environment of the executors" in text
    assert not any(secret in text.lower() for secret in ("hunter2", "zzzz", "0123456789"))


def test_ids_and_names_that_only_look_like_keys_are_none() -> None:
    assert parameter(parse(api_key_ids="key_1,key_2"), "api_key_ids") == ("key_1", "key_2")
    model = "ft:gpt-5:acme:desk-assistant-for-customers"
    assert parameter(parse(models=model), "models") == (model,)


@frozen(kw_only=True)
class BatchesQuery(RangeQuery):
    max_tokens: int | None = None


class OurClient(UsageClient):
    batches = Endpoint("organization/usage/batches", BatchesQuery, CompletionsResult)


def test_a_parameter_of_another_endpoint_is_no_key() -> None:
    texts = {**LEAST, "max_tokens": "5"}
    with pytest.raises(InvalidOptionError, match="'max_tokens' is unknown"):
        parse_options(texts, OurClient)
    with pytest.raises(InvalidOptionError, match="the option 'max_tokens' looks like a key"):
        parse_options(texts)


def test_a_pace_in_the_file_must_be_enough_for_all_partitions(file: str) -> None:
    path = Path(file)
    path.write_text(f"{path.read_text()}requests_per_second = 0.005\n")
    assert parse(organizations=file, partitions="5").partitions == 5
    message = r"number from 0\.006, not '0\.005'\. It is that of globex in the file\. Use fewer"
    with pytest.raises(InvalidOptionError, match=message):
        parse(organizations=file, partitions="6")
    assert parse(organizations=file, organization="acme", partitions="6").labels == ("acme",)


def test_organizations_come_from_a_file_whose_keys_are_not_read(
    file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = parse(organizations=file)
    assert (options.organizations, options.labels) == (file, ("acme", "globex"))
    assert parse(organizations=file, organization="globex,globex").labels == ("globex",)
    with pytest.raises(InvalidOptionError, match=r"not 'acne'\. Did you mean 'acme'"):
        parse(organizations=file, organization="acne")
    monkeypatch.setenv("OPENAI_USAGE_ORGANIZATIONS", file)
    assert parse().organizations == file
    monkeypatch.setenv("OPENAI_USAGE_ORGANIZATIONS", "")
    assert parse().organizations is None


def test_what_spark_keeps_has_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox(seed=7)
    monkeypatch.setenv("OPENAI_ADMIN_KEY", sandbox.admin_api_key)
    with sandbox:
        write_organizations(tmp_path / "o.toml", {"acme": sandbox})
        options = parse(organizations=str(tmp_path / "o.toml"))
    kept = pickle.dumps(options)
    assert sandbox.admin_api_key.encode() not in kept
    assert pickle.loads(kept) == options


def test_the_range_ends_when_it_was_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: TODAY + 0.5)
    options = parse()
    monkeypatch.setattr("time.time", lambda: TODAY + DAY)
    assert options.window().end_time == TODAY
    assert time.time() > options.window().end_time
