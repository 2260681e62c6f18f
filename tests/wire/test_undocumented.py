"""Fields of costs that others have seen in answers, and that no specification promises."""

import csv
import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest

from openai_usage import AsyncUsageClient, CostsResult
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY
from tests.support.terminal import Terminal

NAMES = ("organization_id", "organization_name", "project_name")


def page(**fields: Any) -> str:
    result = {"amount": {"value": "1.50", "currency": "usd"}, "project_id": "proj_a", **fields}
    bucket = {"start_time": TODAY - DAY, "end_time": TODAY, "results": [result]}
    return json.dumps({"data": [bucket], "has_more": False})


async def test_costs_say_whose_they_are(client: AsyncUsageClient) -> None:
    names = await client.names()
    asked = client.costs(start_time=TODAY - DAY, end_time=TODAY, group_by=["project_id", "user_id"])
    [bucket] = await asked.collect()
    for result in bucket.results:
        assert result.project_name == names.of(result.project_id).name
        assert (result.organization_id or "").startswith("org-")
        assert result.organization_name == "Sandbox Organization"
        assert "@" not in repr(result)  # the user's address comes along, and is dropped
    [alone] = (await client.costs(start_time=TODAY - DAY, end_time=TODAY)).data
    assert [each.project_name for each in alone.results] == [None]


@pytest.mark.parametrize("value", [None, 5, 5.5, True, [], ["a"], {"id": "org-a"}])
async def test_what_else_they_hold_does_not_stand_in_the_way(
    client: AsyncUsageClient, sandbox: Sandbox, value: object
) -> None:
    for fields in ({}, dict.fromkeys(NAMES, value)):
        sandbox.faults.status(200, body=page(**fields))
        [bucket] = (await client.costs(start_time=TODAY - DAY, end_time=TODAY)).data
        [result] = bucket.results
        assert (result.project_id, str(result.amount.value)) == ("proj_a", "1.50")
        assert [getattr(result, name) for name in NAMES] == [None] * 3


async def test_what_is_not_well_kept_does_not_stand_in_the_way_of_text(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(200, body=page(organization_id=5, project_name="A", line_item="b"))
    [bucket] = (await client.costs(start_time=TODAY - DAY, end_time=TODAY)).data
    [result] = bucket.results
    assert isinstance(result, CostsResult)
    assert (result.organization_id, result.project_name, result.line_item) == (None, "A", "b")


@pytest.mark.real_clock
@pytest.mark.parametrize("options", ["", "--names"])
def test_every_format_has_them_once(
    terminal: Terminal, asked: Sandbox, tmp_path: object, options: str
) -> None:
    command = f"costs --start 2026-01-05 --end 2026-01-07 --group-by project_id {options}"
    rows = list(csv.DictReader(io.StringIO(terminal(f"{command} --format csv"), newline="")))
    terminal(f"{command} -o {tmp_path}/costs.parquet")
    table = pq.read_table(f"{tmp_path}/costs.parquet")
    assert list(rows[0]) == table.column_names
    assert sorted(table.column_names) == sorted(set(table.column_names))
    for name in NAMES:
        assert table[name].to_pylist() == [row[name] for row in rows]
    # A name that was asked for follows its id, in the place of the field.
    at = table.column_names.index("project_name")
    assert (table.column_names[at - 1] == "project_id") is bool(options)
    assert {row["project_name"] for row in rows} > {"Research", "Voice Notes"}
