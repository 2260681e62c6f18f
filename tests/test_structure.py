"""The shape of the package: what is public, who may import whom, and what is loaded at import."""

import ast
import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import openai_usage

PACKAGE = Path(openai_usage.__file__).parent

PUBLIC_ROOMS = {"analysis", "cli", "integrations", "report", "sandbox", "schema", "sync"}
"""Folders without an underscore; import-linter holds who imports whom, see pyproject.toml."""


def test_files_without_an_underscore_are_the_public_ones() -> None:
    files = {path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("_")}
    modules = {getattr(openai_usage, name).__module__ for name in openai_usage.__all__[:-3]}
    public = {name.split(".")[1] for name in modules if name.startswith("openai_usage.")}
    assert files == (public - PUBLIC_ROOMS) | {"arrow", "pytest_plugin"}
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert {room for room in rooms if not room.startswith("_")} == PUBLIC_ROOMS


def test_no_file_is_named_for_odds_and_ends() -> None:
    stems = {path.stem.strip("_") for path in PACKAGE.rglob("*.py")}
    assert not stems & {"common", "helpers", "misc", "util", "utils"}


def test_what_is_public_is_there_and_documented() -> None:
    assert openai_usage.__all__ == sorted(openai_usage.__all__)
    for name in openai_usage.__all__:
        value = getattr(openai_usage, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, name
    # What else is there are the modules themselves.
    others = {name for name in vars(openai_usage) if not name.startswith("_")}
    others -= {*openai_usage.__all__, "TYPE_CHECKING"}
    assert all(inspect.ismodule(getattr(openai_usage, name)) for name in others)


def test_what_is_not_there_is_said() -> None:
    missing = "Client"
    with pytest.raises(AttributeError, match="module 'openai_usage' has no attribute 'Client'"):
        getattr(openai_usage, missing)


def test_every_public_name_comes_from_the_file_that_checkers_are_told() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    documented = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module != "importlib"
        for alias in node.names
        if alias.name != "TYPE_CHECKING"
    }
    assert sorted(documented) == openai_usage.__all__
    for name, file in documented.items():
        value = getattr(openai_usage, name)
        assert value is getattr(import_module(str(file)), name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__module__ == file


@pytest.mark.parametrize(
    "program",
    [
        "import openai_usage; openai_usage.errors.UsageError",
        "import openai_usage; openai_usage.schema, openai_usage.names, openai_usage.blocking",
        "from openai_usage import errors, gaps; gaps.Gap",
        "from openai_usage import *; UsageClient, CostsResult, days_ago, __version__",
        "import openai_usage; assert {*openai_usage.__all__, 'errors'} <= {*dir(openai_usage)}",
    ],
)
def test_what_is_loaded_later_looks_as_if_it_were_there(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


DIRECTIVES = set("aAwdbBmyYHIpMSfzZjUWcxX%GuV")
"""What Python documents for strftime; all else, such as `%-d` and `%e`, is up to the platform."""


def test_dates_are_written_alike_on_every_platform() -> None:
    root = Path(__file__).parent.parent
    written = {
        (path.name, directive)
        for folder in (PACKAGE, root / "tests", root / "benchmarks")
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for text in date_formats(node)
        for directive in re.findall("%(.)", text)
    }
    assert {each for each in written if each[1] not in DIRECTIVES} == set()
    assert ("_time_format.py", "B") in written


def date_formats(node: ast.AST) -> list[str]:
    """What a node of a program formats a date with, in an f-string or a call of strftime."""
    match node:
        case ast.FormattedValue(format_spec=ast.JoinedStr(values=values)):
            return [str(part.value) for part in values if isinstance(part, ast.Constant)]
        case ast.Call(func=ast.Attribute(attr="strftime"), args=[ast.Constant(value=text)]):
            return [str(text)]
        case _:
            return []


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    assert version("openai-usage-client") == openai_usage.__version__


EXTRAS = {
    *("rich", "cyclopts", "deltalake", "dlt", "duckdb", "pyarrow"),
    *("openai", "jinja2", "prometheus_client", "vl_convert"),
    *("pyspark", "xlsxwriter"),
}
LATER = {"cattrs", "stamina", "opentelemetry", "aiohttp.web"}
"""What comes with the first request, or with the sandbox."""
PARTS = {f"openai_usage.{name}" for name in ("blocking", "limits", "names", "report", "sandbox")}


@pytest.mark.parametrize(
    ("statement", "not_needed"),
    [
        ("import openai_usage", {"aiohttp", "attrs", "msgspec", "yarl", "openai_usage.client"}),
        ("import openai_usage.pytest_plugin", {"aiohttp", "attrs", "msgspec", "yarl"}),
        ("from openai_usage import UsageError", {"aiohttp", "msgspec", "yarl"}),
        ("from openai_usage import AsyncUsageClient", set[str]()),
    ],
)
def test_importing_loads_nothing_that_is_not_needed_yet(
    statement: str, not_needed: set[str]
) -> None:
    not_needed = not_needed | EXTRAS | LATER | PARTS
    program = f"import sys; {statement}; print(sorted({not_needed} & {{*sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_names_that_are_not_loaded_yet_are_listed() -> None:
    assert {*openai_usage.__all__} <= {*dir(openai_usage)}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        *("blocking", "buckets", "client", "endpoints", "errors", "gaps", "limits", "names"),
        "schema",
    ],
)
def test_public_files_are_there_after_a_plain_import(name: str) -> None:
    program = f"import openai_usage; print(openai_usage.{name}.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"openai_usage.{name}\n"
