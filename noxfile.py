"""The one way to check this project: `nox` runs what every change must pass."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "types", "tests"]
# A Python that is not installed here is said, and skipped.
nox.options.error_on_missing_interpreters = False

AT_ONCE = ["--numprocesses", "auto"]
ALL = ["-m", "not browser and not postgres and not prometheus and not spark"]  # the slow ones too
LOCK = ".ci/dev.lock"
EXTRAS = "[arrow,cli,delta,dlt,duckdb,excel,otel,prometheus,report]"
PYPROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PYPROJECT)  # its classifiers


def install(session: nox.Session, *groups: str, package: str = f".{EXTRAS}") -> None:
    """Install the package with its extras, and the dependency groups that are named."""
    # Without bytecode, each of the many processes of the tests would compile every module again.
    session.env["PYTHONDONTWRITEBYTECODE"] = ""
    session.install("-q", package, *nox.project.dependency_groups(PYPROJECT, *groups))


def has_postgres() -> bool:
    """Return whether a PostgreSQL server is installed. Debian does not put it on the path."""
    return bool(shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb")))


def has_chromium() -> bool:
    """Return whether Chromium is installed, in which tests look at reports."""
    return any(map(shutil.which, ("chromium", "chromium-browser", "chrome")))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style with ruff, and the direction of imports with import-linter."""
    session.install("-q", *nox.project.dependency_groups(PYPROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", silent=True)


@nox.session
def types(session: nox.Session) -> None:
    """mypy --strict and pyright, over package and tests."""
    install(session, "types")
    session.run("mypy")
    session.run("pyright", "--pythonpath", f"{session.bin}/python")


@nox.session
def tests(session: nox.Session) -> None:
    """The tests on the Python that runs nox, without the slow ones."""
    install(session, "tests")
    session.run("pytest", *AT_ONCE, *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """The tests that `nox` leaves out: they take seconds each, mostly to start programs."""
    install(session, "tests")
    marks = "slow or browser" if has_chromium() else "slow"
    session.run("pytest", *AT_ONCE, "-m", marks, *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """The tests with branch coverage, which must be 100 % and doubles their time."""
    # From the working tree, so that what is covered is what is there.
    install(session, "tests", package=f"-e.{EXTRAS}")
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *AT_ONCE, *ALL, *session.posargs)
    session.run("coverage", "combine", "-q")
    if not session.posargs:
        session.run("coverage", "report")


@nox.session(python=PYTHONS)
def pythons(session: nox.Session) -> None:
    """The tests on every Python that is supported and installed."""
    install(session, "tests")
    session.run("pytest", *AT_ONCE, *ALL, *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """The tests with the lowest versions of the dependencies that are allowed."""
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"]
    needed = [extra for name, extra in extras.items() if name != "spark"]  # which has a session
    allowed = [*project["dependencies"], *(each for extra in needed for each in extra)]
    allowed += [each.replace("-api", "-sdk") for each in extras["otel"]]  # which comes with it
    install(session, "tests")
    session.install("-q", *(requirement.replace(">=", "==") for requirement in allowed))
    session.run("pytest", *AT_ONCE, *ALL, *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """The tests against the wheel as it would be published; who builds it twice gets it twice."""
    session.install("-q", *nox.project.dependency_groups(PYPROJECT, "build"))
    with TemporaryDirectory() as elsewhere:
        for folder in ("once", "again"):
            session.run("python", "-m", "build", "--outdir", f"{elsewhere}/{folder}", silent=True)
        for built in Path(elsewhere, "once").iterdir():
            if built.read_bytes() != Path(elsewhere, "again", built.name).read_bytes():
                session.error(f"{built.name} comes out differently each time")
        [built] = Path(elsewhere, "once").glob("*.whl")
        install(session, "tests", package=f"{built}{EXTRAS}")
        # From elsewhere, so that the package that is imported is the one that was installed.
        for folder in ("tests", "benchmarks"):
            shutil.copytree(folder, f"{elsewhere}/{folder}")
        for folder in (".deploy", ".pictures"):
            shutil.copytree(folder, f"{elsewhere}/{folder}")
        for name in (".dockerignore", "README.md", "CHANGELOG.md", "pyproject.toml"):
            shutil.copy(name, elsewhere)
        for document in Path("openai_usage").rglob("README.md"):
            copy = Path(elsewhere, document)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(document, copy)
        with session.chdir(elsewhere):
            session.run("pytest", *AT_ONCE, *ALL, *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmark, and the tables in its README; `-- --quick` only shows that it still runs."""
    install(session, "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """The report in a browser, light, dark and printed; skipped where there is no Chromium."""
    if not has_chromium():
        session.skip("no Chromium is installed, so nobody looks at the report")
    install(session, "tests")
    session.run("pytest", "-m", "browser", "tests/report/browser", *session.posargs)


@nox.session
def postgres(session: nox.Session) -> None:
    """A copy in PostgreSQL; skipped where it is not installed: `apt-get install postgresql`."""
    if not has_postgres():
        session.skip("PostgreSQL is not installed, so no copy is kept in it")
    install(session, "tests")
    session.run("pytest", "-m", "postgres", "tests/sync", *session.posargs)


@nox.session
def prometheus(session: nox.Session) -> None:
    """Figures, dashboard and rules in Prometheus; skipped without `apt-get install prometheus`."""
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        session.skip("Prometheus is not installed, so it evaluates no dashboard and no rules")
    install(session, "tests")
    session.run("pytest", "-m", "prometheus", "tests/integrations", *session.posargs)


@nox.session
@nox.parametrize("version", [nox.param("", id="newest"), nox.param("==4.1.*", id="lowest")])
def spark(session: nox.Session, version: str) -> None:
    """The data source in a local Spark, and its types; skipped where there is no Java."""
    if not shutil.which("java"):
        session.skip("Java is not installed, so nothing is read with Spark")
    install(session, "spark", package="-e.[cli,spark]")
    session.install("-q", f"pyspark{version}")
    modules = [str(path) for path in Path("tests/integrations/spark").glob("*.py")]
    session.run(
        *("mypy", "--follow-imports", "silent", "--ignore-missing-imports"),
        *("openai_usage/integrations/spark.py", *modules),
    )
    tests = [str(path) for path in Path("tests/integrations").glob("*spark*")]
    session.run("coverage", "erase")
    session.run(
        *("coverage", "run", "-m", "pytest", "-m", "not slow", *(session.posargs or tests)),
    )
    session.run("coverage", "combine", "-q")
    if not session.posargs:
        everything = ("--omit", "nothing", "--include", "openai_usage/integrations/spark*.py")
        session.run("coverage", "report", *everything)


@nox.session
def pictures(session: nox.Session) -> None:
    """Make the pictures of the README anew, in `.pictures`; needs Chromium."""
    install(session, "tests")
    session.run("python", "-m", "tests.support.pictures")


@nox.session
def lock(session: nox.Session) -> None:
    """Write down the versions and hashes of all that development needs: `.ci/dev.lock`."""
    session.install("-q", "uv")
    # Without the fuzzer, whose versions have wheels for some Pythons each, and the large Spark.
    groups = {*PYPROJECT["dependency-groups"]} - {"fuzz", "spark"}
    extras = {*PYPROJECT["project"]["optional-dependencies"]} - {"spark"}
    session.run(
        *("uv", "pip", "compile", "-q", "--universal", "--python-version", PYTHONS[0]),
        *("--generate-hashes", "--no-emit-index-url", "--no-header", "--upgrade"),
        *(f"--group={each}" for each in sorted(groups)),
        *(f"--extra={each}" for each in sorted(extras)),
        *("pyproject.toml", "-o", LOCK),
    )


@nox.session
def audit(session: nox.Session) -> None:
    """Ask for known vulnerabilities of what is locked; needs the package index's advisories."""
    session.install("-q", "pip-audit")
    session.run("pip-audit", "--strict", "--disable-pip", "--require-hashes", "-r", LOCK)


@nox.session
def thorough(session: nox.Session) -> None:
    """The tests with five hundred examples of each property, instead of twenty."""
    install(session, "tests")
    session.run("pytest", *AT_ONCE, *ALL, "--hypothesis-profile", "thorough", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """A minute of bytes for the decoder, or an hour with `-- -max_total_time=3600`."""
    install(session, "tests", "fuzz", package="-e.[cli]")
    with TemporaryDirectory() as corpus:
        session.run(
            *("python", "-m", "tests.stress.fuzz", corpus),
            *("-max_total_time=60", "-timeout=10", "-rss_limit_mb=1024", "-max_len=20000"),
            *session.posargs,
        )


@nox.session
def chaos(session: nox.Session) -> None:
    """Everything goes wrong, counted in `tests/README.md`; `-- --seed N` runs one seed again."""
    install(session, "tests")
    session.run("python", "-m", "tests.stress.chaos", *(session.posargs or ["--write"]))


@nox.session
def soak(session: nox.Session) -> None:
    """Ten thousand requests on one client, in which nothing may add up."""
    install(session, "tests")
    session.run("python", "-m", "tests.stress.soak", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Break paging, retries and decoding in every small way; what no test notices is listed."""
    install(session, "tests", "mutants", package=f"-e.{EXTRAS}")
    session.run("mutmut", "run", *session.posargs)
    session.run("mutmut", "results")
