"""The place of a copy as people type it: duckdb:usage.duckdb, delta:./lake or dlt:postgres."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from attrs import frozen

from openai_usage._text import listed
from openai_usage.cli.wording import CommandError

if TYPE_CHECKING:
    from openai_usage.sync.stored_sink import StoredSink


@frozen
class _Kind:
    """A kind of place."""

    sink: str
    """The class of its sink."""
    form: str
    """The form of the place."""
    example: str


_KINDS: Mapping[str, _Kind] = {
    "duckdb": _Kind("openai_usage.sync.duckdb_sink:DuckDBSink", "FILE", "duckdb:usage.duckdb"),
    "delta": _Kind("openai_usage.sync.delta_sink:DeltaSink", "FOLDER", "delta:./lake"),
    "dlt": _Kind("openai_usage.sync.dlt_sink:DltSink", "DESTINATION", "dlt:postgres"),
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
    module, _, sink = _KINDS[name].sink.partition(":")
    opened: StoredSink = getattr(import_module(module), sink)(
        where, prefix=prefix, read_only=read_only
    )
    return opened
