"""What keeps text harmless where people open it in a spreadsheet."""

import re

_FORMULA = re.compile(r"\s*[-=+@\t\r]")
"""What text begins with that a spreadsheet would run as a formula, whatever space is before it."""


def harmless(text: str) -> str:
    """*text*, with an apostrophe before it where a spreadsheet would run it."""
    return f"'{text}" if _FORMULA.match(text) else text
