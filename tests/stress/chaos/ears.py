"""What an iteration says beside its buckets: records, warnings, complaints of the loop."""

import logging
import pickle
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from traceback import TracebackException
from typing import Any

from openai_usage import UsageError


class Ears(logging.Handler):
    """Hears all that is logged and warned of while it is open, and every cry of what is dropped."""

    def __init__(self, key: str) -> None:
        super().__init__(logging.DEBUG)
        self._key = key
        self._records: list[logging.LogRecord] = []
        self._cries: list[str] = []

    @contextmanager
    def open(self) -> Iterator["Ears"]:
        """Listen; the root of all loggers is asked for everything meanwhile."""
        root, level, hook = logging.getLogger(), logging.getLogger().level, sys.unraisablehook
        with ExitStack() as stack:
            self._warnings = stack.enter_context(warnings.catch_warnings(record=True))
            warnings.simplefilter("always")
            stack.callback(setattr, sys, "unraisablehook", hook)
            sys.unraisablehook = lambda said: self._cries.append(repr(said.exc_value))
            # Alone: to write everything out would take as long as all the rest.
            stack.callback(setattr, root, "handlers", root.handlers)
            root.handlers = [self]
            root.setLevel(logging.DEBUG)
            stack.callback(root.setLevel, level)
            yield self

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)

    def cry(self, _: object, context: dict[str, Any]) -> None:
        """What an event loop calls where nobody caught an error."""
        self._cries.append(f"{context['message']}: {context.get('exception')!r}")

    def wrongs(self, *, calm: bool) -> Iterator[str]:
        """What should not have been heard since the last time."""
        records, self._records = self._records, []
        cries, self._cries = self._cries, []
        most = logging.DEBUG if calm else logging.WARNING
        for record in records:
            if self._key in f"{record.getMessage()} {vars(record)!r}":
                yield f"the key is in a record of {record.name}"
            if record.levelno > most:
                yield f"{record.name} logged {record.levelname}: {record.getMessage()}"
        yield from (f"cried: {cry}" for cry in cries)
        yield from (f"warned: {each.message}" for each in self._warnings)
        self._warnings.clear()

    def reported(self, error: UsageError) -> Iterator[str]:
        """Where *error* shows the key: itself, its pickle, its traceback with locals."""
        shown = {
            "text": f"{error} {error!r} {vars(error)!r}",
            "pickle": pickle.dumps(error).decode(errors="replace"),
            "traceback": "".join(
                TracebackException.from_exception(error, capture_locals=True).format()
            ),
        }
        yield from (
            f"the key is in the {where} of {error!r}"
            for where in shown
            if self._key in shown[where]
        )
