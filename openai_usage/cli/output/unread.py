"""Say on stderr what could not be read of which organization."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from openai_usage import Gap
from openai_usage._gap_text import describe_spans
from openai_usage._text import with_full_stop
from openai_usage.cli.output.messages import say
from openai_usage.cli.wording import as_typed

if TYPE_CHECKING:
    from openai_usage import UnreadOrganization


def describe_unread(unread: "Iterable[UnreadOrganization]") -> list[str]:
    """Return a sentence for each organization that could not be read, in whole or in part."""
    return [_describe(each) for each in unread]


def say_unread(unread: "Sequence[UnreadOrganization]") -> int:
    """Say what could not be read, and return the exit code: 1 if an organization is left out."""
    for sentence in describe_unread(unread):
        say(sentence)
    return int(any(each.error is not None for each in unread))


def not_known(what: str, gaps: Iterable[Gap]) -> str:
    """Return a sentence on what only one organization lacks."""
    return f"{what} are not known for {describe_spans(gaps)}."


def no_data_of(unread: "UnreadOrganization") -> str:
    """Return a line for the title of a table."""
    when = f" for {describe_spans(unread.gaps)}" if unread.gaps else ""
    return f"no data of {unread.organization}{when}"


def _describe(unread: "UnreadOrganization") -> str:
    if unread.error is None:
        return not_known(unread.what, unread.gaps)
    why = with_full_stop(as_typed(unread.error))
    return f"{unread.what} could not be read, and are left out: {why}"
