"""Read what `doctor` prints."""

import re


def lines(shown: str) -> dict[str, tuple[str, str]]:
    """The mark of each check, and what is said, by what it is about."""
    found = re.findall(r"^([✓✗–]) (all 12 endpoints|\S+) +(.*?) *$", shown, re.MULTILINE)
    assert len(found) == len(shown.splitlines())
    return {about: (mark, says) for mark, about, says in found}
