"""The exceptions of this package, all under one `UsageError`.

UsageError
├── ColumnError
├── InvalidOptionError (ValueError)
├── InvalidQueryError (ValueError)
├── MissingAdminKeyError
├── NotificationError
├── SyncError
└── APIError
    ├── APIConnectionError
    │   └── APITimeoutError
    ├── APIResponseValidationError
    ├── APIStatusError
    │   ├── AuthenticationError
    │   ├── BadRequestError
    │   ├── ConflictError
    │   ├── InternalServerError
    │   ├── NotFoundError
    │   ├── PermissionDeniedError
    │   ├── RateLimitError
    │   └── UnprocessableEntityError
    ├── OrganizationsError
    └── PaginationError

Names are those of the official SDK if it has the same error. All errors can be pickled. None of
them contains the admin key.
"""

from collections.abc import Mapping

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ColumnError",
    "ConflictError",
    "InternalServerError",
    "InvalidOptionError",
    "InvalidQueryError",
    "MissingAdminKeyError",
    "NotFoundError",
    "NotificationError",
    "OrganizationsError",
    "PaginationError",
    "PermissionDeniedError",
    "RateLimitError",
    "SyncError",
    "UnprocessableEntityError",
    "UsageError",
]


NOT_IN_COPY = "Make a second copy with another group_by or bucket_width."
"""The hint of the error for a copy that lacks labels, or has wider buckets."""

ONE_ORGANIZATION = "Use the client of one organization."
"""The hint of the error for a query that several organizations cannot answer together."""

ALLOW_PERSONAL = "Pass personal=True to use them."
"""The hint of the error for labels that belong to people."""

OTHER_LAYOUT = (
    "Use the same bucket_width and group_by, keep a second copy with another prefix, or replace "
    "this one with rebuild=True."
)
"""The hint of the error for a copy that has another bucket width or grouping."""


def takes(name: str, expected: str, value: str) -> str:
    """Return the sentence that *name* takes *expected*, not *value*, if that may be shown."""
    return f"{name} takes {expected}, not {value}." if value else f"{name} takes {expected}."


class UsageError(Exception):
    """Base class of all errors of this package."""

    def __init__(self, problem: str = "", *, hint: str = "") -> None:
        super().__init__(f"{problem} {hint}" if hint else problem)
        self.hint = hint
        """The advice at the end of the message. Empty if there is none."""

    resume_from: int | None = None
    """Where to continue an iteration that failed: the `end_time` (Unix seconds, UTC) of the last
    bucket that was yielded. Pass it as the `start_time` of the next query. None if no bucket was
    yielded, and for errors outside of an iteration. If it is not before the end of the range,
    every bucket was yielded."""

    @property
    def message(self) -> str:
        """The text of the error: what happened and what to do."""
        return str(self)

    def with_hint(self, hint: str) -> str:
        """Return the message with another *hint*, for readers who need other advice."""
        return f"{self.message.removesuffix(self.hint).rstrip()} {hint}".rstrip()

    def __reduce__(self) -> tuple[object, ...]:
        # The default calls the class with `args` again, which keyword-only details would refuse.
        return _new, (type(self), *self.args), self.__dict__


def _new(error: type[UsageError], *args: object) -> UsageError:
    return error.__new__(error, *args)


