"""The README, run: every block of Python and every command, and the table held to the rows."""

import re
import shlex
import sys
from pathlib import Path

import duckdb  # noqa: F401 - can be loaded once only, and pytester would have it forgotten
import pandas as pd  # noqa: F401 - likewise
import pytest
import vl_convert  # noqa: F401 - likewise
from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser

from openai_usage.cli.app import run
from openai_usage.sandbox import Sandbox
from tests.support.readme_table import README, written

pytestmark = pytest.mark.real_clock
pytest_plugins = ["pytester"]


def blocks(language: str) -> list[object]:
    """The blocks of the README in one language, to be passed to a test each."""

    def keep(example: Example) -> None:
        raise AssertionError(example)

    document = Document.parse(str(README), CodeBlockParser(language, keep))
    return [
        pytest.param(str(example.parsed), id=f"line {example.line}")
        for example in document.examples()
    ]


@pytest.mark.parametrize("code", blocks("python"))
def test_python(
    code: str,
    usage_sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    pytester: pytest.Pytester,
) -> None:
    if "def test_" in code:
        pytester.makepyfile(code)
        pytester.runpytest_subprocess("-p", "no:asyncio").assert_outcomes(passed=1)
        return
    monkeypatch.setenv("OPENAI_ADMIN_KEY", usage_sandbox.admin_api_key)
    monkeypatch.setenv("OPENAI_BASE_URL", usage_sandbox.base_url)
    if "set_tracer_provider" in code:  # for a whole process, and for good
        done = pytester.run(sys.executable, "-W", "error", "-c", code)
        assert (done.ret, done.stderr.lines) == (0, [])
        done.stdout.fnmatch_lines('*"name": "openai_usage.walk costs"*')
    else:
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert usage_sandbox.requests or not ("asyncio.run" in code or "with UsageClient" in code)


@pytest.mark.parametrize("lines", blocks("sh"))
def test_commands(
    lines: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # where those that write may write
    for line in lines.splitlines():
        for command in line.split("&&"):
            program, *words = shlex.split(command)
            assert program in ("openai-usage", "pip", "nox")
            if program == "openai-usage":
                assert run(words) == 0
                written = Path(words[words.index("-o") + 1]) if "-o" in words else None
                assert written.stat().st_size if written else capsys.readouterr().out


def test_the_table_is_that_of_the_rows() -> None:
    readme = README.read_text()
    assert readme == written(readme), "run `python -m tests.support.readme_table`"


def test_the_facts_about_the_officials_version_are_about_the_one_installed() -> None:
    import openai

    # What the benchmark was run with, its table says.
    readme = re.sub(
        r"<!-- benchmark.*end of benchmark -->", "", README.read_text(), flags=re.DOTALL
    )
    assert set(re.findall(r"3\.\d+\.\d+(?=[,. ])", readme)) == {openai.__version__}
    assert Path(README.parent, "CHANGELOG.md").exists()
