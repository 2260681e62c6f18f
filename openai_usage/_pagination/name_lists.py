"""Directory: reads the lists in which ids have names, and keeps them for some minutes."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Awaitable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Annotated

import msgspec
from attrs import define, field, frozen

from openai_usage._http.retry import is_retryable
from openai_usage._http.transport import Transport
from openai_usage._pagination.paginator import next_cursor
from openai_usage._telemetry import walk_span
from openai_usage._wire.decoder import DecodeError, Params, decode_list
from openai_usage.errors import (
    APIError,
    APIResponseValidationError,
    APIStatusError,
    PaginationError,
)
from openai_usage.names import Kind, Name, Names, UnreadList, WorkKind
from openai_usage.schema.validation import validate

_AT_ONCE = 8
"""Lists of API keys, of which there is one for each project, that are read at the same time."""

_MOST_FAILURES = 8
"""Lists that may fail after all their retries, before no more are asked for."""

_KEPT = 600.0
"""Seconds until a list is read again, if it is asked for: so that a service learns of a new project
or key within minutes, and that an id which stays unknown, as a deleted key's does, costs little.
The lists of 1,000 projects are 1,010 requests: not even two a second, if they are asked for always.
"""

_MOST_PAGES = 10_000
"""Of a list: a million names, beyond which it has no end."""


class _Entry(msgspec.Struct, kw_only=True):
    """What is read of an entry. The rest, such as the owner of a key, is passed over unseen."""

    id: str
    name: str | None = None

    def named(self) -> Name:
        return Name(id=self.id, name=self.name, status="active")


class _Project(_Entry, kw_only=True):
    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]+\Z")]  # it becomes part of a path
    status: str | None = None

    def named(self) -> Name:
        archived = self.status == "archived"
        return Name(id=self.id, name=self.name, status="archived" if archived else "active")


class _User(_Entry, kw_only=True):
    email: str | None = None

    def named(self) -> Name:
        return Name(id=self.id, name=self.name, email=self.email, status="active")


@frozen
class ListEndpoint:
    """One of the lists that there are."""

    kind: Kind
    path: str
    entry: type[_Entry]
    asked: tuple[tuple[str, str], ...] = ()


_PROJECTS = ListEndpoint(
    "projects", "organization/projects", _Project, (("include_archived", "true"),)
)
_USERS = ListEndpoint("users", "organization/users", _User)


def _api_keys_of(project: str) -> ListEndpoint:
    # Without this, the API leaves out keys whose owners have left the project.
    everyones = (("owner_project_access", "any"),)
    return ListEndpoint("api_keys", f"{_PROJECTS.path}/{project}/api_keys", _Entry, everyones)


@define(eq=False)
class _Copy:
    """What there is of a list: its names when it was last read, and what the last try met."""

    names: Mapping[str, Name] = field(factory=dict[str, Name])
    unread: UnreadList | None = None
    """Why the last try failed; the names are those of a try before, if there are any."""
    settled: float = -math.inf
    """When it was read or refused, by the clock of the loop; what fails in passing settles
    nothing."""
    tried: int = 0
    """The last try, in the order of all calls and tries."""

    def is_due(self, now: float, call: int) -> bool:
        """Whether it is to be read for a *call*."""
        return self.tried < call and now - self.settled >= _KEPT


class NameLists:
    """The lists of one organization: what was read stays for a while, what failed does not."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._copies: defaultdict[ListEndpoint, _Copy] = defaultdict(_Copy)
        self._turns: defaultdict[Kind, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._order = count(1)

    async def names(
        self, *, personal: bool, kinds: Collection[WorkKind], project_ids: Collection[str] | None
    ) -> Names:
        """The names of the *kinds* that are asked for, and with *personal* those of people.

        Raises:
            InvalidQueryError: An argument is of another type; nothing was sent.
        """
        validate("personal", personal, bool)
        validate("kinds", kinds, Sequence[WorkKind])
        validate("project_ids", project_ids, Sequence[str] | None)
        project_ids = None if project_ids is None else frozenset(project_ids)
        call = next(self._order)
        reading = []
        if kinds:
            reading.append(self._read_work(kinds, project_ids, call))
        if personal:
            reading.append(self._read([_USERS], call))
        await _prefetch_windows(reading)
        lists = [*self._work(kinds, project_ids), *([_USERS] if personal else [])]
        copies = [self._copies[each] for each in lists]
        return Names(
            known={id_: name for copy in copies for id_, name in copy.names.items()},
            unread=tuple(copy.unread for copy in copies if copy.unread is not None),
            kinds=("projects", "api_keys") if "api_keys" in kinds else tuple(kinds),
            personal=personal,
        )

    def _work(
        self, kinds: Collection[WorkKind], project_ids: Collection[str] | None
    ) -> Iterator[ListEndpoint]:
        """The lists of these *kinds*; that of the projects, first, says which others there are."""
        if kinds:
            yield _PROJECTS
        for id_ in self._copies[_PROJECTS].names if "api_keys" in kinds else ():
            if project_ids is None or id_ in project_ids:
                yield _api_keys_of(id_)

    async def _read_work(
        self, kinds: Collection[WorkKind], project_ids: Collection[str] | None, call: int
    ) -> None:
        await self._read([_PROJECTS], call)
        _, *others = self._work(kinds, project_ids)
        if others:
            await self._read(others, call)

    async def _read(self, lists: Sequence[ListEndpoint], call: int) -> None:
        """Read those of the *lists*, all of one kind, that are due for a *call*.

        Calls take turns. What was tried since a call was made, it shares, be it a failure.
        """
        async with self._turns[lists[0].kind]:
            now = asyncio.get_running_loop().time()
            due = [each for each in lists if self._copies[each].is_due(now, call)]
            left, failed = iter(due), list[ListEndpoint]()
            await _prefetch_windows(self._read_each(left, failed) for _ in due[:_AT_ONCE])

    async def _read_each(self, lists: Iterator[ListEndpoint], failed: list[ListEndpoint]) -> None:
        """Read one of the *lists* after the other, while others take their turn at the same."""
        for each in lists:
            copy = self._copies[each]
            if len(failed) < _MOST_FAILURES:
                await self._try(each, copy)
            else:
                why = f"not asked for, since {_MOST_FAILURES} others failed"
                copy.unread = UnreadList(kind=each.kind, path=each.path, why=why, passing=True)
            copy.tried = next(self._order)
            if copy.unread is not None and copy.unread.passing:
                failed.append(each)
            else:
                copy.settled = asyncio.get_running_loop().time()

    async def _try(self, wanted: ListEndpoint, copy: _Copy) -> None:
        """Read a list whole, or take note of why it cannot be read: then its old names stay."""
        try:
            copy.names = await self._whole(wanted)
        except APIError as error:
            copy.unread = _unread(wanted, error)
        else:
            copy.unread = None

    async def _whole(self, wanted: ListEndpoint) -> dict[str, Name]:
        names: dict[str, Name] = {}
        seen: set[str] = set()
        after: Params = []
        async with walk_span("list", wanted.kind) as span:
            for _ in range(_MOST_PAGES):
                pairs = [*wanted.asked, ("limit", "100"), *after]
                body = await self._transport.get(wanted.path, pairs, span)
                try:
                    page = decode_list(wanted.entry, body)
                except DecodeError as wrong:
                    raise self._transport.validation_error(wrong.what, wrong.path, body) from None
                if any(map(self._transport.is_key, (page.last_id, *(e.id for e in page.data)))):
                    del page  # tracebacks can show locals
                    raise PaginationError("the list has an API key in the place of an id")
                span.handed_over(0)
                names |= {entry.id: entry.named() for entry in page.data}
                if not page.has_more:
                    return names
                after = [("after", next_cursor(page.last_id, seen))]
            raise PaginationError(f"the list has no end: {_MOST_PAGES} pages have come")


def _unread(wanted: ListEndpoint, error: APIError) -> UnreadList:
    """What is noted of a list; a refusal is the API's last word, whatever else may be mended."""
    status = error.status_code if isinstance(error, APIStatusError) else None
    return UnreadList(
        kind=wanted.kind,
        path=wanted.path,
        why=_why(error),
        passing=status is None or is_retryable(error),
        status_code=status,
    )


def _why(error: APIError) -> str:
    if not isinstance(error, APIResponseValidationError):
        return error.message
    # Without what is quoted of the answer, which may be about people.
    what, where, _ = error.message.partition(f" at {error.path}")
    return what + where


async def _prefetch_windows(coroutines: Iterable[Awaitable[None]]) -> None:
    """Run them all to their end, or give all up where one fails or nobody waits any more."""
    tasks = [asyncio.ensure_future(each) for each in coroutines]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
