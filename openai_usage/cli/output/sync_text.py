"""Print what a sync came to: the rows of each endpoint, and what changed."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

from rich.text import Text

from openai_usage._number_format import COUNT, counted
from openai_usage._text import with_full_stop
from openai_usage._time_format import short_span, short_time
from openai_usage.analysis.groups import group_by
from openai_usage.cli.output.console import console_on
from openai_usage.cli.output.layout import Layout

if TYPE_CHECKING:
    from openai_usage.sync import Change, Failed, Lag, Synced, SyncResult

_MOST = 20
"""The most changes that are printed. The copy has all of them."""


def print_synced(result: "SyncResult") -> None:
    """Print the rows of each endpoint, then what changed in buckets that had been over."""
    with console_on(sys.stdout.buffer) as console:
        if not result.synced:
            return
        layout = Layout(console.width)
        labels = {each.organization for each in result.synced}
        several = len(labels | {each.organization for each in result.failed}) > 1
        if several:
            layout.add_labels("organization", [each.organization for each in result.synced])
        layout.add_labels("endpoint", [_name(each) for each in result.synced], "Total")
        spans = [short_span(each.start_time, each.end_time) for each in result.synced]
        layout.add_labels("read, in UTC", spans)
        rows = [COUNT.exact(each.rows) for each in result.synced]
        layout.add_figures("rows\nread", rows, COUNT.exact(result.rows))
        changed = [COUNT.exact(each.changed_buckets) for each in result.synced]
        layout.add_figures("changed\nbuckets", changed, COUNT.exact(result.changed_buckets))
        console.print(layout.build(), crop=False)
        changes = [(each, change) for each in result.synced for change in each.changes]
        for synced, change in changes[:_MOST]:
            console.print(Text(_describe(synced, change, several=several)))
        if more := changes[_MOST:]:
            console.print(Text(f"{counted(len(more), 'more change')} in the table _changes."))


def describe_failed(failed: "Sequence[Failed]") -> list[str]:
    """Return a sentence for each endpoint that could not be read, or for several of one reason."""
    alike = group_by(failed, lambda each: (each.organization, str(each.error)))
    return [
        with_full_stop(
            str(those[0])
            if len(those) == 1
            else f"{organization}, {counted(len(those), 'endpoint')}: {why}"
        )
        for (organization, why), those in alike.items()
    ]


def print_lags(lags: "Sequence[Lag]") -> None:
    """Print how long after the end of buckets changes were found."""
    with console_on(sys.stdout.buffer) as console:
        if not lags:
            console.print(Text("No sync has found a change yet."))
            return
        layout = Layout(console.width, show_footer=False)
        layout.add_labels("endpoint", [each.endpoint.replace("_", " ") for each in lags])
        layout.add_figures("changed\nbuckets", [COUNT.exact(each.buckets) for each in lags])
        layout.add_figures("latest change,\nhours after the end", [_hours(each) for each in lags])
        console.print(layout.build(), crop=False)


def _name(each: "Synced") -> str:
    return each.endpoint.replace("_", " ")


def _hours(lag: "Lag") -> str:
    return COUNT.exact(ceil(lag.latest / timedelta(hours=1)))


def _describe(synced: "Synced", change: "Change", *, several: bool) -> str:
    whose = f"{synced.organization}, " if several else ""
    measure = change.measure.replace("_", " ")
    return (
        f"{whose}{_name(synced)}, {short_time(change.start_time)}, {measure}: "
        f"{COUNT.exact(change.before)} to {COUNT.exact(change.after)} ({change.kind})"
    )
