"""One Spark for all tests, with two organizations, each of them a sandbox."""

import os
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from attrs import frozen

from openai_usage.sandbox import Sandbox
from tests.conftest import NOW
from tests.support.organizations_file import write_organizations

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

collect_ignore_glob = [] if find_spec("pyspark") else ["test_*.py"]

MARKS = [
    pytest.mark.spark,
    pytest.mark.real_clock,
    # Spark 4.1 leaves a socket to the garbage collector after it has collected rows.
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"
    ),
]
"""The marks of every file here."""

ROOT = Path(__file__).parents[3]


@frozen
class Spark:
    """A running Spark, and what it writes."""

    session: "SparkSession"
    single: Sandbox
    """The organization of the environment that the executors have."""
    events: Path
    """The folder of event logs."""
    log: Path
    """The file with the stderr of Spark and its executors."""
    clock: Path
    """The file with the time of streams."""


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    from pyspark.sql import SparkSession

    from openai_usage.integrations.spark import OpenAIUsage
    from tests.integrations.spark.clocked import CLOCK, ClockedUsage

    folder = tmp_path_factory.mktemp("spark")
    events, log, clock = folder / "events", folder / "log", folder / "clock"
    events.mkdir()
    with Sandbox(seed=9, now=NOW) as single, pytest.MonkeyPatch.context() as environment:
        environment.setenv("OPENAI_ADMIN_KEY", single.admin_api_key)
        environment.setenv("OPENAI_BASE_URL", single.base_url)
        environment.setenv("PYSPARK_PYTHON", sys.executable)
        environment.setenv("PYSPARK_DRIVER_PYTHON", sys.executable)
        environment.setenv("PYTHONPATH", str(ROOT))  # for the class with a clock
        environment.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        environment.setenv(CLOCK, str(clock))
        environment.chdir(folder)  # relative paths of Spark are in the folder where it starts
        builder = SparkSession.builder.master("local[2]")
        for name, value in {
            "spark.ui.enabled": False,
            "spark.sql.shuffle.partitions": 2,
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.warehouse.dir": folder / "warehouse",
            "spark.eventLog.enabled": True,
            "spark.eventLog.compress": False,
            "spark.eventLog.dir": events.as_uri(),
        }.items():
            builder = builder.config(name, str(value).lower() if value is True else str(value))
        session = with_stderr_in(log, builder.getOrCreate)
        session.sparkContext.setLogLevel("INFO")
        session.dataSource.register(OpenAIUsage)
        session.dataSource.register(ClockedUsage)
        yield Spark(session, single, events, log, clock)
        session.stop()


def with_stderr_in(path: Path, start: "Callable[[], SparkSession]") -> "SparkSession":
    """Start Spark, whose processes write into a file from then on."""
    kept = os.dup(2)
    with path.open("wb") as file:
        os.dup2(file.fileno(), 2)
        try:
            return start()
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@frozen
class Organizations:
    """Two organizations, and the file that says where their keys are."""

    path: Path
    acme: Sandbox
    globex: Sandbox
    session: "SparkSession"

    def read(self, endpoint: str = "costs", /, **options: object) -> "DataFrame":
        """Load an endpoint of both."""
        return (
            self.session.read.format("openai_usage")
            .option("endpoint", endpoint)
            .option("organizations", str(self.path))
            .options(**{name: str(value) for name, value in options.items()})
            .load()
        )

    @property
    def keys(self) -> list[str]:
        return [self.acme.admin_api_key, self.globex.admin_api_key]

    def forget_requests(self) -> None:
        self.acme.requests.clear()
        self.globex.requests.clear()


@pytest.fixture
def organizations(spark: Spark, tmp_path: Path) -> Iterator[Organizations]:
    with (
        Sandbox(seed=7, now=NOW, restates=True) as acme,
        Sandbox(seed=8, now=NOW, amounts="string", restates=True) as globex,
    ):
        path = tmp_path / "organizations.toml"
        write_organizations(path, {"acme": acme, "globex": globex})
        yield Organizations(path, acme, globex, spark.session)
