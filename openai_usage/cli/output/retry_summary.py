"""Say once, after a command, how many requests were sent again."""

from collections.abc import Iterator
from contextlib import contextmanager

from attrs import define

from openai_usage import Retry
from openai_usage._number_format import counted
from openai_usage.cli.output.messages import say


@define
class RetrySummary:
    """Counts the retries of a command."""

    retries: int = 0
    seconds: float = 0.0
    """The delays before all retries, which can overlap."""
    last: Retry | None = None

    def count(self, retry: Retry) -> None:
        """Add a *retry*."""
        self.retries += 1
        self.seconds += retry.wait
        self.last = retry

    @contextmanager
    def said(self) -> Iterator[None]:
        """Say on stderr at the end, also after an error, what was counted, if anything was."""
        try:
            yield
        finally:
            if self.last is not None:
                say(
                    f"{counted(self.retries, 'request')} failed and {_was(self.retries)} sent "
                    f"again, after delays of {self.seconds:.1f} s in all. The last of them was GET "
                    f"{self.last.path}: {self.last.error}"
                )


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
