"""Prometheus: usage, costs and budgets as gauges. Needs the extra `[prometheus]`.

A `Collector` reads in the background, and shows Prometheus what was read last::

    collector = Collector(client)
    REGISTRY.register(collector)
    await collector.run()

Figures are gauges without timestamps, because the API restates them. A counter that falls from 1000
to 995 would look like a restart, and Prometheus would add 995. It rejects old timestamps, too.
"""

from openai_usage._extras import missing_library

try:
    import prometheus_client as _  # noqa: F401 - before the modules that need it
except ModuleNotFoundError as error:
    raise missing_library(str(error.name), "prometheus") from None

from openai_usage.integrations.prometheus.collector import Collector
from openai_usage.integrations.prometheus.labels import Label

__all__ = ["Collector", "Label"]
