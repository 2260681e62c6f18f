"""What is said on the terminal while a walk goes on."""

import logging
import os
import pty
import re
import subprocess
import sys
from collections.abc import Sequence

import pytest

from openai_usage.cli.output.progress import ProgressTracker
from openai_usage.sandbox import Sandbox
from tests.support.terminal import COMMAND, asking

pytestmark = pytest.mark.real_clock


def retry(**facts: object) -> logging.LogRecord:
    return logging.makeLogRecord({"levelno": logging.WARNING, "msg": "a gap"} | facts)


def test_a_watch_counts_retries_and_says_what_is_waited_for() -> None:
    watch = ProgressTracker()
    assert str(watch) == "0 of 0 windows · 0 buckets"
    watch.handle(retry(wait=11.9, status=429))
    assert str(watch) == "0 of 0 windows · 0 buckets · 1 retry · rate limited, 12 s"
    watch.handle(retry(wait=0.0, status=503))
    assert str(watch) == "0 of 0 windows · 0 buckets · 2 retries"
    watch.handle(retry(wait=2.9, status=None))
    assert str(watch) == "0 of 0 windows · 0 buckets · 3 retries · failed, 3 s"


def test_a_watch_passes_on_what_is_no_retry(capsys: pytest.CaptureFixture[str]) -> None:
    ProgressTracker().handle(retry())
    assert capsys.readouterr().err == "openai-usage: a gap\n"


PATIENT = (
    sys.executable,
    "-c",
    """if True:
        from openai_usage.cli import main
        from openai_usage.cli.output import progress

        progress._DELAY = 3600
        main()
    """,
)
"""The command on a machine of any speed: nothing takes long."""


def seen_on_a_terminal(sandbox: Sandbox, *options: str, command: Sequence[str] = (COMMAND,)) -> str:
    """What a command writes to the terminal that stderr is."""
    ours, its = pty.openpty()
    with subprocess.Popen(
        [*command, "costs", "--last", "10d", "--limit", "2", *options],
        stdout=subprocess.PIPE,
        stderr=its,
        env=asking(sandbox) | {"TERM": "xterm", "COLUMNS": "80"},
    ) as process:
        os.close(its)
        seen = b""
        try:
            while piece := os.read(ours, 1000):
                seen += piece
        except OSError:
            pass  # so a terminal says on Linux that nobody writes to it any more
        os.close(ours)
        process.communicate()
    assert process.returncode == 0
    return seen.decode()


def test_what_takes_long_is_shown_with_its_waits(usage_sandbox: Sandbox) -> None:
    usage_sandbox.faults.status(429, headers={"Retry-After": "2"}, after=2)
    seen = seen_on_a_terminal(usage_sandbox)
    assert re.search(r"2 of 6 windows · 4 buckets · 1 retry · rate limited, [12] s", seen)
    assert "failed, retry" not in seen  # the bar says it


def test_what_is_done_at_once_shows_nothing(usage_sandbox: Sandbox) -> None:
    assert seen_on_a_terminal(usage_sandbox, command=PATIENT) == ""
