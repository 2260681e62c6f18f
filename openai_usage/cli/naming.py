"""Names beside ids: who is behind them, where that is asked for."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, TypeAlias

from attrs import frozen
from cyclopts import Parameter

from openai_usage import AsyncUsageClient, Names, UnreadList
from openai_usage.cli.flags import OUTPUT, flag
from openai_usage.cli.messages import say
from openai_usage.cli.wording import for_terminal
from openai_usage.names import Kind

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


@Parameter(name="*", group=OUTPUT)
@frozen(kw_only=True)
class Naming:
    """The options that ask for names beside ids."""

    names: WithNames = False
    personal: Annotated[
        bool, flag("Put the names and e-mail addresses of people beside their ids, too.")
    ] = False

    async def of(self, client: AsyncUsageClient) -> Names | None:
        """The names that were asked for; what could not be read of them is told on stderr.

        Figures do not depend on names: where those are missing, ids stand alone, and are marked.
        """
        if not self.names and not self.personal:
            return None
        try:
            async with asyncio.timeout(_PATIENCE):
                names = await client.names(personal=self.personal)
        except TimeoutError:
            names = _not_in_time(personal=self.personal)
        if names.unread:
            first, others = names.unread[0], len(names.unread) - 1
            more = f" (and {others} lists more)" if others else ""
            say(f"some names are not known: {for_terminal(str(first))}{more}")
        return names


def _not_in_time(*, personal: bool) -> Names:
    why = f"not read within {_PATIENCE:g} s"
    kinds: tuple[Kind, ...] = ("projects", "users") if personal else ("projects",)
    unread = (UnreadList(kind=kind, path=kind, why=why, passing=True) for kind in kinds)
    return Names(known={}, unread=tuple(unread), personal=personal)


def name_columns(names: Names | None) -> Mapping[str, Sequence[str]]:
    """The columns of names that follow columns of ids, as far as they were asked for."""
    if names is None:
        return {}
    return _WORK | _PEOPLE if names.personal else _WORK


def named(names: Names | None, column: str, id_: object) -> str | None:
    """What a column of names says of an id: its name, marked where it is not one of today."""
    if names is None or not isinstance(id_, str) or not id_:
        return None
    name = names.of(id_)
    return name.email if column.endswith("_email") else str(name)


def labelled(names: Names | None, column: str, id_: str) -> str:
    """An id with what is known of it before it, as far as that was asked for."""
    if names is None or column not in name_columns(names):
        return id_
    name = names.of(id_)
    return " ".join(filter(None, (str(name), name.email, id_ if name.name else None)))
