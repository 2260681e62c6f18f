"""Nothing adds up in a client that is used for long; `nox -s soak` does it for longer."""

import os
import subprocess
import sys

import pytest

from tests.support.readme_table import README


@pytest.mark.slow
def test_a_thousand_requests_leave_nothing_behind() -> None:
    # A process of its own, which is not traced: what pytest and coverage keep would count as well.
    untraced = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "tests.stress.soak", "--requests", "1500", "--untimed"],
        cwd=README.parent,
        capture_output=True,
        text=True,
        check=False,
        env=untraced,
    )
    assert done.returncode == 0, done.stdout + done.stderr
