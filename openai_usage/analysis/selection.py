"""Select results of buckets, before they are added up."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from openai_usage import Bucket
from openai_usage.errors import InvalidQueryError

__all__ = ["first_of", "split"]

R = TypeVar("R")


def split(
    buckets: Iterable[Bucket[R]], belongs: Callable[[R], object]
) -> tuple[list[Bucket[R]], list[Bucket[R]]]:
    """Return the buckets with the results that belong, and those with the other results.

    The order of the results stays. A bucket of which nothing is left is in neither list, and a
    bucket that stays whole is not copied.
    """
    chosen: list[Bucket[R]] = []
    others: list[Bucket[R]] = []
    for bucket in buckets:
        inside = tuple([result for result in bucket.results if belongs(result)])
        if len(inside) == len(bucket.results):
            chosen += [bucket] if inside else []
            continue
        outside = tuple([result for result in bucket.results if not belongs(result)])
        chosen += [_with(bucket, inside)] if inside else []
        others.append(_with(bucket, outside))
    return chosen, others


def first_of(
    buckets: Sequence[Bucket[R]], param: str, kinds: tuple[type, ...], expected: str, hint: str
) -> R | None:
    """Return the first result, or None without any.

    Raises:
        InvalidQueryError: The result is of none of the *kinds*.
    """
    first = next((result for bucket in buckets for result in bucket.results), None)
    if first is not None and not isinstance(first, kinds):
        value = f"buckets of {type(first).__name__}"
        raise InvalidQueryError(param=param, value=value, expected=expected, hint=hint)
    return first


def _with(bucket: Bucket[R], results: tuple[R, ...]) -> Bucket[R]:
    return Bucket(start_time=bucket.start_time, end_time=bucket.end_time, results=results)
