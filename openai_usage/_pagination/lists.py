"""Read lists of the API: every page of one list, and several lists at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol, TypedDict, TypeVar

from openai_usage._http.retry import is_retryable
from openai_usage._http.transport import Body, Transport
from openai_usage._pagination.paginator import next_cursor
from openai_usage._telemetry import iteration_span
from openai_usage._wire.decoder import ListPage
from openai_usage._wire.params import Params
from openai_usage.errors import (
    APIError,
    APIResponseValidationError,
    APIStatusError,
    NotFoundError,
    PaginationError,
)

_AT_ONCE = 8
"""Requests at the same time, such as those for the API keys of each project."""

_MOST_FAILURES = 8
"""Reads that may fail after all retries before the others are skipped."""

_MOST_PAGES = 10_000
"""Pages of a list. A longer list is taken for an endless one."""

PROJECT_ID = r"^[A-Za-z0-9_-]+\Z"
"""The pattern of the id of a project, which becomes part of a path."""


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


E = TypeVar("E", bound=_HasId)
W = TypeVar("W")


class Failure(TypedDict):
    """The fields of an `Unread` that come from the error."""

    why: str
    passing: bool
    status_code: int | None
    hint: str


async def read_pages(
    transport: Transport,
    path: str,
    params: Params,
    decode: Callable[[Body], Awaitable[ListPage[E]]],
) -> list[E]:
    """Return the entries of all pages of the list at *path*.

    Raises:
        APIError: A page could not be read, or the list does not end.
    """
    entries: list[E] = []
    seen: set[str] = set()
    after: Params = []
    async with iteration_span("list", path.rpartition("/")[2]) as span:
        for _ in range(_MOST_PAGES):
            try:
                page = await transport.get(path, [*params, *after], span, decode)
            except NotFoundError:
                if not after:
                    raise
                # A NotFoundError would mean that the list itself does not exist.
                raise PaginationError("the API did not find a page of its own list.") from None
            if any(map(transport.is_key, (page.last_id, *(each.id for each in page.data)))):
                del page  # tracebacks can show locals
                raise PaginationError("the list has an API key in the place of an id.")
            span.record_page(0)
            entries += page.data
            if not page.has_more:
                return entries
            after = [("after", next_cursor(page.last_id, seen))]
        raise PaginationError(f"the list does not end: {_MOST_PAGES} pages were read.")


async def read_each(
    wanted: Sequence[W],
    read: Callable[[W], Awaitable[None]],
    settle: Callable[[W, Failure | None], None],
) -> None:
    """Read each of *wanted*, several at once, and *settle* it with its failure, if it has one.

    An `APIError` is a failure. After several temporary failures the rest is not requested.
    """
    left, failed = iter(wanted), 0

    async def read_next() -> None:
        nonlocal failed
        for each in left:  # which all tasks share
            failure: Failure | None = None
            if failed < _MOST_FAILURES:
                try:
                    await read(each)
                except APIError as error:
                    failure = _failure(error)
            else:
                why = f"not asked for, since {_MOST_FAILURES} others failed"
                failure = Failure(why=why, passing=True, status_code=None, hint="")
            failed += failure is not None and failure["passing"]
            settle(each, failure)

    await gather(read_next() for _ in wanted[:_AT_ONCE])


def _failure(error: APIError) -> Failure:
    """Return why something could not be read, and whether a retry can help."""
    status = error.status_code if isinstance(error, APIStatusError) else None
    why = _why(error)
    return Failure(
        why=why,
        passing=status is None or is_retryable(error),
        status_code=status,
        hint=error.hint if why.endswith(error.hint) else "",
    )


def _why(error: APIError) -> str:
    if not isinstance(error, APIResponseValidationError):
        return error.message
    # Without the quoted body, which may contain personal data.
    what, where, _ = error.message.partition(f" at {error.path}")
    return what + where


async def gather(coroutines: Iterable[Awaitable[None]]) -> None:
    """Await all *coroutines*; if one fails or this is cancelled, cancel the others."""
    tasks = [asyncio.ensure_future(each) for each in coroutines]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
