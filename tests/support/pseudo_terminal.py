"""Runs a command as people do: on a terminal, which shows stdout and stderr."""

import os
import pty
import subprocess
from collections.abc import Mapping
from contextlib import suppress

from tests.support.terminal import COMMAND


def on_a_terminal(*words: str, env: Mapping[str, str], command: str = COMMAND) -> tuple[int, str]:
    """The exit code of a command, and all that the terminal got, which shows no colours."""
    ours, its = pty.openpty()
    with subprocess.Popen(
        [command, *words],
        stdout=its,
        stderr=its,
        env={**os.environ, "TERM": "dumb", "COLUMNS": "120", **env},
    ) as process:
        os.close(its)
        seen = b""
        with suppress(OSError):  # so a terminal says on Linux that nobody writes to it any more
            while piece := os.read(ours, 65_536):
                seen += piece
        os.close(ours)
    return process.returncode, seen.decode()
