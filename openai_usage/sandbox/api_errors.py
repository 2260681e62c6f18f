"""The errors that the API is documented or was seen to return, with its own wording if known."""

from typing import Self

import msgspec
from aiohttp import web

from openai_usage._time_format import iso_date


class ApiError(Exception):
    """An error response of the API."""

    def __init__(
        self, status: int, message: str, *, code: str | None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param

    def response(self) -> web.Response:
        """Return the response, in the API's format."""
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
        """Return a 401: the key is not valid."""
        shown = f"{key[:8]}{'*' * 8}{key[-4:]}" if len(key) > 16 else "*" * len(key)
        return cls(401, f"Incorrect API key provided: {shown}.", code="invalid_api_key")

    @classmethod
    def no_scope(cls, scope: str) -> Self:
        """Return a 403: the key is not an admin key or does not have the *scope*."""
        return cls(
            403,
            f"You have insufficient permissions for this operation. Missing scopes: {scope}. "
            "Check that you have the correct role in your organization, and if you're using a "
            "restricted API key, that it has the necessary scopes.",
            code=None,
        )

    @classmethod
    def other_host(cls) -> Self:
        """Return a 421: the request names another host, as a web page could make a browser do."""
        message = "This sandbox only answers requests to 127.0.0.1 or localhost. Use its base_url."
        return cls(421, message, code=None)

    @classmethod
    def too_fast(cls, requests_per_second: int | None) -> Self:
        """Return a 429: the last second had more requests than are allowed."""
        return cls(
            429,
            f"Rate limit reached for requests: limit {requests_per_second} / s.",
            code="rate_limit_exceeded",
        )

    @classmethod
    def no_such_path(cls, method: str, path: str) -> Self:
        """Return a 404: the API has no such operation."""
        return cls(404, f"Invalid URL ({method} {path})", code=None)

    @classmethod
    def no_limit(cls) -> Self:
        """Return a 404: no hard limit is set. What the API returns then is not documented."""
        return cls(404, "No spend limit is set.", code=None)

    @classmethod
    def missing(cls, param: str) -> Self:
        """Return a 400: a required parameter is missing."""
        return cls(
            400,
            f"Missing required parameter: '{param}'.",
            param=param,
            code="invalid_request_error",
        )

    @classmethod
    def invalid_type(cls, param: str, expected: str, value: str) -> Self:
        """Return a 400: a parameter is not a number or not a boolean, but should be."""
        message = f"Invalid type for '{param}': expected {expected}, but got '{value}' instead."
        return cls(400, message, param=param, code="invalid_type")

    @classmethod
    def limit_too_large(cls, limit: int, maximum: int) -> Self:
        """Return a 400: the `limit` is larger than the API allows."""
        message = f"Invalid limit provided: {limit}. Limit must be less than or equal to {maximum}."
        return cls(400, message, param="limit", code="invalid_request_error")

    @classmethod
    def invalid(cls, param: str, message: str) -> Self:
        """Return a 400: the value of a parameter is not valid."""
        return cls(400, message, param=param, code="invalid_request_error")

    @classmethod
    def costs_by_key_too_early(cls, floor: int) -> Self:
        """Return a 400: costs that old cannot be grouped by API key."""
        message = (
            "group_by=api_key_id is not available for this time range. "
            f"Try a start_time on or after {floor}."
        )
        return cls(400, message, param="start_time", code="invalid_request_error")

    @classmethod
    def too_long_ago(cls, earliest: int) -> Self:
        """Return a 400: the range begins before the times of which there is data."""
        message = (
            "Usage and cost data are available for the past year. "
            f"Earliest supported start date: {iso_date(earliest)} (UTC)."
        )
        return cls(400, message, code="reporting_lookback_exceeded")

    @classmethod
    def invalid_cursor(cls) -> Self:
        """Return a 400: the cursor is damaged, has expired, or belongs to another query."""
        return cls(
            400,
            "The page token is invalid, have you modified the query parameters?",
            code="invalid_request_error",
        )
