"""What is said on the terminal while an iteration goes on."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from openai_usage import APIConnectionError, APIError, RateLimitError, Retry
from openai_usage.cli.output.progress import ProgressTracker
from openai_usage.sandbox import Sandbox
from tests.support.terminal import COMMAND, asking

pytestmark = pytest.mark.real_clock


def retry(wait: float, error: APIError) -> Retry:
    return Retry(path="organization/costs", number=1, wait=wait, error=error)


def test_a_tracker_counts_retries_and_says_how_long_they_wait() -> None:
    tracker = ProgressTracker()
    assert str(tracker) == "0 of 0 windows · 0 buckets"
    tracker.count_retry(retry(11.9, RateLimitError("no", status_code=429)))
    assert str(tracker) == "0 of 0 windows · 0 buckets · 1 retry · rate limited, 12 s"
    tracker.count_retry(retry(0.0, APIConnectionError("no")))
    assert str(tracker) == "0 of 0 windows · 0 buckets · 2 retries"
    tracker.count_retry(retry(2.9, APIConnectionError("no")))
    assert str(tracker) == "0 of 0 windows · 0 buckets · 3 retries · failed, 3 s"


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


COSTS = ("costs", "--last", "10d", "--limit", "2")


def seen_on_a_terminal(
    sandbox: Sandbox,
    *words: str,
    command: Sequence[str] = (COMMAND,),
    folder: Path | None = None,
    term: str = "xterm",
) -> str:
    """What a command writes to the terminal that stderr is."""
    ours, its = pty.openpty()
    with subprocess.Popen(
        [*command, *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=its,
        env=asking(sandbox) | {"TERM": term, "COLUMNS": "80"},
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


@pytest.mark.slow
def test_what_takes_long_is_shown_with_its_waits(usage_sandbox: Sandbox) -> None:
    usage_sandbox.faults.status(429, headers={"Retry-After": "2"}, after=2)
    seen = seen_on_a_terminal(usage_sandbox, *COSTS)
    assert re.search(r"2 of 6 windows · 4 buckets · 1 retry · rate limited, [12] s", seen)
    assert "failed, retry" not in seen  # the bar says it


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("report --last 2d -o report.html", "costs and usage"),
        ("spend --format json", "costs"),
        ("prices --last 2d --format json", "costs"),
    ],
)
def test_what_has_no_windows_says_what_is_read(
    words: str, what: str, usage_sandbox: Sandbox, tmp_path: Path
) -> None:
    usage_sandbox.faults.status(429, headers={"Retry-After": "2"})
    seen = seen_on_a_terminal(usage_sandbox, *words.split(), folder=tmp_path)
    assert re.search(rf"reading {what} · 1 retry · rate limited, [12] s", seen)


@pytest.mark.parametrize("words", [COSTS, ("spend", "--format", "json")])
def test_a_simple_terminal_has_a_line_for_each_retry(
    words: Sequence[str], usage_sandbox: Sandbox
) -> None:
    usage_sandbox.faults.status(429, headers={"Retry-After-Ms": "1"})
    seen = seen_on_a_terminal(usage_sandbox, *words, term="dumb")
    assert re.fullmatch(r"openai-usage: [^\n]*retry 1 in 0\.0\d* s[^\n]*\n", seen)


def test_what_is_done_at_once_shows_nothing(usage_sandbox: Sandbox) -> None:
    assert seen_on_a_terminal(usage_sandbox, *COSTS, command=PATIENT) == ""
