"""The option for a webhook: its URL comes from a command or the environment, and shows nowhere."""

import cyclopts
import pytest

from openai_usage.cli.options.notify import NotifyOptions
from openai_usage.cli.wording import CommandError
from tests.support.webhook_server import webhook

URL = "https://hooks.example/services/s3cr3t"


def parsed(*words: str) -> NotifyOptions:
    app = cyclopts.App(result_action="return_value")
    none = NotifyOptions()

    @app.default
    def command(*, options: NotifyOptions = none) -> NotifyOptions:
        return options

    found = app(words, exit_on_error=False, print_error=False)
    assert isinstance(found, NotifyOptions)
    return found


def test_a_url_comes_from_the_command_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parsed().notify is None
    given = parsed("--notify", URL).notify
    assert given is not None
    assert given.reveal() == URL
    monkeypatch.setenv("OPENAI_USAGE_WEBHOOK", URL)
    found = parsed().notify
    assert found is not None
    assert found.reveal() == URL
    assert "s3cr3t" not in repr(parsed())
    monkeypatch.setenv("OPENAI_USAGE_WEBHOOK", "")
    assert parsed().notify is None


def test_a_url_that_is_not_valid_is_not_quoted() -> None:
    with pytest.raises(CommandError, match=r"^--notify takes the https address of") as caught:
        parsed("--notify", "http://hooks.example/s3cr3t")
    assert "s3cr3t" not in str(caught.value)


def test_help_does_not_show_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_USAGE_WEBHOOK", URL)
    app = cyclopts.App()

    @app.default
    def command(*, options: NotifyOptions | None = None) -> None:
        raise AssertionError(options)

    with pytest.raises(SystemExit):
        app("--help")
    shown = capsys.readouterr().out
    assert "OPENAI_USAGE_WEBHOOK" in shown
    assert "s3cr3t" not in shown


async def test_a_payload_is_posted_where_there_is_a_webhook(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await NotifyOptions().post({"text": "x"})
    async with webhook() as there:
        assert await parsed("--notify", there.url).post({"text": "x"})
        there.will(404)
        assert not await parsed("--notify", there.url).post({"text": "y"})
    assert "the webhook answered 404 Not Found." in capsys.readouterr().err
    assert there.payloads == [{"text": "x"}, {"text": "y"}]
