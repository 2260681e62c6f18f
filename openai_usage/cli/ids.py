"""Find the ids of projects, API keys and people that are given by name."""

from collections.abc import Collection, Mapping, Sequence
from shlex import quote
from typing import Any

from attrs import frozen

from openai_usage import AsyncUsageClient, Name, Names
from openai_usage._gap_text import join
from openai_usage._text import did_you_mean, with_full_stop
from openai_usage.cli.wording import CommandError, reason
from openai_usage.names import WorkKind


@frozen
class _Kind:
    """A kind of ids that a filter takes."""

    noun: str
    prefix: str
    """The beginning of each id."""
    lists: Sequence[WorkKind] = ()
    """The lists that have the names. Those of people are in another."""


_FILTERS: Mapping[str, _Kind] = {
    "project_ids": _Kind("project", "proj_", ["projects"]),
    "api_key_ids": _Kind("API key", "key_", ["api_keys"]),
    "user_ids": _Kind("user", "user-"),
}
"""The filters that take ids. API keys come after the projects that have them."""

_PREFIXES = tuple(kind.prefix for kind in _FILTERS.values())


async def find_ids(client: AsyncUsageClient, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return *params* of a query with ids in place of names in its filters.

    Names are the same in upper and lower case. Lists of names are only read if a filter has a name.

    Raises:
        CommandError: A name is not known, stands for several ids, or cannot be read.
    """
    found = dict(params)
    for param, kind in _FILTERS.items():
        values = found.get(param) or ()
        if all(map(_is_id, values)):
            continue
        names = await client.names(
            kinds=kind.lists, personal=not kind.lists, project_ids=found.get("project_ids")
        )
        # If several organizations are read, another one can have the name, too.
        needs_all = bool(client._labels)  # noqa: SLF001 - of a combined client
        found[param] = [
            value if _is_id(value) else _id_of(value, param, names, needs_all=needs_all)
            for value in values
        ]
    return found


async def find_project_ids(
    client: AsyncUsageClient, project_ids: Sequence[str] | None
) -> Sequence[str] | None:
    """Return the ids of projects that are given by id or by name, as by `find_ids()`."""
    client.costs(start_time=0, project_ids=project_ids)  # rejects a key, which must not be shown
    found: Sequence[str] | None = (await find_ids(client, {"project_ids": project_ids}))[
        "project_ids"
    ]
    return found


def _is_id(value: str) -> bool:
    return value.startswith(_PREFIXES)


def _id_of(value: str, param: str, names: Names, *, needs_all: bool) -> str:
    kind = _FILTERS[param]
    named = {id_: name for id_, name in names.known.items() if id_.startswith(kind.prefix)}
    ids = sorted(id_ for id_, name in named.items() if value.casefold() in _folded(name))
    if len(ids) == 1 and not (needs_all and names.unread):
        return ids[0]
    typed = f"--{param.replace('_', '-')} {quote(value)}"
    if len(ids) > 1:
        several = f"{len(ids)} {kind.noun}s: {join(ids)}"
        raise CommandError(f"{typed} is the name of {several}. Use the id of the one you mean.")
    advice = f"Use an id ({kind.prefix}…) instead."
    if names.unread:
        first = names.unread[0]
        why = with_full_stop(f"{first.path}: {reason(first, others_answer=False)}")
        raise CommandError(f"{typed} is a name, and some names cannot be read: {why} {advice}")
    # Nobody asked for the names of other people.
    others = [name.name for name in named.values() if name.name] if kind.lists else []
    question = did_you_mean(value, others)
    raise CommandError(f"{typed} is not the name of any {kind.noun}. {question or advice}")


def _folded(name: Name) -> Collection[str]:
    """Return what *name* can be typed as."""
    return [text.casefold() for text in (name.name, name.email) if text]
