"""Budgets: samples of what costs come to, compared with the budgets that a user sets."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence

from attrs import define, evolve, field

from openai_usage.analysis.budget import Budget
from openai_usage.analysis.budget_verdict import BudgetVerdict
from openai_usage.analysis.budgets import check_budgets
from openai_usage.analysis.charges import Charge
from openai_usage.analysis.spending import Spending
from openai_usage.errors import ALLOW_PERSONAL, InvalidOptionError
from openai_usage.integrations.prometheus.labels import PERSONAL
from openai_usage.integrations.prometheus.samples import Sample
from openai_usage.names import Names

__all__ = ["Budgets", "validate_budgets"]

_log = logging.getLogger("openai_usage")


def validate_budgets(budgets: Collection[Budget], *, personal: bool) -> Sequence[Budget]:
    """Return *budgets*.

    Raises:
        InvalidOptionError: Two of them are for the same costs, so Prometheus could not tell them
            apart, or one is for a person.
    """
    if not personal and any(each.owner in PERSONAL for each in budgets):
        raise InvalidOptionError(
            "budgets of users and keys belong to people.", option="budgets", hint=ALLOW_PERSONAL
        )
    found = {(each.owner, each.of, each.per, each.currency) for each in budgets}
    if len(found) < len(budgets):
        raise InvalidOptionError(
            "two budgets are for the same costs. Leave out one of them.", option="budgets"
        )
    return [*budgets]


@define(eq=False)
class Budgets:
    """The budgets, and the samples of what was known of them last."""

    planned: Sequence[Budget]
    samples: Sequence[Sample] = field(init=False)
    _said: set[str] = field(factory=set[str], init=False)
    """The problems that were logged."""

    def __attrs_post_init__(self) -> None:
        self.update({}, Names(known={}), unread=())

    def update(
        self,
        spendings: Mapping[str, Sequence[Spending]],
        names: Names,
        *,
        unread: Collection[str],
    ) -> None:
        """Compute the samples again.

        Args:
            spendings: The spending of each organization that could be read, by label. All of it is
                computed for the same time, so days after an organization's last read are missing.
            names: The names in budgets.
            unread: The labels of the organizations that could not be read.
        """
        found: list[Sample] = []
        for budget, verdict in _verdicts(self.planned, spendings, names, unread=unread):
            found += _samples(budget, verdict)
            is_problem = isinstance(verdict, InvalidOptionError) or (verdict and verdict.problem)
            if is_problem and str(verdict) not in self._said:  # such as a name that is misspelt
                self._said.add(str(verdict))
                _log.warning("%s", verdict)
        self.samples = found


def _verdicts(
    planned: Sequence[Budget],
    by_organization: Mapping[str, Sequence[Spending]],
    names: Names,
    *,
    unread: Collection[str],
) -> Iterator[tuple[Budget, BudgetVerdict | InvalidOptionError | None]]:
    """Yield each budget with its verdict, or with the reason why it cannot be compared.

    The verdict is None if no costs could be read yet.
    """
    is_labelled = len(by_organization) + len(unread) > 1 or any(
        each.owner == "organization" for each in planned
    )
    everything: Sequence[Spending] = _combined(by_organization)
    if not is_labelled:
        everything = [each for own in by_organization.values() for each in own]
    for budget in planned:
        # A budget of one organization does not depend on what is missing of the others.
        own = by_organization.get(budget.organization or "")
        costs = everything if own is None else _combined({str(budget.organization): own})
        if not costs:
            yield budget, None
            continue
        try:
            [verdict] = check_budgets(
                [budget], costs, names=names, organizations=[*by_organization], left_out=unread
            )
        except InvalidOptionError as error:  # a name stands for several ids
            yield budget, error
        else:
            yield budget, verdict


def _samples(
    budget: Budget, verdict: BudgetVerdict | InvalidOptionError | None
) -> Iterator[Sample]:
    """Yield the amount of a budget, the costs that it is for, and whether it can be checked."""
    known = {
        "budget": budget.name or budget.of or "All costs",
        "owner": budget.owner or "",
        "of": budget.of or "",
        "per": budget.per,
        "currency": budget.currency,
    }
    yield Sample("openai_usage_budget", known, budget.amount)
    if not isinstance(verdict, BudgetVerdict):
        yield Sample("openai_usage_budget_known", known, 0)
        return
    yield Sample("openai_usage_budget_known", known, verdict.exit_code not in (2, 5))
    if verdict.problem:
        return
    if verdict.used is not None or verdict.day_before is not None:
        yield Sample("openai_usage_budget_used", known, verdict.largest)
        if budget.warn_at:
            yield Sample("openai_usage_budget_warning", known, verdict.warning or 0)
    if verdict.projected is not None:
        yield Sample("openai_usage_budget_projected", known, verdict.projected)


def _combined(by_organization: Mapping[str, Sequence[Spending]]) -> list[Spending]:
    """Return the spending of all organizations together, with their labels on the charges.

    A day that one of them lacks is missing.
    """
    every = [each for own in by_organization.values() for each in own]
    found: dict[str, list[Charge]] = {each.currency: [] for each in every}
    for label, own in by_organization.items():
        for each in own:
            found[each.currency] += (evolve(one, organization=label) for one in each.charges)
    return [
        evolve(
            every[0],
            currency=currency,
            charges=charges,
            missing=frozenset().union(*(each.missing for each in every)),
            in_part=frozenset().union(*(each.in_part for each in every)),
            has_today=all(each.has_today for each in every),
        )
        for currency, charges in found.items()
    ]
