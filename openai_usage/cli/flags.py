"""Options that are on or off."""

from cyclopts import Parameter


def flag(says: str) -> Parameter:
    """An option without a value, off unless it is given; there is no `--no-…` for it."""
    return Parameter(help=says, negative=(), show_default=False)
