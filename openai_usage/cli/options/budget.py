"""Options for budgets, and the verdict of one on spending."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

from attrs import evolve, frozen
from cyclopts import Group, Parameter, Token

from openai_usage.analysis.budget import Budget
from openai_usage.analysis.budgets import Verdict
from openai_usage.analysis.spending import Spending
from openai_usage.cli.options.flags import flag
from openai_usage.cli.options.names import NameOptions
from openai_usage.cli.wording import CommandError

_GROUP = Group("Budget", sort_key=2)

_CENT, _TOO_MUCH = Decimal("0.01"), Decimal(10) ** 15
"""Bounds of a budget other than 0. An amount outside of them is a typing error."""


def _amount(_: object, tokens: Sequence[Token]) -> Decimal:
    [token] = tokens
    try:
        return Decimal(token.value)
    except InvalidOperation:
        raise CommandError(
            f"--budget takes an amount such as 5000 or 5000.50, not {token.value!r:.40}. "
            "Leave out signs of currencies and separators of thousands."
        ) from None


@Parameter(name="*", group=_GROUP)
@frozen(kw_only=True)
class BudgetOptions:
    """Options for the budget of a month, and for a file of budgets."""

    budget: Annotated[
        Decimal | None,
        Parameter(
            help="The budget for this month, such as 5000; shows how much of it is used.",
            converter=_amount,
        ),
    ] = None
    budgets: Annotated[
        Path | None,
        Parameter(
            help="A TOML file with budgets: of everything, organizations, projects, models, users "
            "or keys, for a month or a day."
        ),
    ] = None
    currency: Annotated[
        str,
        Parameter(help="The currency of the budget. Costs in other currencies do not count."),
    ] = "usd"

    @property
    def has_budgets(self) -> bool:
        """True if there is a budget, or a file of budgets."""
        return self.budget is not None or self.budgets is not None

    def validate(self) -> None:
        """Reject invalid options before a request is sent.

        Raises:
            CommandError: The budget is out of bounds, or its currency is not a code.
        """
        if self.budget is not None and not (
            self.budget.is_finite() and (not self.budget or _CENT <= self.budget < _TOO_MUCH)
        ):
            raise CommandError(
                f"--budget takes 0 or an amount of money from 0.01, not {self.budget!s:.40}."
            )
        if not re.fullmatch("[A-Za-z]{3}", self.currency):
            raise CommandError(
                f"--currency takes three letters such as usd, not {self.currency!r:.40}."
            )

    def is_in(self, spending: Spending) -> bool:
        """Return whether *spending* is in the currency of the budget."""
        return self.currency.casefold() == spending.currency

    def verdict(self, spending: Spending) -> Verdict | None:
        """Compare *spending* with the budget; return None without one in the same currency."""
        if self.budget is None or not self.is_in(spending):
            return None
        return Verdict(
            budget=self.budget,
            used=spending.total.this_month,
            projected=spending.projection.total if spending.projection.is_known else None,
            currency=spending.currency,
            is_certain=spending.is_certain,
            is_known=spending.is_known(spending.month),
        )


@Parameter(name="*", group=_GROUP)
@frozen(kw_only=True)
class BudgetCheck(BudgetOptions):
    """Options for budgets that decide the exit code."""

    check: Annotated[
        bool,
        flag(
            "Exit with 3 if this month is over the budget, with 4 if only its projection is, with "
            "5 if the budget cannot be checked because costs could not be read or days are "
            "missing, with 2 if costs are billed only in other currencies. The reason is printed "
            "on stderr. Missing days matter if they are in this month or in the seven days before "
            "today, because the total and the projection use only these."
        ),
    ] = False

    def validate_check(self, *, has_others: bool) -> None:
        """Reject invalid options before a request is sent, if there is not anything else to check.

        Raises:
            CommandError: The budget is missing, out of bounds, or its currency is not a code.
        """
        if self.check and not self.has_budgets and not has_others:
            raise CommandError(
                "--check was given without a budget. Add --budget AMOUNT, --budgets FILE or "
                "--unusual."
            )
        self.validate()


def of_one(budgets: Iterable[Budget], label: str | None) -> list[Budget]:
    """Return *budgets*, or those that fit the only organization, if it was chosen by its label."""
    if label is None:
        return [*budgets]
    return [
        evolve(each, organization=None, name=each.name or f"Organization {label}")
        if each.organization == label
        else each
        for each in budgets
        if each.organization in (None, label)
    ]


def reject_projects(budgets: Path | None, project_ids: Sequence[str] | None) -> None:
    """Reject a file of budgets together with chosen projects.

    Raises:
        CommandError: Both are given.
    """
    if budgets is not None and project_ids is not None:
        raise CommandError(
            "--budgets and --project-ids contradict each other: budgets are for all costs of the "
            "organization, a project, a model, a user or a key. Leave out --project-ids."
        )


def names_for(budgets: Iterable[Budget], naming: NameOptions) -> NameOptions:
    """Return *naming* with the names added that *budgets* have in place of ids."""
    named = [each.owner for each in budgets if each.needs_names]
    return evolve(
        naming,
        names=naming.names or bool(named),
        personal=naming.personal or "user" in named,
    )
