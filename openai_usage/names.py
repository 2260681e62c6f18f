"""Names: the names behind the ids in usage and costs, from the organization's lists."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Literal, TypeAlias

from attrs import evolve, field, frozen

from openai_usage.schema.model import Model
from openai_usage.schema.unread import Unread

__all__ = ["Name", "Names", "UnreadList"]

Kind: TypeAlias = Literal["projects", "users", "api_keys"]
"""The kind of an id."""

WorkKind: TypeAlias = Literal["projects", "api_keys"]
"""The kinds of ids that are not personal data."""

_WORK: tuple[WorkKind, ...] = ("projects", "api_keys")

Status: TypeAlias = Literal["active", "archived", "unknown", "unread", "none"]
"""The state of an id; see `Name.status`."""

_KINDS: Mapping[str, Kind] = {"proj_": "projects", "user-": "users", "key_": "api_keys"}
"""The kind of an id by its prefix."""


class Name(Model):
    """The name of one id. `str()` gives a label for people: `Marketing (archived)`."""

    id: str | None
    """The id as in the results. None, or empty in old results, if a result has no id."""
    name: str | None = None
    """The name. None if it is not known, or there is none."""
    email: str | None = None
    """The e-mail address of a user, if personal data was requested."""
    status: Status
    """`active`, or `archived` for projects. `unknown`: the id is not in its list, so it was deleted
    or is newer than the list. `unread`: the list was not read, because the key lacks permission or
    because it was not requested, as personal data. `none`: there is no id, as in usage without a
    user. An `unknown` or `unread` id can have a `name` from elsewhere: see
    `Names.with_names_from`."""

    def __str__(self) -> str:
        shown = self.name or self.email or self.id or ""
        is_plain = self.status == "active" or (self.name and self.status != "archived")
        return shown if is_plain else f"{shown} ({self.status})".lstrip()


class UnreadList(Unread):
    """A list that could not be read. `str()` says which list, and why.

    If the failure was not `passing`, `names()` reads the list again only minutes later.
    """

    kind: Kind


@frozen(kw_only=True, repr=False)
class Names:
    """The names of an organization's projects and API keys, and of its people if requested."""

    known: Mapping[str, Name] = field(repr=False)
    """The names by id, from the lists that were read and from `with_names_from`."""
    unread: tuple[UnreadList, ...] = ()
    """The lists that were requested and could not be read. Their ids have no names."""
    kinds: tuple[WorkKind, ...] = _WORK
    """The kinds that were requested, besides people."""
    personal: bool = False
    """True if people were requested, too."""

    def of(self, id: str | None) -> Name:  # noqa: A002 - the API's name
        """Return the `Name` of an *id*. If the id is not known, only its `status` is set."""
        if not id:  # empty in usage from before there were projects
            return Name(id=id, status="none")
        return self.known.get(id) or Name(id=id, status=self._missing(id))

    def with_names_from(self, results: Iterable[object]) -> "Names":
        """Return these names, with names of projects from *results* for those that have none here.

        Results of costs can have a `project_name`. It serves where the key may not read the list of
        projects, and for a project that is newer than the list::

            bill = await client.costs(start_time=days_ago(7), group_by=["project_id"]).collect()
            for bucket in bill:
                names = names.with_names_from(bucket.results)
        """
        named: dict[str, str] = {}
        for result in results:
            id_, name = getattr(result, "project_id", None), getattr(result, "project_name", None)
            if id_ and name:
                named[id_] = name
        found = {
            id_: Name(id=id_, name=name, status=self.of(id_).status)
            for id_, name in named.items()
            if self.of(id_).name is None
        }
        return evolve(self, known={**self.known, **found}) if found else self

    def _missing(self, id_: str) -> Status:
        """Return why *id_* is not in the lists."""
        kind = next((kind for start, kind in _KINDS.items() if id_.startswith(start)), None)
        unread = self._unread_kinds
        return "unread" if kind in unread or (kind is None and unread) else "unknown"

    @cached_property
    def _unread_kinds(self) -> set[Kind]:
        kinds: set[Kind] = {each.kind for each in self.unread}
        kinds |= {kind for kind in _WORK if kind not in self.kinds}
        if "projects" in kinds:
            kinds.add("api_keys")  # which are asked for project by project
        if not self.personal:
            kinds.add("users")
        return kinds

    def __repr__(self) -> str:
        return f"<Names of {len(self.known)} ids, {len(self.unread)} lists unread>"
