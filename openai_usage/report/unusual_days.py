"""The unusual days of a report, with the names that the page uses."""

from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve, frozen

from openai_usage._text import printable
from openai_usage.analysis.unusual_day import Unusual
from openai_usage.report.data import Figures

_WHAT = {"organization": "organization", "model": "model", "project_id": "project"}
"""The names on the page of the labels of unusual days."""


@frozen
class UnusualDay:
    """An unusual day of everything together, of an organization, a model or a project."""

    date: str
    """The date as `2026-09-10`."""
    what: str
    """`organization`, `model`, `project`, or "" for everything together."""
    name: str
    """The name of that, or "" for everything together."""
    text: str
    """The whole sentence: the day, the amount, the usual amount and how sure it is."""
    found: Unusual
    """The figures."""


def unusual_days(
    figures: Figures, currency: str, labels: Mapping[str, Mapping[str | None, str]]
) -> Iterator[UnusualDay]:
    """Yield the unusual days in one currency, in time order.

    Args:
        figures: The figures of the report.
        currency: The currency as the figures have it.
        labels: The names by id, for `organization`, `model` and `project`. What is left out is not
            yielded.
    """
    for found in figures.answers.unusual:
        if found.currency != currency:
            continue
        what, name = "", ""
        for label, id_ in found.labels.items():
            what = _WHAT[label]
            name = labels.get(what, {}).get(str(id_) if id_ else None, "")
        if what and not name:
            continue
        named = evolve(found, labels={what: printable(name)} if what else {})
        text = named.text(symbols=True)
        yield UnusualDay(found.day.isoformat(), what, name, text, found)


def marks(days: Sequence[UnusualDay]) -> Mapping[str, str]:
    """Return what was unusual on each date, for the charts."""
    found: dict[str, list[str]] = {}
    for day in days:
        found.setdefault(day.date, []).append(day.text)
    return {date: "; ".join(texts) for date, texts in found.items()}
