"""The errors the API is documented, or has been seen, to answer with; word for word where known."""

from typing import Self

import msgspec
from aiohttp import web


class ApiError(Exception):
    """A request is answered with an error."""

    def __init__(
        self, status: int, message: str, *, code: str | None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param

    def response(self) -> web.Response:
        """The answer, in the API's envelope."""
        error = {
            "message": str(self),
            "type": "server_error" if self.status >= 500 else "invalid_request_error",
            "param": self.param,
            "code": self.code,
        }
        return web.Response(
            status=self.status,
            body=msgspec.json.encode({"error": error}),
            content_type="application/json",
        )

    @classmethod
    def wrong_key(cls, key: str) -> Self:
        """401: nobody has that key."""
        shown = f"{key[:8]}{'*' * 8}{key[-4:]}" if len(key) > 16 else "*" * len(key)
        return cls(401, f"Incorrect API key provided: {shown}.", code="invalid_api_key")

    @classmethod
    def no_scope(cls, scope: str) -> Self:
        """403: a key that is no admin key, or has not the *scope*."""
        return cls(
            403,
            f"You have insufficient permissions for this operation. Missing scopes: {scope}. "
            "Check that you have the correct role in your organization, and if you're using a "
            "restricted API key, that it has the necessary scopes.",
            code=None,
        )

    @classmethod
    def other_host(cls) -> Self:
        """421: a browser was sent here under another name, by a page that is not from here."""
        return cls(421, "This is a sandbox, and answers on loopback alone.", code=None)

    @classmethod
    def too_fast(cls, requests_per_second: int | None) -> Self:
        """429: there were more requests in the last second than are allowed."""
        return cls(
            429,
            f"Rate limit reached for requests: limit {requests_per_second} / s.",
            code="rate_limit_exceeded",
        )

    @classmethod
    def no_such_path(cls, method: str, path: str) -> Self:
        """404: the API has no such operation."""
        return cls(404, f"Invalid URL ({method} {path})", code=None)

    @classmethod
    def missing(cls, param: str) -> Self:
        """400: a parameter that must be there is not."""
        return cls(
            400,
            f"Missing required parameter: '{param}'.",
            param=param,
            code="invalid_request_error",
        )

    @classmethod
    def invalid_type(cls, param: str, expected: str, value: str) -> Self:
        """400: a parameter is no number, or no boolean, and should be."""
        message = f"Invalid type for '{param}': expected {expected}, but got '{value}' instead."
        return cls(400, message, param=param, code="invalid_type")

    @classmethod
    def limit_too_large(cls, limit: int, maximum: int) -> Self:
        """400: more buckets on a page than there can be."""
        message = f"Invalid limit provided: {limit}. Limit must be less than or equal to {maximum}."
        return cls(400, message, param="limit", code="invalid_request_error")

    @classmethod
    def invalid(cls, param: str, message: str) -> Self:
        """400: a parameter has a value that it cannot have."""
        return cls(400, message, param=param, code="invalid_request_error")

    @classmethod
    def costs_by_key_too_early(cls, floor: int) -> Self:
        """400: costs were not kept by key that long ago."""
        message = (
            "group_by=api_key_id is not available for this time range. "
            f"Try a start_time on or after {floor}."
        )
        return cls(400, message, param="start_time", code="invalid_request_error")

    @classmethod
    def invalid_cursor(cls) -> Self:
        """400: a cursor is damaged, too old, or belongs to another query."""
        return cls(
            400,
            "The page token is invalid, have you modified the query parameters?",
            code="invalid_request_error",
        )
