"""The month's budget: how it is typed, and what spending comes to when held against it."""

import re
from decimal import Decimal
from typing import Annotated

from attrs import frozen
from cyclopts import Group, Parameter

from openai_usage import InvalidOptionError
from openai_usage._sums import added
from openai_usage.cli.figures import money, money_beside, share
from openai_usage.cli.flags import flag
from openai_usage.cli.spending import Spending

_GROUP = Group("Budget", sort_key=2)

_CENT, _TOO_MUCH = Decimal("0.01"), Decimal(10) ** 15
"""A budget below the one, other than none, or beyond the other is a slip of the finger."""


@frozen
class Verdict:
    """What spending comes to, held against the budget."""

    budget: Decimal
    used: Decimal
    projected: Decimal | None
    """None if there is no day to go by."""
    currency: str
    is_certain: bool = True
    """Whether all is known that `used` and `projected` rest on."""
    is_known: bool = True
    """Whether any day of this month is known. If not, `used` is unknown, not zero."""

    @property
    def exit_code(self) -> int:
        """Return how the check ends.

        3 if more is used than there is, which days that are missing only add to (apart from
        credits); 5 if that is not known; 4 if more will be used; 0 if not.
        """
        if self.used > self.budget:
            return 3
        if not (self.is_certain and self.is_known) or self.projected is None:
            return 5
        return 4 if self.projected > self.budget else 0

    def __str__(self) -> str:
        words = {3: "over", 4: "heading over", 5: "not known to be within", 0: "within"}
        word = words[self.exit_code]
        budget = money(self.budget, self.currency, places=_places(self.budget))
        used = self._beside(self.used, "so far") if self.is_known else "unknown so far"
        projected = (
            "with no projection"
            if self.projected is None
            else self._beside(self.projected, "projected")
        )
        return f"{word} the budget of {budget}: {used}, {projected}"

    def _beside(self, part: Decimal, what: str) -> str:
        """A part of the budget, with as many digits as it takes to see whether it is more."""
        of_it = f" ({share(part, self.budget)})" if self.budget else ""
        return f"{money_beside(part, self.budget, self.currency)} {what}{of_it}"


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


def _places(budget: Decimal) -> int:
    """How many digits behind the point it takes to show a budget as it was given."""
    _, _, fraction = f"{added([budget]):f}".partition(".")
    return max(2, len(fraction))
