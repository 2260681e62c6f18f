"""The month's budget: how it is typed, and what spending comes to when held against it."""

import re
from decimal import Decimal
from typing import Annotated

from attrs import frozen
from cyclopts import Group, Parameter

from openai_usage import InvalidOptionError
from openai_usage.analysis.budgets import Verdict
from openai_usage.analysis.spending import Spending
from openai_usage.cli.options.flags import flag

_GROUP = Group("Budget", sort_key=2)

_CENT, _TOO_MUCH = Decimal("0.01"), Decimal(10) ** 15
"""A budget below the one, other than none, or beyond the other is a slip of the finger."""


@Parameter(name="*", group=_GROUP)
@frozen(kw_only=True)
class Budget:
    """The options that say what there is to spend in a month."""

    budget: Annotated[
        Decimal | None,
        Parameter(help="What there is to spend this month; shows how much of it is used: 5000."),
    ] = None
    currency: Annotated[
        str,
        Parameter(help="The budget's currency; what is billed in others is not held against it."),
    ] = "usd"
    check: Annotated[
        bool,
        flag(
            "End with 3 if this month is over the budget, with 4 if only its projection is, with 5 "
            "if that cannot be checked because costs could not be read or days are missing, with 2 "
            "if nothing is billed in its currency, but in others; and say so on stderr. Days that "
            "are missing count if they are of this month or of the seven days before today. Older "
            "ones do not: neither the total nor the projection goes by them."
        ),
    ] = False

    def refuse_nonsense(self) -> None:
        """Refuse what cannot be meant, before anything is asked.

        Raises:
            InvalidOptionError: There is no budget to check, or it or its currency is none.
        """
        if self.check and self.budget is None:
            raise InvalidOptionError("--check goes with --budget", option="check")
        if self.budget is not None and not (
            self.budget.is_finite() and (not self.budget or _CENT <= self.budget < _TOO_MUCH)
        ):
            raise InvalidOptionError(
                f"--budget takes 0 or an amount of money from 0.01, not {self.budget!s:.40}",
                option="budget",
            )
        if not re.fullmatch("[A-Za-z]{3}", self.currency):
            raise InvalidOptionError(
                f"--currency takes three letters such as usd, not {self.currency!r:.40}",
                option="currency",
            )

    def is_in(self, spending: Spending) -> bool:
        """Whether *spending* is in the budget's currency."""
        return self.currency.casefold() == spending.currency

    def verdict(self, spending: Spending) -> Verdict | None:
        """What *spending* comes to; None where it is in another currency, or there is no budget."""
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
