"""Refuses decimals that cannot be reckoned with: no numbers, and numbers beyond all measure.

`"NaN"` and `"Infinity"` as text are decimals to msgspec, and so is `1e999999999`, which cannot be
added to anything, and takes a gigabyte to write out. A validator for each amount would cost as much
as half of all decoding, and looking for such text in the body more than asking all numbers in one
go: which of them it was is only of interest once one is there.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain
from operator import attrgetter
from types import UnionType
from typing import ClassVar, Union, get_args, get_origin, get_type_hints

import msgspec
from attrs import has

from openai_usage.results import Amount, Bucket

_MAGNITUDES = frozenset(range(-6176, 6145))
"""Powers of ten, from least to greatest, that a decimal of 128 bits has; the API's zero is
`0E-6176` at times, which gives away that it counts in those."""

ANYWHERE = ""
"""The path of decimals that may be anywhere in a result."""

_SIMPLE = {str, int, bool, float, type(None)}


def decimals_of(result: type) -> tuple[str, ...]:
    """Where a *result* holds decimals, as paths of attributes."""
    if not (isinstance(result, type) and has(result)):
        return (ANYWHERE,)
    paths = []
    for name, kind in get_type_hints(result).items():
        if get_origin(kind) is ClassVar:
            continue
        alternatives = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
        kinds = set(alternatives) - _SIMPLE
        if kinds == {Decimal}:
            paths.append(name)
        elif kinds == {Amount}:
            paths.append(f"{name}.value")
        elif kinds:  # a class or a collection of somebody's own
            return (ANYWHERE,)
    return tuple(paths)


def refuse_unreckonable(buckets: Sequence[Bucket[object]], decimals: Iterable[str]) -> None:
    """Raise a `ValidationError` where one of the *decimals* of a result cannot be reckoned with."""
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
    if path == ANYWHERE:
        return list(chain.from_iterable(map(_all_in, results)))
    name, _, of_amounts = path.partition(".")
    found = [each for each in map(attrgetter(name), results) if each is not None]
    return [amount.value for amount in found] if of_amounts else found


def _all_in(value: object) -> Iterator[Decimal]:
    """Every decimal in a value of any shape."""
    todo = [msgspec.to_builtins(value, builtin_types=(Decimal,))]
    while todo:
        match todo.pop():
            case Decimal() as number:
                yield number
            case dict() as fields:
                todo += fields.values()
            case list() | tuple() | set() | frozenset() as items:
                todo += items


def _not_reckonable(buckets: Sequence[Bucket[object]], path: str) -> list[tuple[Decimal, str]]:
    return [
        (number, f"$.data[{i}].results[{j}].{path}".rstrip("."))
        for i, bucket in enumerate(buckets)
        for j, result in enumerate(bucket.results)
        for number in _numbers([result], path)
        if not _all_reckonable([number])
    ]
