"""Between values and the wire: a query becomes pairs of text, a body becomes a page."""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import TypeVar, get_args, get_type_hints

import msgspec
from cattrs.preconf.msgspec import make_converter

from openai_usage.errors import APIResponseValidationError
from openai_usage.range_query import RangeQuery
from openai_usage.results import Amount, Page

R = TypeVar("R")

converter = make_converter()


def query_pairs(query: RangeQuery) -> list[tuple[str, str]]:
    """What *query* asks, as the parameters of a URL; what is None is left out."""
    values = converter.unstructure(query)
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


def page_of(result: type[R], body: bytes, quoted: Callable[[bytes], str]) -> Page[R]:
    """The page that *body* holds, whole; an error quotes it as *quoted* does.

    Fields and values that this version does not know are passed over. Integers may come as `5`,
    `5.0` or `"5"`, never as `5.5`; money may come as a number or as text, with every digit kept.

    Raises:
        APIResponseValidationError: *body* is anything but a page of *result*.
    """
    try:
        page: Page[R] = _decoder(result).decode(body)  # type: ignore[arg-type]
        _refuse_non_finite(page, _decimals(result))  # type: ignore[arg-type]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        what, _, where = str(error).partition(" - at ")
        path = where.strip("`") or "$"
        text = quoted(body)
        raise APIResponseValidationError(
            f"this is no page of usage, {what} at {path}: {text[:80]!r}", path=path, body=text
        ) from None
    return page


@cache
def _decoder(result: type[R]) -> msgspec.json.Decoder[Page[R]]:
    # cattrs would decode to dicts first, turn null into "None" and 1.9 into 1. msgspec builds the
    # same classes straight from the bytes. Not strict: "5" and 5.0 are integers here.
    return msgspec.json.Decoder(Page[result], strict=False)  # type: ignore[valid-type]


@cache
def _decimals(result: type) -> tuple[str, ...]:
    """Where a *result* holds decimals, as paths of attributes."""
    kinds = get_type_hints(result)
    return tuple(
        f"{name}.value" if kind is Amount else name
        for name, kind in kinds.items()
        if kind is Amount or Decimal in (kind, *get_args(kind))
    )


def _refuse_non_finite(page: Page[object], decimals: Iterable[str]) -> None:
    """Raise a `ValidationError` where one of the *decimals* of a result is no finite number.

    `"NaN"` and `"Infinity"` as text are decimals to msgspec. A validator for each amount would
    cost as much as half of all decoding, and looking for such text in the body more than asking
    all numbers in one go: which of them it was is only of interest once one is there.
    """
    results = list(chain.from_iterable(map(attrgetter("results"), page.data)))
    for path in decimals:
        numbers = map(attrgetter(path), results)
        if not all(map(Decimal.is_finite, filter(None, numbers))):
            _point_at_non_finite(page, path)


def _point_at_non_finite(page: Page[object], path: str) -> None:
    for i, bucket in enumerate(page.data):
        for j, number in enumerate(map(attrgetter(path), bucket.results)):
            if number is not None and not number.is_finite():
                where = f"$.data[{i}].results[{j}].{path}"
                raise msgspec.ValidationError(f"{number} is no number to reckon with - at {where}")
