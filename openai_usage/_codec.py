"""Between values and the wire: a query becomes pairs of text, a body becomes a page."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_type_hints

import msgspec

from openai_usage.range_query import RangeQuery
from openai_usage.results import Amount, Bucket, Page

if TYPE_CHECKING:
    from cattrs import Converter

R = TypeVar("R")

AT_ONCE = 2**22
"""Bytes that are decoded in one go, in a few milliseconds; a larger body is taken in turns."""

_NO_PAGE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises where there is something else than a page."""


@cache
def _converter() -> "Converter":
    # With the first query, not with the package: its import is a good part of the package's own.
    from cattrs.preconf.msgspec import make_converter  # noqa: PLC0415

    return make_converter()


def query_pairs(query: RangeQuery) -> list[tuple[str, str]]:
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


class NoPageError(Exception):
    """A body that is no page of usage: what is wrong with it, and where, as a JSON path."""

    def __init__(self, what: str, path: str) -> None:
        super().__init__(what, path)
        self.what = what
        self.path = path


async def page_of(result: type[R], body: bytes | bytearray) -> Page[R]:
    """The page that *body* holds, whole.

    Fields and values that this version does not know are passed over. Integers may come as `5`,
    `5.0` or `"5"`, never as `5.5`; money may come as a number or as text, with every digit kept.

    Raises:
        NoPageError: *body* is anything but a page of *result*.
    """
    decoder = _decoder(result)  # type: ignore[arg-type]  # mypy takes no class for hashable
    if len(body) > AT_ONCE:
        with suppress(*_NO_PAGE):  # in which case what follows says where and why
            return await decoder.in_turns(body)
    try:
        return decoder.at_once(body)
    except _NO_PAGE as error:
        what, _, where = str(error).partition(" - at ")
        raise NoPageError(what, where.strip("`") or "$") from None


class _Unopened(msgspec.Struct):
    """A page whose buckets are still as they came."""

    data: list[msgspec.Raw]
    has_more: bool
    next_page: str | None = None
    object: str = "page"


class _Decoder(Generic[R]):
    """Decodes the pages of one class of results.

    cattrs would decode to dicts first, turn null into "None" and 1.9 into 1. msgspec builds the
    same classes straight from the bytes. It is not strict: "5" and 5.0 are integers here.
    """

    def __init__(self, result: type[R]) -> None:
        self._page: msgspec.json.Decoder[Page[R]]
        self._page = msgspec.json.Decoder(Page[result], strict=False)  # type: ignore[valid-type]
        self._bucket: msgspec.json.Decoder[Bucket[R]]
        self._bucket = msgspec.json.Decoder(Bucket[result], strict=False)  # type: ignore[valid-type]
        self._unopened = msgspec.json.Decoder(_Unopened, strict=False)
        self._decimals = tuple(_decimals(result))

    def at_once(self, body: bytes | bytearray) -> Page[R]:
        """The page of a *body*."""
        page = self._page.decode(_text(body))
        _refuse_non_finite(page.data, self._decimals)
        return page

    async def in_turns(self, body: bytes | bytearray) -> Page[R]:
        """The page of a large *body*, with a turn for the rest of the program every few buckets.

        To find first where buckets begin and end takes a quarter of the time of decoding them.
        """
        unopened = self._unopened.decode(body)
        buckets: list[Bucket[R]] = []
        a_turn = max(1, len(unopened.data) * AT_ONCE // len(body))
        for first in range(0, len(unopened.data), a_turn):
            opened = [
                self._bucket.decode(_text(raw)) for raw in unopened.data[first : first + a_turn]
            ]
            _refuse_non_finite(opened, self._decimals)
            buckets += opened
            await asyncio.sleep(0)
        return Page(
            data=tuple(buckets),
            has_more=unopened.has_more,
            next_page=unopened.next_page,
            object=unopened.object,
        )


_decoder = cache(_Decoder)


def _text(json: bytes | bytearray | msgspec.Raw) -> str:
    """*json* as the text that it must be.

    Of bytes, msgspec reads names that it does not know without a look: one that was garbled would
    be passed over, and its field with it.
    """
    return str(json, "utf-8")


def _decimals(result: type) -> Iterator[str]:
    """Where a *result* holds decimals, as paths of attributes."""
    for name, kind in get_type_hints(result).items():
        kinds = (kind, *get_args(kind))
        if Amount in kinds:
            yield f"{name}.value"
        elif Decimal in kinds:
            yield name


def _refuse_non_finite(buckets: Sequence[Bucket[object]], decimals: Iterable[str]) -> None:
    """Raise a `ValidationError` where one of the *decimals* of a result is no finite number.

    `"NaN"` and `"Infinity"` as text are decimals to msgspec. A validator for each amount would
    cost as much as half of all decoding, and looking for such text in the body more than asking
    all numbers in one go: which of them it was is only of interest once one is there.
    """
    results = list(chain.from_iterable(map(attrgetter("results"), buckets)))
    for path in decimals:
        if not all(map(Decimal.is_finite, _numbers(results, path))):
            number, where = next(_non_finite(buckets, path))
            raise msgspec.ValidationError(f"{number} is no number to reckon with - at {where}")


def _numbers(results: Iterable[object], path: str) -> Iterator[Decimal]:
    """What *results* have at a *path*, but for those that have nothing there."""
    found: Iterator[Any] = iter(results)
    for name in path.split("."):
        found = filter(None, map(attrgetter(name), found))
    return found


def _non_finite(buckets: Sequence[Bucket[object]], path: str) -> Iterator[tuple[Decimal, str]]:
    for i, bucket in enumerate(buckets):
        for j, result in enumerate(bucket.results):
            for number in _numbers([result], path):
                if not number.is_finite():
                    yield number, f"$.data[{i}].results[{j}].{path}"
