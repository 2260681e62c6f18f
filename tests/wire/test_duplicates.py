"""A known key that comes twice: an error where finding it costs nothing to speak of."""

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openai_usage import (
    APIResponseValidationError,
    AsyncUsageClient,
    CompletionsResult,
    CostsResult,
    Page,
)
from openai_usage._wire import decoder
from openai_usage._wire.decoder import decode_page
from openai_usage._wire.duplicates import _may_have_more_arrays
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY
from tests.support.reading import RESULTS
from tests.support.wild_bodies import bodies

RESULT = '{"object":"organization.costs.result","amount":{"value":7,"currency":"usd"}}'
START = f'"start_time":{TODAY},"end_time":{TODAY + DAY}'
BUCKET = f'{{"object":"bucket",{START},"results":[{RESULT}]}}'


def page(bucket: str = BUCKET, *, before: str = "", after: str = "") -> bytes:
    return f'{{{before}"data":[{bucket}],"has_more":false,"next_page":null{after}}}'.encode()


MONEY = {
    "results": (page(f'{{{START},"results":[{RESULT}],"results":[]}}'), "$.data[0].results"),
    "results, escaped": (
        page(f'{{{START},"results":[{RESULT}],"resul\\u0074s":[]}}'),
        "$.data[0].results",
    ),
    "data": (page(before=f'"data":[{BUCKET}],'), "$.data"),
}
PAGES = {
    "has_more": (page(after=',"has_more":false'), "$.has_more"),
    "next_page": (page(before='"next_page":"a",'), "$.next_page"),
    "object": (page(before='"object":"page",', after=',"object":"page"'), "$.object"),
    "has_more, escaped": (page(after=',"has_m\\u006fre":false'), "$.has_more"),
    "has_more, before a bracket": (page(after=',"has_more":false,"next":"]"'), "$.has_more"),
    "has_more, behind a bracket": (
        page(before='"object":"[","has_more":true,'),
        "$.has_more",
    ),
    "has_more, between brackets": (
        page(before='"object":"[",', after=',"has_more":false,"next":"]"'),
        "$.has_more",
    ),
}


