"""Hold the admin key, or the URL of a webhook, so that it is never shown by accident."""

from collections.abc import Callable
from typing import ClassVar, NoReturn, SupportsIndex

_MASK = "[the admin key]"

_LONG = 16
"""The length from which a secret inside another text is not a coincidence."""


class Secret:
    """Text that reprs, tracebacks with locals, and debuggers do not show.

    Call `reveal()` where the text is used, and do not assign the result to a variable: tracebacks
    show the variables of a frame.
    """

    __slots__ = ("reveal",)

    mask: ClassVar[str] = _MASK
    """The text in place of the secret."""

    reveal: Callable[[], str]
    """A function that returns the text itself."""

    def __init__(self, text: str) -> None:
        # In a closure, because debuggers and pretty printers show attributes.
        self.reveal = lambda: text

    def redacted(self, text: str) -> str:
        """Return *text* without the secret, which a server or a proxy may have quoted."""
        return text.replace(self.reveal(), self.mask)

    def hidden_in(self, text: str) -> str:
        """Return *text* without the secret, where a caller may have passed it by mistake.

        A short secret stays: it can be a part of any word.
        """
        return self.redacted(text) if len(self.reveal()) >= _LONG else text

    def is_in(self, text: str) -> bool:
        """Return whether *text* is the secret, or contains it if the secret is long enough."""
        return text == self.reveal() or (len(self.reveal()) >= _LONG and self.reveal() in text)

    def header(self) -> "RedactedStr":
        """Return the value of the `Authorization` header."""
        return RedactedStr(f"Bearer {self.reveal()}")

    def __repr__(self) -> str:
        return self.mask

    def __reduce__(self) -> NoReturn:
        raise TypeError("an admin key cannot be pickled or copied. Make a new client instead.")


class RedactedStr(str):
    """Text for an HTTP library, which is masked when the variables of a frame are printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(_MASK)

    def __getitem__(self, _: SupportsIndex | slice) -> str:
        return _MASK  # pretty printers slice a long text
