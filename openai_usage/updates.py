"""Update: a bucket that `follow()` yields, because it is settled or because it changed.

FollowRound: one of the rounds in which `follow()` reads.

`_pagination/follower.py` decides which buckets are yielded, and when.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Generic, TypeVar

from attrs import frozen

from openai_usage.errors import APIError
from openai_usage.schema.pages import Bucket

__all__ = ["FollowRound", "Update"]

R_co = TypeVar("R_co", covariant=True)


@frozen(kw_only=True)
class Update(Generic[R_co]):
    """A bucket that is settled, or that changed."""

    bucket: Bucket[R_co]
    """The bucket as it is now. It replaces what was stored of it."""
    before: Bucket[R_co] | None = None
    """The bucket as it was when it was read before. None if it was not, and always without
    `revisions`."""
    is_settled: bool
    """True if the bucket, and every bucket before it, counts as settled. Such an update is the last
    one of its bucket."""
    resume_from: int
    """The Unix time up to which every bucket was yielded as settled, this one included. Once the
    update is stored, it is the `start_time` of a query that goes on."""

    @property
    def is_changed(self) -> bool:
        """True if there is no `before`, or its results differ, whatever their order."""
        return self.before is None or not _same(self.before.results, self.bucket.results)


@frozen(kw_only=True)
class FollowRound:
    """A round of `follow()` that has ended: everything was read, or there is an `error`."""

    began_at: int
    """The Unix time at which it began. Everything in the round was read at this time or later."""
    settled_until: int
    """The Unix time up to which every bucket was yielded as settled."""
    bucket_starts: frozenset[int] = frozenset()
    """The starts of the buckets that the API returned, in Unix seconds. Without an
    `error`, a bucket that was yielded, is not settled and is missing here has vanished."""
    error: APIError | None = None
    """The error that ended the round. None if everything was read."""


def _same(results: Sequence[object], others: Sequence[object]) -> bool:
    """Return whether the results are equal, in any order."""
    if results == others:
        return True
    if len(results) != len(others):
        return False
    try:
        return Counter(results) == Counter(others)
    except TypeError:  # a result class defined by a user can contain a list
        return sorted(map(repr, results)) == sorted(map(repr, others))
