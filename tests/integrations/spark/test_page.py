"""The blocks of the page for Spark, one after the other, as people run them."""

import re

import pytest

from tests.integrations.spark.conftest import MARKS, Spark
from tests.support.yearly_reads import README

pytestmark = MARKS

BLOCKS = [
    block
    for block in re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    if "spark." in block
]


def test_every_block_runs(spark: Spark, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(BLOCKS) == 4
    spark.single.now = None  # the blocks are about the last days
    names: dict[str, object] = {}
    printed = []
    for block in BLOCKS:
        spark.single.requests.clear()
        exec(compile(block, str(README), "exec"), names)
        assert spark.single.requests
        printed.append(capsys.readouterr().out)
    costs, in_sql, streamed, filtered = printed
    assert "|default     |gpt-4.1-2025-04-14 " in costs
    assert "sum(amount)" in costs
    assert "gpt-5-2025-08-07" in in_sql
    assert "gpt-5-2025-08-07" in streamed
    assert int(filtered) == 8  # with today so far
    assert names["spark"] is spark.session
