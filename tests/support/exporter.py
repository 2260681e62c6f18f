"""`openai-usage exporter` as a process."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.terminal import COMMAND


@contextmanager
def exporter(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """An exporter that runs on a free port, and its URL."""
    words = [*options] if "--every" in options else [*options, "--every", "1s"]
    if "--port" in words:
        del words[words.index("--port") : words.index("--port") + 2]
    command = [COMMAND, "exporter", *words, "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.fullmatch(
                r"openai-usage: serving (http://\S+)/metrics until Ctrl-C\.\n", line
            )
            assert found, line
            yield process, found[1]
        finally:
            process.kill()
