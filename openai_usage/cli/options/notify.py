"""The option for a webhook that is notified. Its URL is a secret, and no error quotes it."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from attrs import frozen
from cyclopts import Group, Parameter, Token

from openai_usage import InvalidOptionError
from openai_usage._http.webhook import WebhookUrl, post_json
from openai_usage.cli.wording import CommandError, as_typed

_GROUP = Group("Notification", sort_key=3)


def _url(_: object, tokens: Sequence[Token]) -> WebhookUrl:
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

    async def post(self, payload: Mapping[str, object]) -> None:
        """Post *payload* if there is a webhook.

        Raises:
            NotificationError: The webhook did not accept it, after all retries.
        """
        if self.notify is not None:
            await post_json(self.notify, payload)
