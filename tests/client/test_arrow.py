"""Tables of Arrow's: the same rows with every digit, in columns that never change; over HTTP."""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import aclosing
from decimal import Decimal
from typing import ClassVar

import pyarrow as pa
import pytest

from openai_usage import (
    Amount,
    APIStatusError,
    AsyncUsageClient,
    Bucket,
    ColumnError,
    CostsQuery,
    CostsResult,
    Endpoint,
)
from openai_usage._extras import missing_library
from openai_usage.arrow import record_batch, schema
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY
from tests.support.arrow_values import LABEL, MOMENT, MONEY, START, costs_page, grouped, rows_of
from tests.support.rows import ROWS, each_row

# ----------------------------------------------------------------- what is in it


@each_row
async def test_a_table_has_the_results_of_collect(
    row: Endpoint[..., object], client: AsyncUsageClient
) -> None:
    buckets = grouped(client, row)
    expected = rows_of(await buckets.collect())
    table = await buckets.to_arrow()
    assert table.to_pylist() == expected
    assert table.num_rows > 10
    assert table.column_names == list(expected[0])  # so the order is right, too
    assert table.schema.equals(schema(row), check_metadata=True)
    assert {column.num_chunks for column in table.columns} == {1}
    assert (await buckets.concurrently(3).to_arrow()).equals(table)


@each_row
async def test_a_table_comes_to_the_same_totals(
    row: Endpoint[..., object], client: AsyncUsageClient
) -> None:
    import pyarrow.compute as pc

    buckets = grouped(client, row)
    expected = rows_of(await buckets.collect())
    table = await buckets.to_arrow()
    measured = [field.name for field in table.schema if field.type in (pa.int64(), MONEY)]
    assert measured
    for name in measured:
        total = sum(line[name] for line in expected if line[name] is not None)
        assert (pc.sum(table[name]).as_py() or 0) == total, name


def test_columns_are_typed() -> None:
    assert schema(ROWS["costs"]) == pa.schema(
        [
            pa.field("start", MOMENT, nullable=False),
            pa.field("end", MOMENT, nullable=False),
            pa.field("project_id", LABEL),
            pa.field("user_id", LABEL),
            pa.field("api_key_id", LABEL),
            pa.field("line_item", LABEL),
            pa.field("api_source", LABEL),
            pa.field("amount", MONEY, nullable=False),
            pa.field("currency", LABEL, nullable=False),
            pa.field("quantity", MONEY),
            pa.field("quantity_unit", LABEL),
            pa.field("organization_id", LABEL),
            pa.field("organization_name", LABEL),
            pa.field("project_name", LABEL),
            pa.field("product", LABEL),
            pa.field("model", LABEL),
            pa.field("kind", LABEL),
        ]
    )
    known = schema(ROWS["completions"])
    assert known.field("batch") == pa.field("batch", pa.bool_())
    assert known.field("input_tokens") == pa.field("input_tokens", pa.int64(), nullable=False)
    assert known.field("input_audio_tokens") == pa.field("input_audio_tokens", pa.int64())
    assert "object" not in known.names


async def test_the_schema_is_the_same_where_all_is_null_or_nothing_is(
    client: AsyncUsageClient,
) -> None:
    row = ROWS["completions"]
    ungrouped = await client.completions(start_time=START, end_time=TODAY).to_arrow()
    assert ungrouped["model"].null_count == ungrouped.num_rows == 10
    nothing = await client.completions(start_time=START, end_time=TODAY, models=["no"]).to_arrow()
    assert nothing.num_rows == 0
    assert ungrouped.schema == nothing.schema == schema(row)


# ----------------------------------------------------------------- batch by batch


