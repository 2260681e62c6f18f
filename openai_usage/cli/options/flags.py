"""Building blocks of options that several commands share."""

from cyclopts import Group, Parameter

OUTPUT = Group("Output", sort_key=3)
"""The group of output options in the help."""


def flag(text: str) -> Parameter:
    """Return an option without a value, off by default and without `--no-…`."""
    return Parameter(help=text, negative=(), show_default=False)
