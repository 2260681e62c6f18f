"""Pushdown is rejected, because Spark mixes up the filters of queries."""

from collections.abc import Iterable, Iterator

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql.datasource import DataSource, DataSourceReader, Filter, InputPartition
from pyspark.sql.types import StructType

from tests.conftest import DAY, TODAY
from tests.integrations.spark.conftest import MARKS, Organizations, Spark

pytestmark = MARKS

CONF = "spark.sql.python.filterPushdown.enabled"


class Numbers(DataSource):
    """Two numbers, or one of them if there is a filter."""

    @classmethod
    def name(cls) -> str:
        return "numbers"

    def schema(self) -> str:
        return "number INT"

    def reader(self, schema: StructType) -> DataSourceReader:  # noqa: ARG002 - Spark's
        return NumbersReader()


class NumbersReader(DataSourceReader):
    def __init__(self) -> None:
        self.numbers: tuple[int, ...] = (1, 2)

    def pushFilters(self, filters: list[Filter]) -> Iterable[Filter]:  # noqa: N802 - Spark's
        if any(type(each).__name__ == "EqualTo" for each in filters):
            self.numbers = (1,)
        return filters

    def read(self, partition: InputPartition) -> Iterator[tuple[int]]:  # noqa: ARG002 - Spark's
        return iter([(each,) for each in self.numbers])


def test_spark_keeps_the_filters_of_another_query(spark: Spark) -> None:
    """If this fails, Spark has fixed it, and the data source can have pushdown again."""
    spark.session.dataSource.register(Numbers)
    spark.session.conf.set(CONF, value=True)
    try:
        frame = spark.session.read.format("numbers").load()
        assert frame.count() == 2
        assert frame.where("number = 1").count() == 1
        assert frame.count() == 1  # it should be 2
    finally:
        spark.session.conf.unset(CONF)


def test_pushdown_is_refused(organizations: Organizations) -> None:
    span = {"start_time": TODAY - 5 * DAY, "end_time": TODAY}
    with pytest.raises(AnalysisException, match=r"rows would be lost\. Set start_time"):
        organizations.read(**span, pushdown=True)
    assert organizations.read(**span, pushdown=False).count() > 0
