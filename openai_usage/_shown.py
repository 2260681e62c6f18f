"""How people are shown what a caller passed, or the API sent, which can be anything."""

import re

_LONGEST = 200

_ILLEGIBLE = "[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
"""What no reader can see, or XML can hold, and what turns the direction of all text behind it."""


def shown(value: object) -> str:
    """The repr of *value*, cut short; or its type: a very large integer, for one, has no repr."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a repr can be anyone's code, and is not what went wrong here
        return f"a certain {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def legible(text: str) -> str:
    """*text* on one line, with a mark in the place of whatever cannot be seen."""
    return re.sub(_ILLEGIBLE, "\N{REPLACEMENT CHARACTER}", " ".join(text.split()))
