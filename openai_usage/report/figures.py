"""What a report tells: costs and usage by day, and what is missing of them.

An endpoint that fails is told of in `missing`, and nothing of it is in the figures; what the others
said stays. So are days for which an endpoint returned no bucket: what they came to is None.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property

from attrs import frozen

from openai_usage.analysis.daily import Period, Rows
from openai_usage.gaps import Gap
from openai_usage.names import Names
from openai_usage.report.units import days

__all__ = ["Figures", "Missing", "Spend", "Usage"]


@frozen
class Spend:
    """What was billed in one currency; currencies are never added to each other."""

    currency: str
    """ISO 4217 in lower case: `usd`."""
    rows: Rows
    """By project and line item; None on days that are missing."""
    before: Rows | None
    """The same of the period before; None where that could not be read."""


@frozen
class Usage:
    """What one endpoint counted."""

    endpoint: str
    rows: Rows
    """By measure, such as `input_tokens`, and model; by model only where that is of interest. None
    on days that are missing."""
    about: Mapping[str, Mapping[str, object]]
    """What its result class notes of each measure: its unit, whether it may be added up."""
    start: int | None = None
    """Where the figures begin if that is before the range. The API can return a whole first day."""


@frozen
class Missing:
    """An endpoint that could not be read, or days for which it returned no bucket."""

    what: str
    why: str
    measures: frozenset[str] = frozenset()
    """What it would have told, by the names of the fields; nothing for costs."""
    gaps: tuple[Gap, ...] = ()
    """The parts of the range that are missing; empty where all of it could not be read."""
    is_due: bool = True
    """False for a day that has just begun, whose bucket can still come."""


@frozen(kw_only=True)
class Figures:
    """All that a report tells."""

    period: Period
    compared: Period | None
    """The days before, of which the costs were asked for as well; None where there are none."""
    host: str
    """Who was asked."""
    organization: str | None
    """The organization that the client was told, if it was."""
    generated: datetime
    spend: tuple[Spend, ...]
    usage: tuple[Usage, ...]
    missing: tuple[Missing, ...]
    uncompared: str = ""
    """Why costs are not compared with those before; empty where those could be read."""
    names: Names | None = None
    """What people call projects; None where ids are to stand for themselves."""
    costs_start: int | None = None
    """Where the costs begin, if that is before `period`: the API can give those of a whole day."""
    gaps_before: tuple[Gap, ...] = ()
    """The parts of `compared` for which no costs came."""

    @cached_property
    def billed(self) -> Period:
        """The range that the costs cover."""
        start = self.period.start if self.costs_start is None else self.costs_start
        return Period(start, self.period.end)

    @cached_property
    def from_midnight(self) -> tuple[str, ...]:
        """The endpoints whose figures have all of the first day, though the range begins in it."""
        starts = {"costs": self.costs_start, **{each.endpoint: each.start for each in self.usage}}
        return tuple(
            name.replace("_", " ")
            for name, start in starts.items()
            if start is not None and start < self.period.start
        )

    def missing_of(self, endpoint: str) -> tuple[Missing, ...]:
        """Return the days that are missing of an endpoint that could be read, if there are any."""
        return tuple(
            part for part in self.missing if part.gaps and part.gaps[0].endpoint == endpoint
        )

    def missing_days(self, parts: Iterable[Missing]) -> frozenset[int]:
        """Return which days of `period` one of *parts* lacks."""
        return self.period.places(gap for part in parts for gap in part.gaps)

    def lost_days(self, parts: Iterable[Missing]) -> frozenset[int]:
        """Return which of these days one of *parts* lacks from their start to their end."""
        return self.period.places_within(gap for part in parts for gap in part.gaps)

    def without(self, parts: Iterable[Missing]) -> tuple[str, ...]:
        """Return what *parts* lack, each an endpoint or days of it, as `3 days of costs`."""
        return tuple(
            f"{self._lacking_days(part)} of {part.what}" if part.gaps else part.what
            for part in parts
        )

    def _lacking_days(self, part: Missing) -> str:
        all_, whole = len(self.missing_days([part])), len(self.lost_days([part]))
        shown = [days(whole)] if whole else []
        return " and ".join([*shown, *([f"part of {days(all_ - whole)}"] if all_ > whole else [])])

    @cached_property
    def averaged_days(self) -> tuple[int, ...]:
        """Which days averages of costs are of: those that are whole and not missing."""
        missing = self.missing_days(self.missing_of("costs"))
        whole = self.billed.whole_days
        return tuple(n for n in range(whole.start, whole.stop) if n not in missing)

    @cached_property
    def compared_days(self) -> tuple[int, ...]:
        """Which of them are compared with the same ones of `compared`: those that it has, too."""
        if self.compared is None or self.uncompared:
            return ()
        missing = self.compared.places(self.gaps_before)
        there = set(range(len(self.compared.days))) - missing
        return tuple(n for n in self.averaged_days if n in there)
