"""A terminal for tests: runs commands in the process, and says what they printed."""

import os
import sys
from pathlib import Path

import pytest

from openai_usage.cli.app import run
from openai_usage.sandbox import Sandbox

COMMAND = str(Path(sys.executable).with_name("openai-usage"))
"""The command as a process."""


class Terminal:
    """Runs commands and says what they printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.err = ""

    def __call__(self, line: str, *, exit_code: int = 0) -> str:
        code = run(line.split())
        out, self.err = self._capsys.readouterr()
        assert code == exit_code, self.err
        return out


def asking(sandbox: Sandbox) -> dict[str, str]:
    """The environment of a process that asks *sandbox*."""
    return {
        **os.environ,
        "OPENAI_ADMIN_KEY": sandbox.admin_api_key,
        "OPENAI_BASE_URL": sandbox.base_url,
    }
