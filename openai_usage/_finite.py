"""Refuses decimals that are no finite numbers: `"NaN"` and `"Infinity"` are decimals to msgspec.

A validator for each amount would cost as much as half of all decoding, and looking for such text
in the body more than asking all numbers in one go: which of them it was is only of interest once
one is there.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain
from operator import attrgetter
from types import UnionType
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints

import msgspec
from attrs import has

from openai_usage.results import Amount, Bucket

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


def refuse_non_finite(buckets: Sequence[Bucket[object]], decimals: Iterable[str]) -> None:
    """Raise a `ValidationError` where one of the *decimals* of a result is no finite number."""
    results = list(chain.from_iterable(map(attrgetter("results"), buckets)))
    for path in decimals:
        if not all(map(Decimal.is_finite, _numbers(results, path))):
            number, where = next(_non_finite(buckets, path))
            raise msgspec.ValidationError(f"{number} is no number to reckon with - at {where}")


def _numbers(results: Iterable[object], path: str) -> Iterator[Decimal]:
    """What *results* have at a *path*, but for those that have nothing there."""
    if path == ANYWHERE:
        return chain.from_iterable(map(_all_in, results))
    found: Iterator[Any] = iter(results)
    for name in path.split("."):
        found = filter(None, map(attrgetter(name), found))
    return found


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


def _non_finite(buckets: Sequence[Bucket[object]], path: str) -> Iterator[tuple[Decimal, str]]:
    for i, bucket in enumerate(buckets):
        for j, result in enumerate(bucket.results):
            for number in _numbers([result], path):
                if not number.is_finite():
                    yield number, f"$.data[{i}].results[{j}].{path}".rstrip(".")
