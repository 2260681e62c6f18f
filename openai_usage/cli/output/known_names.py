"""Names beside ids in one output, and a note if some could not be read."""

from collections.abc import Iterable, Mapping, Sequence

from attrs import define, field

from openai_usage import Name, Names
from openai_usage.cli.output.messages import say
from openai_usage.cli.wording import for_terminal


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
