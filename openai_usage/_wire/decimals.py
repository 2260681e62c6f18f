"""Reject NaN, infinities, and decimals outside the exponent range of a decimal128.

msgspec accepts the texts `"NaN"` and `"Infinity"` as decimals, and also `1e999999999`, which cannot
be added exactly and needs a gigabyte when written out. A validator for each amount would take half
as long as decoding, and a search for such text in the body would take longer than this check of all
numbers at once. Only if the check fails are the numbers examined one by one.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import msgspec
from attrs import frozen

from openai_usage.errors import ColumnError
from openai_usage.schema.columns import columns_of
from openai_usage.schema.results import Bucket

_MAGNITUDES = frozenset(range(-6176, 6145))
"""The exponents of a decimal128. The API seems to use them: its zero is sometimes `0E-6176`."""


@frozen
class Decimals:
    """A place in results that holds decimals."""

    path: str
    """The path of attributes to the place; empty if decimals can be anywhere in a result."""
    of: Callable[[Sequence[Bucket[object]]], list[Decimal]]
    """A function that returns the decimals of the results of some buckets, without None."""


def decimals_of(result: type) -> tuple[Decimals, ...]:
    """Return the places where a *result* class holds decimals."""
    try:
        columns = columns_of(result)
    except ColumnError:
        return (_ANYWHERE,)
    if any(column.kind is object for column in columns):  # a user's class or collection
        return (_ANYWHERE,)
    return tuple(Decimals(each.path, each.known_values) for each in columns if each.kind is Decimal)


def reject_non_finite(buckets: Sequence[Bucket[object]], places: Sequence[Decimals]) -> None:
    """Raise a `ValidationError` if a decimal of a result is not finite or out of range."""
    for place in places:
        if not _all_finite(place.of(buckets)):
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
        for number in place.of([Bucket(start_time=0, end_time=1, results=(result,))])
        if not _all_finite([number])
    ]


_ANYWHERE = Decimals(
    "", lambda buckets: [each for b in buckets for result in b.results for each in _all_in(result)]
)
