"""Directory: reads the lists in which ids have names, each once for the life of a client."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Annotated

import msgspec
from attrs import define, field, frozen

from openai_usage._codec import NoPageError, Pairs, listing_of
from openai_usage._retry import is_passing
from openai_usage._telemetry import walk_span
from openai_usage._transport import Transport
from openai_usage._walk import next_cursor
from openai_usage.errors import (
    APIError,
    APIResponseValidationError,
    APIStatusError,
    PaginationError,
)
from openai_usage.names import Kind, Name, Names, UnreadList

_AT_ONCE = 8
"""Lists of API keys, of which there is one for each project, that are read at the same time."""

_MOST_FAILURES = 8
"""Lists that may fail after all their retries, before no more are asked for."""

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
class _List:
    """One of the lists that there are."""

    kind: Kind
    path: str
    entry: type[_Entry]
    asked: tuple[tuple[str, str], ...] = ()


_PROJECTS = _List("projects", "organization/projects", _Project, (("include_archived", "true"),))
_USERS = _List("users", "organization/users", _User)


def _api_keys_of(project: str) -> _List:
    # Without this, the API leaves out keys whose owners have left the project.
    everyones = (("owner_project_access", "any"),)
    return _List("api_keys", f"{_PROJECTS.path}/{project}/api_keys", _Entry, everyones)


@define(eq=False)
class _Round:
    """What several ask for while it is on its way is done once, for all of them."""

    _turn: asyncio.Lock = field(factory=asyncio.Lock)
    _done: int = 0

    async def join(self, work: Callable[[], Awaitable[object]]) -> None:
        done = self._done
        async with self._turn:
            if done != self._done:
                return  # it was under way, and is over
            await work()
            self._done += 1


class Directory:
    """The lists of one organization: what was read stays, what failed in passing is read again."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lists: dict[_List, dict[str, Name] | UnreadList] = {}
        self._work, self._people = _Round(), _Round()

    async def names(self, *, personal: bool) -> Names:
        """The names of projects and API keys, and with *personal* those of people."""
        reading = [self._work.join(self._read_work)]
        if personal:
            reading.append(self._people.join(lambda: self._read(_USERS)))
        await _side_by_side(reading)
        known: dict[str, Name] = {}
        unread: list[UnreadList] = []
        for each, state in self._lists.items():
            if each is _USERS and not personal:
                continue
            if isinstance(state, UnreadList):
                unread.append(state)
            else:
                known |= state
        return Names(known=known, unread=tuple(unread), personal=personal)

    async def _read_work(self) -> None:
        for each, state in list(self._lists.items()):  # those that are asked for anew
            if each.kind == "api_keys" and _has_failed(state):
                del self._lists[each]
        lists = map(_api_keys_of, await self._read(_PROJECTS))
        await _side_by_side(self._read_each(lists) for _ in range(_AT_ONCE))

    async def _read_each(self, lists: Iterator[_List]) -> None:
        """Read one of the *lists* after the other, while others take their turn at the same."""
        for each in lists:
            if self._failures() < _MOST_FAILURES:
                await self._read(each)
            else:
                why = f"not asked for, since {_MOST_FAILURES} others failed"
                self._lists[each] = UnreadList(
                    kind=each.kind, path=each.path, why=why, passing=True
                )

    def _failures(self) -> int:
        """How many lists failed in passing, each after all of its retries."""
        return sum(map(_has_failed, self._lists.values()))

    async def _read(self, wanted: _List) -> dict[str, Name]:
        """The names in a list, by id; none where it cannot be read, which is noted."""
        state = self._lists.get(wanted)
        if state is None or _has_failed(state):
            try:
                state = await self._whole(wanted)
            except APIError as error:
                state = _unread(wanted, error)
            self._lists[wanted] = state
        return {} if isinstance(state, UnreadList) else state

    async def _whole(self, wanted: _List) -> dict[str, Name]:
        names: dict[str, Name] = {}
        seen: set[str] = set()
        after: Pairs = []
        async with walk_span("list", wanted.kind) as span:
            for _ in range(_MOST_PAGES):
                pairs = [*wanted.asked, ("limit", "100"), *after]
                body = await self._transport.get(wanted.path, pairs, span)
                try:
                    page = listing_of(wanted.entry, body)
                except NoPageError as wrong:
                    raise self._transport.no_page(wrong.what, wrong.path, body) from None
                span.handed_over(0)
                names |= {entry.id: entry.named() for entry in page.data}
                if not page.has_more:
                    return names
                after = [("after", next_cursor(page.last_id, seen))]
            raise PaginationError(f"the list has no end: {_MOST_PAGES} pages have come")


def _has_failed(state: dict[str, Name] | UnreadList) -> bool:
    return isinstance(state, UnreadList) and state.passing


def _unread(wanted: _List, error: APIError) -> UnreadList:
    """What is noted of a list; a refusal is the API's last word, whatever else may be mended."""
    status = error.status_code if isinstance(error, APIStatusError) else None
    return UnreadList(
        kind=wanted.kind,
        path=wanted.path,
        why=_why(error),
        passing=status is None or is_passing(error),
        status_code=status,
    )


def _why(error: APIError) -> str:
    if not isinstance(error, APIResponseValidationError):
        return error.message
    # Without what is quoted of the answer, which may be about people.
    what, where, _ = error.message.partition(f" at {error.path}")
    return what + where


async def _side_by_side(coroutines: Iterable[Awaitable[None]]) -> None:
    """Run them all to their end, or give all up where one fails or nobody waits any more."""
    tasks = [asyncio.ensure_future(each) for each in coroutines]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
