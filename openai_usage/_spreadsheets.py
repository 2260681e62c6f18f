"""Make text harmless for people who open it in a spreadsheet (CSV injection)."""

from unicodedata import normalize

_STARTS = frozenset("=+-@\t\r")
"""The first characters of text that a spreadsheet would run as a formula, or split."""


def escape_formula(text: str) -> str:
    """Return *text*, with an apostrophe before it if a spreadsheet would run it as a formula.

    Ignore invisible characters before a formula, and treat full-width characters like others.
    """
    for character in text:
        if normalize("NFKC", character) in _STARTS:
            return f"'{text}"
        if character.isprintable() and not character.isspace():
            break
    return text
