"""The sentences of a page: what it covers, what is missing, and what is compared."""

from collections.abc import Iterable, Iterator, Sequence

from openai_usage._gap_text import describe_spans, group_gaps, join
from openai_usage._number_format import counted
from openai_usage._time_format import Moment, date_and_time, written_date
from openai_usage._version import __version__
from openai_usage.analysis.daily import Day, Period
from openai_usage.report.data import Figures
from openai_usage.report.panels import bars


def gaps_in_words(figures: Figures) -> Iterator[tuple[str, str]]:
    """Yield the missing days, each with the endpoints that miss the same days."""
    gaps = (gap for part in figures.missing for gap in part.gaps)
    for endpoints, spans in group_gaps(gaps):
        yield join(endpoints, len(endpoints)), describe_spans(spans, len(spans))


def no_spend(figures: Figures) -> str:
    """Return the text that replaces the charts of costs if there are none."""
    missing = figures.missing_of("costs")
    if figures.costs_are_unread:
        return "The costs could not be read."
    if figures.count_lost_days("costs") == len(figures.period.days):
        return "The API returned no costs for these days, so they are unknown."
    return f"Nothing was billed on {'the known' if missing else 'these'} days."


def no_usage(figures: Figures) -> str:
    """Return the text that replaces the charts of usage if there are none."""
    if not any(not part.what.startswith("costs") for part in figures.missing):
        return "Nothing was used on these days."
    every_day = len(figures.period.days)
    if not figures.usage:
        return "Usage could not be read."
    if all(figures.count_lost_days(usage.endpoint) == every_day for usage in figures.usage):
        return "The API returned no usage for these days, so it is unknown."
    return "Some usage could not be read. The rest shows no usage on these days."


def about(figures: Figures) -> Iterator[tuple[str, str]]:
    """Yield what the report covers, its source, and when it was made, each with a heading."""
    start, end = map(_written_time, (figures.period.start, figures.period.end))
    early = figures.from_midnight
    yield "Covers", f"{start} to {end} UTC{f'; {join(early)} from 00:00 on' if early else ''}"
    if figures.organization:
        yield "Organization", figures.organization
    is_here = figures.host in ("127.0.0.1", "localhost", "::1")
    # A local server is usually the sandbox: readers must not take its data for their own.
    yield "Source", f"{figures.host}, a server on this machine" if is_here else figures.host
    yield "Made", f"{_written_time(figures.generated)} UTC, with openai-usage-client {__version__}"


def _written_time(moment: Moment) -> str:
    return f"{written_date(moment)} {date_and_time(moment)[-5:]}"


def compared_days(figures: Figures) -> str:
    """Return a sentence on the compared days, or "" if the page explains elsewhere why not."""
    whole = figures.billed.days[figures.billed.whole_days]
    if not whole:
        return "No day is complete, so nothing is compared."
    if figures.compared is None or figures.uncompared:
        return ""
    days, days_before = figures.compared_days, figures.compared_days_before
    if not days:
        return "No complete day has costs in both periods, so nothing is compared."
    if figures.compares_months:
        return (
            f"{figures.billed.name} ({counted(len(days), 'day')}) is compared with "
            f"{figures.compared.name} ({counted(len(days_before), 'day')})."
        )
    now = _dates(figures.billed.days[n] for n in days)
    before = _dates(figures.compared.days[n] for n in days_before)
    known = " that are known in both periods" if len(days) < len(whole) else ""
    return (
        f"Only complete days{known} are compared: {counted(len(days), 'day')}, {now}, with as "
        f"many before, {before}."
    )


def _dates(days: Iterable[Day]) -> str:
    """Return days as text, with consecutive days joined: `1 May 2026 to 3 May 2026`."""
    spans: list[Period] = []
    for day in days:
        follows = spans and spans[-1].end == day.start
        start = spans.pop().start if follows else day.start
        spans.append(Period(start, day.end))
    return join([each.name for each in spans], len(spans))


def incomplete_days(figures: Figures) -> Iterator[str]:
    """Yield notes on days and months that are incomplete."""
    parts = [written_date(day.start) for day in figures.period.days if not day.whole]
    if not parts:
        yield "Days are in UTC. All days are complete."
    else:
        left_out = "averages and comparisons" if compared_days(figures) else "averages"
        yield (
            f"Days are in UTC. {_are(parts)} not complete, because the range begins or ends within "
            "the day, or because the day was not over. Such a day counts in totals, is paler in "
            f"charts of days, is marked “in part” in tables, and is left out of {left_out}."
        )
    if early := figures.from_midnight:
        yield (
            f"The API returns {join(early)} for whole days: the figures of "
            f"{written_date(figures.period.start)} start at 00:00, although the range begins later."
        )
    if any(part.gaps for part in figures.missing):
        yield (
            "A day for which the API returned nothing is unknown: charts show a grey band with a "
            "question mark, and tables show a dash. No total, average or comparison includes it. "
            "If only a part of a day or month is unknown, it is marked “in part”."
        )
    shown = bars(figures.period)
    if len(shown) == len(figures.period.days):
        return
    text = "Because the range is long, charts show months where days can be summed."
    if parts := [bar.label for bar in shown if not bar.whole]:
        text += (
            f" {_are(parts)} not complete, because the range has only some days of the month. Such "
            "a month is paler and marked “in part”, too. Averages and comparisons use all complete "
            "days."
        )
    yield text


def _are(parts: Sequence[str]) -> str:
    return f"{' and '.join(parts)} {'is' if len(parts) == 1 else 'are'}"
