"""Between values and the wire: a query becomes pairs of text, a body becomes a page."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

import msgspec

from openai_usage._wire.decimals import decimals_of, reject_non_finite
from openai_usage._wire.duplicates import reject_duplicates
from openai_usage._wire.integers import ExactDecoder
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.results import Bucket, Page

if TYPE_CHECKING:
    from cattrs import Converter

R = TypeVar("R")

Params: TypeAlias = list[tuple[str, str]]
"""The parameters of a URL, in order."""

B = TypeVar("B", bound=Sequence[Bucket[object]])

CHUNK_BYTES = 2**22
"""Bytes that are decoded in one go, in a few milliseconds; a larger body is taken in turns."""

_NO_PAGE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises where there is something else than a page."""


@cache
def _converter() -> "Converter":
    # With the first query, not with the package: its import is a good part of the package's own.
    from cattrs.preconf.msgspec import make_converter  # noqa: PLC0415

    return make_converter()


def to_params(query: RangeQuery) -> Params:
    """What *query* asks, as the parameters of a URL; what is None is left out."""
    values = _converter().unstructure(query)
    extra = values.pop("extra_query") or {}
    return [pair for name, value in {**values, **extra}.items() for pair in _pairs(name, value)]


def _pairs(name: str, value: object) -> Iterator[tuple[str, str]]:
    match value:
        case None:
            return
        case list() | tuple():
            # The API takes `a=1&a=2` and `a=1,2` as well; brackets are what official SDKs send.
            yield from ((f"{name.removesuffix('[]')}[]", str(item)) for item in value)
        case bool():
            yield name, "true" if value else "false"
        case _:
            yield name, str(value)


class DecodeError(Exception):
    """A body that is not what was asked: what is wrong with it, and where, as a JSON path."""

    def __init__(self, what: str, path: str) -> None:
        super().__init__(what, path)
        self.what = what
        self.path = path


async def decode_page(result: type[R], body: bytes | bytearray) -> Page[R]:
    """The page that *body* holds, whole.

    Fields and values that this version does not know are passed over. A field of the page that
    comes twice is an error, and in costs the `results` of a bucket, too; see `_duplicates.py`. Of
    other fields that come twice, the last one counts. Integers may come as `5`, `5.0` or `"5"`,
    never as `5.5`; money may come as a number or as text, with every digit kept. Nothing else is
    what it only looks like: `1` and `"true"` are not true, `"null"` is not null.

    Raises:
        NoPageError: *body* is anything but a page of *result*.
    """
    decoder = _decoder(result)  # type: ignore[arg-type]  # mypy takes no class for hashable
    try:
        _check_text(body)
        if len(body) > CHUNK_BYTES:
            with suppress(*_NO_PAGE):  # in which case what follows says where and why
                return await decoder.decode_cooperatively(body)
        return decoder.decode(body)
    except _NO_PAGE as error:
        raise _no_page(error) from None


class ListPage(msgspec.Struct, Generic[R]):
    """A page of one of the lists that have names in them, by id."""

    data: list[R]
    has_more: bool
    last_id: str | None = None


def decode_list(entry: type[R], body: bytes | bytearray) -> ListPage[R]:
    """The page of a list of *entry* that *body* holds, whole; what else is in it is passed over.

    Raises:
        NoPageError: *body* is anything else.
    """
    try:
        _check_text(body)
        return msgspec.json.decode(body, type=ListPage[entry])  # type: ignore[valid-type]
    except _NO_PAGE as error:
        raise _no_page(error) from None


def _check_text(body: bytes | bytearray) -> None:
    if not body.isascii():
        # msgspec passes over names that it does not know without a look at their bytes: one that
        # was garbled on the way would take its field along.
        str(body, "utf-8")


def _no_page(error: Exception) -> DecodeError:
    if isinstance(error, RecursionError):  # whose text is another on each Python
        return DecodeError("it is nested too deeply", "$")
    what, _, where = str(error).partition(" - at ")
    return DecodeError(what, where.strip("`") or "$")


class _RawPage(msgspec.Struct):
    """A page whose buckets are still as they came."""

    data: list[msgspec.Raw]
    has_more: bool
    next_page: str | None = None
    object: str = "page"


class _Decoder(Generic[R]):
    """Decodes the pages of one class of results.

    cattrs would decode to dicts first, turn null into "None" and 1.9 into 1. msgspec builds the
    same classes straight from the bytes.
    """

    def __init__(self, result: type[R]) -> None:
        self._page: ExactDecoder[Page[R]] = ExactDecoder(Page[result])  # type: ignore[valid-type]
        self._bucket: ExactDecoder[Bucket[R]]
        self._bucket = ExactDecoder(Bucket[result])  # type: ignore[valid-type]
        self._unopened = msgspec.json.Decoder(_RawPage)
        self._decimals = decimals_of(result)
        self._result: type = result
        self._has_money = any(place.path for place in self._decimals)

    def decode(self, body: bytes | bytearray) -> Page[R]:
        """The page of a *body*."""
        page = self._page.decode(body)
        self._reckonable(page.data)
        self._reject_duplicates(body, len(page.data))
        return page

    async def decode_cooperatively(self, body: bytes | bytearray) -> Page[R]:
        """The page of a large *body*, with a turn for the rest of the program every few buckets.

        To find first where buckets begin and end takes a quarter of the time of decoding them.
        """
        unopened = self._unopened.decode(body)
        buckets: list[Bucket[R]] = []
        opened: list[Bucket[R]] = []
        size = 0
        for raw in unopened.data:
            if size > CHUNK_BYTES:
                buckets += self._reckonable(opened)
                opened, size = [], 0
                await asyncio.sleep(0)
            opened.append(self._bucket.decode(raw))
            size += len(raw)
        buckets += self._reckonable(opened)
        self._reject_duplicates(body, len(buckets))
        return Page(
            data=tuple(buckets),
            has_more=unopened.has_more,
            next_page=unopened.next_page,
            object=unopened.object,
        )

    def _reject_duplicates(self, body: bytes | bytearray, buckets: int) -> None:
        reject_duplicates(body, buckets, self._result, has_money=self._has_money)

    def _reckonable(self, buckets: B) -> B:
        reject_non_finite(buckets, self._decimals)
        return buckets


_decoder = cache(_Decoder)
