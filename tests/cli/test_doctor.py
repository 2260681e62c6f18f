"""`openai-usage doctor`: a line for each check, what to do about it, and never the key."""

import asyncio
import os
import re
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import Endpoints
from openai_usage._http.secret import Secret
from openai_usage.cli.commands.checks import Check, check_connection, check_key, mask_key
from openai_usage.cli.commands.doctor import QUICK_CLIENT, run_checks
from openai_usage.sandbox import Sandbox
from tests.support.certificates import AUTHORITY, server_context
from tests.support.clock import loop_time
from tests.support.doctor_lines import lines
from tests.support.terminal import COMMAND, Terminal, asking

NAMES = list(Endpoints.table())
SHARED = ["key", "address", "connection", "all 12 endpoints", "names"]
"""The lines if all endpoints fail alike."""

KEYS = ["sk-admin-", "sk-proj-", "sk-svcacct-", "sk-", "sess-", ""]


@pytest.fixture(autouse=True)
def _unhurried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where time is real, let the doctor have more of it than the slowest machine needs."""
    if request.node.get_closest_marker("real_clock"):
        monkeypatch.setattr("openai_usage.cli.commands.doctor.TIMEOUT", 600.0)
        monkeypatch.setattr(
            "openai_usage.cli.commands.doctor.QUICK_CLIENT", partial(QUICK_CLIENT, timeout=600.0)
        )
        monkeypatch.setattr("openai_usage.cli.commands.checks._CONNECT_TIMEOUT", 600.0)


@pytest.mark.real_clock
def test_all_is_well(asked: Sandbox, terminal: Terminal) -> None:
    for command in ("doctor", "doctor --sandbox"):
        found = lines(terminal(command))
        assert list(found) == ["key", "address", "connection", *NAMES, "names"]
        assert {mark for mark, _ in found.values()} == {"✓"}
    requests = [each for each in asked.requests if each.path.endswith(("costs", "completions"))]
    assert len(requests) == 2
    for request in requests:
        query = dict(request.query)
        assert (query["limit"], int(query["end_time"]) - int(query["start_time"])) == ("1", 86_400)
    assert len([each for each in asked.requests if "projects" not in each.path]) == 12


@pytest.mark.real_clock
def test_all_lines_are_there_when_some_fail(asked: Sandbox, terminal: Terminal) -> None:
    asked.faults.status(400, body="no such\x1b thing")
    found = lines(terminal("doctor", exit_code=1))
    assert list(found) == ["key", "address", "connection", *NAMES, "names"]
    wrong = [about for about, (mark, _) in found.items() if mark == "✗"]
    assert len(wrong) == 1
    assert "400: no such\N{REPLACEMENT CHARACTER} thing" in found[wrong[0]][1]
    assert terminal.err == ""


@pytest.mark.real_clock
def test_a_scope_that_is_missing_is_named_once(asked: Sandbox, terminal: Terminal) -> None:
    asked.scopes.clear()
    found = lines(terminal("doctor", exit_code=1))
    assert found["all 12 endpoints"][1].count("api.usage.read") == 1
    assert list(found) == SHARED
    assert found["names"][0] == "–"
    assert "api.management.read" in found["names"][1]


@pytest.mark.real_clock
def test_names_are_not_needed_to_be_well(asked: Sandbox, terminal: Terminal) -> None:
    asked.scopes.discard("api.management.read")
    found = lines(terminal("doctor"))
    assert found["names"][0] == "–"
    assert {found[name][0] for name in NAMES} == {"✓"}


@pytest.mark.real_clock
def test_a_refusal_that_names_no_scope_is_given_one(asked: Sandbox, terminal: Terminal) -> None:
    asked.faults.status(403, times=100)
    found = lines(terminal("doctor", exit_code=1))
    assert found["all 12 endpoints"][1].endswith("The scope for it is api.usage.read.")


@pytest.mark.real_clock
def test_names_that_fail_in_passing_are_not_well(asked: Sandbox, terminal: Terminal) -> None:
    asked.faults.status(503, times=100, headers={"retry-after-ms": "1"})
    found = lines(terminal("doctor", exit_code=1))
    assert "503" in found["all 12 endpoints"][1]
    assert found["names"] == ("✗", "same as all 12 endpoints")
    assert terminal.err == ""
    assert len(asked.requests) == 13


@pytest.mark.real_clock
@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
def test_a_scope_is_named_where_one_is_missing_alone(
    status: int, asked: Sandbox, terminal: Terminal
) -> None:
    asked.faults.status(status, times=100, headers={"retry-after": "59"})
    shown = terminal("doctor", exit_code=1)
    found = lines(shown)
    assert f"the API answered {status}" in found["all 12 endpoints"][1]
    assert "same as all 12 endpoints" in found["names"]
    assert "scope" not in shown


@pytest.mark.real_clock
@pytest.mark.parametrize("status", [200, 404, 502])
def test_a_web_page_is_told_from_the_api(status: int, asked: Sandbox, terminal: Terminal) -> None:
    asked.faults.status(status, body="\n <!doctype html><title>Log in</title>", times=100)
    shown = terminal("doctor", exit_code=1)
    found = lines(shown)
    assert found["all 12 endpoints"][1].startswith(
        "answers with a web page: is OPENAI_BASE_URL the address of the API, "
        "or is a proxy in between? ("
    )
    assert "Log in" in found["all 12 endpoints"][1]
    assert list(found) == SHARED
    assert "base_url" not in shown


@pytest.mark.real_clock
def test_an_address_that_leads_elsewhere_is_called_by_its_variable(
    asked: Sandbox, terminal: Terminal
) -> None:
    asked.faults.status(302, body="", times=100)
    shown = terminal("doctor", exit_code=1)
    assert "Set OPENAI_BASE_URL to the final address of the API" in shown
    assert "base_url" not in shown


@pytest.mark.real_clock
def test_connections_that_are_lost_are_told_once_however_they_were_lost(
    asked: Sandbox, terminal: Terminal
) -> None:
    for _ in range(30):  # some are asked for twice, on connections that were kept
        asked.faults.dropped_connection()
        asked.faults.reset_connection()
    found = lines(terminal("doctor", exit_code=1))
    assert found["all 12 endpoints"][1].startswith(
        "the connection was lost before the answer was complete: is OPENAI_BASE_URL the address"
    )
    assert list(found) == SHARED


# ---------------------------------------------------------------- how long it takes


async def examined(sandbox: Sandbox) -> tuple[dict[str, Check], float]:
    """What is found out of a sandbox, and how many seconds that takes."""
    began = loop_time()
    async with QUICK_CLIENT(sandbox.admin_api_key, base_url=sandbox.base_url) as client:
        found = {check.name: check for check in await run_checks(client)}
    return found, loop_time() - began


@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_that_asks_to_wait_is_not_waited_for(status: int, sandbox: Sandbox) -> None:
    sandbox.faults.status(status, times=100, headers={"retry-after": "59"})
    found, seconds = await examined(sandbox)
    assert {found[name].state for name in (*NAMES, "names")} == {"failed"}
    assert len(sandbox.requests) == 13
    assert seconds < 1


@pytest.mark.parametrize("in_body", [False, True])
async def test_a_server_that_keeps_silent_is_given_up_on_once(
    in_body: bool, sandbox: Sandbox
) -> None:
    sandbox.faults.stall(1000, in_body=in_body, times=100)
    found, seconds = await examined(sandbox)
    assert len({found[name].message for name in NAMES}) == 1
    assert found["completions"].message == (
        "does not answer in time, or not completely: "
        "is OPENAI_BASE_URL the address of the API, or is a proxy in between?"
    )
    assert found["completions"].detail == "no complete answer within 10 s."
    assert 10 <= seconds < 11


async def test_what_has_not_answered_when_time_is_up_says_so(sandbox: Sandbox) -> None:
    sandbox.faults.stall(9, times=100)  # for names, there is one list after the other
    found, seconds = await examined(sandbox)
    assert {found[name].state for name in NAMES} == {"ok"}
    assert found["names"].state == "skipped"
    assert found["names"].message == "no answer within the 15 s for all checks"
    assert 15 <= seconds < 16


async def test_endpoints_that_have_not_answered_when_time_is_up_are_not_well(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openai_usage.cli.commands.doctor.TIMEOUT", 7.0)
    sandbox.faults.stall(8, times=100)
    found, seconds = await examined(sandbox)
    assert found["connection"].state == "ok"
    assert {found[name].state for name in NAMES} == {"failed"}
    assert 7 <= seconds < 8


@pytest.mark.real_clock
@pytest.mark.parametrize(
    ("variable", "value", "about", "says"),
    [
        ("OPENAI_ADMIN_KEY", "", "key", "OPENAI_ADMIN_KEY is not set. Usage and costs need"),
        ("OPENAI_ADMIN_KEY", "sk-admin-se cret", "key", "OPENAI_ADMIN_KEY takes printable"),
        ("OPENAI_BASE_URL", "nowhere", "address", "OPENAI_BASE_URL takes an address"),
        ("OPENAI_BASE_URL", "http://a.example", "address", "would be sent unencrypted"),
        ("OPENAI_ORG_ID", "org 1", "organization", "OPENAI_ORG_ID takes printable"),
    ],
)
def test_what_cannot_be_asked_at_all_has_its_own_exit_code(
    variable: str,
    value: str,
    about: str,
    says: str,
    asked: Sandbox,
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, value)
    shown = terminal("doctor", exit_code=2)
    found = lines(shown)
    assert found[about][0] == "✗"
    assert says in found[about][1]
    assert "key" in found
    assert list(found)[-1] == "others"
    assert found["others"][0] == "–"
    assert found["others"][1].startswith("not checked: ")
    assert found["others"][1].endswith("connection, endpoints and names")
    assert asked.requests == []
    assert "cret" not in shown
    assert not re.search("base_url|admin_api_key|allow_insecure_http", shown)


@pytest.mark.real_clock
def test_a_sandbox_needs_no_key_for_that(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org 1")
    found = lines(terminal("doctor --sandbox", exit_code=2))
    assert found["organization"][0] == "✗"
    assert "OPENAI_ORG_ID takes printable" in found["organization"][1]


@pytest.mark.real_clock
def test_where_nobody_listens_nothing_is_asked(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-1")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    found = lines(terminal("doctor", exit_code=1))
    assert found["connection"] == (
        "✗",
        "TCP: no connection to 127.0.0.1:9 (Connection refused): check OPENAI_BASE_URL",
    )
    assert found["others"] == ("–", "not checked: endpoints and names")


# ---------------------------------------------------------------- the key


@pytest.mark.parametrize(
    ("key", "state", "says"),
    [
        ("sk-admin-" + "x" * 60 + "3f2a", "ok", "sk-admin-…3f2a is an admin key"),
        ("sk-admin-short", "ok", "sk-admin-… is an admin key"),
        ("sk-proj-" + "x" * 60 + "3f2a", "failed", "sk-proj-…3f2a is the key of a project"),
        ("sk-svcacct-" + "x" * 60 + "3f2a", "failed", "sk-svcacct-…3f2a is the key of a service"),
        ("sk-" + "x" * 45 + "3f2a", "failed", "sk-…3f2a is the key of a user"),
        ("sess-" + "x" * 45 + "3f2a", "failed", "sess-…3f2a is the session of a browser"),
        ("x" * 45 + "3f2a", "skipped", "…3f2a does not begin like an admin key"),
        ("hunter2", "skipped", "… does not begin like an admin key"),
        ("", "failed", "OPENAI_ADMIN_KEY is not set"),
    ],
)
def test_a_key_is_told_by_how_it_begins(key: str, state: str, says: str) -> None:
    found = check_key(Secret(key))
    assert (found.name, found.state) == ("key", state)
    assert found.message.startswith(says)


@given(kind=st.sampled_from(KEYS), own=st.text(st.characters(codec="ascii"), min_size=1))
def test_a_mask_shows_no_more_than_the_kind_and_four_characters(kind: str, own: str) -> None:
    shown = mask_key(Secret(kind + own))
    beginning, _, end = shown.partition("…")
    assert beginning in KEYS
    assert len(end) == (4 if len(kind + own) - len(beginning) >= 24 else 0)
    assert (kind + own).startswith(beginning)
    assert (kind + own).endswith(end)


@pytest.mark.real_clock
def test_a_key_of_another_kind_is_said_to_be_one(
    asked: Sandbox, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", asked.project_api_key)
    found = lines(terminal("doctor", exit_code=1))
    assert found["key"][0] == "✗"
    assert "is the key of a project" in found["key"][1]
    assert "403" in found["all 12 endpoints"][1]


@pytest.mark.slow
@pytest.mark.real_clock
@pytest.mark.parametrize("status", [200, 401, 404, 500])
def test_the_key_is_shown_nowhere_even_where_the_server_quotes_it(
    status: int, usage_sandbox: Sandbox
) -> None:
    usage_sandbox.faults.status(status, body=f"sent: {usage_sandbox.admin_api_key}", times=1000)
    done = subprocess.run(
        [COMMAND, "doctor"], capture_output=True, text=True, env=asking(usage_sandbox), check=False
    )
    assert done.returncode == 1
    assert "[the admin key]" in done.stdout
    assert usage_sandbox.admin_api_key not in done.stdout + done.stderr
    assert usage_sandbox.admin_api_key[9:-4] not in done.stdout + done.stderr


@pytest.mark.real_clock
def test_a_key_in_the_place_of_the_address_is_not_shown(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-s3cr3t")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://sk-admin-s3cr3t")
    assert "s3cr3t" not in terminal("doctor", exit_code=2)


# ---------------------------------------------------------------- the connection


def trusting_by_default(monkeypatch: pytest.MonkeyPatch, authority: trustme.CA) -> None:
    context = ssl.create_default_context

    def trusting() -> ssl.SSLContext:
        made = context()
        authority.configure_trust(made)
        return made

    monkeypatch.setattr("ssl.create_default_context", trusting)


@asynccontextmanager
async def listening(
    *, says: bytes = b"", context: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, "asyncio.Queue[bytes]"]]:
    """The `https` address of a server, and what comes over each of its connections."""
    came = asyncio.Queue[bytes]()
    at_work = set[asyncio.Task[None]]()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        at_work.add(task)
        writer.write(says)
        said = b""
        with suppress(OSError):  # the other end just goes
            said = await reader.read()
        came.put_nowait(said)
        writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context) as server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}/v1", came
        await asyncio.gather(*at_work)


@pytest.mark.real_clock
async def test_tls_is_spoken_and_nothing_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    trusting_by_default(monkeypatch, AUTHORITY)
    async with listening(context=server_context("localhost")) as (base_url, came):
        found = await check_connection(base_url)
        assert await came.get() == b""
    assert found.state == "ok"
    assert re.fullmatch(r"localhost:\d+ can be reached, over TLSv1\.[23]", found.message)


@pytest.mark.real_clock
@pytest.mark.parametrize(
    ("server", "says"),
    [
        (lambda: server_context("localhost", authority=trustme.CA()), "is not trusted"),
        (lambda: server_context("other.example"), "is not trusted (Hostname mismatch"),
        (
            lambda: server_context("localhost", not_after=datetime(2020, 1, 1, tzinfo=UTC)),
            "is not trusted (certificate has expired)",
        ),
    ],
)
async def test_a_certificate_that_is_not_trusted_is_told_apart(
    server: Callable[[], ssl.SSLContext], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusting_by_default(monkeypatch, AUTHORITY)
    async with listening(context=server()) as (base_url, _):
        found = await check_connection(base_url)
    assert found.state == "failed"
    assert found.message.startswith("TLS: the certificate of localhost")
    assert says in found.message


@pytest.mark.real_clock
async def test_what_speaks_no_tls_is_told_apart() -> None:
    async with listening(says=b"HTTP/1.1 400 No\r\n\r\n") as (base_url, _):
        found = await check_connection(base_url)
    assert found.message.startswith("TLS: the handshake with localhost")
    assert " failed (" in found.message


@pytest.mark.real_clock
async def test_a_host_without_an_address_is_told_apart() -> None:
    found = await check_connection("https://nowhere.invalid/v1")
    assert found.message.startswith("DNS: no address for nowhere.invalid")


async def test_a_port_that_is_silent_after_it_is_open_is_told_from_one_that_is_not() -> None:
    async with listening() as (base_url, _):
        found = await check_connection(base_url)
    assert re.fullmatch(
        r"TLS: localhost:\d+ accepted the connection, but sent nothing for 4 s: is it https\?",
        found.message,
    )


async def test_a_port_that_takes_no_connection_is_told_apart() -> None:
    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(8):  # of which the kernel answers one or two, and no others
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(full.getsockname())
        found = await check_connection(f"http://127.0.0.1:{full.getsockname()[1]}/v1")
    assert re.fullmatch(
        r"TCP: no connection to 127\.0\.0\.1:\d+ within 4 s: check .* firewall .*",
        found.message,
    )


async def test_a_connection_that_is_ended_instead_of_secured_is_told_apart() -> None:
    async def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        found = await check_connection(f"https://127.0.0.1:{port}/v1")
    assert found.message.startswith(f"TLS: 127.0.0.1:{port} closed the connection (")


async def test_an_error_that_has_no_number_is_told_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def several(*_: object, **__: object) -> None:
        raise OSError("Multiple exceptions: …")  # as asyncio does for a host of several addresses

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", several)
    found = await check_connection("http://localhost:1/v1")
    assert "(Multiple exceptions: …)" in found.message


@pytest.mark.slow
@pytest.mark.parametrize(("variables", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_marks_are_coloured_on_a_terminal_that_shows_colours(
    variables: dict[str, str], is_coloured: bool
) -> None:
    main, side = os.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", **variables}
    with subprocess.Popen(
        [COMMAND, "doctor", "--sandbox"], stdout=side, env=environment
    ) as process:
        os.close(side)
        shown = b""
        with suppress(OSError):  # which is how a terminal ends
            while more := os.read(main, 1000):
                shown += more
    os.close(main)
    assert process.returncode == 0
    assert shown.decode().count("✓") == 16
    assert (b"\x1b[32m" in shown) is is_coloured
