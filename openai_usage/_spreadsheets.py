"""What keeps text harmless where people open it in a spreadsheet."""

from unicodedata import normalize

_STARTS = frozenset("=+-@\t\r")
"""What text begins with that a spreadsheet would run as a formula, or split."""


def escape_formula(text: str) -> str:
    """*text*, with an apostrophe before it where a spreadsheet would run it.

    What cannot be seen before a formula does not count, nor how wide its first character is.
    """
    for each in text:
        if normalize("NFKC", each) in _STARTS:
            return f"'{text}"
        if each.isprintable() and not each.isspace():
            break
    return text
