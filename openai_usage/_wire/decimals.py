"""Reject NaN, infinities, and decimals outside the exponent range of a decimal128.

msgspec accepts the texts `"NaN"` and `"Infinity"` as decimals, and also `1e999999999`, which cannot
be added exactly and needs a gigabyte when written out. A validator for each amount would take half
as long as decoding, and a search for such text in the body would take longer than this check of all
numbers at once. Only if the check fails are the numbers examined one by one.
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
"""The exponents of a decimal128. The API seems to use them: its zero is sometimes `0E-6176`."""

_SIMPLE = {str, int, bool, float}


@frozen
class Decimals:
    """A place in results that holds decimals."""

    path: str
    """The path of attributes to the place; empty if decimals can be anywhere in a result."""
    of: Callable[[Iterable[object]], list[Decimal]]
    """A function that returns the decimals of some results, without None."""


def decimals_of(result: type) -> tuple[Decimals, ...]:
    """Return the places where a *result* class holds decimals."""
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
            case _:  # a user's class or collection
                return (_ANYWHERE,)
    return tuple(places)


def _decimals_at(name: str, of_amounts: bool, may_be_none: bool) -> Decimals:  # noqa: FBT001
    path = f"{name}.value" if of_amounts else name
    known = f"if each.{name} is not None" if may_be_none else ""
    # Compiled, as attrs does it, because an `attrgetter` takes three times as long.
    return Decimals(path, eval(f"lambda results: [each.{path} for each in results {known}]"))  # noqa: S307


def reject_non_finite(buckets: Sequence[Bucket[object]], places: Sequence[Decimals]) -> None:
    """Raise a `ValidationError` if a decimal of a result is not finite or out of range."""
    results = list(chain.from_iterable(map(attrgetter("results"), buckets))) if places else ()
    for place in places:
        if not _all_finite(place.of(results)):
            number, where = _not_finite(buckets, place)[0]
            raise msgspec.ValidationError(
                f"{number!s:.40} is not a finite number within decimal128 range - at {where}"
            )


def _all_finite(numbers: list[Decimal]) -> bool:
    return all(map(Decimal.is_finite, numbers)) and _MAGNITUDES.issuperset(
        map(Decimal.adjusted, numbers)
    )


def _all_in(value: object) -> Iterator[Decimal]:
    """Yield every decimal in a value of any type."""
    pending = [msgspec.to_builtins(value, builtin_types=(Decimal,), enc_hook=lambda _: None)]
    while pending:
        match pending.pop():
            case Decimal() as number:
                yield number
            case dict() as fields:
                pending += [*fields.keys(), *fields.values()]
            case list() | tuple() | set() | frozenset() as items:
                pending += items


def _not_finite(buckets: Sequence[Bucket[object]], place: Decimals) -> list[tuple[Decimal, str]]:
    return [
        (number, f"$.data[{i}].results[{j}].{place.path}".rstrip("."))
        for i, bucket in enumerate(buckets)
        for j, result in enumerate(bucket.results)
        for number in place.of([result])
        if not _all_finite([number])
    ]


_ANYWHERE = Decimals("", lambda results: list(chain.from_iterable(map(_all_in, results))))
