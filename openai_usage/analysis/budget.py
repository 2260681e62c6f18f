"""Budget: an amount that the costs of a month or a day should not exceed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Literal, NoReturn, TypeAlias, TypeVar, get_args

import attrs
from attrs import field, frozen

from openai_usage._refusals import without_arguments_in_tracebacks
from openai_usage._text import contains_key, did_you_mean, listed, short_repr
from openai_usage.errors import InvalidOptionError

__all__ = ["ID_PREFIXES", "Budget", "Owner", "Period"]

Period: TypeAlias = Literal["month", "day"]
"""The time for which a budget is."""

Owner: TypeAlias = Literal["organization", "project", "model", "user", "key"]
"""The kind of label whose costs a budget is for."""

_OWNERS: tuple[Owner, ...] = get_args(Owner)
ID_PREFIXES: Mapping[Owner, str] = {"project": "proj_", "user": "user-", "key": "key_"}
"""The beginnings of ids. A model has none: it is its own name."""

_CENT, _TOO_MUCH = Decimal("0.01"), Decimal(10) ** 15
"""Bounds of an amount other than 0. An amount outside of them is a typing error."""

T = TypeVar("T")


def _reject(key: str, expected: str, value: object = None, hint: str = "") -> NoReturn:
    shown = "" if value is None else _written(value)
    raise InvalidOptionError(option=key, value=shown, expected=expected, hint=hint)


def _written(value: object) -> str:
    """Return a value as it is written in TOML, shortened."""
    match value:
        case bool():
            return str(value).lower()
        case str() | int() | float():
            return short_repr(value)
        case Decimal():
            return short_repr(str(value)).strip("'")
        case Mapping():
            return "a table"
        case list() | tuple():
            return "a list"
    return "a date or a time" if isinstance(value, date | time) else type(value).__name__


def _decimal(value: object) -> Decimal | None:
    """Return a number without rounding it, or None if it is none, or a float."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _amount(value: Decimal | int | str) -> Decimal:
    amount = _decimal(value)
    if amount is None or (amount and not _CENT <= amount < _TOO_MUCH):
        is_written = isinstance(value, str)
        hint = "Leave out signs of currencies and separators of thousands." if is_written else ""
        _reject("amount", '0 or an amount from 0.01, such as 500 or "500.50"', value, hint)
    return amount


def _currency(value: str) -> str:
    if not isinstance(value, str) or not (value.isascii() and value.isalpha() and len(value) == 3):
        _reject("currency", "three letters such as usd", value)
    return value.lower()


def _shares(values: Iterable[Decimal | float]) -> tuple[Decimal, ...]:
    expected = "a list of shares above 0 and up to 1, such as [0.5, 0.8]"
    if not isinstance(values, Sequence) or isinstance(values, str):
        _reject("warn_at", expected, values)
    found = set[Decimal]()
    for value in values:
        # The digits of a float as they were typed.
        share = _decimal(repr(value) if isinstance(value, float) else value)
        if share is None or isinstance(value, str) or not 0 < share <= 1:
            _reject("warn_at", expected, value, "A share of 0.8 is 80 per cent.")
        found.add(share)
    return tuple(sorted(found))


def _period(_: object, attribute: "attrs.Attribute[Period]", value: object) -> None:
    if value not in get_args(Period):
        hint = did_you_mean(value, get_args(Period)) if isinstance(value, str) else ""
        _reject(attribute.name, '"month" or "day"', value, hint)


def _text(_: object, attribute: "attrs.Attribute[str | None]", value: object) -> None:
    expected = "text" if attribute.name == "name" else "an id or a name"
    if value is None:
        return
    if not isinstance(value, str) or not value.strip():
        _reject(attribute.name, expected, value)
    if contains_key(value):
        raise InvalidOptionError(
            option=attribute.name,
            value="an API key",
            expected=expected,
            hint="An id of an API key begins with key_. Never write the key itself into a file.",
        )


def _with_quiet_constructor(owner: type[T]) -> type[T]:
    setattr(owner, "__init__", without_arguments_in_tracebacks(owner.__init__))  # noqa: B010 - type checkers keep the signature
    return owner


@_with_quiet_constructor
@frozen(kw_only=True)
class Budget:
    """An amount that the costs of a month or a day should not exceed.

    It is for everything, or for one of several organizations, a project, a model, a user or an API
    key. A name can stand for the id of a project, a user or a key.

    Raises:
        InvalidOptionError: A value is not valid, or two contradict each other.
    """

    amount: Decimal = field(converter=_amount)
    """The amount, exact. A float is not accepted."""
    currency: str = field(default="usd", converter=_currency)
    """The currency in lower case. Costs in other currencies do not count."""
    per: Period = field(default="month", validator=_period)
    """The time for which the amount is."""
    organization: str | None = field(default=None, validator=_text)
    """The label of the organization, if the costs of several are read together."""
    project: str | None = field(default=None, validator=_text)
    """The id or the name of the project."""
    model: str | None = field(default=None, validator=_text)
    """The model, as the line items of costs name it: `gpt-4.1-2025-04-14`."""
    user: str | None = field(default=None, validator=_text)
    """The id, the name or the e-mail address of the user."""
    key: str | None = field(default=None, validator=_text)
    """The id or the name of the API key."""
    name: str | None = field(default=None, validator=_text)
    """The name of the budget, for people."""
    warn_at: tuple[Decimal, ...] = field(default=(), converter=_shares)
    """The shares of the amount from which on there is a warning, the smallest first."""

    def __attrs_post_init__(self) -> None:
        owners = [name for name in _OWNERS if getattr(self, name) is not None]
        if len(owners) > 1:
            raise InvalidOptionError(
                f"{listed(owners, 'and')} contradict each other: a budget is for one of "
                f"{listed(_OWNERS, 'or')}, or for everything. Make a budget for each.",
                option=owners[1],
            )
        if self.warn_at and not self.amount:
            _reject("warn_at", "shares of an amount above 0", hint="Leave it out for an amount 0.")

    @property
    def owner(self) -> Owner | None:
        """The kind of label whose costs the budget is for. None for everything."""
        return next((name for name in _OWNERS if getattr(self, name) is not None), None)

    @property
    def of(self) -> str | None:
        """The label, id or name of what the budget is for. None for everything."""
        found: str | None = None if self.owner is None else getattr(self, self.owner)
        return found

    @property
    def needs_names(self) -> bool:
        """True if `of` does not look like an id, so that it is probably a name."""
        if self.owner is None or self.owner not in ID_PREFIXES:
            return False
        return not str(self.of).startswith(ID_PREFIXES[self.owner])
