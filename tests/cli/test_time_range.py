"""Options for the range of time."""

import json

import pytest

from tests.conftest import NOW
from tests.support.terminal import Terminal

pytestmark = pytest.mark.real_clock


@pytest.fixture(autouse=True)
def fixed_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 2026-09-10 22:40 UTC."""
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)


@pytest.mark.parametrize(
    ("options", "first", "last"),
    [
        ("--today", "2026-09-10", "2026-09-10"),
        ("--yesterday", "2026-09-09", "2026-09-09"),
        ("--last 2w", "2026-08-27", "2026-09-10"),
        ("--last 1d", "2026-09-09", "2026-09-10"),
        ("--month 2026-08", "2026-08-01", "2026-08-31"),
        ("--month 2026-09", "2026-09-01", "2026-09-10"),
        ("--month 2024-02", "2024-02-01", "2024-02-29"),
        ("--this-month", "2026-09-01", "2026-09-10"),
        ("--last-month", "2026-08-01", "2026-08-31"),
        ("", "2026-09-03", "2026-09-10"),
    ],
)
def test_ranges(options: str, first: str, last: str, terminal: Terminal) -> None:
    rows = json.loads(terminal(f"costs {options} --format json --sandbox"))
    assert (rows[0]["start"][:10], rows[-1]["start"][:10]) == (first, last)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--month 2026-13", "--month takes a month such as 2026-10, not '2026-13'."),
        ("--month September", "--month takes a month such as 2026-10, not 'September'."),
        ("--month 1969-12", "--month 1969-12 is before 1970. Use a later month."),
        ("--month 2026-10", "--month 2026-10 has not begun yet. Use an earlier month."),
        ("--last 2y", "--last takes a span such as 2w, 30d, 12h or 90m, not '2y'."),
        ("--last 9999w", "--last 9999w begins before 1970. Use a shorter span."),
        (
            "--today --month 2026-08",
            "--month and --today contradict each other. Use only one of them.",
        ),
        ("--today --end 2026-09-10", "--end was given without a start. Add --start TIME."),
    ],
)
def test_ranges_that_are_not_possible(options: str, says: str, terminal: Terminal) -> None:
    terminal(f"costs {options} --sandbox", exit_code=2)
    assert terminal.err == f"openai-usage: {says}\n"
