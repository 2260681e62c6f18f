"""NameLists: read the lists of projects, API keys and users, and cache them for ten minutes."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Annotated

import msgspec
from attrs import define, field, frozen

from openai_usage._http.transport import Transport
from openai_usage._pagination.lists import PROJECT_ID, Failure, gather, read_each, read_pages
from openai_usage._wire.decoder import decode_list
from openai_usage.names import Kind, Name, Names, UnreadList, WorkKind
from openai_usage.schema.validation import validate

_KEPT = 600.0
"""Seconds until a list is read again on demand. A service learns of a new project or key within
minutes, and an id that stays unknown, such as that of a deleted key, costs little. Lists of 1,000
projects take 1,010 requests: less than two a second even if names are always requested."""


class _Entry(msgspec.Struct, kw_only=True):
    """An entry of a list. Other fields, such as the owner of a key, are not decoded."""

    id: str
    name: str | None = None

    def named(self) -> Name:
        return Name(id=self.id, name=self.name, status="active")


class _Project(_Entry, kw_only=True):
    id: Annotated[str, msgspec.Meta(pattern=PROJECT_ID)]
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
        await gather(reading)
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
            await read_each(due, self._read_list, self._settle)

    async def _read_list(self, wanted: ListEndpoint) -> None:
        decode = partial(decode_list, wanted.entry)
        params = [*wanted.params, ("limit", "100")]
        entries = await read_pages(self._transport, wanted.path, params, decode)
        self._copies[wanted].names = {entry.id: entry.named() for entry in entries}

    def _settle(self, wanted: ListEndpoint, failure: Failure | None) -> None:
        """Record the attempt to read a list. After a *failure* its old names stay."""
        copy = self._copies[wanted]
        copy.tried = next(self._order)
        copy.unread = None
        if failure is not None:
            copy.unread = UnreadList(kind=wanted.kind, path=wanted.path, **failure)
        if copy.unread is None or not copy.unread.passing:
            copy.settled = asyncio.get_running_loop().time()
