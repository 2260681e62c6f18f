"""Read ranges with Spark: the same figures as the client, to the last digit."""

import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.errors import AnalysisException, PythonException
from pyspark.sql import functions as F  # noqa: N812 - as everywhere

from openai_usage import UsageClient
from openai_usage._decimals import exact_sum
from openai_usage.integrations.spark_options import parse_options
from openai_usage.integrations.spark_rows import arrow_schema, sql_types
from tests.conftest import DAY, TODAY
from tests.integrations.spark.conftest import MARKS, Organizations, Spark
from tests.integrations.spark.expected import rows_of_api, rows_of_spark

pytestmark = MARKS

START = TODAY - 90 * DAY
SPAN = {"start_time": START, "end_time": TODAY}


def test_totals_are_those_of_the_client(organizations: Organizations) -> None:
    frame = organizations.read(
        **SPAN, group_by="project_id,line_item", partitions=2, requests_per_second=50
    )
    assert frame.rdd.getNumPartitions() == 4
    assert dict(frame.dtypes)["amount"] == "decimal(38,24)"
    found = {
        row["organization"]: row["total"]
        for row in frame.groupBy("organization").agg(F.sum("amount").alias("total")).collect()
    }
    expected = {}
    for label, each in {"acme": organizations.acme, "globex": organizations.globex}.items():
        with UsageClient(each.admin_api_key, base_url=each.base_url) as client:
            bill = client.costs(
                start_time=START, end_time=TODAY, group_by=["project_id", "line_item"]
            ).collect()
        expected[label] = exact_sum(cost.amount.value for day in bill for cost in day.results)
    assert found == expected
    assert all(isinstance(each, Decimal) and each > 0 for each in found.values())


@pytest.mark.parametrize(
    ("endpoint", "texts", "query"),
    [
        (
            "completions",
            {"bucket_width": "1h", "group_by": "model,batch", "partitions": "3"},
            {"bucket_width": "1h", "group_by": ["model", "batch"]},
        ),
        ("costs", {"line_items": '["adjustment ref. 0417, see invoice"]'}, {}),
        ("vector_stores", {}, {}),
    ],
)
def test_rows_are_those_of_the_client(
    endpoint: str, texts: dict[str, str], query: dict[str, object], organizations: Organizations
) -> None:
    span = {"start_time": TODAY - 21 * DAY + 3600, "end_time": TODAY - 3600}
    if "line_items" in texts:
        query = {"line_items": ["adjustment ref. 0417, see invoice"]}
    frame = organizations.read(endpoint, **span, **texts)
    both = {"acme": organizations.acme, "globex": organizations.globex}
    assert rows_of_spark(frame) == rows_of_api(both, endpoint, **span, **query)


def test_the_schema_is_that_of_the_rows(organizations: Organizations) -> None:
    frame = organizations.read("completions", **SPAN)
    ours = parse_options({"endpoint": "completions", "start_time": str(START)})
    assert dict(frame.dtypes) == sql_types(arrow_schema(ours))
    again = (
        organizations.session.read.format("openai_usage")
        .schema(frame.schema)
        .options(endpoint="completions", start_time=str(START), end_time=str(START + DAY))
        .option("organizations", str(organizations.path))
        .load()
    )
    assert again.count() == 2
    other = organizations.session.read.format("openai_usage").schema("amount DOUBLE")
    frame = other.options(endpoint="costs", start_time=str(START)).load()
    with pytest.raises(Exception, match=r"the columns of costs are start, .* Leave out \.schema"):
        frame.count()


def test_times_are_moments_whatever_spark_calls_a_timestamp(organizations: Organizations) -> None:
    page = {"start_time": TODAY - 5 * DAY, "end_time": TODAY}
    expected = rows_of_spark(organizations.read(**page))
    conf = organizations.session.conf
    conf.set("spark.sql.timestampType", "TIMESTAMP_NTZ")
    try:
        frame = organizations.read(**page)
        assert dict(frame.dtypes)["start"] == "timestamp"
        assert rows_of_spark(frame) == expected
    finally:
        conf.unset("spark.sql.timestampType")


def test_every_read_of_a_frame_has_the_same_end(organizations: Organizations) -> None:
    both = (organizations.acme, organizations.globex)
    for each in both:
        each.now = None  # the real time
    frame = organizations.read("completions", start_time=int(time.time()) - 300, bucket_width="1m")
    loaded = time.time()
    frame.count()
    while int(time.time()) <= loaded:  # a second read in the same second would show nothing
        frame.count()
    frame.count()
    ends = {dict(request.query)["end_time"] for each in both for request in each.requests}
    assert len(ends) == 1
    assert int(ends.pop()) <= loaded


def test_the_environment_of_executors_has_a_key(spark: Spark) -> None:
    view = f"OPTIONS (endpoint 'costs', start_time '{START}', end_time '{TODAY}')"
    spark.session.sql(f"CREATE OR REPLACE TEMPORARY VIEW costs USING openai_usage {view}")
    [row] = spark.session.sql("SELECT DISTINCT organization FROM costs").collect()
    assert row["organization"] == "default"
    assert rows_of_spark(spark.session.table("costs")) == rows_of_api(
        {"default": spark.single}, start_time=START, end_time=TODAY
    )


def test_a_table_keeps_every_digit(organizations: Organizations, tmp_path: Path) -> None:
    frame = organizations.read(**SPAN, group_by="line_item")
    frame.write.partitionBy("organization").parquet(str(tmp_path / "costs"))
    kept = organizations.session.read.parquet(str(tmp_path / "costs"))
    assert rows_of_spark(kept) == rows_of_spark(frame)
    day = kept.selectExpr("min(start) AS first").collect()[0]["first"]
    assert day.astimezone(UTC) == datetime.fromtimestamp(START, UTC)


def test_an_organization_that_fails_is_named(organizations: Organizations) -> None:
    organizations.globex.scopes.clear()
    with pytest.raises(PythonException, match="OrganizationsError: globex: the API answered 403"):
        organizations.read(**SPAN).count()
    of_acme = organizations.read(**SPAN, organization="acme")
    assert rows_of_spark(of_acme) == rows_of_api({"acme": organizations.acme}, **SPAN)


def test_a_gap_fails_unless_it_is_only_logged(organizations: Organizations) -> None:
    page = {"start_time": TODAY - 20 * DAY, "end_time": TODAY}  # one request
    whole = rows_of_spark(organizations.read(**page))
    organizations.acme.faults.missing_bucket(times=1)
    with pytest.raises(PythonException, match="acme: the API returned no bucket from"):
        organizations.read(**page).count()
    organizations.acme.faults.missing_bucket(times=1)
    assert rows_of_spark(organizations.read(**page, on_gap="warn")) < whole


def test_options_are_refused_on_load(organizations: Organizations) -> None:
    for options, message in [
        ({"start_time": START, "group_by": "modle"}, "group_by takes 'project_id'"),
        ({"start_time": START, "every": 1}, "'every' is unknown. The options of costs are "),
        ({}, "the option start_time is missing"),
    ]:
        with pytest.raises(AnalysisException, match=message):
            organizations.read(**options)  # type: ignore[arg-type]
    assert organizations.acme.requests == organizations.globex.requests == []
