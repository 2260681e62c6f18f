"""The data source with a clock that a test sets, also for the processes of Spark."""

import os
from pathlib import Path

from pyspark.sql.types import StructType

from openai_usage.integrations.spark import OpenAIUsage, StreamReader

CLOCK = "TIME_OF_THE_TEST"
"""The environment variable with the path of a file, which has the time."""


class ClockedUsage(OpenAIUsage):
    @classmethod
    def name(cls) -> str:
        return "clocked_usage"

    def streamReader(self, schema: StructType) -> StreamReader:  # noqa: N802 - Spark's
        reader = StreamReader(self._options, schema)
        reader.now = lambda: float(Path(os.environ[CLOCK]).read_text())
        return reader
