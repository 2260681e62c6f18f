"""Names next to ids in one output, with a warning if some could not be read."""

from collections.abc import Iterable, Mapping, Sequence

from attrs import define, evolve, field

from openai_usage import Name, Names
from openai_usage._number_format import counted
from openai_usage._text import with_full_stop
from openai_usage.cli.output.messages import say
from openai_usage.cli.wording import reason


@define
class KnownNames:
    """The names for one output, which remember whether a shown id lacks a name."""

    names: Names = field(factory=lambda: Names(known={}))
    columns: Mapping[str, Sequence[str]] = field(factory=dict[str, Sequence[str]])
    """The columns of names after each column of ids; empty if names were not requested."""
    with_ids: bool = False
    """True if a table shows ids next to names."""
    from_results: bool = False
    """True if names that results contain are shown, even if names were not requested."""
    _has_unread: bool = field(default=False, init=False)

    def learn(self, results: Iterable[object]) -> None:
        """Add the names that *results* contain."""
        if self.columns or self.from_results:
            self.names = self.names.with_names_from(results)

    def with_results(self, results: Iterable[object]) -> "KnownNames":
        """Return these names with those that *results* contain, even if none were requested."""
        known = evolve(self, from_results=True)
        known.learn(results)
        return known

    def named(self, column: str, id_: object) -> str | None:
        """Return the value of a column of names for an id; an outdated name is marked."""
        if not isinstance(id_, str) or not id_:
            return None
        name = self._of(id_)
        return name.email if column.endswith("_email") else str(name)

    def labelled(self, column: str, id_: str) -> str:
        """Return the name of an id in place of the id, if names were requested."""
        return str(self._of(id_)) if column in self.columns else id_

    def known(self, column: str, id_: str) -> str:
        """Return the name of an id if it is known without asking, or else the id."""
        name = self.names.of(id_).name
        return self.labelled(column, id_) if column in self.columns else name or id_

    def beside(self, column: str, id_: object) -> str | None:
        """Return the name of an id for a column next to it, or None if it is not known."""
        if not isinstance(id_, str) or not column.endswith("_id"):
            return None
        name = self.known(column, id_)
        return None if name == id_ else name

    def warn_of_unread(self) -> None:
        """Say on stderr why some of the shown ids have no name."""
        if not self._has_unread or not self.names.unread:
            return
        first, *others = self.names.unread
        why = with_full_stop(f"some names are not known: {first.path}: {reason(first)}")
        more = f" {counted(len(others), 'more list')} could not be read." if others else ""
        say(f"{why}{more}")

    def _of(self, id_: str) -> Name:
        name = self.names.of(id_)
        self._has_unread |= name.status == "unread" and name.name is None
        return name
