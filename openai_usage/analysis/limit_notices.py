"""Say on which day spending reaches the limits and alerts that an organization has set."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from attrs import evolve, frozen

from openai_usage import Limits, Names, SpendAlert, SpendLimit, SpendLimits
from openai_usage._decimals import exact_difference
from openai_usage._digits import digits
from openai_usage._number_format import money
from openai_usage._text import label, listed, printable
from openai_usage.analysis.groups import group_by
from openai_usage.analysis.months import end_of_month
from openai_usage.analysis.spending import Charge, Spending

__all__ = ["LimitNotice", "day_reached", "limit_notices"]


@frozen(kw_only=True)
class LimitNotice:
    """A limit or an alert that is reached this month, or cannot be compared. `str()` says it."""

    threshold: SpendLimit | SpendAlert
    """The hard limit or the alert."""
    project_id: str | None = None
    """The project, or None for the organization."""
    project: str | None = None
    """The name of the project, or its id, ready to be displayed."""
    used: Decimal
    """The amount spent so far this month."""
    day: date | None = None
    """The day on which spending reaches it at the rate of the projection. None if spending has
    reached it, and if it is not compared."""
    today: date
    """The day in progress, in UTC."""
    is_certain: bool = True
    """True if all the days are known that `used` and `day` are computed from."""
    why_not: str = ""
    """The reason why it is not compared. Empty if it is."""

    @property
    def has_been_reached(self) -> bool:
        """True if the spending so far has reached it."""
        return not self.why_not and self.day is None

    def to_dict(self) -> dict[str, object]:
        """Return the figures for `json.dumps`. Money is text with every digit."""
        return {
            "what": "hard limit" if isinstance(self.threshold, SpendLimit) else "alert",
            "text": str(self),
            "project_id": self.project_id,
            "amount": digits(self.threshold.amount.value),
            "currency": self.threshold.amount.currency,
            "used": digits(self.used),
            "day": None if self.day is None else self.day.isoformat(),
            "has_been_reached": self.has_been_reached,
        }

    def __str__(self) -> str:
        unit = money(printable(self.threshold.amount.currency))
        kind = "hard limit of" if isinstance(self.threshold, SpendLimit) else "alert at"
        whose = "" if self.project is None else f" for the project {self.project}"
        what = f"the {kind} {unit.exact(self.threshold.amount.value)}{whose}"
        if self.why_not:
            return f"{what[0].upper()}{what[1:]} is not compared: {self.why_not}."
        if self.day is None:
            used = unit.rounded(self.used)
            return f"{what[0].upper()}{what[1:]} has been reached: {used} so far this month."
        when = "today" if self.day == self.today else f"on {self.day.day} {self.day:%B}"
        doubt = "" if self.is_certain else " Days are missing, so the day is less certain."
        return f"At this rate {what} is reached {when}.{doubt}"


def limit_notices(
    limits: Limits, spendings: Sequence[Spending], *, names: Names | None = None
) -> list[LimitNotice]:
    """Return the limits and alerts that are reached this month, at the rate of the projection.

    The rate is that of `Projection`: the costs so far, the rest of `per_day` for today, and
    `per_day` for each day to come. Those that are not reached this month are left out. Those that
    cannot be compared say why not: the interval is not a month, the currency is another one, or
    costs are unknown. The list is empty for a month that is over::

        limits = client.limits()
        bill = client.costs(start_time=month_start(1), group_by=["project_id"]).collect()
        for notice in limit_notices(limits, spending(bill)):
            print(notice)

    Args:
        limits: The limits, from `client.limits()`.
        spendings: The spending in each currency, as `spending()` returns it, of the costs of the
            whole organization. For the limits of projects they must be grouped by `project_id`.
        names: The names of projects, to be shown in place of ids.
    """
    if not spendings or spendings[0].is_over:
        return []
    costs = _Costs(spendings, names or Names(known={}))
    return [
        *costs.notices(None, limits.organization),
        *(each for id_, of in limits.projects.items() for each in costs.notices(id_, of)),
    ]


@frozen
class _Costs:
    """The costs that are compared with limits."""

    spendings: Sequence[Spending]
    names: Names

    @cached_property
    def projects(self) -> Mapping[str, Mapping[str | None, Sequence[Charge]]]:
        """Return the charges by currency and project."""
        return {
            each.currency: group_by(each.charges, lambda charge: charge.project_id)
            for each in self.spendings
        }

    @cached_property
    def have_no_projects(self) -> bool:
        """Return whether there are costs, and none of them names a project."""
        return {each for groups in self.projects.values() for each in groups} == {None}

    def notices(self, project_id: str | None, of: SpendLimits) -> Iterator[LimitNotice]:
        """Yield the notices on the organization, or on a project."""
        thresholds: list[SpendLimit | SpendAlert] = [*of.alerts]
        if of.limit is not None:
            thresholds.insert(0, of.limit)
        for threshold in thresholds:
            part = self._part(project_id, threshold.amount.currency)
            notice = LimitNotice(
                threshold=threshold,
                project_id=project_id,
                project=project_id and label(self.names.of(project_id).name or project_id),
                used=part.total.this_month,
                today=part.today,
                is_certain=part.is_certain,
                why_not=self._why_not(threshold, project_id),
            )
            amount = threshold.amount.value
            if notice.why_not or part.total.this_month >= amount:
                yield notice
            elif not part.projection.is_known:
                yield evolve(notice, why_not="the costs of this month are unknown")
            elif (day := day_reached(amount, part)) is not None:
                yield evolve(notice, day=day)

    def _part(self, project_id: str | None, currency: str) -> Spending:
        """Return the spending of the organization or of a project, in one currency."""
        own = [each for each in self.spendings if each.currency == currency]
        if not own:
            return evolve(self.spendings[0], currency=currency, charges=())
        if project_id is None:
            return own[0]
        return evolve(own[0], charges=self.projects[currency].get(project_id, ()))

    def _why_not(self, threshold: SpendLimit | SpendAlert, project_id: str | None) -> str:
        """Return why a threshold is not compared, or an empty string if it is."""
        currency = threshold.amount.currency
        if threshold.monthly is None:
            return f"its interval is {label(threshold.interval)}, and only months are compared"
        billed = [each for each in self.spendings if each.total.this_month]
        if billed and currency not in [each.currency for each in billed]:
            others = listed([each.currency for each in billed], "and")
            return f"it is in {label(currency)}, and the costs are in {others}"
        if project_id is not None and self.have_no_projects:
            return "the costs are not grouped by project_id"
        return ""


def day_reached(amount: Decimal, spending: Spending) -> date | None:
    """Return the day of this month on which costs reach *amount* at the rate of the projection.

    Return None if they do not reach it. They must not have reached it yet.
    """
    projection, today = spending.projection, spending.today
    if projection.total < amount:
        return None
    # Count backwards from the end of the month, because each day to come adds the same.
    last_day = end_of_month(today)
    spare = exact_difference(projection.total, amount)
    days = Fraction(spare) // Fraction(projection.per_day)
    return last_day - timedelta(days=min(days, (last_day - today).days))
