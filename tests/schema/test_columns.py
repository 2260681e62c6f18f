"""Columns: derived from a class of results, whoever made it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, TypedDict

import msgspec
import pyarrow as pa
import pytest
from attrs import frozen

from openai_usage import (
    Amount,
    AsyncUsageClient,
    ColumnError,
    CostsResult,
    Endpoint,
    RangeQuery,
)
from openai_usage.arrow import schema
from openai_usage.sandbox import Sandbox
from openai_usage.schema.columns import columns_of
from tests.conftest import DAY

LABEL = pa.dictionary(pa.int32(), pa.string())


@frozen(kw_only=True)
class VideosResult:
    kind: ClassVar[str] = "no field"
    seconds: Annotated[int, msgspec.Meta(ge=0)]
    quality: Literal["low", "high"] | None = None
    share: float
    amount: Amount
    refund: Amount | None = None
    tax: None | Decimal = None  # noqa: RUF036 - which comes first is not to matter
    live: bool = False
    object: str = "videos"


class VideosStruct(msgspec.Struct, rename="camel"):
    num_videos: int
    model: str | None = None


class NotedCosts(CostsResult):
    note: str | None = None


@frozen(kw_only=True)
class TaggedResult:
    tags: list[str]


class Client(AsyncUsageClient):
    videos = Endpoint("organization/usage/videos", RangeQuery, VideosResult)
    struct = Endpoint("organization/usage/struct", RangeQuery, VideosStruct)
    noted = Endpoint("organization/noted", RangeQuery, NotedCosts)
    tagged = Endpoint("organization/usage/tagged", RangeQuery, TaggedResult)


async def answered(sandbox: Sandbox, ask: Callable[[Client], Any], *results: str) -> pa.Table:
    """The table that comes of some results, given as JSON."""
    bucket = f'{{"start_time":0,"end_time":{DAY},"results":[{",".join(results)}]}}'
    sandbox.faults.status(200, body=f'{{"data":[{bucket}],"has_more":false}}')
    async with Client(sandbox.admin_api_key, base_url=sandbox.base_url) as client:
        table: pa.Table = await ask(client).to_arrow()
        return table


async def test_classes_of_ones_own_have_columns(sandbox: Sandbox) -> None:
    money = '{"value":1.5,"currency":"usd"}'
    table = await answered(
        sandbox,
        lambda client: client.videos(start_time=0, end_time=DAY),
        f'{{"seconds":5,"share":0.5,"amount":{money}}}',
        f'{{"seconds":6,"share":1.0,"amount":{money},"refund":{money},"tax":"0.3","live":true,'
        '"quality":"low"}',
    )
    assert table.schema.equals(
        pa.schema(
            [
                pa.field("start", pa.timestamp("us", tz="UTC"), nullable=False),
                pa.field("end", pa.timestamp("us", tz="UTC"), nullable=False),
                pa.field("seconds", pa.int64(), nullable=False),
                pa.field("quality", LABEL),
                pa.field("share", pa.float64(), nullable=False),
                pa.field("amount", pa.decimal128(38, 24), nullable=False),
                pa.field("currency", LABEL, nullable=False),
                pa.field("refund", pa.decimal128(38, 24)),
                pa.field("refund_currency", LABEL),
                pa.field("tax", pa.decimal128(38, 24)),
                pa.field("live", pa.bool_(), nullable=False),
            ]
        )
    )
    both: Mapping[str, object] = {
        "start": datetime(1970, 1, 1, tzinfo=UTC),
        "end": datetime(1970, 1, 2, tzinfo=UTC),
        "amount": Decimal("1.5"),
        "currency": "usd",
    }
    lacking = dict.fromkeys(["quality", "refund", "refund_currency", "tax"])
    assert table.to_pylist() == [
        {**both, "seconds": 5, "share": 0.5, **lacking, "live": False},
        {
            **both,
            "seconds": 6,
            "quality": "low",
            "share": 1.0,
            "refund": Decimal("1.5"),
            "refund_currency": "usd",
            "tax": Decimal("0.3"),
            "live": True,
        },
    ]


async def test_so_has_a_plain_struct(sandbox: Sandbox) -> None:
    table = await answered(
        sandbox,
        lambda client: client.struct(start_time=0, end_time=DAY),
        '{"numVideos":3,"model":"sora"}',
    )
    assert table.select(["num_videos", "model"]).to_pylist() == [{"num_videos": 3, "model": "sora"}]


async def test_so_has_a_field_that_was_added(sandbox: Sandbox) -> None:
    table = await answered(
        sandbox,
        lambda client: client.noted(start_time=0, end_time=DAY),
        '{"amount":{"value":1,"currency":"usd"},"note":"paid"}',
    )
    assert table["note"].to_pylist() == ["paid"]
    assert set(table.column_names) == {*schema(AsyncUsageClient.costs).names, "note"}


async def test_a_type_that_has_no_column_is_an_error_before_anything_is_sent(
    sandbox: Sandbox,
) -> None:
    with pytest.raises(
        ColumnError, match=r"TaggedResult\.tags does not fit into a column"
    ) as caught:
        await answered(sandbox, lambda client: client.tagged(start_time=0, end_time=DAY))
    assert (caught.value.column, caught.value.start_time) == ("tags", None)
    assert sandbox.requests == []


class Coloured(TypedDict):
    colour: str


@pytest.mark.parametrize("result", [Coloured, dict[str, int], int])
def test_what_has_no_fields_has_no_columns(result: type) -> None:
    with pytest.raises(ColumnError, match=r"make it an attrs class or a msgspec\.Struct"):
        columns_of(result)


@frozen(kw_only=True)
class Ending:
    end: int


@frozen(kw_only=True)
class Paid:
    amount: Amount
    currency: str


@pytest.mark.parametrize(("result", "twice"), [(Ending, "end"), (Paid, "currency")])
def test_no_two_columns_have_one_name(result: type, twice: str) -> None:
    with pytest.raises(ColumnError, match=f"two columns named {twice}") as caught:
        columns_of(result)
    assert caught.value.column == twice


@pytest.mark.parametrize(
    "kind",
    [int | str, Any, Literal[1, 2], datetime, msgspec.Struct, list[int] | None],
)
def test_what_may_be_several_things_is_left_to_whoever_takes_it(kind: Any) -> None:
    made = msgspec.defstruct("Made", [("value", kind)])
    assert columns_of(made)[-1].kind is object
