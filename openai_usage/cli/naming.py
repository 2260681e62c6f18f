"""Names beside ids: who is behind them, where that is asked for."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, TypeAlias

from attrs import define, field, frozen
from cyclopts import Parameter

from openai_usage import AsyncUsageClient, Name, Names, UnreadList
from openai_usage.cli.flags import OUTPUT, flag
from openai_usage.cli.messages import say
from openai_usage.cli.wording import for_terminal
from openai_usage.names import Kind, WorkKind

WithNames: TypeAlias = Annotated[
    bool,
    flag("Put the names of projects and API keys beside their ids."),
    Parameter(group=OUTPUT),
]
"""The option that asks for the names of what is no person."""

_PATIENCE = 30.0
"""Seconds that names may take: figures do not wait for them any longer."""

_WORK = {"project_id": ["project_name"], "api_key_id": ["api_key_name"]}
_PEOPLE = {"user_id": ["user_name", "user_email"]}

_KINDS: Mapping[str, WorkKind] = {"project_id": "projects", "api_key_id": "api_keys"}
"""The kind of the ids in a column."""


@define
class KnownNames:
    """The names for one output, and whether there are ids in it that lack one."""

    names: Names = field(factory=lambda: Names(known={}))
    columns: Mapping[str, Sequence[str]] = field(factory=dict[str, Sequence[str]])
    """The columns of names that follow columns of ids; none where names were not asked for."""
    _lacks: bool = field(default=False, init=False)

    def learn(self, results: Iterable[object]) -> None:
        """Take up the names that *results* have in them."""
        if self.columns:
            self.names = self.names.with_names_from(results)

    def named(self, column: str, id_: object) -> str | None:
        """What a column of names says of an id: its name, marked where it is not one of today."""
        if not isinstance(id_, str) or not id_:
            return None
        name = self._of(id_)
        return name.email if column.endswith("_email") else str(name)

    def labelled(self, column: str, id_: str) -> str:
        """An id with what is known of it before it, as far as that was asked for."""
        if column not in self.columns:
            return id_
        name = self._of(id_)
        return " ".join(filter(None, (str(name), name.email, id_ if name.name else None)))

    def tell(self) -> None:
        """Say on stderr why ids that were shown lack a name, where some do."""
        if not self._lacks or not self.names.unread:
            return
        first, *others = self.names.unread
        lists = "list" if len(others) == 1 else "lists"
        more = f" (and {len(others)} more {lists})" if others else ""
        say(f"some names are not known: {for_terminal(str(first))}{more}")

    def _of(self, id_: str) -> Name:
        name = self.names.of(id_)
        self._lacks |= name.status == "unread" and name.name is None
        return name


@Parameter(name="*", group=OUTPUT)
@frozen(kw_only=True)
class Naming:
    """The options that ask for names beside ids."""

    names: WithNames = False
    personal: Annotated[
        bool, flag("Put the names and e-mail addresses of people beside their ids, too.")
    ] = False

    async def of(
        self,
        client: AsyncUsageClient,
        group_by: Collection[str],
        project_ids: Collection[str] | None = None,
    ) -> KnownNames:
        """The names that were asked for, of the ids that results have if grouped like that.

        Figures do not depend on names: where those are missing, ids stand alone, and are marked.
        """
        if not self.names and not self.personal:
            return KnownNames()
        kinds: list[WorkKind] = [kind for column, kind in _KINDS.items() if column in group_by]
        personal = self.personal and not _PEOPLE.keys().isdisjoint(group_by)
        try:
            async with asyncio.timeout(_PATIENCE):
                names = await client.names(personal=personal, kinds=kinds, project_ids=project_ids)
        except TimeoutError:
            names = _not_in_time(kinds, personal=personal)
        return KnownNames(names, _WORK | _PEOPLE if self.personal else _WORK)


def _not_in_time(kinds: Sequence[WorkKind], *, personal: bool) -> Names:
    why = f"not read within {_PATIENCE:g} s"
    asked: list[Kind] = [*kinds, "users"] if personal else [*kinds]
    unread = (UnreadList(kind=kind, path=kind, why=why, passing=True) for kind in asked)
    return Names(known={}, unread=tuple(unread), kinds=tuple(kinds), personal=personal)
