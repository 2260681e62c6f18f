"""Unread: the base class of records of what could not be read, and why."""

from openai_usage.schema.model import Model


class Unread(Model):
    """A part of an answer that could not be read. `str()` says which part, and why."""

    path: str
    """The path of the request, relative to the client's `base_url`."""
    why: str
    """The message of the error."""
    passing: bool
    """True if the failure was temporary, so that the client's next call reads this again."""
    status_code: int | None = None
    """The HTTP status of the response. None if there was no usable response."""
    hint: str = ""
    """The end of `why` that says what to do; empty if there is none."""

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"
