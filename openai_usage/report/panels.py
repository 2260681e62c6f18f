"""What a report draws: panels of bars, in a few colours that everyone can tell apart."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby

from attrs import evolve, frozen

from openai_usage._gap_text import join
from openai_usage._text import unique_labels
from openai_usage.analysis.daily import Day, Period, Values, subtotal, sums, total
from openai_usage.report.units import Unit

__all__ = [
    "IN_COLOUR",
    "OTHERS",
    "Bar",
    "Panel",
    "Series",
    "at",
    "attach_full_table",
    "bars",
    "named",
    "slugs",
    "top_series",
]

IN_COLOUR = 6
"""Series that get a colour of their own: more would not be told apart by everyone."""

OTHERS = 0
"""The number of the colour that all others share."""

_LONGEST_BY_DAY = 124
"""Days up to which each of them has a bar; beyond, each month has one."""

_DAY, _MONTH = len("2026-09-10"), len("2026-09")
"""How much of a date says which of them it is."""


@frozen
class Bar:
    """What a bar stands for: a day, a month or a model."""

    label: str
    days: slice = slice(None)
    """Which days of the period it has."""
    whole: bool = True
    """Whether it has all of its day or month."""

    @property
    def text(self) -> str:
        """The label, and whether there is more to come, or to be seen elsewhere."""
        return self.label if self.whole else f"{self.label} (in part)"


@frozen
class Series:
    """One colour of a panel."""

    label: str
    colour: int
    """From 1; or `OTHERS`."""
    values: Values
    """One for each bar."""

    @property
    def total(self) -> Decimal:
        """All of it that is known."""
        return total(self.values)


@frozen(kw_only=True)
class Panel:
    """One picture and the table that goes with it."""

    title: str
    unit: Unit
    bars: tuple[Bar, ...]
    series: tuple[Series, ...]
    adds_up: bool = True
    """Whether what the bars say may be added up."""
    horizontal: bool = False
    """Whether the bars lie, with room for names above them, as those of models do."""
    compact: bool = False
    """Whether it is so small that two of its kind stand side by side."""
    note: str = ""
    without: tuple[str, ...] = ()
    """The endpoints, or days of them, that could not be read, and may have figures of its kind."""
    in_full: "Panel | None" = None
    """All that it draws together, one by one, to be listed; None where that is nothing."""

    @property
    def text(self) -> str:
        """What there is to be seen, for those who do not see it."""
        begin = f"{self.title} from {self.bars[0].label} to {self.bars[-1].label}"
        begin += f" ({self.lacks}): " if self.without else ": "
        if self.adds_up:
            parts = (f"{one.label} {self.unit.headline(one.total)}" for one in self.series)
            return f"{begin}{', '.join(parts)}."
        known = [each for each in self.sums if each is not None]
        least, most = (self.unit.exact(find(known)) for find in (min, max))
        return f"{begin}at least {least} and at most {most} a day."

    @property
    def lacks(self) -> str:
        """As `without completions`; empty where nothing is missing."""
        return f"without {join(self.without)}" if self.without else ""

    @property
    def unknown(self) -> tuple[Bar, ...]:
        """The bars of which nothing is known, so that they are not drawn as nothing."""
        return tuple(bar for bar, each in zip(self.bars, self.sums, strict=True) if each is None)

    @property
    def sums(self) -> Values:
        """What each bar comes to; None where that is not known."""
        return sums(one.values for one in self.series)

    @property
    def total(self) -> Decimal:
        """All of it that is known."""
        return total(self.sums)


def slugs(titles: Iterable[str]) -> list[str]:
    """The *titles* as parts of the names of files and anchors, no two alike: `spend-by-project`."""
    made = (re.sub("[^a-z0-9]+", "-", title.lower()).strip("-") for title in titles)
    return unique_labels([each or "untitled" for each in made], "{}-{}")


def named(panels: Sequence[Panel]) -> Mapping[str, Panel]:
    """The panels by the names that their files and anchors have."""
    return dict(zip(slugs(panel.title for panel in panels), panels, strict=True))


def bars(period: Period, *, adds_up: bool = True, missing: Collection[int] = ()) -> tuple[Bar, ...]:
    """The days, or where those are too many, and can be added up, the months.

    Those with days that are *missing* are not whole.
    """
    length = _MONTH if adds_up and len(period.days) > _LONGEST_BY_DAY else _DAY
    made = []
    first = 0
    for label, group in groupby(period.days, key=lambda day: day.date[:length]):
        days = list(group)
        places = range(first, first + len(days))
        # A month is whole only from its first day to its last.
        around = (Day(days[0].start - 1, 0), Day(days[-1].end, 0))
        whole = (
            all(each.whole for each in days)
            and all(each.date[:length] != label for each in around)
            and not any(place in missing for place in places)
        )
        made.append(Bar(label, slice(places.start, places.stop), whole))
        first = places.stop
    return tuple(made)


def top_series(rows: Sequence[tuple[str, Values]], shown: tuple[Bar, ...]) -> tuple[Series, ...]:
    """The rows, which are the largest first, by bar: those in front in colours, then all others."""
    used = [(label, days) for label, days in rows if any(days)]
    kept, others = used[:IN_COLOUR], used[IN_COLOUR:]
    colours = [*range(1, len(kept) + 1)]
    if len(others) > 1:
        others = [(f"Other ({len(others)})", sums(days for _, days in others))]
    if others:
        kept, colours = [*kept, *others], [*colours, OTHERS]
    labels = unique_labels([label for label, _ in kept])
    return tuple(
        Series(label, colour, at(shown, days))
        for label, colour, (_, days) in zip(labels, colours, kept, strict=True)
    )


def attach_full_table(
    panel: Panel,
    period: Period,
    rows: Sequence[tuple[str, Values]],
    missing: Collection[int] = (),
) -> Panel:
    """The panel of these rows, with every one of them on every day beside it, if it has fewer."""
    days = bars(period, adds_up=False, missing=missing)
    used = [(label, values) for label, values in rows if any(values)]
    if len(days) == len(panel.bars) and len(used) == len(panel.series):
        return panel
    labels = unique_labels([label for label, _ in used])
    everything = tuple(
        Series(label, OTHERS, values) for label, (_, values) in zip(labels, used, strict=True)
    )
    return evolve(panel, in_full=evolve(panel, bars=days, series=everything))


def at(shown: tuple[Bar, ...], days: Values) -> Values:
    """What each bar has of the values of days."""
    return tuple(subtotal(days[bar.days]) for bar in shown)
