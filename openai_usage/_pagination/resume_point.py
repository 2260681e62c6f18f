"""ResumePoint: where to continue an iteration that fails. Only this module sets `resume_from`."""

from typing import Self

from openai_usage.errors import UsageError


class ResumePoint:
    """Tell an error that leaves the block where to continue: `resume_from`.

    Set `end_time` to the end of the last bucket that the caller has. None, as at the beginning,
    means that the caller has none.
    """

    end_time: int | None = None
    """Unix seconds, UTC."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        error = raised[1]
        if isinstance(error, UsageError):
            error.resume_from = self.end_time
