"""Every error this package raises on purpose, all under one `UsageError`.

UsageError
├── ColumnError
├── InvalidOptionError (ValueError)
├── InvalidQueryError (ValueError)
├── MissingAdminKeyError
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
    └── PaginationError

Names are those of the official SDK wherever it has the error too. All of them can be pickled, and
none of them ever holds the admin key.
"""

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
    "PaginationError",
    "PermissionDeniedError",
    "RateLimitError",
    "UnprocessableEntityError",
    "UsageError",
]


class UsageError(Exception):
    """Anything that went wrong in this package; catch this one to catch them all."""

    resume_from: int | None = None
    """Where a walk that failed is to go on: the `end_time` (Unix seconds, UTC) of the last bucket
    it handed over, to be given as the `start_time` of the next walk. None where no bucket was
    handed over, and on errors that come from no walk. Where it is not before the end of the range,
    every bucket was handed over."""

    @property
    def message(self) -> str:
        """What happened and what to do about it, in English."""
        return str(self)

    def __reduce__(self) -> tuple[object, ...]:
        # The default calls the class with `args` again, which keyword-only details would refuse.
        return _new, (type(self), *self.args), self.__dict__


def _new(error: type[UsageError], *args: object) -> UsageError:
    return error.__new__(error, *args)


class ColumnError(UsageError):
    """A result has no place in a table of columns: by its class, or because of a value in it."""

    def __init__(
        self, message: str, *, column: str | None = None, start_time: int | None = None
    ) -> None:
        super().__init__(message)
        self.column = column
        """The name of the column."""
        self.start_time = start_time
        """The `start_time` (Unix seconds, UTC) of the bucket that the value is in. None where all
        results of the class are meant."""


class MissingAdminKeyError(UsageError):
    """There is no admin key: none was passed, and `OPENAI_ADMIN_KEY` is not set."""


class InvalidOptionError(UsageError, ValueError):
    """An option of the client cannot work; nothing was sent."""

    def __init__(self, message: str, *, option: str) -> None:
        super().__init__(message)
        self.option = option
        """The name of the option."""


class InvalidQueryError(UsageError, ValueError):
    """A query cannot be asked as it is; nothing was sent."""

    def __init__(self, message: str, *, param: str) -> None:
        super().__init__(message)
        self.param = param
        """The name of the parameter."""


class APIError(UsageError):
    """The API could not be asked, refused, or gave an answer that cannot be used."""


class APIConnectionError(APIError):
    """No complete answer came: no connection, a lost one, or a body cut short."""


class APITimeoutError(APIConnectionError):
    """No complete answer came within the client's `timeout`."""


class APIResponseValidationError(APIError):
    """An answer with status 200 is not the page it should be; nothing of it was used."""

    def __init__(self, message: str, *, path: str, body: str) -> None:
        super().__init__(message)
        self.path = path
        """Where in the body, as a JSON path: `$.data[0].results[2].amount`."""
        self.body = body
        """The beginning of the body, as text."""


class PaginationError(APIError):
    """The pages do not add up to a walk.

    A cursor is missing, repeated or leads nowhere, or a bucket is out of order, given before,
    outside of what was asked, or missing where a client was made with `on_gap="raise"`.
    """


class APIStatusError(APIError):
    """The API answered with another status than 200."""

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
        body: str = "",
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        """The HTTP status."""
        self.code = code
        """`error.code` of the body: what to decide on, beside the status."""
        self.param = param
        """`error.param` of the body: the parameter that was refused."""
        self.type = type
        """`error.type` of the body."""
        self.request_id = request_id
        """The `x-request-id` header, to be quoted to OpenAI's support."""
        self.retry_after = retry_after
        """Seconds to wait before asking again, where the server said so."""
        self.body = body
        """The beginning of the body, as text."""


class BadRequestError(APIStatusError):
    """400: the query was refused; `param` and `code` say why."""


class AuthenticationError(APIStatusError):
    """401: the key is wrong, revoked, or of the wrong kind."""


class PermissionDeniedError(APIStatusError):
    """403: the key is valid and may not read usage."""


class NotFoundError(APIStatusError):
    """404: there is no such endpoint under the `base_url`."""


class ConflictError(APIStatusError):
    """409: the request met another one; it was tried again in vain."""


class UnprocessableEntityError(APIStatusError):
    """422: the query was understood and cannot be answered."""


class RateLimitError(APIStatusError):
    """429: too many requests; `retry_after` says for how long, where the server computed it."""


class InternalServerError(APIStatusError):
    """5xx: trouble on the API's side; it was tried again in vain."""
