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

ORDER = [
    "_version",
    "_secret",
    "_shown",
    "_sums",
    "_digits",
    "_generators",
    "_spreadsheets",
    "errors",
    "times",
    "_checks",
    "range_query",
    "queries",
    "_value",
    "results",
    "_columns",
    "endpoints",
    "plans",
    "gaps",
    "_continuity",
    "_missing",
    "names",
    "_reckonable",
    "_exact",
    "_duplicates",
    "_codec",
    "_retry",
    "_responses",
    "_pace",
    "_gate",
    "_environment",
    "_options",
    "_telemetry",
    "_transport",
    "_walk",
    "integrations.__init__",
    "integrations._arrow_types",
    "integrations.arrow",
    "_paging",
    "_directory",
    "client",
    "_background",
    "blocking",
    "__init__",
    "sandbox.rhythm",
    "sandbox.habits",
    "sandbox.organization",
    "sandbox.ledger",
    "sandbox.refusals",
    "sandbox.parameters",
    "sandbox.cursors",
    "sandbox.directory",
    "sandbox.api",
    "sandbox.spoiling",
    "sandbox.faults",
    "sandbox.rate_limit",
    "sandbox.server",
    "sandbox.__init__",
    "pytest_plugin",
    "report.units",
    "report.sums",
    "report.figures",
    "report.fetch",
    "report.panels",
    "report.spend",
    "report.usage",
    "report.tables",
    "report.charts",
    "report.page",
    "report.__init__",
    "cli.flags",
    "cli.messages",
    "cli.ranges",
    "cli.connection",
    "cli.wording",
    "cli.whole_file",
    "cli.naming",
    "cli.rows",
    "cli.figures",
    "cli.printing",
    "cli.summary",
    "cli.table",
    "cli.parquet",
    "cli.formats",
    "cli.output",
    "cli.progress",
    "cli.ask",
    "cli.spending",
    "cli.budget",
    "cli.spend_table",
    "cli.spend",
    "cli.endpoints",
    "cli.sandbox",
    "cli.checks",
    "cli.doctor",
    "cli.report",
    "cli.app",
    "cli.__init__",
    "__main__",
]
"""A file imports only from files before it, which is also a good order to read them in."""


def imports(name: str, *, typing_only: bool = False) -> set[str]:
    """The modules that a file imports, without those under `if TYPE_CHECKING`, or only those."""
    tree = ast.parse((PACKAGE / f"{name.replace('.', '/')}.py").read_text())
    guarded = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    found = set()
    for node in ast.walk(tree):
        if (node in guarded) is not typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports say where from"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(
                    inner if inner.removeprefix("openai_usage.") in ORDER else str(node.module)
                )
    return found


def ours(names: set[str]) -> set[str]:
    """Those of *names* that are files of this package, as in `ORDER`."""
    short = {
        name.removeprefix("openai_usage").removeprefix(".")
        for name in names
        if name.startswith("openai_usage")
    }
    files = {name or "__init__" for name in short}
    return {each if each in ORDER else f"{each}.__init__" for each in files} & set(ORDER)


def test_every_file_has_its_place() -> None:
    files = {
        str(path.relative_to(PACKAGE).with_suffix("")).replace("/", ".")
        for path in PACKAGE.rglob("*.py")
    }
    assert files == set(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_a_file_imports_only_from_files_before_it(name: str) -> None:
    before = set(ORDER[: ORDER.index(name)])
    assert ours(imports(name)) <= before


def test_one_file_alone_looks_the_other_way_for_its_types() -> None:
    looking = {
        name: ours(imports(name, typing_only=True)) - set(ORDER[: ORDER.index(name)])
        for name in ORDER
    }
    assert {name: seen for name, seen in looking.items() if seen} == {
        "endpoints": {"_paging", "blocking", "client"}
    }


def test_aiohttp_is_known_to_the_transport_and_the_sandbox_alone() -> None:
    knowing = {
        name for name in ORDER if any(each.partition(".")[0] == "aiohttp" for each in imports(name))
    }
    assert {name for name in knowing if not name.startswith("sandbox.")} == {"_transport"}


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
    told = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module != "importlib"
        for alias in node.names
        if alias.name != "TYPE_CHECKING"
    }
    assert sorted(told) == openai_usage.__all__
    for name, file in told.items():
        value = getattr(openai_usage, name)
        assert value is getattr(import_module(str(file)), name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__module__ == file


@pytest.mark.parametrize(
    "program",
    [
        "import openai_usage; openai_usage.errors.UsageError",
        "import openai_usage; openai_usage.times, openai_usage.names, openai_usage.blocking",
        "from openai_usage import errors, plans; plans.Plan",
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
        for folder in ("openai_usage", "tests", "benchmarks")
        for path in (root / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for text in date_formats(node)
        for directive in re.findall("%(.)", text)
    }
    assert {each for each in written if each[1] not in DIRECTIVES} == set()
    assert ("sums.py", "B") in written


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


EXTRAS = {"rich", "cyclopts", "pyarrow", "openai", "altair", "jinja2", "vl_convert"}
LATER = {"cattrs", "stamina", "opentelemetry", "aiohttp.web"}
"""What comes with the first request, or with the sandbox."""
PARTS = {f"openai_usage.{name}" for name in ("blocking", "names", "report", "sandbox")}


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


@pytest.mark.parametrize(
    "name", ["client", "endpoints", "errors", "plans", "queries", "results", "times"]
)
def test_public_files_are_there_after_a_plain_import(name: str) -> None:
    program = f"import openai_usage; print(openai_usage.{name}.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"openai_usage.{name}\n"
