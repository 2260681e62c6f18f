"""The charts of usage: tokens, requests, and every other measure that is not zero."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from attrs import evolve

from openai_usage._number_format import BYTES, COUNT
from openai_usage._text import label, labels_of, unique_labels
from openai_usage.analysis.daily import Rows, Values, by, total
from openai_usage.report.data import Figures, Missing, Usage
from openai_usage.report.panels import Bar, Panel, Series, by_day, top_series

TOKENS, REQUESTS = "Tokens", "Requests to models"
"""Titles of the charts that also have a card."""

_MODELS = 12
"""The most models that have a bar of their own."""

_KINDS = {"uncached input": 1, "cached input": 3, "cache writes": 5, "output": 2}
"""The kinds of tokens, each with its colour. Every token is of exactly one kind."""

_TITLES = {
    ("images", "images"): "Images",
    ("audio_speeches", "characters"): "Characters spoken",
    ("audio_transcriptions", "seconds"): "Seconds transcribed",
    ("vector_stores", "usage_bytes"): "Vector stores",
    ("code_interpreter_sessions", "num_sessions"): "Code interpreter sessions",
    ("file_search_calls", "num_requests"): "File search calls",
    ("web_search_calls", "num_requests"): "Web search calls",
}
"""Titles of measures by endpoint and measure. Other measures have the API's own name."""

_LEFT_OUT = "Requests counted by web searches are left out. They may already be included here."

_NOT_SUMMED = (
    "The value that the API returns for each day. The API does not say whether it is the amount "
    "stored or the amount added, so days are not summed."
)

_TOGETHER = {
    "num_model_requests",
    "input_tokens",
    "input_cached_tokens",
    "input_cache_write_tokens",
    "output_tokens",
}
"""The measures that are shown for all endpoints together."""


def panels_of_usage(figures: Figures) -> list[Panel]:
    """Return the charts that have a value other than zero."""
    return [panel for panel in _panels(figures) if any(each.total for each in panel.series)]


def _panels(figures: Figures) -> Iterator[Panel]:
    tokens = _tokens(figures.usage)
    kinds = by(0, tokens)
    missing = _missing_parts(figures, "input_tokens")
    yield by_day(
        figures,
        Panel(title=TOKENS, unit=COUNT, series=_of_kinds(kinds), compact=True),
        [(kind.capitalize(), kinds[kind]) for kind in _KINDS if kind in kinds],
        missing,
    )
    yield evolve(_of_models(tokens), without=figures.without(missing))
    requests = _requests(figures.usage)
    note = _LEFT_OUT if any(map(_counts_requests_again, figures.usage)) else ""
    panel = Panel(title=REQUESTS, unit=COUNT, series=top_series(requests), note=note, compact=True)
    yield by_day(figures, panel, requests, _missing_parts(figures, "num_model_requests"))
    for usage in figures.usage:
        for measure, days in by(0, usage.rows).items():
            if measure not in _TOGETHER:
                yield _of_one_measure(figures, usage, str(measure), days)


def _tokens(usages: Sequence[Usage]) -> Rows:
    """Return tokens by kind, model and endpoint. Each token counts in one kind only."""
    rows: dict[tuple[str | None, ...], Values] = {}
    for usage in usages:
        for model in [model for measure, model in usage.rows if measure == "input_tokens"]:
            read = usage.rows["input_tokens", model]
            cached, written, output = (
                usage.rows.get((measure, model), (Decimal(0),) * len(read))
                for measure in ("input_cached_tokens", "input_cache_write_tokens", "output_tokens")
            )
            fresh = tuple(
                None if a is None else a - (b or 0) - (c or 0)
                for a, b, c in zip(read, cached, written, strict=True)
            )
            for kind, days in zip(_KINDS, (fresh, cached, written, output), strict=True):
                rows[kind, model, usage.endpoint] = days
    return rows


def _of_kinds(values: Mapping[str | None, Values]) -> tuple[Series, ...]:
    return tuple(
        Series(kind.capitalize(), colour, values[kind])
        for kind, colour in _KINDS.items()
        if any(values.get(kind, ()))
    )


def _of_models(tokens: Rows) -> Panel:
    """Return a chart with a bar for each model, the largest first."""
    totals = {model: total(days) for model, days in by(1, tokens).items()}
    ranked = sorted(totals, key=lambda model: totals[model], reverse=True)
    groups = [[model] for model in ranked]
    labels = labels_of(ranked, _named)
    names = [labels[model] for model in ranked]
    everything = _of_groups(tokens, groups, names)
    if len(others := ranked[_MODELS:]) < 2:
        return everything
    groups = [*groups[:_MODELS], others]
    names = [*names[:_MODELS], f"Other models ({len(others)})"]
    return evolve(_of_groups(tokens, groups, names), in_full=everything)


def _of_groups(tokens: Rows, groups: Sequence[Sequence[str | None]], names: Sequence[str]) -> Panel:
    """Return a chart with a bar for each group of models."""
    return Panel(
        title="Tokens by model",
        unit=COUNT,
        bars=tuple(map(Bar, unique_labels(names))),
        series=_of_kinds(
            {
                kind: tuple(
                    total(*(days for key, days in tokens.items() if key[:2] in group))
                    for group in [[(kind, model) for model in models] for models in groups]
                )
                for kind in _KINDS
            }
        ),
        horizontal=True,
        compact=True,
    )


def _named(model: str | None) -> str:
    return "(no model)" if model is None else label(model)


def _requests(usages: Sequence[Usage]) -> list[tuple[str, Values]]:
    """Return the requests to models by endpoint, the largest first."""
    counted = [
        (usage.endpoint.replace("_", " ").capitalize(), days)
        for usage in usages
        # A tool also counts requests that the endpoint of its model counts, so leave it out.
        if "num_requests" not in usage.about
        and (days := by(0, usage.rows).get("num_model_requests"))
    ]
    return sorted(counted, key=lambda each: total(each[1]), reverse=True)


def _counts_requests_again(usage: Usage) -> bool:
    """Return whether the endpoint is a tool that counts model requests besides its own calls."""
    counted = by(0, usage.rows).get("num_model_requests", ())
    return "num_requests" in usage.about and any(counted)


def _missing_parts(figures: Figures, measure: str) -> tuple[Missing, ...]:
    """Return the missing parts of the model endpoints that have this measure."""
    return tuple(
        part
        for part in figures.missing
        if measure in part.measures and "num_requests" not in part.measures
    )


def _of_one_measure(figures: Figures, usage: Usage, measure: str, days: Values) -> Panel:
    title = _TITLES.get(
        (usage.endpoint, measure), f"{usage.endpoint}: {measure}".replace("_", " ").capitalize()
    )
    about = usage.about[measure]
    adds_up = bool(about.get("adds_up", True))
    panel = Panel(
        title=title,
        unit=BYTES if about.get("unit") == "bytes" else COUNT,
        series=(Series(title, 1, days),),
        adds_up=adds_up,
        compact=True,
        note="" if adds_up else _NOT_SUMMED,
    )
    return by_day(figures, panel, [(title, days)], figures.missing_of(usage.endpoint))
