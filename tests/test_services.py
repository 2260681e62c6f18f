"""The units, containers and cluster objects in the docs: their commands work as written."""

import configparser
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from openai_usage.cli.app import run
from tests.support.readme_table import README

pytestmark = pytest.mark.real_clock

ROOT = README.parent
TEXT = (ROOT / "openai_usage/integrations/README.md").read_text("utf-8")
UNITS: list[tuple[str, str]] = re.findall(r"```ini\n# (\S+)\n(.*?)```", TEXT, flags=re.DOTALL)
OBJECTS: list[Any] = [
    yaml.safe_load(each)
    for each in re.findall(r"```yaml\n(apiVersion.*?)```", TEXT, flags=re.DOTALL)
]


def unit(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return parser


def containers() -> list[Any]:
    specs = [
        each["spec"]["jobTemplate"]["spec"] if each["kind"] == "CronJob" else each["spec"]
        for each in OBJECTS
    ]
    return [container for each in specs for container in each["template"]["spec"]["containers"]]


COMMANDS = [
    *(
        shlex.split(unit(text)["Service"]["ExecStart"])[1:]
        for name, text in UNITS
        if name.endswith(".service")
    ),
    *(each["args"] for each in containers()),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_runs(words: list[str], here: Path) -> None:
    words = [re.sub("duckdb:/.*/", "duckdb:", each) for each in words]
    match words[0]:
        case "exporter":
            assert run([*words, "--dashboard"]) == 0  # which reads all options, and serves nothing
        case "spend":
            assert run([*words, "--sandbox"]) in (0, 3, 4, 6)  # by the day
        case _:
            assert run([*words, "--sandbox"]) == 0
            assert (here / "usage.duckdb").exists()


def test_the_exporter_takes_the_options_of_the_page() -> None:
    shells = re.findall(r"```shell\n(.*?)```", TEXT, flags=re.DOTALL)
    lines = re.findall("openai-usage (exporter.*)", "".join(shells))
    assert len(lines) > 1
    for line in lines:
        assert run([*shlex.split(line), "--dashboard"]) == 0


def test_every_unit_is_complete() -> None:
    assert [name for name, _ in UNITS] == [
        "openai-usage-sync.service",
        "openai-usage-sync.timer",
        "openai-usage-check.service",
        "openai-usage-exporter.service",
    ]
    for name, text in UNITS:
        sections = unit(text)
        assert sections["Unit"]["Description"]
        if name.endswith(".service"):
            assert sections["Service"]["DynamicUser"] == "yes"
            assert sections["Service"]["EnvironmentFile"] == "/etc/openai-usage/env"


def test_no_object_has_a_key_and_none_runs_as_root() -> None:
    assert [each["kind"] for each in OBJECTS] == ["CronJob", "CronJob", "Deployment"]
    for each in containers():
        assert "env" not in each
        assert each["envFrom"] == [{"secretRef": {"name": "openai-usage"}}]
    assert "sk-" not in str(OBJECTS)
    assert TEXT.count("runAsNonRoot: true") == len(OBJECTS)


def test_the_container_has_what_the_package_needs() -> None:
    text = (ROOT / ".container/Containerfile").read_text("utf-8")
    [extras] = re.findall(r"/src\[(.*?)\]", text)
    assert {"cli", "duckdb", "prometheus"} <= {*extras.split(",")}
    assert 'ENTRYPOINT ["openai-usage"]' in text
    copied = (ROOT / ".containerignore").read_text("utf-8").split()
    assert {"!LICENSE", "!README.md", "!openai_usage", "!pyproject.toml"} <= {*copied}
