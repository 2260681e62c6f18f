"""A key in place of an argument is not in the frames of a refusal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openai_usage import InvalidOptionError, InvalidQueryError
from openai_usage.analysis import prices, read_budgets, shares, totals, unusual
from tests.support.bills import bucket, completion, cost
from tests.support.leaks import KEY, of_ours, printed

COSTS = [bucket([cost("1")])]
USAGE = [bucket([completion(1)])]
WRONG: Any = KEY


@pytest.mark.parametrize(
    "call",
    [
        lambda: totals(COSTS, [KEY]),
        lambda: totals(COSTS, KEY),
        lambda: totals(COSTS, measures=[KEY]),
        lambda: prices(COSTS, by=[KEY]),
        lambda: prices(COSTS).changes([KEY]),
        lambda: shares(USAGE, [KEY]),
        lambda: unusual(COSTS, [KEY]),
        lambda: unusual(COSTS, now=WRONG),
    ],
)
def test_no_frame_of_the_analysis_shows_it(call: Callable[[], Any]) -> None:
    with pytest.raises(InvalidQueryError) as caught:
        call()
    assert "s3cr3t" not in printed(of_ours(caught.value))


def test_no_frame_shows_a_path(tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        read_budgets(tmp_path / KEY)
    assert "s3cr3t" not in printed(of_ours(caught.value))
