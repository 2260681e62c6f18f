"""Any bytes are a page or an error, and a page is what they say: hypothesis makes the bytes."""

import itertools
import json
from decimal import Decimal
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from openai_usage import Amount, CompletionsResult, CostsResult, VectorStoresResult
from openai_usage._wire.decoder import NoPageError, page_of
from openai_usage.schema.model import Value
from tests.reading import RESULTS, SCRAPS, hold_against_plain_json
from tests.test_decoding import page_with

USD = '"usd"'
RIGHT: dict[Any, st.SearchStrategy[str]] = {
    int: st.integers(0, 2**70).map(str),
    str: st.text(max_size=5).map(json.dumps),
    bool: st.sampled_from(["true", "false"]),
    Decimal: st.decimals(-(10**9), 10**9, allow_nan=False).map(str),
}
DRESSED = st.tuples(
    st.integers(-(2**63), 2**63 - 1), st.sampled_from(["{}", "{}.0", '"{}"', '"{}.00"', "{}e0"])
).map(lambda pair: pair[1].format(pair[0]))


def right(kind: Any) -> st.SearchStrategy[str]:
    """JSON that a field takes which is declared as a *kind*."""
    if get_origin(kind) is Annotated:
        return right(get_args(kind)[0])
    kinds = get_args(kind) or (kind,)
    optional = st.just("null") if NoneType in kinds else st.nothing()
    return optional | st.one_of([RIGHT[each] for each in kinds if each is not NoneType])


@st.composite
def bodies(draw: st.DrawFn, result: type, *, most_wrong: int) -> bytes:
    """Pages of a *result*, in which some places may hold what does not belong there."""
    places = itertools.count()
    wrong = draw(st.sets(st.integers(0, 40), max_size=most_wrong))

    def some(text: str) -> str:
        return draw(st.sampled_from(SCRAPS) | DRESSED) if next(places) in wrong else text

    def field(described: msgspec.structs.FieldInfo) -> str:
        if described.type is Amount:
            return some(f'{{"value":{some(draw(RIGHT[Decimal]))},"currency":{some(USD)}}}')
        return some(draw(right(described.type)))

    def record() -> str:
        described = msgspec.structs.fields(result)
        members = [
            f'"{each.name}":{field(each)}'
            for each in described
            if each.required or draw(st.booleans())
        ]
        members += draw(st.just([]) | st.just([f'"new":{some("[1]")}']))
        return some(f"{{{','.join(draw(st.permutations(members)))}}}")

    def bucket() -> str:
        records = ",".join(record() for _ in range(draw(st.integers(0, 3))))
        return some(
            f'{{"start_time":{some("0")},"end_time":{some("86400")},"results":[{records}]}}'
        )

    buckets = ",".join(bucket() for _ in range(draw(st.integers(1, 3))))
    more, cursor = draw(RIGHT[bool]), draw(right(str | None))
    return (
        f'{{"data":{some(f"[{buckets}]")},"has_more":{some(more)},"next_page":{some(cursor)}}}'
    ).encode()


@pytest.mark.parametrize("result", RESULTS)
@settings(max_examples=10)
@given(data=st.data())
def test_a_right_page_is_read_as_plain_json_reads_it(result: type, data: st.DataObject) -> None:
    assert hold_against_plain_json(result, data.draw(bodies(result, most_wrong=0))) is not None


@pytest.mark.parametrize("result", RESULTS)
@settings(max_examples=25)
@given(data=st.data())
def test_a_page_with_scraps_in_it_is_an_error_or_what_it_says(
    result: type, data: st.DataObject
) -> None:
    hold_against_plain_json(result, data.draw(bodies(result, most_wrong=4)))


@given(
    st.sampled_from(RESULTS).flatmap(
        lambda result: st.tuples(st.just(result), bodies(result, most_wrong=1))
    ),
    st.lists(
        st.tuples(st.integers(0, 10**4), st.integers(0, 3), st.binary(max_size=3)), max_size=5
    ),
)
@example((CostsResult, b"\xef\xbb\xbf" + page_with('{"amount":{"value":1,"currency":"usd"}}')), [])
@example(
    (VectorStoresResult, b'{"data":[],"has_more":false,"next_page":1e99999999999999999999}'), []
)
@example((VectorStoresResult, b'{"x":' * 5000 + b"1" + b"}" * 5000), [])
def test_a_spoilt_page_is_an_error_or_what_it_says(
    page: tuple[type, bytes], spoils: list[tuple[int, int, bytes]]
) -> None:
    result, body = page
    for place, length, instead in spoils:
        at = place % (len(body) + 1)
        body = body[:at] + instead + body[at + length :]
    hold_against_plain_json(result, body)