class ColumnError(UsageError):
    """A result class or a value does not fit into table columns."""

    def __init__(
        self,
        message: str,
        *,
        column: str | None = None,
        start_time: int | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.column = column
        """The name of the column."""
        self.start_time = start_time
        """The `start_time` (Unix seconds, UTC) of the value's bucket. None if the error is about
        the whole class."""


class MissingAdminKeyError(UsageError):
    """No admin key was passed, and `OPENAI_ADMIN_KEY` is not set."""


class InvalidOptionError(UsageError, ValueError):
    """An option of the client is not valid; nothing was sent."""

    def __init__(
        self, message: str = "", *, option: str, value: str = "", expected: str = "", hint: str = ""
    ) -> None:
        super().__init__(message or takes(option, expected, value), hint=hint)
        self.option = option
        """The name of the option."""
        self.value = value
        """The value, shortened. Empty if it must not be shown, or the message has other words."""
        self.expected = expected
        """The values that are allowed, in words. Empty if the message has other words."""


class InvalidQueryError(UsageError, ValueError):
    """A parameter of a query is not valid; nothing was sent."""

    def __init__(
        self, message: str = "", *, param: str, value: str = "", expected: str = "", hint: str = ""
    ) -> None:
        super().__init__(message or takes(param, expected, value), hint=hint)
        self.param = param
        """The name of the parameter."""
        self.value = value
        """The value, shortened. Empty if it must not be shown, or the message has other words."""
        self.expected = expected
        """The values that are allowed, in words. Empty if the message has other words."""


class NotificationError(UsageError):
    """A webhook did not accept a notification. The message never contains the webhook's URL."""

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        retry_after: float | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.status_code = status_code
        """The HTTP status. None if there was no complete response."""
        self.retry_after = retry_after
        """Seconds to wait before the next request, if the server said so."""


class SyncError(UsageError):
    """A copy cannot be kept up to date: another layout, or a file that cannot be written."""


class APIError(UsageError):
    """The API could not be reached, rejected the request, or returned an unusable response."""


class OrganizationsError(APIError):
    """Some of several organizations could not be read. The message names each, with the reason."""

    def __init__(
        self,
        errors: "Mapping[str, APIError | SyncError]",
        *,
        collected: Mapping[str, object] | None = None,
    ) -> None:
        parts = [f"{label}: {str(error).rstrip('.')}" for label, error in errors.items()]
        super().__init__("; ".join(parts))
        self.errors = errors
        """The error of each organization that could not be read, by label."""
        self.collected = collected or {}
        """The buckets of the others, by label, if they were collected."""


class APIConnectionError(APIError):
    """No complete response was received: no connection, a lost one, or a truncated body."""


class APITimeoutError(APIConnectionError):
    """No complete response was received within the client's `timeout`."""


class APIResponseValidationError(APIError):
    """A response with status 200 is not a valid page; no part of it was used."""

    def __init__(self, message: str, *, path: str, body: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path
        """The place of the error as a JSON path: `$.data[0].results[2].amount`."""
        self.body = body
        """The beginning of the body, as text."""


class PaginationError(APIError):
    """The pages of a range do not continue each other.

    A cursor is missing, repeated or leads to empty pages only. Or a bucket is out of order, was
    returned before, is outside of the range, or is missing and the client has `on_gap="raise"`.
    """


class APIStatusError(APIError):
    """The API responded with a status other than 200."""

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        code: str | None = None,
        param: str | None = None,
        type: str | None = None,  # noqa: A002 - the API's name
        request_id: str | None = None,
        retry_after: float | None = None,
        earliest_start: int | None = None,
        body: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.status_code = status_code
        """The HTTP status."""
        self.code = code
        """`error.code` of the body, for programs to decide on."""
        self.param = param
        """`error.param` of the body: the parameter that was refused."""
        self.type = type
        """`error.type` of the body."""
        self.request_id = request_id
        """The `x-request-id` header, to be quoted to OpenAI's support."""
        self.retry_after = retry_after
        """Seconds to wait before the next request, if the server said so."""
        self.earliest_start = earliest_start
        """The earliest `start_time` (Unix seconds, UTC) that the API accepts, if it refused an
        earlier one and said so."""
        self.body = body
        """The beginning of the body, as text."""


class BadRequestError(APIStatusError):
    """400: the query was refused; `param` and `code` say why."""


class AuthenticationError(APIStatusError):
    """401: the key is wrong, revoked, or of the wrong kind."""


class PermissionDeniedError(APIStatusError):
    """403: the key is valid and may not read usage."""


class NotFoundError(APIStatusError):
    """404: the endpoint does not exist under the `base_url`."""


class ConflictError(APIStatusError):
    """409: the request conflicted with another one, also after retries."""


class UnprocessableEntityError(APIStatusError):
    """422: the query was understood but cannot be processed."""


class RateLimitError(APIStatusError):
    """429: too many requests, or no credit left. `retry_after` says how long to wait, if known."""


class InternalServerError(APIStatusError):
    """5xx: the API failed, also after retries."""
