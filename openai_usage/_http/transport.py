"""Send a request with aiohttp, with retries, and return the body or raise an error."""

import logging
import platform
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import TypeVar

import aiohttp
from yarl import URL

from openai_usage._http.config import ClientConfig
from openai_usage._http.environment import key_advice, proxy_for
from openai_usage._http.rate_limiter import RateLimiter
from openai_usage._http.responses import excerpt, organization, request_id, status_error
from openai_usage._http.retry import HOST_NOT_FOUND, retry_delay
from openai_usage._http.session import Session, SessionHolder
from openai_usage._telemetry import IterationSpan, RequestSpan
from openai_usage._text import contains_key, with_full_stop
from openai_usage._version import __version__
from openai_usage.errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    RateLimitError,
)
from openai_usage.retries import Retry
from openai_usage.schema.validation import reject_key

USER_AGENT = f"openai-usage-client/{__version__} (Python {platform.python_version()})"

T = TypeVar("T")

TOO_LARGE = "Raise max_response_bytes, or request fewer buckets with limit=."
UNUSUALLY_LARGE = "The answer is unusually large: read a shorter range, or ask OpenAI's support."
"""The hints for a response that is larger than the client accepts: for programs, and for readers
of a report or a terminal."""

_log = logging.getLogger("openai_usage")