@given(st.sampled_from(RESULTS), st.binary())
def test_any_bytes_are_an_error(result: type, body: bytes) -> None:
    assert hold_against_plain_json(result, body) is None


@given(DRESSED)
@example("9007199254740993.0")
@example('"9007199254740993.0"')
@example("-9223372036854775808.0")
async def test_a_whole_number_keeps_every_digit_whatever_it_wears(text: str) -> None:
    page = await page_of(VectorStoresResult, page_with(f'{{"usage_bytes":{text}}}'))
    assert str(page.data[0].results[0].usage_bytes) == text.strip('"').removesuffix("e0").partition(
        "."
    )[0].replace("-0", "0")


@pytest.mark.parametrize(
    "text",
    [
        *("4503599627370497.5", "1.00000000000000000000001", "1e-400", "1e30", "1e999999999"),
        *(
            '"1e30"',
            '"1e999999999"',
            '"1_0"',
            '" 5"',
            '"٣"',
            '"null"',
            '"0x5"',
            "9223372036854775808.0",
        ),
        *("1" * 5000, f'"{"1" * 5000}"', "1e99999999999999999999", '"1e99999999999999999999"'),
    ],
)
async def test_what_is_only_nearly_an_integer_is_refused(text: str) -> None:
    with pytest.raises(NoPageError) as caught:
        await page_of(VectorStoresResult, page_with(f'{{"usage_bytes":{text}}}'))
    assert caught.value.path.removesuffix("[...]").startswith("$")


@pytest.mark.parametrize("text", ["1", "0", '"true"', '"false"', '"1"', '"null"'])
async def test_only_true_is_true_and_only_null_is_null(text: str) -> None:
    row = '"num_model_requests":1,"input_tokens":1,"output_tokens":1'
    with pytest.raises(NoPageError) as caught:
        await page_of(CompletionsResult, page_with(f'{{{row},"batch":{text}}}'))
    assert caught.value.path == "$.data[0].results[0].batch"
    with pytest.raises(NoPageError) as caught:
        await page_of(CompletionsResult, f'{{"data":[],"has_more":{text}}}'.encode())
    assert caught.value.path == "$.has_more"


@pytest.mark.parametrize(
    "text", ["1e6145", "1e-6177", "0e-6177", '"1e999999999"', "-1e999999999", '"1e-999999999"']
)
@pytest.mark.parametrize("field", ['"amount":{{"value":{},"currency":"usd"}}', '"quantity":{}'])
async def test_money_beyond_all_bounds_is_refused(text: str, field: str) -> None:
    amount = '"amount":{"value":1,"currency":"usd"}'
    with pytest.raises(NoPageError, match="no number to reckon with") as caught:
        await page_of(CostsResult, page_with(f"{{{amount},{field.format(text)}}}"))
    assert caught.value.path.startswith("$.data[0].results[0].")
    assert len(caught.value.what) < 100


async def test_money_up_to_the_bounds_is_taken() -> None:
    for text in ("9.99e6144", "1e-6176", "0E-6176", "0." + "1" * 10_000, "1" * 5000):
        page = await page_of(
            CostsResult, page_with(f'{{"amount":{{"value":"{text}","currency":"usd"}}}}')
        )
        assert page.data[0].results[0].amount.value.is_finite()


async def test_of_a_field_that_comes_twice_the_last_counts() -> None:
    for text in ('"usage_bytes":1,"usage_bytes":2', '"usage_bytes":null,"usage_bytes":2.0'):
        page = await page_of(VectorStoresResult, page_with(f"{{{text}}}"))
        assert page.data[0].results[0].usage_bytes == 2


class Tagged(Value):
    tags: list[str]
    counts: list[int]
    size: int | str
    parts: dict[str, int] | None = None


async def test_a_row_of_ones_own_is_read_as_exactly() -> None:
    row = '{"tags":["5"],"counts":[1,2.0,"9007199254740993.0"],"size":"5","parts":{"a":1}}'
    page = await page_of(Tagged, page_with(row))
    assert page.data[0].results[0] == Tagged(
        tags=["5"], counts=[1, 2, 9007199254740993], size="5", parts={"a": 1}
    )
    with pytest.raises(NoPageError):  # no integer for msgspec, nor looked for so far inside
        await page_of(Tagged, page_with(row.replace('"a":1', '"a":1.0')))
