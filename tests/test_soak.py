"""Nothing adds up in a client that is used for long; `nox -s soak` does it for longer."""

import subprocess
import sys

from tests.readme_table import README


def test_a_thousand_requests_leave_nothing_behind() -> None:
    done = subprocess.run(  # a process of its own: what pytest keeps would count as well
        [sys.executable, "-m", "tests.soak", "--requests", "1500"],
        cwd=README.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
