"""Call a function for each of many organizations, some at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")

_AT_ONCE = 16
"""The organizations that are read at the same time."""


async def for_each(things: Mapping[str, S], call: Callable[[S], Awaitable[T]]) -> dict[str, T]:
    """Return the result of *call* for each thing by label. The first error stops all calls."""
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def run(thing: S) -> T:
        async with at_once:
            return await call(thing)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = {label: group.create_task(run(each)) for label, each in things.items()}
    except BaseExceptionGroup as errors:  # the first one has stopped the others
        raise errors.exceptions[0] from None
    return {label: task.result() for label, task in tasks.items()}
