"""The one way to check this project: `nox` runs what every change must pass."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "types", "tests"]
nox.options.error_on_missing_interpreters = True

PYTHONS = ["3.11", "3.12", "3.13"]
PYPROJECT = nox.project.load_toml("pyproject.toml")


def install(session: nox.Session, *groups: str, package: str = ".[cli]") -> None:
    """Install the package with its extras, and the dependency groups that are named."""
    session.install("-q", package, *nox.project.dependency_groups(PYPROJECT, *groups))


@nox.session
def lint(session: nox.Session) -> None:
    """Style, and everything else that ruff knows."""
    session.install("-q", *nox.project.dependency_groups(PYPROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """mypy --strict and pyright, over package and tests."""
    install(session, "types")
    session.run("mypy")
    session.run("pyright", "--pythonpath", f"{session.bin}/python")


@nox.session
def tests(session: nox.Session) -> None:
    """The tests on the Python that runs nox, with the coverage that is asked for."""
    # From the working tree, so that what is covered is what is there.
    install(session, "tests", package="-e.[cli]")
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    session.run("coverage", "combine", "-q")
    if not session.posargs:
        session.run("coverage", "report")


@nox.session(python=PYTHONS)
def pythons(session: nox.Session) -> None:
    """The tests on every Python that is supported."""
    install(session, "tests")
    session.run("pytest", *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """The tests with the lowest versions of the dependencies that are allowed."""
    project = PYPROJECT["project"]
    allowed = [*project["dependencies"], *project["optional-dependencies"]["cli"]]
    install(session, "tests")
    session.install("-q", *(requirement.replace(">=", "==") for requirement in allowed))
    session.run("pytest", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """The tests against the wheel as it would be published, types and all."""
    session.install("-q", *nox.project.dependency_groups(PYPROJECT, "build"))
    with TemporaryDirectory() as elsewhere:
        session.run("python", "-m", "build", "--wheel", "--outdir", elsewhere, silent=True)
        [built] = Path(elsewhere).glob("*.whl")
        install(session, "tests", package=f"{built}[cli]")
        # From elsewhere, so that the package that is imported is the one that was installed.
        for folder in ("tests", "benchmarks"):
            shutil.copytree(folder, f"{elsewhere}/{folder}")
        for name in ("README.md", "CHANGELOG.md", "pyproject.toml"):
            shutil.copy(name, elsewhere)
        with session.chdir(elsewhere):
            session.run("pytest", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmark, and its table in the README; `-- --quick` only shows that it still runs."""
    install(session, "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)
    if not session.posargs:
        session.run("python", "-m", "benchmarks.report")


@nox.session
def chaos(session: nox.Session) -> None:
    """Walks on which everything goes wrong, counted in the README; `-- --seed N` runs one again."""
    install(session, "tests")
    session.run("python", "-m", "tests.chaos", *(session.posargs or ["--write"]))


@nox.session
def soak(session: nox.Session) -> None:
    """Ten thousand requests on one client, in which nothing may add up."""
    install(session, "tests")
    session.run("python", "-m", "tests.soak", *session.posargs)
