"""Quote prices in the units that people use: per 1M tokens, per minute, per GiB-hour."""

from collections.abc import Mapping

from attrs import frozen

__all__ = ["QUOTES", "Quote", "quote_of"]


@frozen
class Quote:
    """The form in which people quote the price of a unit."""

    unit: str
    """The unit in which quantities are added up."""
    factor: int
    """The number of these units in one of the API's."""
    per: str
    """The quantity that a price is for, in words."""
    size: int
    """That quantity, in `unit`."""


QUOTES: Mapping[str, Quote] = {
    "tokens": Quote("tokens", 1, "1M tokens", 1_000_000),
    "1000_tokens": Quote("tokens", 1000, "1M tokens", 1_000_000),
    "images": Quote("images", 1, "image", 1),
    "duration_seconds": Quote("duration_seconds", 1, "minute", 60),
    "duration_minutes": Quote("duration_seconds", 60, "minute", 60),
    "duration_hours": Quote("duration_seconds", 3600, "minute", 60),
    "gibibyte_hours": Quote("gibibyte_hours", 1, "GiB-hour", 1),
    "characters": Quote("characters", 1, "1M characters", 1_000_000),
}
"""The form of a quoted price, by `quantity_unit`. A price in any other unit is for one of it."""


def quote_of(unit: str) -> Quote:
    """Return how to quote the price of a *unit* of the API."""
    return QUOTES.get(unit) or Quote(unit, 1, unit, 1)
