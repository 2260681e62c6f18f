"""Keys of projects cannot read usage, and are not sent to OpenAI."""

import traceback

import pytest

from openai_usage import (
    AsyncUsageClient,
    AuthenticationError,
    InvalidOptionError,
    UsageClient,
    days_ago,
)
from openai_usage.sandbox import Sandbox
from tests.support.doctor_lines import lines
from tests.support.terminal import Terminal

SECRET = "9fW3kZ" * 8
KEYS = {
    f"sk-proj-{SECRET}": "the key of a project",
    f"sk-svcacct-{SECRET}": "the key of a service account, which belongs to a project",
}


@pytest.mark.parametrize("kind", [AsyncUsageClient, UsageClient])
@pytest.mark.parametrize(("key", "says"), KEYS.items())
@pytest.mark.parametrize("base_url", [None, "https://eu.api.openai.com/v1"])
def test_the_key_of_a_project_is_refused_before_it_is_sent(
    kind: type[AsyncUsageClient | UsageClient], key: str, says: str, base_url: str | None
) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        kind(f" {key}\n", base_url=base_url)
    assert str(caught.value) == (
        f"admin_api_key takes an organization's admin key, not {says}. An organization owner "
        "creates one (sk-admin-…) at https://platform.openai.com/settings/organization/admin-keys."
    )
    assert caught.value.option == "admin_api_key"
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    own = [frame for frame in shown.stack if "openai_usage" in frame.filename.split("tests")[0]]
    assert own
    assert SECRET not in f"{own}{vars(caught.value)}"


@pytest.mark.parametrize("key", ["sk-admin-1", f"sk-{SECRET}", f"sess-{SECRET}", "sk-project"])
async def test_any_other_key_is_for_the_api_to_judge(key: str) -> None:
    async with AsyncUsageClient(key) as client:
        assert client.base_url == "https://api.openai.com/v1"


@pytest.mark.parametrize("key", KEYS)
async def test_another_server_may_accept_the_key_of_a_project(key: str, sandbox: Sandbox) -> None:
    async with AsyncUsageClient(key, base_url=sandbox.base_url) as client:
        with pytest.raises(AuthenticationError):
            await client.costs(start_time=days_ago(1))
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize(
    "address", ["https://api.openai.com.example/v1", "https://my-api.openai.com/v1"]
)
async def test_a_name_that_only_resembles_openais_is_another_server(address: str) -> None:
    async with AsyncUsageClient(next(iter(KEYS)), base_url=address):
        pass


@pytest.mark.real_clock
def test_commands_say_which_variable_is_wrong(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", f"sk-proj-{SECRET}")
    terminal("costs", exit_code=2)
    assert terminal.err.startswith(
        "openai-usage: OPENAI_ADMIN_KEY takes an organization's admin key, not the key of a "
        "project. An organization owner creates one"
    )
    assert SECRET not in terminal.err
    found = lines(terminal("doctor", exit_code=2))
    mark, says = found["key"]
    assert mark == "✗"
    assert says.startswith(
        f"sk-proj-…{SECRET[-4:]} is the key of a project, and cannot read usage."
    )
    assert says.endswith("https://platform.openai.com/settings/organization/admin-keys.")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-1")
    monkeypatch.setenv("OPENAI_ORG_ID", "org 1")
    found = lines(terminal("doctor", exit_code=2))
    assert found["organization"][0] == "✗"