class Body(bytearray):
    """The bytes of a response. They may quote the key, so the repr does not show them."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


class Transport:
    """Sends the requests of one client over one session, and retries temporary failures."""

    def __init__(self, options: ClientConfig, session: Session | None = None) -> None:
        self.options = options
        self.sessions = SessionHolder(session)
        self._proxy = proxy_for(options.url) if options.trust_env else None  # can hold a password
        pace = options.requests_per_second
        self.rate_limiter = RateLimiter(
            options.max_retry_wait, options.max_connections, 1 / pace if pace else 0.0
        )
        """The rate limiter that every request acquires first."""
        self.organization: str | None = None
        """The organization of the key, once a response has named it."""
        self._was_reached = False
        """True once a response was received."""

    async def get(
        self,
        path: str,
        params: Sequence[tuple[str, str]],
        iteration: IterationSpan,
        parse: Callable[[Body], Awaitable[T]],
    ) -> T:
        """Return the parsed body of the response, after as many retries as necessary and allowed.

        Raises:
            APIResponseValidationError: *parse* raised it, without the body, which is added here.
            APIError: Every attempt failed; this is the error of the last one.
        """
        body = await self._body(path, params, iteration)
        try:
            return await parse(body)
        except APIResponseValidationError as error:
            raise self._validation_error(error.message, error.path, body) from None

    async def _body(
        self, path: str, params: Sequence[tuple[str, str]], iteration: IterationSpan
    ) -> Body:
        import stamina  # noqa: PLC0415 - keeps `import openai_usage` fast

        session = self.sessions.open()
        self._reject_key(path, params)
        url = (self.options.url / path).with_query(params)
        endpoint = _endpoint_of(path)
        retries, waited = 0, 0.0

        def wait_before_next(error: Exception) -> bool | float:
            nonlocal retries, waited
            retries += 1
            throttled = self.rate_limiter.is_throttled(endpoint)
            wait = retry_delay(
                error,
                retries,
                max_retries=self.options.max_retries,
                max_wait=self.options.max_retry_wait,
                throttled=throttled,
            )
            if wait is None or not isinstance(error, APIError):
                return False
            if isinstance(error, RateLimitError) and not throttled:
                self.rate_limiter.pause(endpoint, wait)
            self.announce(Retry(path=path, number=retries, wait=wait, error=error))
            waited = wait
            return wait

        async def once() -> Body:
            span = iteration.request(url, retry=retries, wait=waited)
            outcome = await self._exchange(session, path, url, span, is_retry=retries > 0)
            if isinstance(outcome, APIError):
                # Raise it here, where no variable holds the request or the response: both can hold
                # the key, and tracebacks can show variables.
                raise outcome
            return outcome

        attempts = stamina.AsyncRetryingCaller(attempts=self.options.max_retries + 1, timeout=None)
        return await attempts.on(wait_before_next)(once)

    async def _exchange(
        self, session: Session, path: str, url: URL, span: RequestSpan, *, is_retry: bool
    ) -> Body | APIError:
        """Send one request; return the body of the response, or the error."""
        async with self.rate_limiter.acquire(_endpoint_of(path), is_retry=is_retry) as attempt:
            started = perf_counter()
            body = Body()
            facts: dict[str, object] = {"endpoint": path, "status": None}
            failure: APIError | None
            try:
                async with (
                    span,
                    session.get(
                        url,
                        headers=self._headers(),
                        timeout=aiohttp.ClientTimeout(total=self.options.timeout),
                        ssl=self.options.ssl or True,
                        proxy=self._proxy,
                        allow_redirects=False,
                        raise_for_status=False,
                    ) as response,
                ):
                    span.answered(response.status)
                    self._was_reached = True
                    # Not read(), which blocks the event loop when it joins all pieces at the end.
                    # No variable holds a piece, because tracebacks can show variables.
                    content, most = response.content, self.options.max_response_bytes
                    while not content.at_eof() and len(body) <= most:
                        body += await content.readany()
            except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
                failure = self._connection_error(error)
            else:
                failure = self._response_error(response, body)
                facts["status"] = response.status
                facts["request_id"] = request_id(response.headers, self.options.admin_api_key)
                if response.status != 401:  # a 401 can name somebody else's organization
                    name = organization(response.headers, self.options.admin_api_key)
                    self.organization = name or self.organization
            self.rate_limiter.record(attempt, failure)
        facts |= {"bytes": len(body), "seconds": perf_counter() - started}
        _log.debug("GET %s: %s", path, facts["status"] or type(failure).__name__, extra=facts)
        return body if failure is None else failure

    def _connection_error(self, error: Exception) -> APIError:
        if isinstance(error, TimeoutError):
            return APITimeoutError(f"no complete answer within {self.options.timeout:g} s.")
        if isinstance(error, aiohttp.ClientConnectorDNSError) and not self._was_reached:
            why = with_full_stop(str(error.os_error.strerror or error.os_error))
            return APIConnectionError(
                f"no address was found for the host {self.options.url.host}: {why}",
                hint=HOST_NOT_FOUND,
            )
        cause = type(error).__name__
        if isinstance(error, OSError):
            cause += f": {error}"  # some other errors quote the server, which may quote the key
        return APIConnectionError(
            f"no complete answer from {self.options.url.host}: {with_full_stop(cause)}"
        )

    def _response_error(self, response: aiohttp.ClientResponse, body: Body) -> APIError | None:
        if response.status != 200:
            return status_error(
                response.status,
                response.headers,
                body,
                secret=self.options.admin_api_key,
                key_advice=key_advice(),
            )
        if len(body) > self.options.max_response_bytes:
            return self._validation_error(
                f"it is larger than {self.options.max_response_bytes} bytes", "$", body, TOO_LARGE
            )
        return None

    def _validation_error(
        self, what: str, path: str, body: Body, hint: str = ""
    ) -> APIResponseValidationError:
        """Return the error for a *body* that is not a page: *what* is wrong at the JSON *path*."""
        secret = self.options.admin_api_key
        text, what, path = excerpt(body, secret), secret.redacted(what), secret.redacted(path)
        return APIResponseValidationError(
            f"the response is not a valid page: {what[:500]} at {path}. "
            f"It begins with {text[:80]!r}.",
            path=path,
            body=text,
            hint=hint,
        )

    def announce(self, retry: Retry) -> None:
        """Call `on_retry`, or else log a warning."""
        if self.options.on_retry is not None:
            self.options.on_retry(retry)
            return
        status = getattr(retry.error, "status_code", None)
        extra = {"endpoint": retry.path, "retry": retry.number, "wait": retry.wait}
        _log.warning("%s", retry, extra=extra | {"status": status})

    def is_key(self, text: str | None) -> bool:
        """Return whether *text*, which the API sent, is a key, which must not be put in a URL."""
        return text is not None and (contains_key(text) or self.options.admin_api_key.is_in(text))

    def _reject_key(self, path: str, params: Sequence[tuple[str, str]]) -> None:
        """Reject a request that would send the admin key in its URL.

        Raises:
            InvalidQueryError: A parameter holds it. `is_key` checks what the API sent.
        """
        secret = self.options.admin_api_key
        for name, value in (("project_ids", path), *params):
            if secret.is_in(name) or secret.is_in(value):
                param = "extra_query" if secret.is_in(name) else name.removesuffix("[]")
                reject_key(param, "the admin key")

    def _headers(self) -> dict[str, str]:
        headers = {
            "Authorization": self.options.admin_api_key.header(),
            "Accept": "application/json",
            "User-Agent": USER_AGENT,
        }
        if self.options.organization:
            headers["OpenAI-Organization"] = self.options.organization
        return headers

    async def close(self) -> None:
        """Close the session, unless the caller passed it."""
        await self.sessions.close()


def _endpoint_of(path: str) -> str:
    """Return the key of the rate limit: the lists of all projects' API keys share one."""
    return path.rpartition("/")[2]
