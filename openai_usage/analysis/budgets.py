"""Compare spending with budgets, each of which is for a part of the costs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from attrs import evolve, field, frozen

from openai_usage import Amount, InvalidOptionError, Names
from openai_usage._decimals import exact_sum
from openai_usage._number_format import counted
from openai_usage._text import did_you_mean, label, listed, short_repr
from openai_usage.analysis.budget import ID_PREFIXES, Budget, Owner
from openai_usage.analysis.budget_verdict import BudgetVerdict, Verdict
from openai_usage.analysis.charges import Charge, Dimension, Field, fields_of
from openai_usage.analysis.groups import group_by
from openai_usage.analysis.spending import Spending
from openai_usage.names import Name

__all__ = ["Verdict", "check_budgets", "costs_group_by"]

_DIMENSIONS: Mapping[Owner, Dimension] = {
    "organization": "organization",
    "project": "project_id",
    "model": "model",
    "user": "user_id",
    "key": "api_key_id",
}
"""The label of a charge."""

_WORDS: Mapping[Owner, str] = {
    "organization": "organization",
    "project": "project",
    "model": "model",
    "user": "user",
    "key": "API key",
}


_OF_ONE: Collection[Owner] = ("organization", "project", "key")
"""The owners that belong to one organization."""


def costs_group_by(budgets: Iterable[Budget]) -> list[Field]:
    """Return the `group_by` of a query of costs that these budgets need."""
    owners: list[Owner] = [owner for each in budgets if (owner := each.owner) is not None]
    return fields_of(_DIMENSIONS[owner] for owner in owners)


def check_budgets(
    budgets: Iterable[Budget],
    spendings: Sequence[Spending],
    *,
    names: Names | None = None,
    organizations: Collection[str] = (),
    left_out: Collection[str] = (),
) -> list[BudgetVerdict]:
    """Compare spending with budgets, and return a verdict for each.

    A budget for a month is compared with the costs so far and with their projection. A budget for a
    day is compared with today so far and with the last whole day::

        budgets = read_budgets("budgets.toml")
        bill = client.costs(start_time=month_start(1), group_by=costs_group_by(budgets)).collect()
        for verdict in check_budgets(budgets, spending(bill)):
            print(verdict, verdict.exit_code)

    Args:
        budgets: The budgets.
        spendings: The spending in each currency, as `spending()` returns it, of costs that are
            grouped by what `costs_group_by` returns.
        names: The names that stand for ids in *budgets*, and that are shown in place of ids.
        organizations: The labels of the organizations whose costs were read. One without costs has
            spent nothing.
        left_out: The labels of the organizations whose costs could not be read. Budgets that can
            include costs of them are not certain.

    Raises:
        InvalidOptionError: A name stands for several ids.
        ValueError: *spendings* is empty.
    """
    if not spendings:
        raise ValueError("spendings is empty. Pass what spending() returns.")
    costs = _Costs(spendings, names or Names(known={}), organizations, left_out)
    return [costs.verdict(each) for each in budgets]


@frozen
class _Costs:
    """The costs that are compared with budgets."""

    found: Sequence[Spending]
    """The spending in each currency; at least one."""
    names: Names
    organizations: Collection[str]
    """The labels of the organizations whose costs were read."""
    left_out: Collection[str]
    """The labels of those whose costs could not be read."""
    _groups: dict[tuple[str, Owner], Mapping[str | None, Sequence[Charge]]] = field(
        factory=dict, init=False
    )

    def verdict(self, budget: Budget) -> BudgetVerdict:
        """Compare the costs with one budget."""
        id_ = self._id_of(budget)
        own = [each for each in self.found if each.currency == budget.currency]
        nothing = evolve(self.found[0], currency=budget.currency, charges=())
        part = self._part(own[0] if own else nothing, budget, id_)
        others = tuple(
            Amount(value=exact_sum(amounts), currency=each.currency)
            for each in self.found
            if each.currency != budget.currency
            and any(amounts := _amounts(self._part(each, budget, id_), budget))
        )
        problem = ""
        if budget.owner is not None and id_ is None:
            problem = self._not_found(budget, budget.owner)
        elif others and not part.total.this_month:
            currencies = listed([each.currency for each in others], "and")
            problem = f"the budget is in {budget.currency}, but the costs are in {currencies}."
        verdict = BudgetVerdict(
            budget=budget,
            title=self._title(budget, id_),
            day=part.month,
            used=part.known(part.total.this_month, part.month),
            projected=part.projection.total if part.projection.is_known else None,
            is_certain=part.is_certain
            and part.is_known(part.month)
            and part.projection.is_known
            and self._has_all(budget, problem),
            is_over=part.is_over,
            problem=problem,
            not_compared=others,
        )
        if budget.per == "month":
            return verdict
        return _of_a_day(verdict, part, has_all=self._has_all(budget, problem))

    def _has_all(self, budget: Budget, problem: str) -> bool:
        """Return whether no organization is left out that can have costs of the budget."""
        is_of_one = budget.owner in _OF_ONE and not budget.needs_names and not problem
        return is_of_one or not self.left_out

    def _part(self, spending: Spending, budget: Budget, id_: str | None) -> Spending:
        """Return the part of *spending* that a budget is for, in one currency."""
        if budget.owner is None:
            return spending
        groups = self._grouped(spending, budget.owner)
        return evolve(spending, charges=() if id_ is None else groups.get(id_, ()))

    def _grouped(self, spending: Spending, owner: Owner) -> Mapping[str | None, Sequence[Charge]]:
        place = (spending.currency, owner)
        if place not in self._groups:
            dimension = _DIMENSIONS[owner]
            self._groups[place] = group_by(spending.charges, lambda charge: charge.label(dimension))
        return self._groups[place]

    def _ids(self, owner: Owner) -> set[str]:
        """Return the ids or models in the costs."""
        groups = (self._grouped(each, owner) for each in self.found)
        return {id_ for each in groups for id_ in each if id_ is not None}

    def _id_of(self, budget: Budget) -> str | None:
        """Return the id of what a budget is for, or None if it is unknown.

        Raises:
            InvalidOptionError: Its name stands for several.
        """
        if budget.owner is None or budget.of is None:
            return None
        if any(budget.of in self._grouped(each, budget.owner) for each in self.found):
            return budget.of
        if budget.owner == "organization" and budget.of in self.organizations:
            return budget.of
        known = self._named(budget.owner)
        if budget.of in known:
            return budget.of
        ids = [id_ for id_, each in known.items() if budget.of in (each.name, each.email)]
        if len(ids) > 1:
            things = counted(len(ids), _WORDS[budget.owner])
            raise InvalidOptionError(
                f"{short_repr(budget.of)} is the name of {things}: "
                f"{listed(map(short_repr, ids), 'and')}. Use an id in the budget.",
                option=budget.owner,
            )
        return ids[0] if ids else None

    def _named(self, owner: Owner) -> Mapping[str, Name]:
        """Return the names of projects, users or API keys by id."""
        prefix = ID_PREFIXES.get(owner)
        if prefix is None:
            return {}
        return {id_: each for id_, each in self.names.known.items() if id_.startswith(prefix)}

    def _title(self, budget: Budget, id_: str | None) -> str:
        if budget.name is not None:
            return label(budget.name)
        if budget.owner is None:
            several = any(each.organization for one in self.found for each in one.charges)
            return "All organizations" if several else "Organization"
        word, name = _WORDS[budget.owner], id_ and self.names.of(id_).name
        return f"{word[0].upper()}{word[1:]} {label(name or str(budget.of))}"

    def _not_found(self, budget: Budget, owner: Owner) -> str:
        """Return why the costs of a budget were not found, and what to do."""
        if budget.of in self.left_out:
            return "its costs could not be read."
        if all(day in each.unknown for each in self.found for day in each.by_day):
            return "its costs are not known."
        word, months = _WORDS[owner], f"{self.found[0].last_month:%B} or {self.found[0].month:%B}"
        fact = f"no cost of {months} has the {word} {short_repr(budget.of)}."
        ids, named = self._ids(owner), self._named(owner)
        fields = fields_of([_DIMENSIONS[owner]])
        if fields and not ids and any(each.charges for each in self.found):
            hint = f"No cost has any {word}: group the query by {fields[0]}."
        elif budget.needs_names and not named:
            hint = f"Names are not known, so use the id ({ID_PREFIXES[owner]}…)."
        else:
            names = [name for each in named.values() for name in (each.name, each.email)]
            hint = _suggest(str(budget.of), [*sorted(ids), *filter(None, names)])
        return f"{fact} {hint}".rstrip()


def _suggest(word: str, known: Sequence[str]) -> str:
    """Return a question that names the one of *known* that begins with *word*, or is like it."""
    longer = [each for each in known if each.startswith(word)]
    return f"Did you mean {longer[0]!r}?" if longer else did_you_mean(word, known)


def _amounts(part: Spending, budget: Budget) -> list[Decimal]:
    """Return the costs of the month, or of the two days that a budget per day is compared with."""
    if budget.per == "month":
        return [part.total.this_month]
    return [part.by_day.get(each, Decimal(0)) for each in _days(part)]


def _days(part: Spending) -> tuple[date, date]:
    """Return today, or the last day of a past month, and the day before."""
    return part.last_day, part.last_day - timedelta(days=1)


def _of_a_day(verdict: BudgetVerdict, part: Spending, *, has_all: bool) -> BudgetVerdict:
    """Return the verdict on today so far and on the last whole day."""
    day, before = _days(part)
    used, day_before = (
        None if each in part.unknown else part.by_day.get(each, Decimal(0))
        for each in (day, before)
    )
    return evolve(
        verdict,
        day=day,
        used=used,
        projected=None,
        day_before=day_before,
        is_certain=has_all and part.not_whole.isdisjoint({day, before}),
    )
