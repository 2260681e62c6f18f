"""The shape of the package: what is public, who may import whom, and what is loaded at import."""

import ast
import inspect
import subprocess
import sys
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
    with pytest.raises(AttributeError, match="module 'openai_usage' has no attribute 'Client'"):
        openai_usage.Client  # noqa: B018


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    assert version("openai-usage-client") == openai_usage.__version__


@pytest.mark.parametrize("module", ["openai_usage", "openai_usage.pytest_plugin"])
def test_importing_loads_nothing_that_is_not_needed_yet(module: str) -> None:
    program = (
        f"import sys, {module};"
        "extras = {'rich', 'cyclopts', 'pyarrow', 'openai_usage.sandbox', 'aiohttp.web', 'openai',"
        "          'altair', 'jinja2', 'vl_convert',"
        "          'cattrs', 'stamina', 'opentelemetry'};"  # those come with the first request
        "print(sorted(extras & set(sys.modules)))"
    )
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
