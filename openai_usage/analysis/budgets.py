"""What spending comes to when held against a budget."""

from decimal import Decimal

from attrs import frozen

from openai_usage._decimals import exact_sum
from openai_usage._formatting import money, money_beside, share


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


def _places(budget: Decimal) -> int:
    """How many digits behind the point it takes to show a budget as it was given."""
    _, _, fraction = f"{exact_sum([budget]):f}".partition(".")
    return max(2, len(fraction))
