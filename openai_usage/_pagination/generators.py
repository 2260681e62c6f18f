"""Nest asynchronous generators so that they close one after the other, however a program ends."""

import sys
from collections.abc import AsyncGenerator, Awaitable
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Owned(Generic[T]):
    """Iterate a generator that has not begun, close it with the block, and hide it from the loop.

    An event loop that ends closes every generator that it knows, all at the same time. Where one of
    them closes another, that one is closed twice at once, and asyncio prints "asynchronous
    generator is already running". So the loop knows the outermost generator only, and each
    generator closes the one inside it.
    """

    def __init__(self, items: AsyncGenerator[T, None]) -> None:
        self._items = items

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Awaitable[T]:
        hook = sys.get_asyncgen_hooks().firstiter  # the loop registers generators with it
        sys.set_asyncgen_hooks(firstiter=None)
        try:
            return self._items.__anext__()
        finally:
            sys.set_asyncgen_hooks(firstiter=hook)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._items.aclose()
