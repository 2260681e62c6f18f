"""How people are shown what a caller passed, or the API sent, which can be anything."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import TypeVar

K = TypeVar("K")

_LONGEST = 200

_HARMFUL = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # what a terminal obeys: ESC, CSI and OSC, of 7 bits and of 8
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the direction of text
    "\u00ad\u034f\u180e\u200b\u2028\u2029\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"  # unseen
    "\u115f\u1160\u3164\uffa0\U000e0000-\U000e007f"  # unseen as well: fillers, and tags
    "\ud800-\udfff\ufffe\uffff"  # what XML cannot hold, and UTF-8 partly
    "]"
    # Scripts and emoji join with these, but ASCII does not.
    "|(?<![^\x00-\x7f])[\u200c\u200d]"
)
"""What must not be shown: it acts on a terminal, cannot be seen, or cannot be written."""

_LIKE_A_KEY = re.compile(r"sk-(?:admin-[\w-]+|[\w-]{16,})")
_IS_A_KEY = re.compile(r"\A\W*sk-[\w-]{5,}|sk-admin-[\w-]{24,}")
"""How OpenAI's API keys look: what is better not shown, and what cannot be anything else."""

_MARK = "\N{REPLACEMENT CHARACTER}"

_STOPS = (".", "!", "?", "…", "。")
_AFTER_STOPS = "\"'”»)]"
"""What a sentence can end in behind its full stop."""


def without_keys(text: str) -> str:
    """Return *text* with a mark in the place of whatever looks like an API key."""
    return _LIKE_A_KEY.sub("[an API key]", text)


def contains_key(text: str) -> bool:
    """Return whether *text* is an API key, or has an admin key in it, beyond doubt.

    Names of models can have `sk-` in them, as in `ft:…:desk-assistant`, and are not keys.
    """
    return _IS_A_KEY.search(text) is not None


def short_repr(value: object) -> str:
    """The repr of *value*, cut short; or its type: a very large integer, for one, has no repr."""
    try:
        text = without_keys(repr(value))
    except Exception:  # noqa: BLE001 - a repr can be anyone's code, and is not what went wrong here
        return f"a certain {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def printable(text: str) -> str:
    """Return *text* on one line, with a mark in the place of whatever must not be shown."""
    return mask(" ".join(text.split()))


def mask(text: str) -> str:
    """Return *text* with a mark in the place of every character that must not be shown.

    Line ends and tabs are among these. All other characters keep their places.
    """
    return _HARMFUL.sub(_MARK, text)


def escape(text: str) -> str:
    r"""Return *text* with an escape such as `\x1b` for every character that must not be shown."""
    return _HARMFUL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def with_full_stop(text: str) -> str:
    """Return *text*, ended as a sentence, so that another sentence can follow."""
    text = text.rstrip()
    is_ended = text.rstrip(_AFTER_STOPS).endswith(_STOPS)
    return text if is_ended or not text else f"{text}."


def label(text: str) -> str:
    """Return *text* as a label that can be seen: its repr where it is made of blanks only."""
    seen = printable(text)
    return seen if _look(seen) else short_repr(text)


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
