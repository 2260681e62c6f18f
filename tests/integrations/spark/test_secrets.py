"""The key is in nothing that Spark writes or carries: plans, event logs, errors, its own log."""

from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from pyspark.errors import AnalysisException, PythonException

from tests.conftest import DAY, TODAY
from tests.integrations.spark.conftest import MARKS, Organizations, Spark

pytestmark = MARKS

SPAN = {"start_time": TODAY - 9 * DAY, "end_time": TODAY}
LOOKS_LIKE_ONE = "sk-admin-" + "Q" * 40


def written(spark: Spark) -> Iterator[str]:
    """Yield the text of what Spark has written."""
    for path in (*spark.events.rglob("*"), spark.log):
        if path.is_file():
            yield path.read_text(errors="replace")


def test_it_is_in_nothing_that_is_written(
    spark: Spark, organizations: Organizations, tmp_path: Path
) -> None:
    frame = organizations.read(**SPAN)
    plan = StringIO()
    with redirect_stdout(plan):
        frame.explain(extended=True)
    assert "openai_usage" in plan.getvalue()
    frame.write.parquet(str(tmp_path / "costs"))
    organizations.globex.scopes.clear()
    with pytest.raises(PythonException) as raised:
        frame.count()
    texts = [plan.getvalue(), str(raised.value), *written(spark)]
    assert any("globex: the API answered 403" in text for text in texts[2:])
    assert any("SparkListenerSQLExecutionStart" in text for text in texts[2:])
    for key in (*organizations.keys, spark.single.admin_api_key):
        assert not any(key in text for text in texts)


@pytest.mark.parametrize("name", ["admin_api_key", "OPENAI_ADMIN_KEY", "group_by"])
def test_one_that_is_passed_is_refused_before_it_is_written(
    name: str, spark: Spark, organizations: Organizations
) -> None:
    with pytest.raises(AnalysisException, match="and Spark writes options into plans") as raised:
        organizations.read(**SPAN, **{name: LOOKS_LIKE_ONE})
    assert LOOKS_LIKE_ONE not in str(raised.value)
    assert not any(LOOKS_LIKE_ONE in text for text in written(spark))


def test_it_is_masked_in_the_errors_of_a_key_that_is_wrong(
    spark: Spark, organizations: Organizations
) -> None:
    wrong = organizations.keys[0][:-4] + "0000"
    (organizations.path.parent / "acme.key").write_text(wrong)
    with pytest.raises(PythonException, match="acme: the API answered 401") as raised:
        organizations.read(**SPAN).count()
    assert wrong not in str(raised.value)
    assert not any(wrong in text for text in written(spark))
