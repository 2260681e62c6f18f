"""The JSON of a notification: what Slack reads, and figures with every digit for programs."""

import json
from datetime import UTC, datetime

from openai_usage._http.webhook import WebhookUrl, post_json
from openai_usage.analysis import Budget, check_budgets, limit_notices, spending
from openai_usage.cli.output.notification import notification, spending_amounts
from openai_usage.limits import Limits, SpendLimit, SpendLimits
from openai_usage.schema.amount import Amount
from tests.support.daily_costs import TODAY, cost, costs
from tests.support.webhook_server import webhook

UNTIL = datetime(2026, 11, 26, 8, 30, tzinfo=UTC)
BILL = costs(*[[cost("100.0000000000000000000000000001")]] * 7, [cost(20)])


async def test_a_notification_arrives_with_all_its_figures() -> None:
    found = spending(BILL, today=TODAY)
    verdicts = check_budgets([Budget(amount=500, name="Team A")], found)
    limit = SpendLimit(
        amount=Amount(value=verdicts[0].budget.amount * 2, currency="usd"),
        interval="month",
        enforcement="enforcing",
    )
    notices = limit_notices(Limits(organization=SpendLimits(limit=limit), projects={}), found)
    payload = notification(
        [*map(str, verdicts), *map(str, notices)],
        [
            *map(spending_amounts, found),
            *(each.to_dict() for each in verdicts),
            *(each.to_dict() for each in notices),
        ],
        exit_code=3,
        until=UNTIL,
    )
    async with webhook() as there:
        await post_json(WebhookUrl(there.url), payload)
    [got] = there.payloads
    assert list(got) == ["text", "exit_code", "until", "amounts"]
    assert (got["exit_code"], got["until"]) == (3, "2026-11-26T08:30:00Z")
    assert got["text"] == (
        "Team A: over the budget of 500.00 usd for November: 720.00 usd so far (144%), 1,200.00 "
        "usd projected (240%).\n"
        "At this rate the hard limit of 1,000.00 usd is reached on 28 November."
    )
    assert got["amounts"][0] == {
        "what": "spending",
        "currency": "usd",
        "month": "2026-11",
        "used": "720.0000000000000000000000000007",
        "projected": "1200.0000000000000000000000000007",
    }
    assert [each["what"] for each in got["amounts"]] == ["spending", "Team A", "hard limit"]
    assert all(each["currency"] == "usd" for each in got["amounts"])


def test_a_name_does_not_notify_a_channel() -> None:
    payload = notification(["<!channel> R&D\x1b\nis over"], exit_code=0, until=UNTIL)
    assert payload["text"] == "&lt;!channel&gt; R&amp;D\N{REPLACEMENT CHARACTER} is over."
    assert payload["amounts"] == []


def test_what_is_unknown_is_null() -> None:
    [unknown] = spending([], today=TODAY)
    assert json.loads(json.dumps(spending_amounts(unknown))) == {
        "what": "spending",
        "currency": "usd",
        "month": "2026-11",
        "used": None,
        "projected": None,
    }
