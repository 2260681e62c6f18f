"""What errors advise to do: the right thing, in sentences that end, and whose key it is."""

import json

import pytest

from openai_usage import (
    APIStatusError,
    AsyncUsageClient,
    AuthenticationError,
    Endpoints,
)
from openai_usage.sandbox import Sandbox
from tests.conftest import TODAY, client_of
from tests.support.doctor_lines import lines
from tests.support.made_up_api import cost, made_up_api
from tests.support.raw_server import raw_server
from tests.support.report_values import answer_at
from tests.support.terminal import Terminal

NAMES = list(Endpoints.table())
ORGANIZATION = (
    "The request names an organization that this key does not belong to. Correct or unset the "
    "organization (OPENAI_ORG_ID): without one, the key's own is used."
)
AMONG_OTHERS = "Other endpoints answer, so this endpoint is not available to your organization."


def refusal(message: str, code: str | None = None) -> str:
    return json.dumps({"error": {"message": message, "code": code}})


# ---------------------------------------------------------------- another organization


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("code", ["mismatched_organization", "invalid_organization"])
async def test_another_organization_is_not_taken_for_another_key(
    status: int, code: str, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(status, body=refusal("No such organization: org-1", code))
    with pytest.raises(APIStatusError) as caught:
        await client.costs(start_time=TODAY)
    said = f"the API answered {status}: No such organization: org-1. {ORGANIZATION}"
    assert caught.value.message == said
    assert caught.value.code == code


async def test_a_wrong_key_is_still_taken_for_one(sandbox: Sandbox) -> None:
    async with AsyncUsageClient("sk-admin-x", base_url=sandbox.base_url) as client:
        with pytest.raises(AuthenticationError, match="need an organization's admin key"):
            await client.costs(start_time=TODAY)


# ---------------------------------------------------------------- a 404


@pytest.mark.real_clock
@pytest.mark.parametrize("body", [None, "<!doctype html><title>Not found</title>"])
def test_the_doctor_does_not_blame_the_address_for_one_404(
    body: str | None, asked: Sandbox, terminal: Terminal
) -> None:
    asked.faults.status(404, body=body)
    shown = terminal("doctor", exit_code=1)
    [(mark, says)] = [each for each in lines(shown).values() if each[0] != "✓"]
    assert mark == "✗"
    assert AMONG_OTHERS in says
    assert "OPENAI_BASE_URL" not in shown
    assert "base_url" not in shown


@pytest.mark.real_clock
def test_the_doctor_does_not_blame_the_address_for_one_web_page(
    asked: Sandbox, terminal: Terminal
) -> None:
    answer_at(asked, "usage/images", 502, "<html>Bad gateway</html>")
    shown = terminal("doctor", exit_code=1)
    says = "answers with a web page, while other endpoints answer (the API answered 502: <html>"
    assert lines(shown)["images"][1].startswith(says)
    assert "OPENAI_BASE_URL" not in shown


@pytest.mark.real_clock
@pytest.mark.usefixtures("without_drawings")
@pytest.mark.parametrize(
    ("path", "start", "code"), [("usage/images", None, 1), ("costs", 1_762_732_800, 0)]
)
def test_a_report_does_not_blame_the_address_for_one_404(
    path: str, start: int | None, code: int, asked: Sandbox, terminal: Terminal, here: object
) -> None:
    answer_at(asked, path, 404, start_time=start)
    terminal("report --start 2026-01-05 --end 2026-01-08", exit_code=code)
    assert AMONG_OTHERS in terminal.err
    assert "BASE_URL" not in terminal.err.upper()


# ---------------------------------------------------------------- full stops


@pytest.mark.parametrize(
    ("status", "said", "goes_on"),
    [
        (429, "Too many requests", "Too many requests. It asks to wait for 90 s."),
        (429, "Too many requests.", "Too many requests. It asks to wait for 90 s."),
        (429, "Why so many? ", "Why so many? It asks to wait for 90 s."),
        (403, "You may not", "You may not. Usage and costs need"),
        (400, "No", "No."),
        (400, " ", f"{refusal(' ')}."),
    ],
)
async def test_what_the_server_says_does_not_run_into_what_we_say(
    status: int, said: str, goes_on: str, sandbox: Sandbox
) -> None:
    sandbox.faults.status(status, body=refusal(said), headers={"Retry-After": "90"})
    async with client_of(sandbox) as client:
        with pytest.raises(APIStatusError) as caught:
            await client.costs(start_time=TODAY)
    assert caught.value.message.startswith(f"the API answered {status}: {goes_on}")


@pytest.mark.real_clock
def test_what_to_do_after_an_error_is_a_sentence_of_its_own(
    asked: Sandbox, terminal: Terminal
) -> None:
    asked.faults.status(422, body=refusal("Broken"), after=1)
    terminal("costs --last 20d --limit 5 --format csv", exit_code=1)
    assert (
        "answered 422: Broken. The output before that is complete. Continue with " in terminal.err
    )
    asked.faults.malformed_json(after=1)
    terminal("costs --last 20d --limit 5 --format csv", exit_code=1)
    assert "'. The output before that is complete. Continue with " in terminal.err


# ---------------------------------------------------------------- whose key it is


@pytest.mark.real_clock
def test_the_doctor_says_whose_key_it_is(asked: Sandbox, terminal: Terminal) -> None:
    whose = asked._organization.id
    assert whose.startswith("org-")
    for command in ("doctor", "doctor --sandbox"):
        says = lines(terminal(command))["key"][1]
        assert ". It belongs to the organization org-" in says
    assert lines(terminal("doctor"))["key"][1].endswith(f"the organization {whose}.")
    asked.scopes.clear()  # the key is known all the same
    assert lines(terminal("doctor", exit_code=1))["key"][1].endswith(f"organization {whose}.")


@pytest.mark.real_clock
def test_the_doctor_does_not_say_whose_key_a_wrong_one_is(
    asked: Sandbox, terminal: Terminal
) -> None:
    asked.faults.status(401, headers={"openai-organization": "org-asked-for"}, times=1_000)
    assert "belongs" not in terminal("doctor", exit_code=1)


@pytest.mark.real_clock
def test_where_the_api_does_not_say_it_nothing_is_said(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with made_up_api({"costs": [cost("1")]}) as url:
        monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-x")
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        assert lines(terminal("doctor"))["key"] == ("✓", "sk-admin-… is an admin key")


@pytest.mark.real_clock
async def test_whose_key_it_is_comes_from_outside_and_never_quotes_the_key() -> None:
    key = "sk-admin-s3cr3t"
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 28\r\nConnection: close\r\n"
        b"openai-organization: a\xc2\x9b31m\xff" + f" {key} {'x' * 3_000}".encode() + b"\r\n\r\n"
        b'{"data":[],"has_more":false}'
    )
    async with raw_server(answer) as url, AsyncUsageClient(key, base_url=url) as client:
        await client.costs(start_time=TODAY)
        whose = client._transport.organization
    assert whose is not None
    assert whose.startswith("a\x9b31m\udcff [the admin key] xxx")
    assert len(whose) == 200


async def test_every_answer_of_the_sandbox_names_its_organization(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    assert client._transport.organization is None
    await client.costs(start_time=TODAY)
    assert client._transport.organization == sandbox._organization.id
    sandbox.faults.status(200, body='{"data":[],"has_more":false}')
    async with client_of(sandbox) as other:
        await other.costs(start_time=TODAY)
        assert other._transport.organization == sandbox._organization.id
        sandbox.faults.status(400, headers={"openai-organization": "org-other"}, body=refusal("No"))
        with pytest.raises(APIStatusError):
            await other.costs(start_time=TODAY)
        assert other._transport.organization == "org-other"
