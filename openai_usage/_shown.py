"""How people are shown what a caller passed, or the API sent, which can be anything."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import TypeVar

K = TypeVar("K")

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


def label(text: str) -> str:
    """Return *text* as a label that can be seen: its repr where it is made of blanks only."""
    seen = legible(text)
    return seen if _look(seen) else shown(text)


def labels_of(values: Iterable[K], write: Callable[[K], str]) -> dict[K, str]:
    """Return a label for each of the *values*, as *write* has it: no two of them look alike.

    Where they would, they are numbered, in an order that depends on the values only. None and what
    is written as it is keep their label, so `-` for None stays `-`.
    """
    written = {value: write(value) for value in values}
    ordered = sorted(written, key=lambda each: (each is not None, written[each] != each, str(each)))
    return dict(zip(ordered, unique_labels(map(written.__getitem__, ordered)), strict=True))


def unique_labels(labels: Iterable[str], form: str = "{} [{}]") -> list[str]:
    """Return the *labels*, numbered where one would be taken for another."""
    taken: set[str] = set()
    last: dict[str, int] = {}
    made = []
    for each in labels:
        unique, look = each, _look(each)
        while _look(unique) in taken:
            last[look] = last.get(look, 1) + 1
            unique = form.format(each, last[look])
        taken.add(_look(unique))
        made.append(unique)
    return made


def _look(text: str) -> str:
    """Return what a reader sees of *text*: an accent in one way, and nothing without a width."""
    if text.isascii():
        return text
    wide = "".join(each for each in text if unicodedata.category(each) != "Cf")
    return unicodedata.normalize("NFC", wide)
