"""Settling: the time for which the API still revises a bucket after its end.

OpenAI does not document it. These margins are practice, and not a promise: others have seen buckets
of a minute revised for about 15 minutes, and costs for about three days [observed]. A day for usage
is on the safe side.
"""

from datetime import timedelta

__all__ = ["COSTS_SETTLE_AFTER", "USAGE_SETTLES_AFTER", "settles_after"]

USAGE_SETTLES_AFTER = timedelta(hours=24)
"""The time after its end at which a bucket of usage counts as settled."""

COSTS_SETTLE_AFTER = timedelta(hours=72)
"""The time after its end at which a bucket of costs counts as settled."""


def settles_after(result: type) -> timedelta:
    """Return the time after its end at which a bucket with results of a class counts as settled.

    It is the `settles_after` of the class, or the longest margin if the class has none.
    """
    margin = getattr(result, "settles_after", None)
    return margin if isinstance(margin, timedelta) else COSTS_SETTLE_AFTER
