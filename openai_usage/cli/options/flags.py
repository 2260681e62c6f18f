"""What options of several commands have in common."""

from cyclopts import Group, Parameter

OUTPUT = Group("Output", sort_key=3)
"""The options that say what becomes of an answer."""


def flag(says: str) -> Parameter:
    """An option without a value, off unless it is given; there is no `--no-…` for it."""
    return Parameter(help=says, negative=(), show_default=False)