@pytest.mark.parametrize("decode_cooperatively", [False, True])
@pytest.mark.parametrize(("body", "path"), [*MONEY.values(), *PAGES.values()], ids=[*MONEY, *PAGES])
async def test_a_key_that_comes_twice_is_an_error(
    body: bytes, path: str, *, decode_cooperatively: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if decode_cooperatively:
        monkeypatch.setattr(decoder, "CHUNK_BYTES", 1)
    with pytest.raises(APIResponseValidationError, match="twice") as caught:
        await decode_page(CostsResult, body)
    assert caught.value.path == path


@pytest.mark.parametrize(("body", "path"), PAGES.values(), ids=PAGES)
async def test_keys_of_a_page_are_looked_at_in_usage_too(body: bytes, path: str) -> None:
    with pytest.raises(APIResponseValidationError, match="twice") as caught:
        await decode_page(CompletionsResult, body.replace(RESULT.encode(), b""))
    assert caught.value.path == path


async def test_what_only_looks_doubled_is_right() -> None:
    item = '"line_item":"[has_more] \\"results\\":[","unknown":[1,[2]],"unknown":3'
    bucket = f'{{{START},"results":[{RESULT[:-1]},{item}}}]}}'
    body = page(bucket, after=',"later":"has_more","later":{"data":[],"data":1}')
    read = await decode_page(CostsResult, body)
    assert read.data[0].results[0].line_item == '[has_more] "results":['


@pytest.mark.parametrize(
    ("name", "is_read"),
    [("prod", False), ("[prod]", False), ("[\\u0070rod]", True), ('[\\"data\\"]', False)],
)
def test_every_key_is_read_only_where_it_has_to_be(name: str, *, is_read: bool) -> None:
    row = f'{RESULT[:-1]},"project_name":"{name}"}}'
    body = page(f'{{{START},"results":[{row}]}}')
    assert _may_have_more_arrays(body, 1) is is_read
    assert decoder._Decoder(CostsResult).decode(body).data[0].results[0].amount.value == 7


class Pairs(list[tuple[str, Any]]):
    """A JSON object whose keys may come twice."""


class Number(str):
    """A number as it was written."""

    __slots__ = ()


def loads(body: bytes) -> Any:
    return json.loads(body, object_pairs_hook=Pairs, parse_int=Number, parse_float=Number)


def dumps(value: Any, escaped: str = "") -> str:
    """JSON, in which the key *escaped* is spelt with an escape."""
    match value:
        case Pairs():
            members = (f"{spelt(key, escaped)}:{dumps(each, escaped)}" for key, each in value)
            return f"{{{','.join(members)}}}"
        case list():
            return f"[{','.join(dumps(each, escaped) for each in value)}]"
        case Number():
            return str(value)
    return json.dumps(value)


def spelt(key: str, escaped: str) -> str:
    return f'"\\u{ord(key[0]):04x}{key[1:]}"' if key == escaped else json.dumps(key)


OTHERS: dict[str, st.SearchStrategy[Any]] = {
    "has_more": st.booleans(),
    "next_page": st.none() | st.text(max_size=9),
    "object": st.text(max_size=9),
    "data": st.just([]),
    "results": st.just([]),
}
"""Values that are right for a key, beside the one that it has."""


@st.composite
def doubled(draw: st.DrawFn, result: type) -> tuple[bytes, str]:
    """A right page, but that a key comes twice for which that is found; and the path of the key."""
    body = loads(draw(bodies(result, most_wrong=0)))
    body.append(("object", "page"))
    path, owner, keys = "$", body, ["has_more", "next_page", "object"]
    if result is CostsResult:
        keys.append("data")
        if draw(st.booleans()):
            buckets = dict(body)["data"]
            place = draw(st.integers(0, len(buckets) - 1))
            path, owner, keys = f"$.data[{place}]", buckets[place], ["results"]
    key = draw(st.sampled_from(keys))
    other = draw(st.just(dict(owner)[key]) | OTHERS[key])
    owner.insert(draw(st.integers(0, len(owner))), (key, other))
    return dumps(body, draw(st.sampled_from(["", key]))).encode(), f"{path}.{key}"


@pytest.mark.parametrize("result", RESULTS)
@settings(max_examples=25)
@given(data=st.data())
async def test_any_key_that_comes_twice_is_an_error(result: type, data: st.DataObject) -> None:
    body, path = data.draw(doubled(result))
    with pytest.raises(APIResponseValidationError, match="twice") as caught:
        await decode_page(result, body)
    assert caught.value.path == path


@pytest.mark.parametrize("result", RESULTS)
@settings(max_examples=10)
@given(data=st.data())
async def test_a_key_that_is_not_known_may_come_twice(result: type, data: st.DataObject) -> None:
    body = loads(data.draw(bodies(result, most_wrong=0)))
    expected: Page[Any] = await decode_page(result, dumps(body).encode())
    objects = [body, *dict(body)["data"]]
    for owner in [*objects, *(row for each in objects[1:] for row in dict(each)["results"])]:
        owner += [("later", "]["), ("later", Pairs([("data", []), ("data", "1")]))]
    del body[-2:]  # arrays beside `data` are not looked behind
    assert await decode_page(result, dumps(body).encode()) == expected


async def test_a_class_of_somebody_elses_is_looked_at_too() -> None:
    @attrs.frozen(kw_only=True)
    class Mine:
        parts: list[int]

    body = page(f'{{{START},"results":[{{"parts":[1,2]}}]}}', after=',"has_more":true')
    with pytest.raises(APIResponseValidationError, match="twice"):
        await decode_page(Mine, body)


async def test_numbers_of_any_length_are_passed_over() -> None:
    bucket = f'{{{START},"results":[{RESULT}],"unknown":[{"9" * 5000}]}}'
    assert len((await decode_page(CostsResult, page(bucket))).data) == 1


async def test_a_client_raises_it(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    body, path = MONEY["results"]
    sandbox.faults.status(200, body=body)
    with pytest.raises(APIResponseValidationError, match="twice") as caught:
        await client.costs(start_time=TODAY, end_time=TODAY + DAY)
    assert caught.value.path == path


async def test_pages_of_a_sandbox_have_every_key_once(sandbox: Sandbox) -> None:
    class Once(dict[str, Any]):
        def __init__(self, pairs: list[tuple[str, Any]]) -> None:
            super().__init__(pairs)
            assert len(self) == len(pairs)

    async with AsyncUsageClient(sandbox.admin_api_key, base_url=sandbox.base_url) as client:
        async for body in client.costs(start_time=TODAY - DAY).raw_pages():
            json.loads(body, object_pairs_hook=Once)
