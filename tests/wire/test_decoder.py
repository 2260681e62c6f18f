"""Bodies: exact where they are right, an error with a path where they are not; over real HTTP."""

import asyncio
import itertools
import json
from decimal import Decimal
from typing import Any, TypedDict

import attrs
import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from openai_usage import (
    Amount,
    APIResponseValidationError,
    AsyncUsageClient,
    Bucket,
    CompletionsResult,
    CostsResult,
    Page,
    VectorStoresResult,
)
from openai_usage._wire import decoder
from openai_usage._wire.decimals import decimals_of
from openai_usage._wire.decoder import decode_page
from openai_usage.sandbox import Sandbox
from openai_usage.schema.model import Model
from tests.support.page_bodies import page_with

COST = {"object": "organization.costs.result", "amount": {"value": 1, "currency": "usd"}}


async def costs_of(client: AsyncUsageClient, sandbox: Sandbox, body: bytes) -> Page[CostsResult]:
    sandbox.faults.status(200, body=body)
    return await client.costs(start_time=0)


async def result_of(client: AsyncUsageClient, sandbox: Sandbox, result: str) -> CostsResult:
    page = await costs_of(client, sandbox, page_with(result))
    return page.data[0].results[0]


@pytest.mark.parametrize(
    "text",
    [
        "12.5",
        '"12.50"',
        '"0E-6176"',
        "0.1234567890123456789012345678901234567890",
        '"123456789012345678901234567890.000000000000000001"',
        "9007199254740993",
        "-3.00",
        "1e-30",
        "0",
    ],
)
async def test_money_keeps_every_digit(
    text: str, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    row = f'{{"amount":{{"value":{text},"currency":"usd"}},"quantity":{text}}}'
    result = await result_of(client, sandbox, row)
    assert str(result.amount.value) == str(Decimal(text.strip('"')))
    assert str(result.quantity) == str(Decimal(text.strip('"')))
    assert result.amount.currency == "usd"


@settings(max_examples=100)
@given(amount=st.decimals(allow_nan=False, allow_infinity=False), as_text=st.booleans())
async def test_any_amount_arrives_as_it_was_sent(
    client: AsyncUsageClient, sandbox: Sandbox, amount: Decimal, as_text: bool
) -> None:
    value = f'"{amount}"' if as_text else str(amount)
    result = await result_of(client, sandbox, f'{{"amount":{{"value":{value},"currency":"usd"}}}}')
    assert result.amount.value.as_tuple() == amount.as_tuple()


@pytest.mark.parametrize("text", ["5", "5.0", '"5"', '"5.0"', "5e0"])
async def test_an_integer_may_come_in_other_clothes(
    text: str, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(200, body=page_with(f'{{"usage_bytes":{text}}}'))
    page = await client.vector_stores(start_time=0)
    assert page.data[0].results[0].usage_bytes == 5
    assert type(page.data[0].results[0].usage_bytes) is int


@pytest.mark.parametrize("text", ["5.5", '"5.5"', "null", "true", '"five"', "[5]", '""', "1e400"])
async def test_what_is_no_integer_is_never_made_one(
    text: str, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(200, body=page_with(f'{{"usage_bytes":{text}}}'))
    with pytest.raises(APIResponseValidationError) as caught:
        await client.vector_stores(start_time=0)
    assert caught.value.path == "$.data[0].results[0].usage_bytes"


async def test_unknown_fields_and_values_are_tolerated(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    row = {
        **COST,
        "object": "organization.costs.result.v2",
        "quantity": 3,
        "quantity_unit": "parsecs",
        "api_source": "somewhere_new",
        "carbon": {"grams": [1, 2]},
    }
    page = await costs_of(client, sandbox, page_with(row, cursor_kind="new"))
    [result] = page.data[0].results
    assert (result.quantity_unit, result.api_source) == ("parsecs", "somewhere_new")
    assert not hasattr(result, "carbon")


@pytest.mark.parametrize(
    ("body", "path", "says"),
    [
        pytest.param(b"<html>Bad gateway</html>", "$", "<html>", id="html"),
        pytest.param(page_with(COST)[:-20], "$", "truncated", id="cut"),
        pytest.param(b"[" * 200_000, "$", "nested too deeply", id="deep"),
        pytest.param(
            b'{"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
            "$",
            "nested too deeply",
            id="deep, unknown",
        ),
        pytest.param(b'{"data":[],"next_page":"\xff","has_more":true}', "$", "UTF-8", id="utf-8"),
        pytest.param(b"", "$", "truncated", id="empty"),
        pytest.param(b"[]", "$", "got `array`", id="list"),
        pytest.param(b"null", "$", "got `null`", id="null"),
        pytest.param(b'{"has_more":false}', "$", "field `data`", id="no data"),
        pytest.param(b'{"data":[]}', "$", "field `has_more`", id="no has_more"),
        pytest.param(b'{"data":[],"has_more":null}', "$.has_more", "null", id="null has_more"),
        pytest.param(b'{"data":[],"has_more":false}{}', "$", "trailing", id="two values"),
        pytest.param(b'{"error":{"message":"no"}}', "$", "missing", id="an error with 200"),
        pytest.param(
            page_with('{"amount":{"value":NaN,"currency":"usd"}}'), "$", "malformed", id="NaN"
        ),
        pytest.param(
            page_with('{"amount":{"value":"NaN","currency":"usd"}}'),
            "$.data[0].results[0].amount.value",
            "NaN is not a finite number",
            id="NaN as text",
        ),
        pytest.param(
            page_with('{"amount":{"value":"-Infinity","currency":"usd"}}'),
            "$.data[0].results[0].amount.value",
            "not a finite number within decimal128 range",
            id="infinity as text",
        ),
        pytest.param(
            page_with('{"amount":{"value":1,"currency":"usd"},"quantity":"NaN"}'),
            "$.data[0].results[0].quantity",
            "not a finite number within decimal128 range",
            id="NaN as a quantity",
        ),
        pytest.param(
            page_with('{"amount":{"value":null,"currency":"usd"}}'),
            "$.data[0].results[0].amount.value",
            "null",
            id="null value",
        ),
        pytest.param(
            page_with('{"amount":{"value":1}}'),
            "$.data[0].results[0].amount",
            "`currency`",
            id="no currency",
        ),
        pytest.param(page_with("{}"), "$.data[0].results[0]", "`amount`", id="no amount"),
    ],
)
async def test_a_wrong_body_is_an_error_with_its_path(
    body: bytes, path: str, says: str, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    with pytest.raises(APIResponseValidationError, match=says) as caught:
        await costs_of(client, sandbox, body)
    assert caught.value.path == path
    assert caught.value.body == body.decode(errors="replace")[:2000]
    assert len(sandbox.requests) == 1  # asking again would not make it right


DECIMALS = st.decimals() | st.sampled_from([Decimal(0), Decimal("-0"), Decimal("sNaN")])


@settings(max_examples=200)
@given(
    buckets=st.lists(st.lists(st.tuples(DECIMALS, st.none() | DECIMALS), max_size=3), max_size=3)
)
async def test_asking_all_numbers_at_once_is_asking_each(
    buckets: list[list[tuple[Decimal, Decimal | None]]],
) -> None:
    page = {
        "data": [
            {
                "start_time": 0,
                "end_time": 1,
                "results": [
                    {"amount": {"value": str(value), "currency": "usd"}, "quantity": quantity}
                    for value, quantity in bucket
                ],
            }
            for bucket in buckets
        ],
        "has_more": False,
    }
    body = json.dumps(page, default=str).encode()
    each = {
        f"$.data[{i}].results[{j}].{path}": number
        for i, bucket in enumerate(buckets)
        for j, pair in enumerate(bucket)
        for path, number in zip(("amount.value", "quantity"), pair, strict=True)
    }
    wrong = {path for path, n in each.items() if n is not None and not n.is_finite()}
    if wrong:
        with pytest.raises(APIResponseValidationError) as caught:
            await decode_page(CostsResult, body)
        assert caught.value.path in wrong
    else:
        read = await decode_page(CostsResult, body)
        assert [
            [(result.amount.value, result.quantity) for result in bucket.results]
            for bucket in read.data
        ] == buckets


NUMBERS = ["null", "5", '"5"', "5.0", "5.5", '"NaN"', "NaN", "01"]
AMOUNTS = ['{"value":"1.50","currency":"usd"}', '{"value":"Infinity","currency":"usd"}']
SCRAPS = st.sampled_from([*NUMBERS, *AMOUNTS, "true", '""', "[]", "{}", '"\\ud800"'])


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Pages of costs in which a place or two may be wrong, or the end missing."""
    places = itertools.count()
    wrong = draw(st.sets(st.integers(0, 25), max_size=2))

    def some(right: str) -> str:
        return draw(SCRAPS) if next(places) in wrong else right

    def result() -> str:
        amount = some(f'{{"value":{some("0.1")},"currency":"usd"}}')
        return some(f'{{"amount":{amount},"quantity":{some("3")},"new":{some("[1]")}}}')

    def bucket() -> str:
        results = ",".join(result() for _ in range(draw(st.integers(0, 3))))
        return some(f'{{"start_time":{some("0")},"end_time":86400,"results":[{results}]}}')

    buckets = ",".join(bucket() for _ in range(draw(st.integers(1, 3))))
    body = f'{{"data":{some(f"[{buckets}]")},"has_more":{some("true")},"next_page":{some("null")}}}'
    return body.encode()[: draw(st.none() | st.none() | st.integers(1, len(body)))]


@settings(max_examples=300)
@given(body=bodies())
@example(body=page_with('{"amount":{"value":"NaN","currency":"usd"}}'))
async def test_a_page_taken_in_turns_is_the_page_taken_at_once(body: bytes) -> None:
    async def taken(at_once: int) -> Page[CostsResult] | str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(decoder, "CHUNK_BYTES", at_once)
            try:
                return await decode_page(CostsResult, body)
            except APIResponseValidationError as error:
                return f"{error.message} at {error.path}"

    assert await taken(at_once=len(body) // 3) == await taken(at_once=len(body))


async def test_a_large_page_leaves_turns_to_others() -> None:
    one = page_with(COST).partition(b'"data":[')[2][:-2]
    body = b'{"has_more":false,"data":[%s]}' % b",".join(
        [one] * (3 * decoder.CHUNK_BYTES // len(one))
    )
    page = asyncio.ensure_future(decode_page(CostsResult, body))
    turns = 0
    while not page.done():
        await asyncio.sleep(0)
        turns += 1
    assert len((await page).data) == body.count(b"bucket")
    assert turns >= 3


@pytest.mark.parametrize("buckets", [1, 3 * decoder.CHUNK_BYTES // 250])
async def test_a_name_that_is_no_text_loses_no_field(buckets: int) -> None:
    one = page_with({**COST, "line_item": "gpt-4.1"}).partition(b'"data":[')[2].removesuffix(b"]}")
    body = b'{"has_more":false,"data":[%s]}' % b",".join([one] * buckets)
    garbled = body.replace(b'"line_item"', b'"line_\xfftem"')
    assert (await decode_page(CostsResult, body)).data[0].results[0].line_item == "gpt-4.1"
    with pytest.raises(APIResponseValidationError):
        await decode_page(CostsResult, garbled)


async def test_malformed_json_on_the_second_page_says_where_to_go_on(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.malformed_json(after=1)
    seen = []
    with pytest.raises(APIResponseValidationError) as caught:
        async for bucket in client.costs(start_time=0, end_time=10 * 86_400, limit=3):
            seen.append(bucket)
    assert caught.value.resume_from == seen[-1].end_time == 3 * 86_400


class Refund(Model):
    amount: Amount | None = None


class Euros(Amount):
    """An amount of somebody's own."""


class Line(Model):
    amount: Amount


class Nested(Model):
    line: Line


class Many(Model):
    amounts: tuple[Amount, ...] = ()
    numbers: list[Decimal] | None = None
    by_name: dict[str, Decimal | None] | None = None


@attrs.frozen(kw_only=True)
class OfAttrs:
    price: Decimal
    euros: Euros | None = None


class Mixed(Model):
    price: Decimal | int | Amount
    raw: msgspec.Raw = msgspec.Raw()


class ByNumber(Model):
    numbers: dict[Decimal, int]
    counts: dict[int, int] | None = None


class Typed(TypedDict):
    amount: Amount


MONEY = '{"value":"%s","currency":"usd"}'


@pytest.mark.parametrize(
    ("result", "rows", "path"),
    [
        (Refund, f'{{"amount":null}},{{}},{{"amount":{MONEY}}}', "results[2].amount.value"),
        (Nested, f'{{"line":{{"amount":{MONEY}}}}}', "results[0]"),
        (Many, f'{{"amounts":[{MONEY}]}}', "results[0]"),
        (Many, '{"numbers":[1,"%s"]}', "results[0]"),
        (Many, '{"by_name":{"a":"%s","b":null}}', "results[0]"),
        (OfAttrs, '{"price":"%s"}', "results[0]"),
        (OfAttrs, f'{{"price":1,"euros":{MONEY}}}', "results[0]"),
        (Typed, f'{{"amount":{MONEY}}}', "results[0]"),
        (Mixed, f'{{"price":5}},{{"price":{MONEY},"raw":[1]}}', "results[1]"),
        (ByNumber, '{"numbers":{"%s":1}}', "results[0]"),
        (dict[str, Decimal], '{"a":"%s"}', "results[0]"),
    ],
)
async def test_the_numbers_of_rows_of_ones_own_are_asked_for_too(
    result: type[Any], rows: str, path: str
) -> None:
    assert (await decode_page(result, page_with(rows.replace("%s", "1.5")))).data
    with pytest.raises(APIResponseValidationError) as caught:
        await decode_page(result, page_with(rows.replace("%s", "-Infinity")))
    assert caught.value.path == f"$.data[0].{path}"


async def test_a_bucket_knows_its_datetimes(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    page = await costs_of(client, sandbox, page_with(COST))
    assert page.data[0].start.isoformat() == "1970-01-01T00:00:00+00:00"
    assert page.data[0].end.isoformat() == "1970-01-02T00:00:00+00:00"


async def test_a_decoder_that_is_new_takes_integers_as_they_come() -> None:
    # As each is made once, no other test sees one being made.
    body = page_with('{"usage_bytes":"5"},{"usage_bytes":5.0}')
    made = decoder._Decoder(VectorStoresResult)
    page = made.decode(body)
    assert [result.usage_bytes for result in page.data[0].results] == [5, 5]
    assert await made.decode_cooperatively(body) == page
    nan = page_with('{"amount":{"value":"NaN","currency":"usd"}}')
    with pytest.raises(msgspec.ValidationError, match="NaN"):
        decoder._Decoder(CostsResult).decode(nan)


@pytest.mark.parametrize(
    ("result", "paths"),
    [
        (CostsResult, ["amount.value", "quantity"]),
        (VectorStoresResult, []),
        (Refund, ["amount.value"]),
        (Nested, [""]),
        (Many, [""]),
        (OfAttrs, [""]),
        (Typed, [""]),
        (dict[str, Decimal], [""]),
    ],
)
def test_it_is_known_where_decimals_are(result: type[Any], paths: list[str]) -> None:
    assert [place.path for place in decimals_of(result)] == paths


def test_decimals_are_read_where_they_are() -> None:
    one = Amount(value=Decimal(1), currency="usd")
    costs = (CostsResult(amount=one), CostsResult(amount=one, quantity=Decimal(2)))
    buckets = [Bucket(start_time=0, end_time=1, results=costs)]
    assert [place.of(buckets) for place in decimals_of(CostsResult)] == [
        [Decimal(1), Decimal(1)],
        [Decimal(2)],
    ]
    refunds = (Refund(), Refund(amount=one))
    refunded = [Bucket(start_time=0, end_time=1, results=refunds)]
    assert [place.of(refunded) for place in decimals_of(Refund)] == [[Decimal(1)]]


def test_what_may_be_left_out_is_read_as_exactly() -> None:
    row = (
        '{"num_model_requests":1,"input_tokens":"2","output_tokens":3.0,"input_cached_tokens":"4"}'
    )
    page = decoder._Decoder(CompletionsResult).decode(page_with(row))
    assert page.data[0].results[0].input_cached_tokens == 4
    with pytest.raises(
        msgspec.ValidationError, match="1e9999999999999999999 is not a finite number"
    ):
        decoder._Decoder(CompletionsResult).decode(
            page_with(row.replace('"2"', "1e9999999999999999999"))
        )
