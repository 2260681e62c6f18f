"""Metrics: the names and help texts of gauges, and the form in which Prometheus takes samples."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from openai_usage.analysis.groups import group_by
from openai_usage.integrations.prometheus.samples import Sample

__all__ = ["families"]

_HELP: Mapping[str, str] = {
    "openai_usage_cost": "Costs of the period in the currency of the label.",
    "openai_usage_budget": "Amount of a budget that people have set, in its currency.",
    "openai_usage_budget_used": "Costs so far that count against the budget. For a budget per "
    "day, those of today or of the day before, whichever are more.",
    "openai_usage_budget_projected": "Projected costs of the month that count against the budget.",
    "openai_usage_budget_known": "1 if the budget can be checked, 0 if not, because days are "
    "missing or nothing belongs to it. 1, too, if the known costs alone are over the budget.",
    "openai_usage_budget_warning": "Largest share of the budget to warn at that costs have "
    "reached, 0 if none.",
    "openai_usage_limit": "Hard limit or alert of spending that is set at OpenAI, in its currency.",
    "openai_usage_unusual_cost": "Costs of one of the last two days that differ from the same "
    "weekdays before.",
    "openai_usage_usual_cost": "Median of the costs that an unusual day is compared with.",
    "openai_usage_missing_buckets": "Days of this month for which the API returned no bucket, so "
    "that their costs or usage are unknown.",
    "openai_usage_up": "1 if the last read succeeded, 0 if it failed or there was none yet. After "
    "a failure, the figures are those of the read before.",
    "openai_usage_last_read_timestamp_seconds": "Unix time of the last read that succeeded. 0 "
    "before the first.",
    "openai_usage_read_interval_seconds": "Seconds from one read to the next.",
    "openai_usage_settled_until_timestamp_seconds": "Unix time up to which the API no longer "
    "revises. 0 before the first read.",
    "openai_usage_restated_buckets_total": "Number of times that a day changed after its end.",
    "openai_usage_reads_failed_total": "Reads that failed.",
    "openai_usage_project_info": "Name of a project: its id if the name is not known.",
    "openai_usage_user_info": "Name of a user: the id if the name is not known.",
    "openai_usage_key_info": "Name of an API key: its id if the name is not known.",
    "openai_usage_build_info": "Version of the exporter.",
}


def families(samples: Iterable[Sample]) -> Iterator[Metric]:
    """Yield a metric for each name, with the samples in order of appearance."""
    for name, own in group_by(samples, lambda each: each.name).items():
        labels = list(own[0].labels)
        kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
        family = kind(name, _HELP.get(name) or _help_of_usage(name), labels=labels)
        for each in own:
            family.add_metric([each.labels[label] for label in labels], each.value)
        yield family


def _help_of_usage(name: str) -> str:
    """Return the help text of a measure of usage."""
    measure = name.removeprefix("openai_usage_").removeprefix("num_").replace("_", " ")
    return f"{measure.capitalize()} of the period, as the API reports them."
