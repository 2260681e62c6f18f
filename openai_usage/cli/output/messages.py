"""What commands say on stderr: one line each, with nothing in it that a terminal obeys."""

import logging
import sys
from contextlib import suppress
from types import TracebackType
from typing import TypeAlias

from openai_usage._text import mask, printable, without_keys

_NAME = "openai-usage"
_Error: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


def say(message: str) -> None:
    """Print *message* as one line on stderr.

    The terminal can be gone, or the disk behind stderr full. The exit code still tells then.
    """
    with suppress(OSError):
        print(f"{_NAME}: {printable(without_keys(message))}", file=sys.stderr)


class MaskingFormatter(logging.Formatter):
    """Formats log records as lines of the command line: what they quote may be the server's."""

    def __init__(self) -> None:
        super().__init__(f"{_NAME}: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """Return the message of *record* on one line."""
        return printable(super().formatMessage(record))

    def formatException(self, ei: _Error) -> str:  # noqa: N802 - likewise
        """Return the traceback of an error, line by line."""
        return "\n".join(map(mask, super().formatException(ei).split("\n")))


def log_to_stderr() -> None:
    """Have log records and warnings appear on stderr as messages of the command line."""
    handler = logging.StreamHandler()
    handler.setFormatter(MaskingFormatter())
    logging.basicConfig(handlers=[handler])
    logging.captureWarnings(capture=True)
