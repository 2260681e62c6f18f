"""Compare spending with a budget."""

from decimal import Decimal

from attrs import frozen

from openai_usage._number_format import money, money_beside, share


@frozen
class Verdict:
    """The result of comparing spending with a budget."""

    budget: Decimal
    """The budget for the month."""
    used: Decimal
    """The amount spent so far this month."""
    projected: Decimal | None
    """The projected amount for the whole month, or None if no day is known to project from."""
    currency: str
    """The currency of all amounts."""
    is_certain: bool = True
    """True if all the days are known that `used` and `projected` are computed from."""
    is_known: bool = True
    """True if any day of this month is known. Otherwise `used` is unknown, not zero."""

    @property
    def exit_code(self) -> int:
        """Return the exit code of the check.

        3 if spending is over the budget (missing days can only add to it, apart from credits), 5 if
        that is not known, 4 if the projection is over the budget, and 0 otherwise.
        """
        if self.used > self.budget:
            return 3
        if not (self.is_certain and self.is_known) or self.projected is None:
            return 5
        return 4 if self.projected > self.budget else 0

    def __str__(self) -> str:
        words = {3: "over", 4: "heading over", 5: "not known to be within", 0: "within"}
        word = words[self.exit_code]
        budget = money(self.currency).exact(self.budget)
        used = self._amount(self.used, "so far") if self.is_known else "unknown so far"
        projected = (
            "with no projection"
            if self.projected is None
            else self._amount(self.projected, "projected")
        )
        return f"{word} the budget of {budget}: {used}, {projected}"

    def _amount(self, amount: Decimal, what: str) -> str:
        """Return an amount with enough digits to show whether it is over the budget."""
        percentage = f" ({share(amount, self.budget)})" if self.budget else ""
        return f"{money_beside(amount, self.budget, self.currency)} {what}{percentage}"
