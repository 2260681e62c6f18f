"""NameLists: read the lists of projects, API keys and users, and cache them for ten minutes."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Awaitable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Annotated

import msgspec
from attrs import define, field, frozen

from openai_usage._http.retry import is_retryable
from openai_usage._http.transport import Transport
from openai_usage._pagination.paginator import next_cursor
from openai_usage._telemetry import iteration_span
from openai_usage._wire.decoder import decode_list
from openai_usage._wire.params import Params
from openai_usage.errors import (
    APIError,
    APIResponseValidationError,
    APIStatusError,
    PaginationError,
)
from openai_usage.names import Kind, Name, Names, UnreadList, WorkKind
from openai_usage.schema.validation import validate

_AT_ONCE = 8
"""Lists of API keys read at the same time. There is one list for each project."""

_MOST_FAILURES = 8
"""Lists that may fail after all retries before the others are skipped."""

_KEPT = 600.0
"""Seconds until a list is read again on demand. A service learns of a new project or key within
minutes, and an id that stays unknown, such as that of a deleted key, costs little. Lists of 1,000
projects take 1,010 requests: less than two a second even if names are always requested."""

_MOST_PAGES = 10_000
"""Pages of a list, of 100 names each. A longer list is taken for an endless one."""


class _Entry(msgspec.Struct, kw_only=True):
    """An entry of a list. Other fields, such as the owner of a key, are not decoded."""

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
    """A list of the API, and the parameters to request it with."""

    kind: Kind
    path: str
    entry: type[_Entry]
    params: tuple[tuple[str, str], ...] = ()


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
    """The cached names of a list, and the error of the last attempt to read it."""

    names: Mapping[str, Name] = field(factory=dict[str, Name])
    unread: UnreadList | None = None
    """Why the last attempt failed. The names are then those of an earlier attempt."""
    settled: float = -math.inf
    """When it was read or refused, by the clock of the event loop, temporary failures apart."""
    tried: int = 0
    """The number of the last attempt, counted together with calls."""

    def is_due(self, now: float, call: int) -> bool:
        """Return whether to read it for *call*."""
        return self.tried < call and now - self.settled >= _KEPT


class NameLists:
    """The lists of one organization. What was read is cached; what failed is read again."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._copies: defaultdict[ListEndpoint, _Copy] = defaultdict(_Copy)
        self._turns: defaultdict[Kind, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._order = count(1)

    async def names(
        self, *, personal: bool, kinds: Collection[WorkKind], project_ids: Collection[str] | None
    ) -> Names:
        """Return the names of *kinds*, and with *personal* those of people.

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
        await _gather(reading)
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
        """Yield the lists of *kinds*. The list of projects comes first: it names the others."""
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
        """Read those *lists* of one kind that are due for *call*.

        Calls take turns. A call shares the attempts made since it began, even failed ones.
        """
        async with self._turns[lists[0].kind]:
            now = asyncio.get_running_loop().time()
            due = [each for each in lists if self._copies[each].is_due(now, call)]
            left, failed = iter(due), list[ListEndpoint]()
            await _gather(self._read_each(left, failed) for _ in due[:_AT_ONCE])

    async def _read_each(self, lists: Iterator[ListEndpoint], failed: list[ListEndpoint]) -> None:
        """Read *lists* one after the other. Several tasks share the iterator."""
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
        """Read a whole list, or record why it cannot be read and keep its old names."""
        try:
            copy.names = await self._read_all_pages(wanted)
        except APIError as error:
            copy.unread = _unread(wanted, error)
        else:
            copy.unread = None

    async def _read_all_pages(self, wanted: ListEndpoint) -> dict[str, Name]:
        names: dict[str, Name] = {}
        seen: set[str] = set()
        after: Params = []
        decode = partial(decode_list, wanted.entry)
        async with iteration_span("list", wanted.kind) as span:
            for _ in range(_MOST_PAGES):
                pairs = [*wanted.params, ("limit", "100"), *after]
                page = await self._transport.get(wanted.path, pairs, span, decode)
                if any(map(self._transport.is_key, (page.last_id, *(e.id for e in page.data)))):
                    del page  # tracebacks can show locals
                    raise PaginationError("the list has an API key in the place of an id.")
                span.record_page(0)
                names |= {entry.id: entry.named() for entry in page.data}
                if not page.has_more:
                    return names
                after = [("after", next_cursor(page.last_id, seen))]
            raise PaginationError(f"the list does not end: {_MOST_PAGES} pages were read.")


def _unread(wanted: ListEndpoint, error: APIError) -> UnreadList:
    """Return the record of a list that could not be read, and whether a retry can help."""
    status = error.status_code if isinstance(error, APIStatusError) else None
    why = _why(error)
    return UnreadList(
        kind=wanted.kind,
        path=wanted.path,
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


async def _gather(coroutines: Iterable[Awaitable[None]]) -> None:
    """Await all *coroutines*; if one fails or this is cancelled, cancel the others."""
    tasks = [asyncio.ensure_future(each) for each in coroutines]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
