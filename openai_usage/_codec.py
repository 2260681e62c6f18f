"""Between values and the wire: a query becomes pairs of text, a body becomes a page."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Generic, TypeVar, get_args, get_type_hints

import msgspec

from openai_usage._exact import ExactDecoder
from openai_usage.range_query import RangeQuery
from openai_usage.results import Amount, Bucket, Page

if TYPE_CHECKING:
    from cattrs import Converter

R = TypeVar("R")

AT_ONCE = 2**22
"""Bytes that are decoded in one go, in a few milliseconds; a larger body is taken in turns."""

_MAGNITUDES = frozenset(range(-6176, 6145))
"""Powers of ten, from least to greatest, that a decimal of 128 bits has; the API's zero is
`0E-6176` at times, which gives away that it counts in those."""

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

    Fields and values that this version does not know are passed over, and of a field that comes
    twice the last one counts. Integers may come as `5`, `5.0` or `"5"`, never as `5.5`; money may
    come as a number or as text, with every digit kept. Nothing else is what it only looks like:
    `1` and `"true"` are not true, `"null"` is not null.

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
    same classes straight from the bytes.
    """

    def __init__(self, result: type[R]) -> None:
        self._page: ExactDecoder[Page[R]] = ExactDecoder(Page[result])  # type: ignore[valid-type]
        self._bucket: ExactDecoder[Bucket[R]]
        self._bucket = ExactDecoder(Bucket[result])  # type: ignore[valid-type]
        self._unopened = msgspec.json.Decoder(_Unopened)
        self._decimals = tuple(_decimals(result))

    def at_once(self, body: bytes | bytearray) -> Page[R]:
        """The page of a *body*."""
        page = self._page.decode(body)
        _refuse_unreckonable(page.data, self._decimals)
        return page

    async def in_turns(self, body: bytes | bytearray) -> Page[R]:
        """The page of a large *body*, with a turn for the rest of the program every few buckets.

        To find first where buckets begin and end takes a quarter of the time of decoding them.
        """
        unopened = self._unopened.decode(body)
        buckets: list[Bucket[R]] = []
        a_turn = max(1, len(unopened.data) * AT_ONCE // len(body))
        for first in range(0, len(unopened.data), a_turn):
            opened = [self._bucket.decode(raw) for raw in unopened.data[first : first + a_turn]]
            _refuse_unreckonable(opened, self._decimals)
            buckets += opened
            await asyncio.sleep(0)
        return Page(
            data=tuple(buckets),
            has_more=unopened.has_more,
            next_page=unopened.next_page,
            object=unopened.object,
        )


_decoder = cache(_Decoder)


def _decimals(result: type) -> Iterator[str]:
    """Where a *result* holds decimals, as paths of attributes."""
    for name, kind in get_type_hints(result).items():
        kinds = (kind, *get_args(kind))
        if Amount in kinds:
            yield f"{name}.value"
        elif Decimal in kinds:
            yield name


def _refuse_unreckonable(buckets: Sequence[Bucket[object]], decimals: Iterable[str]) -> None:
    """Raise a `ValidationError` where one of the *decimals* of a result cannot be reckoned with.

    `"NaN"` and `"Infinity"` as text are decimals to msgspec, and so is `1e999999999`, which cannot
    be added to anything, and takes a gigabyte to write out. A validator for each amount would
    cost as much as half of all decoding, and looking for such text in the body more than asking
    all numbers in one go: which of them it was is only of interest once one is there.
    """
    results = list(chain.from_iterable(map(attrgetter("results"), buckets)))
    for path in decimals:
        if not _all_reckonable(_numbers(results, path)):
            number, where = _not_reckonable(buckets, path)[0]
            raise msgspec.ValidationError(
                f"{number!s:.40} is no number to reckon with - at {where}"
            )


def _all_reckonable(numbers: list[Decimal]) -> bool:
    return all(map(Decimal.is_finite, numbers)) and _MAGNITUDES.issuperset(
        map(Decimal.adjusted, numbers)
    )


def _numbers(results: Iterable[object], path: str) -> list[Decimal]:
    """What *results* have at a *path*, but for those that have nothing there."""
    name, _, of_amounts = path.partition(".")
    found = [each for each in map(attrgetter(name), results) if each is not None]
    return [amount.value for amount in found] if of_amounts else found


def _not_reckonable(buckets: Sequence[Bucket[object]], path: str) -> list[tuple[Decimal, str]]:
    return [
        (number, f"$.data[{i}].results[{j}].{path}")
        for i, bucket in enumerate(buckets)
        for j, result in enumerate(bucket.results)
        for number in _numbers([result], path)
        if not _all_reckonable([number])
    ]
