"""What keeps text harmless where people open it in a spreadsheet."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What text begins with that a spreadsheet would run as a formula."""


def harmless(text: str) -> str:
    """*text*, with an apostrophe before it where a spreadsheet would run it."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
