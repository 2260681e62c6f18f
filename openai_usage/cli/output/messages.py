"""Print messages on stderr, one line each, without characters that control a terminal."""

import logging
import os
import sys
from contextlib import suppress
from types import TracebackType
from typing import TextIO, TypeAlias

from openai_usage._text import mask, printable, without_keys

_NAME = "openai-usage"
_Error: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


def say(message: str) -> None:
    """Print *message* as one line on stderr.

    Errors are ignored: the terminal may be closed, or a disk full, but the exit code still counts.
    """
    with suppress(OSError):
        print(f"{_NAME}: {printable(without_keys(message))}", file=sys.stderr)


def shows_progress() -> bool:
    """Return whether stderr is a terminal on which a line can be rewritten."""
    is_simple = os.environ.get("TERM", "").casefold() in ("dumb", "unknown")
    return sys.stderr.isatty() and not is_simple


class MaskingFormatter(logging.Formatter):
    """Formats log records like other messages, and masks text that they quote from the server."""

    def __init__(self) -> None:
        super().__init__(f"{_NAME}: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - overrides logging
        """Return the message of *record* on one line."""
        return printable(super().formatMessage(record))

    def formatException(self, ei: _Error) -> str:  # noqa: N802 - overrides logging
        """Return the traceback of an error with its lines masked."""
        return "\n".join(map(mask, super().formatException(ei).split("\n")))


class _StderrHandler(logging.StreamHandler[TextIO]):
    """Prints to the present stderr, which a progress display replaces to print above itself."""

    def emit(self, record: logging.LogRecord) -> None:
        self.setStream(sys.stderr)
        super().emit(record)


def log_to_stderr() -> None:
    """Print log records and warnings on stderr like the messages of the command line."""
    handler = _StderrHandler()
    handler.setFormatter(MaskingFormatter())
    logging.basicConfig(handlers=[handler])
    logging.captureWarnings(capture=True)