async def test_a_batch_is_a_page(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    buckets = grouped(client, ROWS["completions"])
    async with aclosing(buckets.arrow_batches()) as batches:
        first = await anext(batches)
        assert len(sandbox.requests) == 1
        rest = [batch async for batch in batches]
    assert len(sandbox.requests) == 3 == 1 + len(rest)
    page = await anext(pages := buckets.pages())
    await pages.aclose()
    assert first.to_pylist() == rows_of([*page.data])
    assert pa.Table.from_batches([first, *rest]).to_pylist() == (
        (await buckets.to_arrow()).to_pylist()
    )


async def test_a_page_without_rows_is_a_batch_with_the_schema(client: AsyncUsageClient) -> None:
    nothing = client.costs(start_time=START, end_time=TODAY, line_items=["no"], limit=5)
    batches = [batch async for batch in nothing.arrow_batches()]
    assert [batch.num_rows for batch in batches] == [0, 0]
    assert {batch.schema == schema(ROWS["costs"]) for batch in batches} == {True}


async def test_so_is_a_page_without_buckets(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    sandbox.faults.status(200, body='{"data":[],"has_more":true,"next_page":"a"}')
    sandbox.faults.status(200, body=costs_page("1"))
    iteration = client.costs(start_time=0, end_time=DAY)
    assert [batch.num_rows async for batch in iteration.arrow_batches()] == [0, 1]


async def test_a_large_page_is_several_batches_and_leaves_turns_to_others(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    turns = 0

    async def tick() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    sandbox.faults.status(200, body=costs_page(*["1"] * 4_000, days=7))
    iteration = client.costs(start_time=0, end_time=7 * DAY).arrow_batches()
    rows = [(await anext(iteration)).num_rows]
    ticking = asyncio.create_task(tick())
    rows += [batch.num_rows async for batch in iteration]
    assert rows == [8_000, 8_000, 8_000, 4_000]  # whole buckets
    assert turns >= 3
    ticking.cancel()


async def test_a_bucket_is_never_cut(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    sandbox.faults.status(200, body=costs_page(*["1"] * 10_001, days=2))
    iteration = client.costs(start_time=0, end_time=2 * DAY).arrow_batches()
    assert [batch.num_rows async for batch in iteration] == [10_001, 10_001]


async def test_memory_does_not_grow_with_the_iteration(client: AsyncUsageClient) -> None:
    iteration = client.completions(
        start_time=TODAY - 60 * DAY, end_time=TODAY, limit=1, group_by=["model"]
    )
    before, held = pa.total_allocated_bytes(), []
    async for batch in iteration.arrow_batches():
        held.append(pa.total_allocated_bytes() - before)
        assert batch.num_rows
    assert len(held) == 60
    assert max(held) < 3 * held[0]


# ----------------------------------------------------------------- what has no room


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("1E+14", "100000000000000"),
        ("-123456789012345.6700", "-123456789012345.6700"),
        (f"{'98765' * 100}.5", "about 9.88e+499"),
    ],
)
async def test_an_amount_that_does_not_fit_is_an_error_that_says_so(
    sent: str, shown: str, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(200, body=costs_page("1", f'"{sent}"'))
    with pytest.raises(ColumnError) as caught:
        await client.costs(start_time=0, end_time=DAY).to_arrow()
    assert str(caught.value) == (
        f"amount is {shown} in the bucket that begins at 1970-01-01T00:00:00Z. "
        "Its column, decimal128(38, 24), holds 14 digits before the point. "
        'Use money="text" to keep every digit.'
    )
    assert (caught.value.column, caught.value.start_time) == ("amount", 0)
    assert caught.value.resume_from is None


async def test_what_came_before_it_is_handed_over(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(200, body=costs_page("1", days=2, has_more=True))
    later = costs_page("1e14").replace('_time":0', f'_time":{2 * DAY}')
    sandbox.faults.status(200, body=later.replace(f'_time":{DAY}', f'_time":{3 * DAY}'))
    rows = 0
    with pytest.raises(ColumnError, match="bucket that begins at 1970-01-03T00") as caught:
        async for batch in client.costs(start_time=0, end_time=3 * DAY).arrow_batches():
            rows += batch.num_rows
    assert rows == 2
    assert caught.value.resume_from == caught.value.start_time == 2 * DAY


async def test_an_integer_that_does_not_fit_is_an_error_too(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    page = costs_page("1").replace('"amount":{"value":1,"currency":"usd"}', f'"seconds":{2**63}')
    page = page.replace('"seconds"', '"num_model_requests":1,"seconds"')
    sandbox.faults.status(200, body=page)
    with pytest.raises(
        ColumnError,
        match=r"seconds is 9223372036854775808 .* integers of 64 bits\. Use collect\(\)",
    ):
        await client.audio_transcriptions(start_time=0, end_time=DAY).to_arrow()


async def test_a_table_is_all_or_nothing(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    sandbox.faults.status(403, after=1)
    with pytest.raises(APIStatusError) as caught:
        await grouped(client, ROWS["costs"]).to_arrow()
    assert caught.value.resume_from is None
    sandbox.faults.status(403, after=1)
    rows = 0
    with pytest.raises(APIStatusError) as caught:
        async for batch in grouped(client, ROWS["costs"]).arrow_batches():
            rows += batch.num_rows
    assert rows
    assert caught.value.resume_from == START + 4 * DAY


# ----------------------------------------------------------------- without the extra


async def test_the_extra_is_named_where_it_is_missing(
    client: AsyncUsageClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "openai_usage.arrow")
    buckets = client.costs(start_time=START)
    with pytest.raises(ModuleNotFoundError) as caught:
        await buckets.to_arrow()
    assert str(caught.value) == str(missing_library("pyarrow", "arrow"))
    assert caught.value.name == "pyarrow"
    with pytest.raises(ModuleNotFoundError, match=r"with the extra \[arrow\]"):
        buckets.arrow_batches()
    assert sandbox.requests == []


class Owned(CostsResult):
    """Costs with an owner that even costs without a line item have."""

    derived: ClassVar[Mapping[str, str]] = {"owner": "line_item"}

    @property
    def owner(self) -> str:
        return "nobody" if self.line_item is None else self.line_item.upper()


def test_a_derived_column_can_have_a_value_for_nothing() -> None:
    endpoint = Endpoint("costs", CostsQuery, Owned)
    results = [
        Owned(line_item=item, amount=Amount(value=Decimal(1), currency="usd"))
        for item in ("a", None, "b", "a")
    ]
    bucket = Bucket(start_time=0, end_time=60, results=tuple(results))
    batch = record_batch(endpoint, [bucket])
    assert batch.column("owner").to_pylist() == ["A", "nobody", "B", "A"]
    batch = record_batch(endpoint, [bucket, Bucket(start_time=60, end_time=120, results=())])
    assert batch.num_rows == 4
