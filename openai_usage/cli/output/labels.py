"""Write the labels of totals for people: names, dates and text, different for any two groups."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

from attrs import evolve, frozen

from openai_usage._text import label, labels_of
from openai_usage.analysis.groups import Group, Label, Rest, Totals
from openai_usage.analysis.periods import PERIODS
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.schema.windows import Window

SO_FAR = "so far"
"""The mark of a period that is not over yet."""

IN_PART = "in part"
"""The mark of a period that begins before the range, or ends after it."""


@frozen
class Labels:
    """Writes labels for people."""

    names: KnownNames
    """The names of ids, if requested."""
    in_progress: datetime | None = None
    """The start of the bucket that is not over yet; None if all are."""
    covered: Window | None = None
    """The time that the buckets cover, which can begin or end within a period. None without any."""
    has_times: bool = False
    """True if buckets are shorter than days, so that midnight has a time, too."""

    def written(self, totals: Totals) -> Totals:
        """Return the same totals with text for labels and currencies. The names are heads."""
        texts: dict[str, Mapping[Label, str]] = {}
        columns: dict[str, str] = {}
        for name in totals.by:
            for head, write in self._columns(name).items():
                texts[head] = labels_of((group.labels[name] for group in totals), write)
                columns[head] = name
        billed = (group.currency for group in totals if group.currency is not None)
        currencies = labels_of(billed, label)

        def is_blank(group: Group, name: str) -> bool:
            return group.is_rest and group.labels[name] is None

        def as_text(group: Group) -> Group:
            return evolve(
                group,
                labels={
                    head: "" if is_blank(group, name) else texts[head][group.labels[name]]
                    for head, name in columns.items()
                },
                currency=None if group.currency is None else currencies[group.currency],
            )

        return evolve(totals, by=list(columns), groups=[as_text(group) for group in totals])

    def _columns(self, name: str) -> Mapping[str, Callable[[Label], str]]:
        """Return the function that writes each column for the labels *name*, by its head."""
        head = name.replace("_", " ")
        if name in PERIODS:
            return {head: partial(self._period, name)}
        if name not in self.names.columns:
            return {head: partial(_text, str)}
        columns = {head.removesuffix(" id"): partial(_text, partial(self.names.labelled, name))}
        return columns | ({head: partial(_text, str)} if self.names.with_ids else {})

    def _period(self, name: str, value: Label) -> str:
        """Return a period without trailing zeros: a date, or a date and a time."""
        text = str(value).removesuffix("Z")
        if name == "start":
            text = text.removesuffix(":00")
            text = text if self.has_times else text.removesuffix("T00:00")
        mark = self._mark(name, value)
        return text.replace("T", " ") + (f" ({mark})" if mark else "")

    def _mark(self, name: str, value: Label) -> str:
        """Return the mark of a period that is not over, or of which the buckets cover a part."""
        label_of = PERIODS[name]
        if self.in_progress is not None and value == label_of(self.in_progress):
            return SO_FAR
        if self.covered is None or name == "start":
            return ""
        for edge in (self.covered.start_time, self.covered.end_time):
            sides = {label_of(datetime.fromtimestamp(each, UTC)) for each in (edge - 1, edge)}
            if sides == {value}:
                return IN_PART
        return ""


def _text(write: Callable[[str], str], value: Label) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return str(value).lower()
        case Rest():
            return value
        case _:
            # The text may come from anyone, so control characters must not reach the terminal.
            return label(write(value))
