"""The place of a copy as people type it: duckdb:usage.duckdb, delta:./lake or dlt:postgres."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from openai_usage._text import listed
from openai_usage.cli.wording import CommandError

if TYPE_CHECKING:
    from openai_usage.sync.stored_sink import StoredSink


def _open_duckdb(file: str, **options: Any) -> "StoredSink":
    from openai_usage.sync import DuckDBSink  # noqa: PLC0415 - an extra

    return DuckDBSink(file, **options)


def _open_delta(folder: str, **options: Any) -> "StoredSink":
    from openai_usage.sync import DeltaSink  # noqa: PLC0415 - an extra

    return DeltaSink(folder, **options)


def _open_dlt(where: str, **options: Any) -> "StoredSink":
    # Before dlt is imported, so that it sends nothing about its use to its makers.
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    from openai_usage.sync import DltSink  # noqa: PLC0415 - an extra

    destination, _, dataset = where.partition("/")
    if dataset:
        options["dataset"] = dataset
    return DltSink(destination, **options)


@frozen
class _Kind:
    """A kind of place."""

    open: Callable[..., "StoredSink"]
    form: str
    """The form of the place."""
    example: str


_KINDS: Mapping[str, _Kind] = {
    "duckdb": _Kind(_open_duckdb, "FILE", "duckdb:usage.duckdb"),
    "delta": _Kind(_open_delta, "FOLDER", "delta:./lake"),
    "dlt": _Kind(_open_dlt, "DESTINATION/DATASET", "dlt:postgres"),
}

EXAMPLES = listed([each.example for each in _KINDS.values()], "or")
"""A place of each kind, for help."""


def open_place(place: str, option: str, *, prefix: str, read_only: bool = False) -> "StoredSink":
    """Open the sink at a place.

    Raises:
        CommandError: The value of *option* has another form.
        SyncError: The sink cannot be opened.
        ModuleNotFoundError: The sink needs an extra that is missing.
    """
    name, _, where = place.partition(":")
    if name not in _KINDS or not where:
        forms = [f"{each}:{kind.form}" for each, kind in _KINDS.items()]
        raise CommandError(
            f"{option} takes {listed(forms, 'or')}, such as duckdb:usage.duckdb, not {place!r:.60}."
        )
    return _KINDS[name].open(where, prefix=prefix, read_only=read_only)
