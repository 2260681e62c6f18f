"""Refuses decimals that cannot be reckoned with: no numbers, and numbers beyond all measure.

`"NaN"` and `"Infinity"` as text are decimals to msgspec, and so is `1e999999999`, which cannot be
added to anything, and takes a gigabyte to write out. A validator for each amount would cost as much
as half of all decoding, and looking for such text in the body more than asking all numbers in one
go: which of them it was is only of interest once one is there.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain
from operator import attrgetter
from types import UnionType
from typing import ClassVar, Union, get_args, get_origin, get_type_hints

import msgspec
from attrs import frozen, has

from openai_usage.schema.results import Amount, Bucket

_MAGNITUDES = frozenset(range(-6176, 6145))
"""Powers of ten, from least to greatest, that a decimal of 128 bits has; the API's zero is
`0E-6176` at times, which gives away that it counts in those."""

_SIMPLE = {str, int, bool, float}


@frozen
class Decimals:
    """A place in results where decimals are."""

    path: str
    """The attributes that lead there; none, where they may be anywhere in a result."""
    of: Callable[[Iterable[object]], list[Decimal]]
    """Those of some results; what is None is left out."""


def decimals_of(result: type) -> tuple[Decimals, ...]:
    """Where a *result* holds decimals."""
    if not (isinstance(result, type) and has(result)):
        return (_ANYWHERE,)
    places = []
    for name, kind in get_type_hints(result).items():
        if get_origin(kind) is ClassVar:
            continue
        alternatives = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
        match set(alternatives) - {type(None)}:
            case kinds if kinds <= _SIMPLE:
                pass
            case kinds if kinds in ({Decimal}, {Amount}):
                places.append(_decimals_at(name, Amount in kinds, type(None) in alternatives))
            case _:  # a class or a collection of somebody's own
                return (_ANYWHERE,)
    return tuple(places)


def _decimals_at(name: str, of_amounts: bool, may_be_none: bool) -> Decimals:  # noqa: FBT001
    path = f"{name}.value" if of_amounts else name
    known = f"if each.{name} is not None" if may_be_none else ""
    # Compiled, as attrs does it: to read an attribute whose name stands in the code takes a third
    # of the time that an `attrgetter` takes.
    return Decimals(path, eval(f"lambda results: [each.{path} for each in results {known}]"))  # noqa: S307


def reject_non_finite(buckets: Sequence[Bucket[object]], places: Sequence[Decimals]) -> None:
    """Raise a `ValidationError` where a decimal of a result cannot be reckoned with."""
    results = list(chain.from_iterable(map(attrgetter("results"), buckets))) if places else ()
    for place in places:
        if not _all_finite(place.of(results)):
            number, where = _not_finite(buckets, place)[0]
            raise msgspec.ValidationError(
                f"{number!s:.40} is no number to reckon with - at {where}"
            )


def _all_finite(numbers: list[Decimal]) -> bool:
    return all(map(Decimal.is_finite, numbers)) and _MAGNITUDES.issuperset(
        map(Decimal.adjusted, numbers)
    )


def _all_in(value: object) -> Iterator[Decimal]:
    """Every decimal in a value of any shape."""
    todo = [msgspec.to_builtins(value, builtin_types=(Decimal,), enc_hook=lambda _: None)]
    while todo:
        match todo.pop():
            case Decimal() as number:
                yield number
            case dict() as fields:
                todo += [*fields.keys(), *fields.values()]
            case list() | tuple() | set() | frozenset() as items:
                todo += items


def _not_finite(buckets: Sequence[Bucket[object]], place: Decimals) -> list[tuple[Decimal, str]]:
    return [
        (number, f"$.data[{i}].results[{j}].{place.path}".rstrip("."))
        for i, bucket in enumerate(buckets)
        for j, result in enumerate(bucket.results)
        for number in place.of([result])
        if not _all_finite([number])
    ]


_ANYWHERE = Decimals("", lambda results: list(chain.from_iterable(map(_all_in, results))))
