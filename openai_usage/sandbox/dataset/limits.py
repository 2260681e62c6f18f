"""The limits of spending that the sandbox's organization has set, for itself and some projects."""

import random
import string
from collections.abc import Iterator, Mapping

from attrs import frozen

from openai_usage.sandbox.dataset.ledger import Row
from openai_usage.sandbox.dataset.organization import Organization
from openai_usage.sandbox.dataset.workloads import email_of

_ROOT = "/v1/organization"


@frozen
class _Setting:
    """Limits in whole dollars a month."""

    limit: int | None
    """The hard limit, or None if none is set."""
    alerts: tuple[int, ...]
    """The thresholds at which people are notified."""
    enforcement: str = "enforcing"
    """The state of the hard limit."""


_ORGANIZATION = _Setting(limit=7_500, alerts=(4_000, 6_000, 7_000))
"""The settings of the organization, which spends some thousands of dollars a month."""

_PROJECTS: Mapping[str, _Setting] = {
    "Support Assistant": _Setting(limit=4_500, alerts=(3_000,)),
    "Voice Notes": _Setting(limit=1_100, alerts=(), enforcement="inactive"),
    "Research": _Setting(limit=None, alerts=(400,)),
}
"""The settings by the name of the project. Other projects have none."""


def spend_limits(organization: Organization) -> dict[str, Row | None]:
    """Return the hard limit at each path, or None where none is set."""
    return {
        f"{path}/spend_limit": _limit(kind, setting)
        for path, kind, setting in _settings(organization)
    }


def spend_alerts(organization: Organization) -> dict[str, list[Row]]:
    """Return the entries of the list of alerts at each path."""
    chance = random.Random(f"{organization.id}/spend_alerts")
    return {
        f"{path}/spend_alerts": [_alert(kind, amount, chance) for amount in setting.alerts]
        for path, kind, setting in _settings(organization)
    }


def _settings(organization: Organization) -> Iterator[tuple[str, str, _Setting]]:
    """Yield the path, the kind and the setting of the organization and of each project."""
    yield _ROOT, "organization", _ORGANIZATION
    for id_, name in organization.projects.items():
        setting = _PROJECTS.get(name, _Setting(limit=None, alerts=()))
        yield f"{_ROOT}/projects/{id_}", "project", setting


def _limit(kind: str, setting: _Setting) -> Row | None:
    if setting.limit is None:
        return None
    return {
        "object": f"{kind}.spend_limit",
        **_threshold(setting.limit),
        "enforcement": {"status": setting.enforcement},
    }


def _alert(kind: str, amount: int, chance: random.Random) -> Row:
    return {
        "id": "alert_" + "".join(chance.choices(string.ascii_letters + string.digits, k=24)),
        "object": f"{kind}.spend_alert",
        **_threshold(amount),
        "notification_channel": {"type": "email", "recipients": [email_of("ines")]},
    }


def _threshold(dollars: int) -> Row:
    return {"currency": "USD", "interval": "month", "threshold_amount": dollars * 100}
