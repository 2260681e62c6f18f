"""What a body says to a plain JSON reader: what the decoder is held against, whatever it is given.

Used by hypothesis in every run, and by atheris for as long as one likes.
"""

import json
from collections.abc import Coroutine
from decimal import Decimal, InvalidOperation
from typing import Any

import attrs
import msgspec
import pytest

from openai_usage import AsyncUsageClient, Page
from openai_usage._wire import decoder
from openai_usage._wire.decoder import decode_page
from openai_usage.errors import APIResponseValidationError
from openai_usage.schema.model import Model

RESULTS: list[type] = [row.result for row in AsyncUsageClient.table().values()]

SCRAPS = [
    *("0", "-0", "-0.0", "5.5", "5.0", "5e0", "1e3", "-3", "01", "NaN", "Infinity", "1e-400"),
    *("9007199254740993", "9007199254740993.0", "4503599627370497.5", "1.00000000000000000001"),
    *("18446744073709551616", "1e30", "1e999999999", "1e-999999999", "0e-999999999", "9" * 5000),
    *("1e99999999999999999999", "true", "false", "null", "[]", "{}", "[1]", '{"value":1}'),
    *('"5"', '"5.0"', '"9007199254740993.0"', '"1e30"', '"1e99999999999999999999"', '"NaN"'),
    *('"-Infinity"', '"sNaN"', '"1_0"', '" 1 "', '"٣"', '"true"', '"null"', '"0"', '""', '"a"'),
    *('"0E-6176"', '"12.50"', '"\\ud800"', '"\\udc00"', '"\\u0000"', '"💶"', "[" * 2000, "]"),
]
"""What stands where something else should: JSON, or nearly."""


def hold_against_plain_json(result: type[Any], body: bytes) -> Page[Any] | None:
    """The page of *body*, once every field of it is seen to be what a plain reader makes of it."""
    whole = _taken(result, body, at_once=len(body))
    decode_cooperatively = _taken(result, body, at_once=len(body) // 3)
    assert whole is None or decode_cooperatively == whole
    for page in (whole, decode_cooperatively):
        if page is not None:
            _agree(page, _plain_json(body), "$")
    return whole


def _taken(result: type[Any], body: bytes, *, at_once: int) -> Page[Any] | None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoder, "CHUNK_BYTES", at_once)
        try:
            return _outcome(decode_page(result, body))
        except APIResponseValidationError as error:
            assert error.path.startswith("$")  # noqa: PT017 - not only that it is raised
            assert 0 < len(error.message) < 1000  # noqa: PT017
            return None


def _outcome(coroutine: Coroutine[Any, Any, Page[Any]]) -> Page[Any]:
    """What comes of a *coroutine* that only ever leaves turns to others: no loop is needed."""
    while True:
        try:
            coroutine.send(None)
        except StopIteration as done:
            page: Page[Any] = done.value
            return page


def _plain_json(body: bytes) -> Any:
    def number(text: str) -> Decimal | None:
        try:
            return Decimal(text)
        except InvalidOperation:
            return None  # which equals nothing

    # What is passed over need not be text.
    return json.loads(body.decode(errors="replace"), parse_float=number, parse_int=number)


def _agree(value: object, said: Any, path: str) -> None:
    wrong = f"{value!r:.99} is not {said!r:.99} at {path}"
    match value:
        case Model():
            assert isinstance(said, dict), wrong
            for field in msgspec.structs.fields(type(value)):
                _agree_of_field(value, field, said, f"{path}.{field.name}")
        case tuple():
            assert isinstance(said, list), wrong
            for i, (each, its) in enumerate(zip(value, said, strict=True)):
                _agree(each, its, f"{path}[{i}]")
        case bool() | None:
            assert said is value, wrong
        case str():
            assert isinstance(said, str), wrong
            assert said == value, wrong
        case int():
            assert type(said) in (Decimal, str), wrong
            assert Decimal(said) == value, wrong
        case Decimal():
            assert type(said) in (Decimal, str), wrong
            assert Decimal(said) == value, wrong
            assert Decimal(said).as_tuple()[1:] == value.as_tuple()[1:], wrong
            assert len(f"{value:f}") < 2 * len(str(value)) + 6200, wrong  # it can be written out
        case _:
            raise AssertionError(wrong)


def _agree_of_field(
    value: Model, field: msgspec.structs.FieldInfo, said: dict[str, Any], path: str
) -> None:
    given, name = getattr(value, field.name), field.name
    notes = attrs.fields_dict(type(value))[name].metadata
    if "undocumented" in notes and not isinstance(said.get(name), str):
        assert given is None, path
    elif name in said:
        _agree(given, said[name], path)
    else:
        assert not field.required, path
        assert given == field.default, path
