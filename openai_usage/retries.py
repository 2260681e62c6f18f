"""Retry: a request that failed and is about to be sent again.

`_http/retry.py` decides which requests are retried, and when.
"""

from collections.abc import Callable
from typing import TypeAlias

from attrs import frozen

from openai_usage.errors import APIError

__all__ = ["Retry"]


@frozen(kw_only=True)
class Retry:
    """A request that failed temporarily and is about to be sent again."""

    path: str
    """The path of the request, relative to the client's `base_url`: `organization/costs`."""
    number: int
    """The number of the retry: 1 after the first failure."""
    wait: float
    """Seconds until the request is sent again."""
    error: APIError
    """Why it failed."""

    def __str__(self) -> str:
        return f"GET {self.path} failed, retry {self.number} in {self.wait:.2f} s: {self.error}"


OnRetry: TypeAlias = Callable[[Retry], object]
"""A function to call before each retry."""
