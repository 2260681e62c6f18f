"""Names: what the ids in usage and costs stand for, as far as the organization's lists say."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Literal, TypeAlias

from attrs import evolve, field, frozen

from openai_usage.schema.model import Model

__all__ = ["Name", "Names", "UnreadList"]

Kind: TypeAlias = Literal["projects", "users", "api_keys"]
"""What an id can be of."""

WorkKind: TypeAlias = Literal["projects", "api_keys"]
"""What an id can be of that is nobody's."""

_WORK: tuple[WorkKind, ...] = ("projects", "api_keys")

Status: TypeAlias = Literal["active", "archived", "unknown", "unread", "none"]
"""How much is known of an id; see `Name.status`."""

_KINDS: Mapping[str, Kind] = {"proj_": "projects", "user-": "users", "key_": "api_keys"}
"""What an id is of, by how it begins."""


class Name(Model):
    """What is known of one id. As text it is what to show people: `Marketing (archived)`."""

    id: str | None
    """As in the results; None, or empty in old ones, where a result belongs to none."""
    name: str | None = None
    """What people call it; None where that is not known, or it has no name."""
    email: str | None = None
    """Of a user, where personal data was asked for."""
    status: Status
    """`active`, or `archived` as projects can be. `unknown`: not in its list, so it was deleted or
    is newer than the list. `unread`: its list was not read, since the key may not, or since
    it was not asked for, as with personal data. `none`: there is no id, as in usage that belongs to
    no user. What is `unknown` or `unread` can have a `name` from elsewhere: see
    `Names.with_names_from`."""

    def __str__(self) -> str:
        shown = self.name or self.email or self.id or ""
        is_plain = self.status == "active" or (self.name and self.status != "archived")
        return shown if is_plain else f"{shown} ({self.status})".lstrip()


class UnreadList(Model):
    """A list that could not be read. As text it says which and why."""

    kind: Kind
    path: str
    """Where it is, under the client's `base_url`."""
    why: str
    """What the API answered, or what was met instead of an answer."""
    passing: bool
    """Whether the client's next `names()` asks for it again; else one does some minutes later."""
    status_code: int | None = None
    """The HTTP status that was answered; None where no answer could be used."""

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


@frozen(kw_only=True, repr=False)
class Names:
    """The names of an organization's projects and API keys, and of its people if asked for."""

    known: Mapping[str, Name] = field(repr=False)
    """What is in the lists that were read, by id, and what `with_names_from` found elsewhere."""
    unread: tuple[UnreadList, ...] = ()
    """The lists that were asked for and could not be read: their ids are shown as they are."""
    kinds: tuple[WorkKind, ...] = _WORK
    """What was asked for, besides people."""
    personal: bool = False
    """Whether people were asked for too."""

    def of(self, id: str | None) -> Name:  # noqa: A002 - the API's name
        """What is known of an *id*: always a `Name`, which may know nothing but its `status`."""
        if not id:  # empty in usage from before there were projects
            return Name(id=id, status="none")
        return self.known.get(id) or Name(id=id, status=self._missing(id))

    def with_names_from(self, results: Iterable[object]) -> "Names":
        """Return these names and, for projects that have none here, what the *results* call them.

        Results of costs can have a `project_name`. It serves where the key may not read the list of
        projects, and for a project that is newer than the list::

            bill = await client.costs(start_time=days_ago(7), group_by=["project_id"]).collect()
            for bucket in bill:
                names = names.with_names_from(bucket.results)
        """
        found: dict[str, Name] = {}
        for result in results:
            id_, name = getattr(result, "project_id", None), getattr(result, "project_name", None)
            if id_ and name and self.of(id_).name is None:
                found[id_] = Name(id=id_, name=name, status=self.of(id_).status)
        return evolve(self, known={**self.known, **found}) if found else self

    def _missing(self, id_: str) -> Status:
        """Why *id_* is not in the lists."""
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
