"""`openai-usage sandbox`: a server for other programs, as a process, and how it ends."""

import asyncio
import json
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from openai_usage import AsyncUsageClient, RateLimitError
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, TODAY
from tests.support.terminal import COMMAND, Terminal

pytestmark = [pytest.mark.real_clock, pytest.mark.slow]


@contextmanager
def served(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A sandbox that runs, and the variables that it printed."""
    with subprocess.Popen(
        [COMMAND, "sandbox", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            printed = process.stdout.read()  # it ends, although the server does not
            assert process.poll() is None
            yield process, variables(printed)
        finally:
            process.kill()


def variables(printed: str) -> dict[str, str]:
    lines = [shlex.split(line) for line in printed.splitlines()]
    assert {line[0] for line in lines} == {"export"}
    names = dict(line[1].split("=", 1) for line in lines)
    assert set(names) == {"OPENAI_ADMIN_KEY", "OPENAI_BASE_URL", "OPENAI_USAGE_SANDBOX_PID"}
    return names


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_printed_to_stop(end: signal.Signals, terminal: Terminal) -> None:
    with served() as (process, printed):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in printed.items():
                patch.setenv(name, value)
            assert terminal("costs --last 3d --format jsonl")
        assert int(printed["OPENAI_USAGE_SANDBOX_PID"]) == process.pid
        process.send_signal(end)
        assert process.wait(120) == 0
        assert process.stderr is not None
        assert process.stderr.read() == (
            "openai-usage: serving a synthetic organization at "
            f"{printed['OPENAI_BASE_URL']} until Ctrl-C.\n"
        )


def test_its_options_are_those_of_the_sandbox() -> None:
    options = ("--seed", "7", "--now", str(NOW), "--amounts", "string")

    async def ask(printed: dict[str, str]) -> list[str]:
        async with AsyncUsageClient(
            printed["OPENAI_ADMIN_KEY"], base_url=printed["OPENAI_BASE_URL"], max_retries=0
        ) as client:
            costs = client.costs(start_time=TODAY, end_time=TODAY + 2 * DAY)
            bodies = [body.decode() async for body in costs.raw_pages()]
            said: list[object] = []
            while not any(isinstance(each, RateLimitError) for each in said):
                # On a slow machine even two at once can come more than a second apart.
                asking = [costs.collect() for _ in range(9)]
                said = [*await asyncio.gather(*asking, return_exceptions=True)]
            return bodies

    with served(*options, "--requests-per-second", "1") as (_, printed):
        [body] = asyncio.run(ask(printed))
    assert printed["OPENAI_ADMIN_KEY"] == Sandbox(7).admin_api_key
    assert '"value":"' in body
    assert len(json.loads(body)["data"]) == 1  # up to the sandbox's now


def test_a_shell_can_evaluate_what_it_prints() -> None:
    line = (
        f'eval "$({COMMAND} sandbox &)"; {COMMAND} costs --last 1d --format jsonl; '
        "kill $OPENAI_USAGE_SANDBOX_PID"
    )
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 2


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with served() as (_, printed):
        port = re.findall(r":(\d+)/", printed["OPENAI_BASE_URL"])[0]
        done = subprocess.run(
            [COMMAND, "sandbox", "--port", port], capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"openai-usage: cannot listen on port {port}: Address already in use. "
        "Use --port 0 for a free one.\n"
    )


def test_it_listens_where_it_is_printed_to() -> None:
    with served() as (process, printed):
        port = printed["OPENAI_BASE_URL"].split(":")[2].removesuffix("/v1")
        process.terminate()
        process.wait(120)
    with served("--port", port) as (_, printed_again):
        assert printed_again["OPENAI_BASE_URL"] == printed["OPENAI_BASE_URL"]


def test_on_a_terminal_its_output_stays() -> None:
    main, side = os.openpty()
    with subprocess.Popen(
        [COMMAND, "sandbox"], stdout=side, stderr=subprocess.PIPE, text=True
    ) as process:
        os.close(side)
        assert process.stderr is not None
        assert "until Ctrl-C" in process.stderr.readline()
        printed = ""
        while len(printed.splitlines()) < 3:
            printed += os.read(main, 10_000).decode()
        process.terminate()
        assert process.wait(120) == 0
    os.close(main)
    assert variables(printed)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--port 65536", "--port"),
        ("--port -1", "--port"),
        ("--requests-per-second 0", "--requests-per-second"),
        ("--now yesterday", "--now takes 2025-12-06"),
        ("--amounts words", "--amounts"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: str, says: str, terminal: Terminal) -> None:
    assert terminal(f"sandbox {options}", exit_code=2) == ""
    assert says in terminal.err
    assert terminal.err.count("\n") == 1
