"""A Prometheus of its own, on a free port, that scrapes one address ten times a second."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from attrs import frozen

_CONFIG = """
global: {{scrape_interval: 100ms, evaluation_interval: 100ms}}
rule_files: [{rules}]
scrape_configs:
  - job_name: openai-usage
    static_configs: [{{targets: ['{target}']}}]
"""


@frozen
class Prometheus:
    """A Prometheus that runs."""

    url: str

    def answer(self, path: str, **params: str) -> Any:
        """What it answers to a request of its API."""
        with urlopen(f"{self.url}/api/v1/{path}?{urlencode(params)}", timeout=60) as answer:
            found = json.load(answer)
        assert found["status"] == "success"
        return found["data"]

    def query(self, expression: str) -> list[tuple[Mapping[str, str], float]]:
        """The samples that an expression gives now."""
        found = self.answer("query", query=expression)
        assert found["resultType"] == "vector"
        return [(each["metric"], float(each["value"][1])) for each in found["result"]]

    def value(self, expression: str) -> float | None:
        """The only sample of an expression, or None."""
        samples = self.query(expression)
        assert len(samples) < 2, samples
        return samples[0][1] if samples else None

    def alerts(self) -> Sequence[str]:
        """The names of the alerts that fire or are about to."""
        return [each["labels"]["alertname"] for each in self.answer("alerts")["alerts"]]


@contextmanager
def prometheus(target: str, rules: Path) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes *target*, a host and a port, and evaluates *rules*."""
    with TemporaryDirectory(prefix="prometheus-") as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        free.close()
        config = Path(folder, "prometheus.yml")
        config.write_text(_CONFIG.format(rules=json.dumps(str(rules)), target=target))
        command = [
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={address}",
        ]
        with Path(folder, "log").open("w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            server = Prometheus(f"http://{address}")
            until(lambda: _is_ready(server.url))
            yield server
        finally:
            process.terminate()
            process.wait()


def until(condition: Any, seconds: float = 60) -> None:
    """Wait until *condition* holds. It belongs to another process, which cannot tell."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_ready(url: str) -> bool:
    with suppress(URLError, ConnectionError), urlopen(f"{url}/-/ready", timeout=60) as answer:
        return bool(answer.status == 200)
    return False
