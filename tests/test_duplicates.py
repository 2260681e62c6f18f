"""A known key that comes twice: an error where finding it costs nothing to speak of."""

import json
from typing import Any

import attrs
import pytest

from openai_usage import (
    APIResponseValidationError,
    AsyncUsageClient,
    CompletionsResult,
    CostsResult,
    _codec,
)
from openai_usage._codec import NoPageError, page_of
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY

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
}


@pytest.mark.parametrize("in_turns", [False, True])
@pytest.mark.parametrize(("body", "path"), [*MONEY.values(), *PAGES.values()], ids=[*MONEY, *PAGES])
async def test_a_key_that_comes_twice_is_an_error(
    body: bytes, path: str, *, in_turns: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if in_turns:
        monkeypatch.setattr(_codec, "AT_ONCE", 1)
    with pytest.raises(NoPageError, match="twice") as caught:
        await page_of(CostsResult, body)
    assert caught.value.path == path


@pytest.mark.parametrize(("body", "path"), PAGES.values(), ids=PAGES)
async def test_keys_of_a_page_are_looked_at_in_usage_too(body: bytes, path: str) -> None:
    with pytest.raises(NoPageError, match="twice") as caught:
        await page_of(CompletionsResult, body.replace(RESULT.encode(), b""))
    assert caught.value.path == path


async def test_what_only_looks_doubled_is_right() -> None:
    item = '"line_item":"[has_more] \\"results\\":[","unknown":[1,[2]],"unknown":3'
    bucket = f'{{{START},"results":[{RESULT[:-1]},{item}}}]}}'
    body = page(bucket, after=',"later":"has_more","later":{"data":[],"data":1}')
    read = await page_of(CostsResult, body)
    assert read.data[0].results[0].line_item == '[has_more] "results":['


async def test_a_class_of_somebody_elses_is_looked_at_too() -> None:
    @attrs.frozen(kw_only=True)
    class Mine:
        parts: list[int]

    body = page(f'{{{START},"results":[{{"parts":[1,2]}}]}}', after=',"has_more":true')
    with pytest.raises(NoPageError, match="twice"):
        await page_of(Mine, body)


async def test_numbers_of_any_length_are_passed_over() -> None:
    bucket = f'{{{START},"results":[{RESULT}],"unknown":[{"9" * 5000}]}}'
    assert len((await page_of(CostsResult, page(bucket))).data) == 1


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
