"""The blocks of the page for Spark, one after the other, as people run them."""

import re
from collections.abc import Iterator

import pytest

from openai_usage.integrations.spark import OpenAIUsage
from tests.integrations.spark.conftest import MARKS, Spark
from tests.support.yearly_reads import README

pytestmark = MARKS

BLOCKS = [
    block
    for block in re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    if "spark." in block
]


@pytest.fixture
def session(spark: Spark) -> Iterator[Spark]:
    yield spark
    spark.session.dataSource.register(OpenAIUsage)  # in place of the subclass


def test_every_block_runs(session: Spark, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(BLOCKS) == 4
    session.single.now = None  # the blocks are about the last days
    names: dict[str, object] = {"__name__": "__main__"}
    printed = []
    for block in BLOCKS:
        session.single.requests.clear()
        exec(compile(block, str(README), "exec"), names)
        assert session.single.requests
        printed.append(capsys.readouterr().out)
    costs, in_sql, streamed, proxied = printed
    assert "|default     |gpt-4.1-2025-04-14 " in costs
    assert "sum(amount)" in costs
    assert "gpt-5-2025-08-07" in in_sql
    assert "gpt-5-2025-08-07" in streamed
    assert "|     usd|" in proxied
    assert names["spark"] is session.session
