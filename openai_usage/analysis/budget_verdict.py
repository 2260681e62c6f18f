"""Verdicts: the results of comparing spending with budgets."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from openai_usage import Amount
from openai_usage._decimals import exact_product
from openai_usage._digits import digits
from openai_usage._number_format import (
    PERCENT,
    Unit,
    money,
    money_beside,
    money_with_symbol,
    share,
)
from openai_usage._text import listed
from openai_usage.analysis.budget import Budget

__all__ = ["BudgetVerdict", "Verdict", "worst_exit_code"]

_WORDS = {3: "over", 4: "heading over", 5: "not known to be within", 0: "within"}

_HUNDRED = Decimal(100)

WORST_FIRST = (3, 4, 5, 2, 0)
"""The exit codes of verdicts."""


def worst_exit_code(verdicts: "Iterable[BudgetVerdict]") -> int:
    """Return the exit code of several verdicts: 3, 4, 5, 2 or 0, the first that one of them has."""
    return worst_of(each.exit_code for each in verdicts)


def worst_of(codes: Iterable[int]) -> int:
    """Return the worst of several exit codes of checks, or 0 without any."""
    found = {0, *codes}
    return next(code for code in WORST_FIRST if code in found)


def _exit_code(
    budget: Decimal, used: Decimal, projected: Decimal | None, *, is_certain: bool
) -> int:
    if used > budget:
        return 3
    if not is_certain:
        return 5
    return 4 if projected is not None and projected > budget else 0


def _beside(amount: Decimal, budget: Decimal, unit: Unit, what: str) -> str:
    """Return an amount with enough digits to show whether it is over the budget."""
    percentage = f" ({share(amount, budget)})" if budget else ""
    return f"{money_beside(amount, budget, unit)}{what}{percentage}"


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
        is_certain = self.is_certain and self.is_known and self.projected is not None
        return _exit_code(self.budget, self.used, self.projected, is_certain=is_certain)

    def __str__(self) -> str:
        word = _WORDS[self.exit_code]
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
        return _beside(amount, self.budget, money(self.currency), f" {what}")


@frozen(kw_only=True)
class BudgetVerdict:
    """The result of comparing spending with one `Budget`. `str()` is a sentence without its stop.

    ``Team A: over the budget of 500.00 usd for November: 512.30 usd so far (102%), 640.00 usd
    projected (128%)``
    """

    budget: Budget
    """The budget."""
    title: str
    """The name of the budget, or of what it is for, ready to be displayed."""
    day: date
    """The first day of the month. For a budget per day: today, or the last day of a past month."""
    used: Decimal | None
    """The amount spent so far in the month, or on the `day`. None if nothing is known."""
    projected: Decimal | None = None
    """The projected amount of the month. None for a day, and if there is nothing to project from.
    """
    day_before: Decimal | None = None
    """The amount of the last whole day, for a budget per day. None for months, and if unknown."""
    is_certain: bool = True
    """True if all the days are known that the amounts are computed from."""
    is_over: bool = False
    """True if the month is over, so that no more is expected."""
    problem: str = ""
    """A sentence on why the budget cannot be compared: nothing in the costs belongs to it, or only
    costs in other currencies. Empty if it can."""
    not_compared: tuple[Amount, ...] = ()
    """The costs in other currencies, which do not count: of the month, or of the two days that a
    budget per day is compared with."""

    @property
    def exit_code(self) -> int:
        """Return the exit code of the check.

        3 if the costs of the month, of today or of the last whole day are over the budget. 5 if
        that is not known, because days are missing. 4 if only the projection is over the budget. 2
        if the budget cannot be compared, so that a mistake in it never passes. 0 otherwise.
        """
        if self.problem and self.is_certain:
            return 2
        return _exit_code(
            self.budget.amount, self.largest, self.projected, is_certain=self.is_certain
        )

    @property
    def largest(self) -> Decimal:
        """Return the amount that counts: for a day, the larger one of today and the day before."""
        known = (each for each in (self.used, self.day_before) if each is not None)
        return max(known, default=Decimal(0))

    @property
    def largest_day(self) -> date:
        """Return the day of `largest`, or for a budget per month its first day."""
        if self.day_before is not None and self.day_before > (self.used or 0):
            return self.day - timedelta(days=1)
        return self.day

    @property
    def used_share(self) -> Fraction | None:
        """Return the share of the budget that is used, or None for a budget of 0."""
        amount = Fraction(self.budget.amount)
        return Fraction(self.largest) / amount if amount else None

    @property
    def warning(self) -> Decimal | None:
        """Return the largest share of `warn_at` that the costs have reached, if any."""
        amount, used = self.budget.amount, self.largest
        reached = (each for each in self.budget.warn_at if used >= exact_product(amount, each))
        return max(reached, default=None)

    def to_dict(self) -> dict[str, object]:
        """Return the figures for `json.dumps`. Money is text with every digit."""
        return {
            "what": self.title,
            "text": str(self),
            "budget": digits(self.budget.amount),
            "currency": self.budget.currency,
            "per": self.budget.per,
            "owner": self.budget.owner,
            "of": self.budget.of,
            "day": self.day.isoformat(),
            "used": _digits_of(self.used),
            "projected": _digits_of(self.projected),
            "day_before": _digits_of(self.day_before),
            "warning": _digits_of(self.warning),
            "exit_code": self.exit_code,
        }

    def __str__(self) -> str:
        return self.text()

    def text(self, *, symbols: bool = False) -> str:
        """Return the result in words: amounts as `12.50 usd`, or with *symbols* as `$12.50`."""
        in_currency = money_with_symbol if symbols else money
        return f"{self.title}: {self.problem or self._comparison(in_currency)}"

    def _comparison(self, in_currency: Callable[[str], Unit]) -> str:
        unit = in_currency(self.budget.currency)
        budget = unit.exact(self.budget.amount)
        when = "per day"
        if self.budget.per == "month":
            when = f"for {self.day:%B %Y}" if self.is_over else f"for {self.day:%B}"
        if self.warning is not None and self.exit_code != 3:
            when += f", past the warning at {PERCENT.exact(exact_product(self.warning, _HUNDRED))}"
        figures = ", ".join(self._figures(unit))
        if self.not_compared:
            amounts = [in_currency(each.currency).rounded(each.value) for each in self.not_compared]
            figures += f"; {listed(amounts, 'and')} in other currencies are not compared"
        return f"{_WORDS[self.exit_code]} the budget of {budget} {when}: {figures}"

    def _figures(self, unit: Unit) -> Iterator[str]:
        so_far = "" if self.is_over else " so far"
        if self.budget.per == "day":
            before = self.day - timedelta(days=1)
            yield self._amount(self.used, unit, f" on {_date(self.day)}{so_far}")
            yield self._amount(self.day_before, unit, f" on {_date(before)}")
            return
        yield self._amount(self.used, unit, so_far)
        if self.projected is None:
            yield "with no projection"
        elif not self.is_over:
            yield self._amount(self.projected, unit, " projected")

    def _amount(self, amount: Decimal | None, unit: Unit, what: str) -> str:
        if amount is None:
            return f"unknown{what}"
        return _beside(amount, self.budget.amount, unit, what)


def _digits_of(number: Decimal | None) -> str | None:
    return None if number is None else digits(number)


def _date(day: date) -> str:
    return f"{day.day} {day:%B}"
