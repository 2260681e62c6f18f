"""Options for a webhook that is notified. Its URL is a secret, and no error quotes it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated

from attrs import frozen
from cyclopts import Group, Parameter, Token

from openai_usage import InvalidOptionError, NotificationError
from openai_usage._http.webhook import WebhookUrl, post_json
from openai_usage.cli.options.every import duration
from openai_usage.cli.output.messages import say
from openai_usage.cli.wording import CommandError, as_typed

_GROUP = Group("Notification", sort_key=3)


def _url(_: object, tokens: Sequence[Token]) -> WebhookUrl | None:
    if not tokens[0].value:
        return None  # as in a template of an environment that is not filled in
    try:
        return WebhookUrl(tokens[0].value)
    except InvalidOptionError as error:
        # A ValueError would be shown with the URL.
        raise CommandError(as_typed(error)) from None


@Parameter(name="*", group=_GROUP)
@frozen(kw_only=True)
class NotifyOptions:
    """The option for a webhook."""

    notify: Annotated[
        WebhookUrl | None,
        Parameter(
            help="Post the result as JSON to this webhook; Slack shows its field `text`. The URL "
            "is a secret, and other users of this machine can see a command: you can set "
            "OPENAI_USAGE_WEBHOOK instead.",
            converter=_url,
            env_var="OPENAI_USAGE_WEBHOOK",
        ),
    ] = None

    every: Annotated[
        timedelta | None,
        Parameter(
            help="Go on until Ctrl-C: read again after this time, such as 1h, and post to the "
            "webhook only what is new.",
            converter=duration,
        ),
    ] = None

    def validate_every(self, *, month: str | None) -> None:
        """Reject `--every` without a webhook, or for a past month.

        Raises:
            CommandError: It is one of these.
        """
        if self.notify is None:
            raise CommandError(
                "--every was given without a webhook. Add --notify URL, or set "
                "OPENAI_USAGE_WEBHOOK."
            )
        if month is not None:
            raise CommandError("--every and --month contradict each other. Leave out one of them.")

    async def post(self, payload: Mapping[str, object]) -> bool:
        """Post *payload* if there is a webhook. Say so and return False if it did not accept it."""
        try:
            if self.notify is not None:
                await post_json(self.notify, payload)
        except NotificationError as error:
            say(as_typed(error))
            return False
        return True
