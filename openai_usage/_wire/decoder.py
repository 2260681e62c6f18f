"""Decode the body of a response to a page."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Generic, TypeVar

import msgspec

from openai_usage._wire.decimals import decimals_of, reject_non_finite
from openai_usage._wire.duplicates import reject_any_duplicates, reject_duplicates
from openai_usage._wire.integers import ExactDecoder
from openai_usage.errors import APIResponseValidationError
from openai_usage.schema.results import Bucket, Page

R = TypeVar("R")

B = TypeVar("B", bound=Sequence[Bucket[object]])

CHUNK_BYTES = 2**22
"""Bytes that are decoded at once, in a few milliseconds. Larger bodies are decoded in chunks."""

_DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""The errors that decoding raises if the body is not a page."""


async def decode_page(result: type[R], body: bytes | bytearray) -> Page[R]:
    """Return the page that *body* holds.

    Ignore unknown fields and values. A field of the page that comes twice is an error, and in costs
    also the `results` of a bucket; see `duplicates.py`. For other fields that come twice, the last
    one counts. Integers may come as `5`, `5.0` or `"5"`, never as `5.5`. Money may come as a number
    or as text, and keeps every digit. Nothing else is converted: `1` and `"true"` are not true,
    `"null"` is not null.

    Raises:
        APIResponseValidationError: *body* is not a page of *result*. The transport adds the body.
    """
    decoder = _decoder(result)  # type: ignore[arg-type]  # classes are not hashable to mypy
    try:
        _check_text(body)
        if len(body) > CHUNK_BYTES:
            with suppress(*_DECODE_ERRORS):  # then decode() below reports the place and the reason
                return await decoder.decode_cooperatively(body)
        return decoder.decode(body)
    except _DECODE_ERRORS as error:
        raise _invalid(error) from None


class ListPage(msgspec.Struct, Generic[R]):
    """A page of one of the lists with names, such as projects."""

    data: list[R]
    has_more: bool
    last_id: str | None = None


async def decode_list(entry: type[R], body: bytes | bytearray) -> ListPage[R]:
    """Return the list page of *entry* objects that *body* holds, without unknown fields.

    Raises:
        APIResponseValidationError: *body* is not such a page. The transport adds the body.
    """
    try:
        _check_text(body)
        return msgspec.json.decode(body, type=ListPage[entry])  # type: ignore[valid-type]
    except _DECODE_ERRORS as error:
        raise _invalid(error) from None


async def decode_object(kind: type[R], body: bytes | bytearray) -> R:
    """Return the object of *kind* that the small *body* holds, without unknown fields.

    Integers may come as `5`, `5.0` or `"5"`, never as `5.5`. A field that comes twice is an error.

    Raises:
        APIResponseValidationError: *body* is not such an object. The transport adds the body.
    """
    try:
        _check_text(body)
        value: R = _object_decoder(kind).decode(body)  # type: ignore[arg-type]  # as above
        reject_any_duplicates(body)
    except _DECODE_ERRORS as error:
        raise _invalid(error) from None
    return value


def _check_text(body: bytes | bytearray) -> None:
    if not body.isascii():
        # msgspec skips unknown names without checking their bytes: if a known name were corrupted,
        # its field would be lost silently.
        str(body, "utf-8")


def _invalid(error: Exception) -> APIResponseValidationError:
    what, _, where = str(error).partition(" - at ")
    if isinstance(error, RecursionError):  # its text depends on the Python version
        what, where = "it is nested too deeply", ""
    if isinstance(error, UnicodeDecodeError):
        what = f"it is not valid UTF-8 (byte {error.start})"
    return APIResponseValidationError(what, path=where.strip("`") or "$", body="")


class _RawPage(msgspec.Struct):
    """A page whose buckets are not decoded yet."""

    data: list[msgspec.Raw]
    has_more: bool
    next_page: str | None = None
    object: str = "page"


class _Decoder(Generic[R]):
    """Decodes the pages of one class of results.

    cattrs would decode to dicts first, and turn null into "None" and 1.9 into 1. msgspec builds the
    same classes directly from the bytes.
    """

    def __init__(self, result: type[R]) -> None:
        self._page: ExactDecoder[Page[R]] = ExactDecoder(Page[result])  # type: ignore[valid-type]
        self._bucket: ExactDecoder[Bucket[R]]
        self._bucket = ExactDecoder(Bucket[result])  # type: ignore[valid-type]
        self._raw_page = msgspec.json.Decoder(_RawPage)
        self._decimals = decimals_of(result)
        self._result: type = result
        self._has_money = any(place.path for place in self._decimals)

    def decode(self, body: bytes | bytearray) -> Page[R]:
        """Return the page of a *body*."""
        page = self._page.decode(body)
        self._reject_non_finite(page.data)
        self._reject_duplicates(body, len(page.data))
        return page

    async def decode_cooperatively(self, body: bytes | bytearray) -> Page[R]:
        """Return the page of a large *body*, letting other tasks run every few buckets.

        Finding where buckets begin and end takes a quarter of the time of decoding them.
        """
        raw_page = self._raw_page.decode(body)
        buckets: list[Bucket[R]] = []
        decoded: list[Bucket[R]] = []
        size = 0
        for raw in raw_page.data:
            if size > CHUNK_BYTES:
                buckets += self._reject_non_finite(decoded)
                decoded, size = [], 0
                await asyncio.sleep(0)
            decoded.append(self._bucket.decode(raw))
            size += len(raw)
        buckets += self._reject_non_finite(decoded)
        self._reject_duplicates(body, len(buckets))
        return Page(
            data=tuple(buckets),
            has_more=raw_page.has_more,
            next_page=raw_page.next_page,
            object=raw_page.object,
        )

    def _reject_duplicates(self, body: bytes | bytearray, buckets: int) -> None:
        reject_duplicates(body, buckets, self._result, has_money=self._has_money)

    def _reject_non_finite(self, buckets: B) -> B:
        reject_non_finite(buckets, self._decimals)
        return buckets


_decoder = cache(_Decoder)


@cache
def _object_decoder(kind: type[R]) -> ExactDecoder[R]:
    return ExactDecoder(kind)
