"""Secret: the admin key, held so that it shows nowhere by accident."""

from collections.abc import Callable
from typing import NoReturn, SupportsIndex

_MASK = "[the admin key]"

_LONG = 16


class Secret:
    """A text that neither its holder's repr shows, nor a traceback with locals, nor a debugger.

    Whoever needs it calls `reveal()` where it is used, and gives what it returns no name: the
    names of a frame are what tracebacks show.
    """

    __slots__ = ("reveal",)

    reveal: Callable[[], str]
    """The text itself."""

    def __init__(self, text: str) -> None:
        # In a closure, since debuggers and pretty printers look through attributes.
        self.reveal = lambda: text

    def redacted(self, text: str) -> str:
        """*text* without the secret, which a server or a proxy may have quoted."""
        return text.replace(self.reveal(), _MASK)

    def is_in(self, text: str) -> bool:
        """Return whether *text* is the secret, or holds it where it is too long to be chance."""
        return text == self.reveal() or (len(self.reveal()) >= _LONG and self.reveal() in text)

    def header(self) -> "RedactedStr":
        """The value of the header `Authorization` that sends it."""
        return RedactedStr(f"Bearer {self.reveal()}")

    def __repr__(self) -> str:
        return _MASK

    def __reduce__(self) -> NoReturn:
        raise TypeError("an admin key is not pickled or copied: make the client anew instead")


class RedactedStr(str):
    """Text to an HTTP library, a mask to whoever prints the names in its frames."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(_MASK)

    def __getitem__(self, _: SupportsIndex | slice) -> str:
        return _MASK  # pretty printers show the beginning of a long text
