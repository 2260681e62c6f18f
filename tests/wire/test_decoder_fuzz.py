"""Any bytes are a page or an error, and a page is what they say: hypothesis makes the bytes."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from openai_usage import CompletionsResult, CostsResult, VectorStoresResult
from openai_usage._wire.decoder import decode_page
from openai_usage.errors import APIResponseValidationError
from openai_usage.schema.model import Model
from tests.support.page_bodies import page_with
from tests.support.reading import RESULTS, hold_against_plain_json
from tests.support.wild_bodies import DRESSED, bodies


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
    page = await decode_page(VectorStoresResult, page_with(f'{{"usage_bytes":{text}}}'))
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
    with pytest.raises(APIResponseValidationError) as caught:
        await decode_page(VectorStoresResult, page_with(f'{{"usage_bytes":{text}}}'))
    assert caught.value.path.removesuffix("[...]").startswith("$")


@pytest.mark.parametrize("text", ["1", "0", '"true"', '"false"', '"1"', '"null"'])
async def test_only_true_is_true_and_only_null_is_null(text: str) -> None:
    row = '"num_model_requests":1,"input_tokens":1,"output_tokens":1'
    with pytest.raises(APIResponseValidationError) as caught:
        await decode_page(CompletionsResult, page_with(f'{{{row},"batch":{text}}}'))
    assert caught.value.path == "$.data[0].results[0].batch"
    with pytest.raises(APIResponseValidationError) as caught:
        await decode_page(CompletionsResult, f'{{"data":[],"has_more":{text}}}'.encode())
    assert caught.value.path == "$.has_more"


@pytest.mark.parametrize(
    "text", ["1e6145", "1e-6177", "0e-6177", '"1e999999999"', "-1e999999999", '"1e-999999999"']
)
@pytest.mark.parametrize("field", ['"amount":{{"value":{},"currency":"usd"}}', '"quantity":{}'])
async def test_money_beyond_all_bounds_is_refused(text: str, field: str) -> None:
    amount = '"amount":{"value":1,"currency":"usd"}'
    with pytest.raises(
        APIResponseValidationError, match="not a finite number within decimal128 range"
    ) as caught:
        await decode_page(CostsResult, page_with(f"{{{amount},{field.format(text)}}}"))
    assert caught.value.path.startswith("$.data[0].results[0].")
    assert len(caught.value.message) < 100


async def test_money_up_to_the_bounds_is_taken() -> None:
    for text in ("9.99e6144", "1e-6176", "0E-6176", "0." + "1" * 10_000, "1" * 5000):
        page = await decode_page(
            CostsResult, page_with(f'{{"amount":{{"value":"{text}","currency":"usd"}}}}')
        )
        assert page.data[0].results[0].amount.value.is_finite()


async def test_of_a_field_that_comes_twice_the_last_counts() -> None:
    for text in ('"usage_bytes":1,"usage_bytes":2', '"usage_bytes":null,"usage_bytes":2.0'):
        page = await decode_page(VectorStoresResult, page_with(f"{{{text}}}"))
        assert page.data[0].results[0].usage_bytes == 2


class Tagged(Model):
    tags: list[str]
    counts: list[int]
    size: int | str
    parts: dict[str, int] | None = None


async def test_a_row_of_ones_own_is_read_as_exactly() -> None:
    row = '{"tags":["5"],"counts":[1,2.0,"9007199254740993.0"],"size":"5","parts":{"a":1}}'
    page = await decode_page(Tagged, page_with(row))
    assert page.data[0].results[0] == Tagged(
        tags=["5"], counts=[1, 2, 9007199254740993], size="5", parts={"a": 1}
    )
    with pytest.raises(
        APIResponseValidationError
    ):  # no integer for msgspec, nor looked for so far inside
        await decode_page(Tagged, page_with(row.replace('"a":1', '"a":1.0')))
