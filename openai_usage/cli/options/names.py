"""Options that ask for names beside ids."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, TypeAlias

from attrs import frozen
from cyclopts import Parameter

from openai_usage import AsyncUsageClient, Names, UnreadList
from openai_usage.cli.options.flags import OUTPUT, flag
from openai_usage.cli.output.known_names import KnownNames
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


@Parameter(name="*", group=OUTPUT)
@frozen(kw_only=True)
class NameOptions:
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
