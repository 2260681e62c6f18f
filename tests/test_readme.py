"""Run every block of every README, and hold its tables, links and pictures to what they show."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from textwrap import indent
from xml.etree import ElementTree as ET

import pytest
from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser

from openai_usage.cli.app import run
from openai_usage.sandbox import Sandbox
from tests.support.pictures import MOST_BYTES, REPORT, SPEND, fixed_now, spend_lines
from tests.support.readme_table import CLIENT_README, README, written
from tests.support.terminal import COMMAND, Terminal

pytestmark = pytest.mark.real_clock

ROOT = README.parent
DOCUMENTS = [
    README,
    *(ROOT / folder / "README.md" for folder in (".deploy", "benchmarks", "tests")),
    *sorted((ROOT / "openai_usage").rglob("README.md")),
]


[BUDGETS], [ORGANIZATIONS] = (
    re.findall(r"```toml\n(.*?)```", path.read_text(), flags=re.DOTALL)
    for path in (ROOT / "openai_usage/analysis/README.md", CLIENT_README)
)
"""The files of budgets and of organizations that blocks read."""


def blocks(language: str) -> list[object]:
    """Return the blocks of all documents in one language, to be passed to a test each.

    Those for Spark are left to `tests/integrations/spark`.
    """

    def keep(example: Example) -> None:
        raise AssertionError(example)

    return [
        pytest.param(str(example.parsed), id=f"{path.relative_to(ROOT)} line {example.line}")
        for path in DOCUMENTS
        for example in Document.parse(str(path), CodeBlockParser(language, keep)).examples()
        if "spark." not in str(example.parsed)
    ]


[BEGINNING, *_] = re.findall(
    r"```python\n(.*?)```", (ROOT / "openai_usage/analysis/README.md").read_text(), flags=re.DOTALL
)
"""The lines with which blocks of the cookbook begin."""


@pytest.mark.slow
@pytest.mark.parametrize("code", blocks("python"))
def test_python(code: str, asked: Sandbox, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "budgets.toml").write_text(BUDGETS)
    write_organizations(asked, here, monkeypatch)
    if "client." in code and "Client(" not in code:
        code = f"{BEGINNING}\nwith client:\n{indent(code, '    ')}"
    if "duckdb.connect" in code or "SyncedClient" in code:
        assert run(["sync", "--to", "duckdb:usage.duckdb", "--last", "9d"]) == 0
    if "def test_" in code:
        (here / "test_block.py").write_text(code)
        assert "1 passed" in printed_by("-m", "pytest", "-p", "no:asyncio")
    elif "set_tracer_provider" in code:  # for a whole process, and for good
        assert '"name": "openai_usage.iterate costs"' in printed_by("-W", "error", "-c", code)
    else:
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    asks = ("asyncio.run(main())", "with UsageClient()", "with client:")
    assert asked.requests or not any(each in code for each in asks)


def write_organizations(asked: Sandbox, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the file of organizations, whose keys are those of the sandbox."""
    (here / "organizations.toml").write_text(ORGANIZATIONS)
    (here / "globex.key").write_text(asked.admin_api_key)
    monkeypatch.setenv("ACME_ADMIN_KEY", asked.admin_api_key)


def printed_by(*arguments: str) -> str:
    """Return what a Python process prints, which must not complain."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("lines", blocks("sh"))
def test_commands(
    lines: str,
    capsys: pytest.CaptureFixture[str],
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    (here / "budgets.toml").write_text(BUDGETS)
    if "--organizations" in lines:
        write_organizations(request.getfixturevalue("asked"), here, monkeypatch)
    for line in lines.splitlines():
        for command in line.split("&&"):
            program, *words = shlex.split(command)
            assert program in (".", "cd", "git", "nox", "openai-usage", "pip", "python3")
            if program == "openai-usage":
                assert run(words) == 0
                written = here / words[words.index("-o") + 1] if "-o" in words else None
                assert written.stat().st_size if written else capsys.readouterr().out


@pytest.mark.parametrize("block", blocks("console"))
def test_output(block: str, terminal: Terminal) -> None:
    command, _, shown = block.partition("\n")
    program = "$ openai-usage "
    assert command.startswith(program)
    with fixed_now():
        assert terminal(command.removeprefix(program)).strip() == shown.strip()


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [each for each in DOCUMENTS if "```bash" in each.read_text()],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_the_sandbox_of_a_shell_starts_and_stops(path: Path) -> None:
    start, stop = re.findall(r"```bash\n(.*?)```", path.read_text(), flags=re.DOTALL)
    script = f"""set -eu
        {start}
        openai-usage costs --last 1d --format csv | grep -c usd
        {stop}
        test -z "${{OPENAI_ADMIN_KEY-}}${{OPENAI_BASE_URL-}}" """
    programs = f"{Path(COMMAND).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "PATH": programs},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= 250


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\((?!https?://)([^)]+)\)", path.read_text()):
        file, _, section = link.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), link
        if section:
            assert section in anchors(target), link


@pytest.mark.parametrize("path", DOCUMENTS[1:], ids=lambda path: str(path.relative_to(ROOT)))
def test_contents_list_every_section(path: Path) -> None:
    text = path.read_text()
    listed = re.findall(r"^- \[(.*)\]\(#.*\)$", text, flags=re.MULTILINE)
    assert listed == re.findall(r"^## (.*)$", text, flags=re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document's sections, as hosts of repositories make them."""
    titles = re.findall(r"^#+ (.*)$", path.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_pictures_are_small_and_shown() -> None:
    for picture in (SPEND, REPORT):
        assert picture.stat().st_size < MOST_BYTES
        assert f"]({picture.relative_to(ROOT)})" in README.read_text()


def test_the_picture_of_spend_is_what_it_shows() -> None:
    drawn = "".join(ET.parse(SPEND).getroot().itertext())
    shown = "".join("".join(line.plain.split()) for line in spend_lines())
    assert "".join(drawn.split()).endswith(shown), "run `nox -s pictures`"


def test_the_table_is_that_of_the_rows() -> None:
    readme = CLIENT_README.read_text()
    assert readme == written(readme), "run `python -m tests.support.readme_table`"


def test_the_facts_about_the_officials_version_are_about_the_one_installed() -> None:
    import openai

    assert set(re.findall(r"3\.\d+\.\d+(?=[,:. ])", README.read_text())) == {openai.__version__}
    assert (ROOT / "CHANGELOG.md").exists()
