"""The units, containers and cluster objects in the docs: their commands work as written."""

import configparser
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from openai_usage.cli.app import run
from tests.support.exporter import exporter
from tests.support.readme_table import README

pytestmark = pytest.mark.real_clock

ROOT = README.parent
DEPLOY = ROOT / ".deploy"
PAGES = [DEPLOY / "README.md", ROOT / "openai_usage/integrations/prometheus/README.md"]
UNITS = {path.name: path.read_text("utf-8") for path in sorted(DEPLOY.glob("systemd/*"))}
OBJECTS: list[Any] = [
    each
    for path in sorted(DEPLOY.glob("kubernetes/*.yaml"))
    for each in yaml.safe_load_all(path.read_text("utf-8"))
]


def unit(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return parser


def containers() -> list[Any]:
    specs = [
        each["spec"]["jobTemplate"]["spec"] if each["kind"] == "CronJob" else each["spec"]
        for each in OBJECTS
        if each["kind"] != "Service"
    ]
    return [container for each in specs for container in each["template"]["spec"]["containers"]]


COMMANDS = [
    *(
        shlex.split(unit(text)["Service"]["ExecStart"])[1:]
        for name, text in UNITS.items()
        if name.endswith(".service")
    ),
    *(each["args"] for each in containers()),
]


@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_runs(words: list[str], here: Path) -> None:
    words = [re.sub("duckdb:/.*/", "duckdb:", each) for each in words]
    match words[0]:
        case "exporter":
            with exporter(*words[1:], "--sandbox") as (process, _):
                process.terminate()
                assert process.wait(60) == 0
        case "spend":
            assert run([*words, "--sandbox"]) in (0, 3, 4, 6)  # by the day
        case _:
            assert run([*words, "--sandbox"]) == 0
            assert (here / "usage.duckdb").exists()


@pytest.mark.slow
def test_the_exporter_takes_the_options_of_the_page() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    shells = re.findall(r"```shell\n(.*?)```", text, flags=re.DOTALL)
    lines = re.findall(r"openai-usage\S* (exporter[^>\n]*)", "".join(shells))
    assert len(lines) > 1
    for line in lines:
        if "--dashboard" in line or "--rules" in line:
            continue
        with exporter(*shlex.split(line)[1:], "--sandbox") as (process, _):
            process.terminate()
            assert process.wait(60) == 0


def test_every_unit_is_complete() -> None:
    assert [*UNITS] == [
        "openai-usage-check.service",
        "openai-usage-check.timer",
        "openai-usage-exporter.service",
        "openai-usage-sync.service",
        "openai-usage-sync.timer",
    ]
    for name, text in UNITS.items():
        sections = unit(text)
        assert sections["Unit"]["Description"]
        if name.endswith(".service"):
            assert sections["Service"]["DynamicUser"] == "yes"
            assert sections["Service"]["EnvironmentFile"] == "/etc/openai-usage/env"
        else:
            assert name.replace(".timer", ".service") in UNITS
            assert sections["Install"]["WantedBy"] == "timers.target"


def test_no_object_has_a_key_and_none_runs_as_root() -> None:
    kinds = [each["kind"] for each in OBJECTS]
    assert sorted(kinds) == ["CronJob", "CronJob", "Deployment", "Service"]
    for each in containers():
        assert "env" not in each
        assert each["envFrom"] == [{"secretRef": {"name": "openai-usage"}}]
    assert "sk-" not in str(OBJECTS)
    assert str(OBJECTS).count("'runAsNonRoot': True") == len(containers()) == 3


def test_the_container_has_what_the_package_needs() -> None:
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    [extras] = re.findall(r"/src\[(.*?)\]", text)
    assert {"cli", "duckdb", "prometheus"} <= {*extras.split(",")}
    assert 'ENTRYPOINT ["openai-usage"]' in text
    copied = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert {"!LICENSE", "!README.md", "!openai_usage", "!pyproject.toml"} <= {*copied}
