"""Rows of a partition for Spark: those of the client, with plain types and the organization."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from attrs import evolve, frozen

from openai_usage import (
    CombinedClient,
    Endpoint,
    OrganizationsError,
    RangeQuery,
    UsageClient,
    UsageError,
)
from openai_usage._extras import missing_library
from openai_usage.arrow import schema
from openai_usage.integrations.spark_options import SparkOptions, parse_options
from openai_usage.integrations.spark_partitions import Partition, partitions_of
from openai_usage.integrations.spark_rows import arrow_schema, ddl, read_rows
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY
from tests.support.organizations_file import write_organizations

pytestmark = pytest.mark.real_clock

START = TODAY - 70 * DAY


def options_of(**texts: str) -> SparkOptions:
    return parse_options(
        {"endpoint": "costs", "start_time": str(START), "end_time": str(TODAY), **texts}
    )


@pytest.fixture
def file(usage_sandbox: Sandbox, tmp_path: Path) -> Path:
    path = tmp_path / "organizations.toml"
    write_organizations(path, {"acme": usage_sandbox})
    return path


def rows(options: SparkOptions) -> pa.Table:
    return pa.Table.from_batches(
        batch
        for each in partitions_of(options, options.window())
        for batch in read_rows(options, each)
    )


@pytest.mark.parametrize("count", ["1", "2"])
def test_they_are_those_of_the_client(usage_sandbox: Sandbox, file: Path, count: str) -> None:
    options = options_of(organizations=str(file), group_by="line_item,project_id", partitions=count)
    found = rows(options)
    with UsageClient(usage_sandbox.admin_api_key, base_url=usage_sandbox.base_url) as client:
        expected = client.costs(
            start_time=START, end_time=TODAY, group_by=["line_item", "project_id"]
        ).to_arrow()
    assert set(found["organization"].to_pylist()) == {"acme"}
    assert found.drop_columns("organization").to_pylist() == expected.to_pylist()
    assert found.num_rows > 0


def test_the_types_are_plain_and_known_to_spark() -> None:
    assert ddl(arrow_schema(options_of())).startswith(
        "`start` timestamp_ltz, `end` timestamp_ltz, `organization` string, `project_id` string, "
    )
    assert "`amount` decimal(38,24), `currency` string, " in ddl(arrow_schema(options_of()))
    assert "`amount` string" in ddl(arrow_schema(options_of(money="text")))
    assert "`amount` double" in ddl(arrow_schema(options_of(money="float")))
    completions = ddl(arrow_schema(options_of(endpoint="completions")))
    assert "`batch` boolean" in completions
    assert "`input_tokens` bigint" in completions


@pytest.mark.parametrize("endpoint", UsageClient.table())
def test_every_endpoint_has_them(endpoint: str, file: Path) -> None:
    options = options_of(endpoint=endpoint, organizations=str(file))
    assert rows(options).schema == arrow_schema(options)
    assert all(each.nullable for each in arrow_schema(options))


@frozen(kw_only=True)
class VideosResult:
    seconds: int
    size: str | None = None


class OurClient(UsageClient):
    videos = Endpoint("organization/usage/videos", RangeQuery, VideosResult)


def test_an_endpoint_of_ones_own_has_them() -> None:
    options = parse_options({"endpoint": "videos", "start_time": str(START)}, OurClient)
    assert ddl(arrow_schema(options)) == (
        "`start` timestamp_ltz, `end` timestamp_ltz, `organization` string, "
        "`seconds` bigint, `size` string"
    )


def test_the_organization_is_where_combined_tables_have_it(file: Path) -> None:
    for row in CombinedClient.table().values():
        names = arrow_schema(options_of(endpoint=row.name, organizations=str(file))).names
        assert names == schema(row).names


def test_without_a_file_the_environment_has_the_key(asked: Sandbox) -> None:
    options = options_of(money="text", requests_per_second="500")
    assert set(rows(options)["organization"].to_pylist()) == {"default"}
    assert asked.requests


def test_an_organization_that_fails_is_named(usage_sandbox: Sandbox, file: Path) -> None:
    usage_sandbox.scopes.clear()
    with pytest.raises(OrganizationsError, match=r"\Aacme: the API answered 403") as raised:
        rows(options_of(organizations=str(file)))
    assert usage_sandbox.admin_api_key not in str(raised.value)


def test_a_missing_bucket_is_an_error_unless_it_is_only_logged(
    usage_sandbox: Sandbox, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    page = {"organizations": str(file), "start_time": str(TODAY - 20 * DAY)}  # one request
    usage_sandbox.faults.missing_bucket(times=1)
    with pytest.raises(OrganizationsError, match="acme: the API returned no bucket from"):
        rows(options_of(**page))
    usage_sandbox.faults.missing_bucket(times=1)
    assert rows(options_of(**page, on_gap="warn")).num_rows
    assert "returned no bucket" in caplog.text


def test_a_key_that_is_missing_on_an_executor_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\Adefault: the environment of the executor has no OPEN"):
        rows(options_of())
    path = tmp_path / "organizations.toml"
    path.write_text("[organizations.acme]\nadmin_key_env = 'NO_SUCH_KEY'\n")
    options = options_of(organizations=str(path))
    with pytest.raises(UsageError, match=r"\Aacme: the environment variable NO_SUCH_KEY has"):
        rows(options)
    path.write_text("[organizations.globex]\nadmin_key_env = 'NO_SUCH_KEY'\n")
    with pytest.raises(UsageError, match=r"\Aacme: .*toml has no organization acme here, but has"):
        rows(options)
    path.unlink()
    with pytest.raises(UsageError, match=r"\Aacme: .*: the file cannot be read"):
        rows(options)


def with_large_amounts(page: dict[str, Any]) -> dict[str, Any]:
    for bucket in page["data"]:
        for each in bucket["results"]:
            each["amount"]["value"] = 123456789012345.5
    return page


def test_a_value_that_does_not_fit_is_said_with_the_organization(
    usage_sandbox: Sandbox, file: Path
) -> None:
    page = {"organizations": str(file), "start_time": str(TODAY - 20 * DAY)}
    usage_sandbox.faults._change(with_large_amounts, 1, 0)
    with pytest.raises(UsageError, match=r"\Aacme: amount is .* Set the option money to text\.\Z"):
        rows(options_of(**page))


class Paced(UsageClient):
    """A client that remembers its pace."""

    paces: list[object] = []  # noqa: RUF012 - of all clients

    def __init__(self, *args: object, **options: object) -> None:
        self.paces.append(options["requests_per_second"])
        super().__init__(*args, **options)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_partitions_share_the_pace_of_their_organization(
    usage_sandbox: Sandbox, file: Path
) -> None:
    Paced.paces.clear()
    options = evolve(options_of(organizations=str(file), requests_per_second="900"), client=Paced)
    part = Partition("acme", START, TODAY, siblings=3)
    assert [*read_rows(options, part)]
    file.write_text(f"{file.read_text()}requests_per_second = 600\n")
    assert [*read_rows(options, part)]
    assert Paced.paces == [300, 200]


def test_without_spark_the_extra_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pyspark", "pyspark.sql.datasource"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "openai_usage.integrations.spark", raising=False)
    with pytest.raises(ModuleNotFoundError) as caught:
        import_module("openai_usage.integrations.spark")
    assert str(caught.value) == str(missing_library("pyspark", "spark"))
