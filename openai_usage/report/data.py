"""The data of a report: costs and usage by day, and the parts that are missing.

An endpoint that fails is listed in `missing`, and the figures contain nothing from it. The figures
of the other endpoints stay. Days for which an endpoint returned no bucket are listed there too;
their values are None.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from attrs import Factory, field, frozen

from openai_usage._number_format import counted
from openai_usage.analysis.budget_verdict import BudgetVerdict
from openai_usage.analysis.daily import Period, Rows
from openai_usage.analysis.price_steps import PriceStep
from openai_usage.analysis.prices import Price, PriceChange
from openai_usage.analysis.projection import Projection
from openai_usage.analysis.unusual_day import Unusual
from openai_usage.gaps import Gap
from openai_usage.names import Names
from openai_usage.report.options import BREAKDOWNS
from openai_usage.schema.pages import Bucket
from openai_usage.schema.results import CompletionsResult

_MOVED = Decimal("0.005")
"""The least relative change of a price that counts as one. Means of prices move a little."""


def has_moved(price: Price) -> bool:
    """Return whether a price differs from that of the period before."""
    before, change = price.price_before, price.price_change
    return before is not None and change is not None and abs(change) >= _MOVED * before


@frozen
class Spend:
    """The costs in one currency. Currencies are never added to each other."""

    currency: str
    """The ISO 4217 code in lower case: `usd`."""
    rows: Rows = field(repr=False)
    """Costs by project and line item, with None on missing days."""
    before: Rows | None = field(repr=False)
    """The costs of the period before, or None if they could not be read."""


@frozen
class ModelShares:
    """The shares of cached input and of batch requests, of one model or of all together."""

    model: str | None
    is_total: bool
    """True for all models together."""
    requests: int
    input_tokens: int
    cached: Decimal | None
    """The part of the input tokens that were read from the cache, from 0 to 1. None if unknown."""
    batch: Decimal | None
    """The part of all tokens that batch requests used, from 0 to 1. None if unknown."""
    tokens_per_request: Decimal | None


@frozen
class Usage:
    """The usage that one endpoint counted."""

    endpoint: str
    """The name of the endpoint: `completions`."""
    rows: Rows = field(repr=False)
    """Usage by measure, such as `input_tokens`, and by model if the endpoint counts tokens of
    models. None on missing days."""
    about: Mapping[str, Mapping[str, object]]
    """The metadata of each measure in the result class: its unit, and whether it can be summed."""
    start: int | None = None
    """The start of the figures if that is before the range. The API can return the whole of the
    first day."""
    tokens: Sequence[Bucket[CompletionsResult]] = field(default=(), repr=False)
    """The buckets of completions or decisions, whose results have the same fields. Empty for other
    endpoints."""


@frozen(kw_only=True)
class Course:
    """The costs of the month in progress in one currency, and where they lead."""

    currency: str
    """The ISO 4217 code in lower case."""
    today: date
    """The day in progress, in UTC."""
    billed: Decimal
    """The costs so far."""
    projection: Projection
    """The projected costs of the whole month."""
    limit: Decimal | None = None
    """The hard limit for a month, or None if none is known."""
    reached: date | None = None
    """The day of this month on which the projection reaches the limit. None if it does not."""


@frozen(kw_only=True)
class Answers:
    """The answers besides sums: prices, unusual days, the month in progress, shares of tokens."""

    prices: Sequence[Price] = ()
    """The prices by model and kind, the highest costs first."""
    steps: Sequence[PriceStep] = ()
    """The days on which prices changed, in time order: those of prices that differ from before."""
    changes: Sequence[PriceChange] = ()
    """The changes by model on the compared days, the largest first."""
    unusual: Sequence[Unusual] = ()
    """The unusual days: of everything together, of a model or of a project."""
    judged_days: int = 0
    """The number of days of the range that have enough days before to compare with."""
    shares: Sequence[ModelShares] = ()
    """The shares of tokens of all models together, then of each model."""
    courses: Sequence[Course] = ()
    """The month in progress by currency. Empty if the range does not end now."""
    verdicts: Sequence[BudgetVerdict] = ()
    """The verdicts on the budgets, in their order. Empty if the costs of their month could not be
    read."""


@frozen
class Missing:
    """An endpoint that could not be read, or days for which it returned no bucket."""

    what: str
    """The name of the endpoint in words: `audio speeches`."""
    why: str
    """The reason in words."""
    measures: frozenset[str] = frozenset()
    """The fields that the endpoint measures. Empty for costs."""
    gaps: tuple[Gap, ...] = ()
    """The missing parts of the range. Empty if the endpoint could not be read at all."""
    is_due: bool = True
    """False for a day that has just begun, whose bucket can still arrive."""
    organization: str = ""
    """The label of the organization, if only one of several lacks it."""


@frozen(kw_only=True)
class Figures:
    """The data that a report shows."""

    period: Period
    """The range of the report."""
    compared: Period | None
    """The period before, whose costs are compared. None if no such period exists."""
    host: str
    """The host that answered."""
    organization: str | None
    """The organization that the client was configured with, if any."""
    generated: datetime
    """The time when the data was requested."""
    spend: tuple[Spend, ...]
    """The costs, one entry for each currency."""
    usage: tuple[Usage, ...]
    """The usage, one entry for each endpoint that could be read."""
    missing: tuple[Missing, ...]
    """The endpoints that could not be read, and the missing days of the others."""
    uncompared: str = ""
    """The reason why the costs before could not be read. Empty if they could."""
    names: Names | None = None
    """The names of projects, or None to show ids."""
    costs_start: int | None = None
    """The start of the costs if that is before `period`. The API can return the whole of the
    first day."""
    gaps_before: tuple[Gap, ...] = ()
    """The parts of `compared` for which the API returned no costs."""
    people: Mapping[str, tuple[Spend, ...]] = field(factory=dict, repr=False)
    """The costs by `user` and by `API key`, if they were requested."""
    answers: Answers = field(default=Factory(Answers), repr=False)
    """The answers besides sums."""
    group_by: Sequence[str] = BREAKDOWNS
    """The breakdowns of spend, in the order of the page. The first is `organization` if there are
    several."""
    project_ids: Sequence[str] = ()
    """The projects that the figures are of. Empty for all."""
    organization_name: str = ""
    """The name of the organization, or "" if it is unknown."""
    is_sample: bool = False
    """True if the data is made up."""

    @cached_property
    def billed(self) -> Period:
        """Return the range that the costs cover."""
        start = self.period.start if self.costs_start is None else self.costs_start
        return Period(start, self.period.end)

    @cached_property
    def from_midnight(self) -> tuple[str, ...]:
        """Return the endpoints whose figures start at midnight although the range starts later."""
        starts = {"costs": self.costs_start, **{each.endpoint: each.start for each in self.usage}}
        return tuple(
            name.replace("_", " ")
            for name, start in starts.items()
            if start is not None and start < self.period.start
        )

    def missing_of(self, endpoint: str) -> tuple[Missing, ...]:
        """Return the missing days of an endpoint that could be read."""
        return tuple(
            part
            for part in self.missing
            if part.gaps and part.gaps[0].endpoint == endpoint and not part.organization
        )

    @property
    def costs_are_unread(self) -> bool:
        """Return whether the costs could not be read at all."""
        return any(part.what == "costs" and not part.gaps for part in self.missing)

    def count_lost_days(self, endpoint: str) -> int:
        """Return the number of whole days that are missing of an endpoint that could be read."""
        return len(self.lost_days(self.missing_of(endpoint)))

    def missing_days(self, parts: Iterable[Missing]) -> frozenset[int]:
        """Return the indexes of the days of `period` that *parts* touch."""
        return self.period.places(gap for part in parts for gap in part.gaps)

    def lost_days(self, parts: Iterable[Missing]) -> frozenset[int]:
        """Return the indexes of the days of `period` that *parts* cover from start to end."""
        return self.period.places_within(gap for part in parts for gap in part.gaps)

    def without(self, parts: Iterable[Missing]) -> tuple[str, ...]:
        """Return *parts* in words, each as an endpoint or its days: `3 days of costs`."""
        return tuple(
            f"{self._count_days(part)} of {part.what}" if part.gaps else part.what for part in parts
        )

    def _count_days(self, part: Missing) -> str:
        all_, whole = len(self.missing_days([part])), len(self.lost_days([part]))
        parts = [counted(whole, "day")] if whole else []
        if all_ > whole:
            parts.append(f"part of {counted(all_ - whole, 'day')}")
        return " and ".join(parts)

    @cached_property
    def averaged_days(self) -> tuple[int, ...]:
        """Return the indexes of the days in averages of costs: those that are whole and known."""
        missing = self.missing_days(self.missing_of("costs"))
        whole = self.billed.whole_days
        return tuple(n for n in range(whole.start, whole.stop) if n not in missing)

    @cached_property
    def compares_all(self) -> bool:
        """Return whether every day of the range is compared with every day of `compared`.

        For that, all days have to be whole and known. Months can have different lengths.
        """
        is_known = self.compared is not None and not (self.uncompared or self.gaps_before)
        return is_known and len(self.averaged_days) == len(self.billed.days)

    @property
    def compares_months(self) -> bool:
        """Return whether whole months of the calendar are compared."""
        return self.compares_all and self.billed.months > 0

    @cached_property
    def compared_days(self) -> tuple[int, ...]:
        """Return the indexes of the days of the range that are compared.

        If not all of them are, they are the averaged days that are also known in `compared`.
        """
        if self.compared is None or self.uncompared:
            return ()
        if self.compares_all:
            return self.averaged_days
        missing = self.compared.places(self.gaps_before)
        known = set(range(len(self.compared.days))) - missing
        return tuple(n for n in self.averaged_days if n in known)

    @property
    def days_before(self) -> str:
        """Return the days or months that the range is compared with, as text."""
        days = len(self.compared_days_before)
        months = self.compared.name if self.compared and self.compared.months else ""
        if self.compared and days == len(self.compared.days):
            return months or ("the day before" if days == 1 else f"the {days:,} days before")
        return f"as many days of {months}" if months else "as many days before"

    @property
    def compared_days_before(self) -> tuple[int, ...]:
        """Return the indexes of the days of `compared` that `compared_days` are compared with."""
        if self.compared is not None and self.compares_all:
            return tuple(range(len(self.compared.days)))
        return self.compared_days
