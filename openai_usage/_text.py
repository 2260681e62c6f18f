"""Show people text from a caller or the API safely, whatever it contains."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import TypeVar

K = TypeVar("K")

_LONGEST = 200

_CLOSE = 0.75
"""The similarity of two words from which one can be a typing error. With difflib's default, 0.6,
`image` would be suggested for `usage`."""

_HARMFUL = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # terminal controls: ESC, CSI and OSC, of 7 bits and of 8
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # the direction of text
    "\u00ad\u034f\u180e\u200b\u2028\u2029\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"  # invisible
    "\u115f\u1160\u3164\uffa0\U000e0000-\U000e007f"  # also invisible: fillers and tags
    "\ud800-\udfff\ufffe\uffff"  # not allowed in XML, and partly not in UTF-8
    "]"
    # Scripts and emoji join with these, but ASCII does not.
    "|(?<![^\x00-\x7f])[\u200c\u200d]"
)
"""Characters that must not be shown: they control a terminal, are invisible, or are not text."""

_LIKE_A_KEY = re.compile(r"sk-(?:admin-[\w-]+|[\w-]{16,})")
_IS_A_KEY = re.compile(r"\A\W*sk-[\w-]{5,}|sk-admin-[\w-]{24,}")
"""Two patterns of OpenAI's API keys: possible keys, to be masked, and certain ones."""

_MARK = "\N{REPLACEMENT CHARACTER}"

_STOPS = (".", "!", "?", "…", "。")
_AFTER_STOPS = "\"'”»)]"
"""Characters that can follow the full stop of a sentence."""


def without_keys(text: str) -> str:
    """Return *text* with a mark instead of everything that looks like an API key."""
    return _LIKE_A_KEY.sub("[an API key]", text)


def contains_key(text: str) -> bool:
    """Return whether *text* certainly is an API key, or contains an admin key.

    Names of models can contain `sk-`, as in `ft:…:desk-assistant`, and are not keys.
    """
    return _IS_A_KEY.search(text) is not None


def short_repr(value: object) -> str:
    """Return the repr of *value*, shortened, or its type if the repr fails.

    Very large integers, for example, do not have a repr.
    """
    try:
        text = without_keys(repr(value))
    except Exception:  # noqa: BLE001 - a repr can run any code, and must not hide the actual error
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def printable(text: str) -> str:
    """Return *text* on one line, with a mark instead of characters that must not be shown."""
    return mask(" ".join(text.split()))


def mask(text: str) -> str:
    """Return *text* with a mark instead of every character that must not be shown.

    Line ends and tabs are among these. All other characters keep their places.
    """
    return _HARMFUL.sub(_MARK, text)


def escape(text: str) -> str:
    r"""Return *text* with an escape such as `\x1b` for every character that must not be shown."""
    return _HARMFUL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def similar(word: str, known: Iterable[str]) -> list[str]:
    """Return the *known* words that are like *word* or have a part that begins with it.

    The most similar are first. Upper and lower case are the same.
    """
    folded = {each.casefold(): each for each in known}
    close = get_close_matches(word.casefold(), folded, cutoff=_CLOSE)
    part = re.compile(rf"(?<![^\W_]){re.escape(word.casefold())}")
    begun = [each for each in folded if part.search(each)] if len(word) > 1 else []
    return [folded[each] for each in dict.fromkeys([*close, *begun])]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a question that names the *known* word most like *word*, or "" if none is alike."""
    close = similar(word, known)
    return f"Did you mean {close[0]!r}?" if close else ""


def with_full_stop(text: str) -> str:
    """Return *text*, ended as a sentence, so that another sentence can follow."""
    text = text.rstrip()
    is_ended = text.rstrip(_AFTER_STOPS).endswith(_STOPS)
    return text if is_ended or not text else f"{text}."


def listed(words: Iterable[str], conjunction: str) -> str:
    """Return *words* as a list in a sentence, with `and` or `or` before the last: `a, b or c`."""
    *others, last = words
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def label(text: str) -> str:
    """Return *text* as a visible label: its repr if it consists of blanks only."""
    visible = printable(text)
    return visible if _look(visible) else short_repr(text)


def labels_of(values: Iterable[K], write: Callable[[K], str]) -> dict[K, str]:
    """Return a label for each of the *values*, written by *write*, so that no two look alike.

    Number those that would, in an order that depends only on the values. None, and values that
    are their own label, keep it, so `-` for None stays `-`.
    """
    written = {value: write(value) for value in values}
    ordered = sorted(written, key=lambda each: (each is not None, written[each] != each, str(each)))
    return dict(zip(ordered, unique_labels(map(written.__getitem__, ordered)), strict=True))


def unique_labels(labels: Iterable[str], form: str = "{} [{}]") -> list[str]:
    """Return the *labels*, with numbers for those that look like another."""
    taken: set[str] = set()
    last: dict[str, int] = {}
    result = []
    for each in labels:
        unique, look = each, _look(each)
        while _look(unique) in taken:
            last[look] = last.get(look, 1) + 1
            unique = form.format(each, last[look])
        taken.add(_look(unique))
        result.append(unique)
    return result


def _look(text: str) -> str:
    """Return *text* as a reader sees it: accents composed, and no characters without a width."""
    if text.isascii():
        return text
    visible = "".join(each for each in text if unicodedata.category(each) != "Cf")
    return unicodedata.normalize("NFC", visible)


def currency_code(text: str) -> str:
    """Return the code of a currency in lower case, as the API usually sends it: `usd` for `USD`."""
    return text.lower() if text.isascii() else text
