"""Options for names next to ids."""

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
    flag("Show the names of projects and API keys: in a table in place of their ids."),
    Parameter(group=OUTPUT),
]
"""The option for all names except those of people."""

_TIMEOUT = 30.0
"""Seconds to wait for names before the figures are shown without them."""

_WORK = {"project_id": ["project_name"], "api_key_id": ["api_key_name"]}
_PEOPLE = {"user_id": ["user_name", "user_email"]}

_KINDS: Mapping[str, WorkKind] = {"project_id": "projects", "api_key_id": "api_keys"}
"""The kind of ids in each column."""


@Parameter(name="*", group=OUTPUT)
@frozen(kw_only=True)
class NameOptions:
    """Options for names next to ids."""

    names: WithNames = False
    personal: Annotated[
        bool,
        flag("Show the names of people, too; outside of tables, also their e-mail addresses."),
    ] = False
    ids: Annotated[bool, flag("Show ids in a table next to names, in columns of their own.")] = (
        False
    )

    async def of(
        self,
        client: AsyncUsageClient,
        group_by: Collection[str],
        project_ids: Collection[str] | None = None,
    ) -> KnownNames:
        """Return the requested names, for the ids in results that are grouped by *group_by*.

        Figures do not depend on names: an id whose name cannot be read is shown with a mark.
        """
        if not self.names and not self.personal and not self.ids:
            return KnownNames()
        kinds: list[WorkKind] = [kind for column, kind in _KINDS.items() if column in group_by]
        personal = self.personal and not _PEOPLE.keys().isdisjoint(group_by)
        try:
            async with asyncio.timeout(_TIMEOUT):
                names = await client.names(personal=personal, kinds=kinds, project_ids=project_ids)
        except TimeoutError:
            names = _timed_out(kinds, personal=personal)
        return KnownNames(names, _WORK | _PEOPLE if self.personal else _WORK, self.ids)


def _timed_out(kinds: Sequence[WorkKind], *, personal: bool) -> Names:
    why = f"not read within {_TIMEOUT:g} s"
    requested: list[Kind] = [*kinds, "users"] if personal else [*kinds]
    unread = (UnreadList(kind=kind, path=kind, why=why, passing=True) for kind in requested)
    return Names(known={}, unread=tuple(unread), kinds=tuple(kinds), personal=personal)
