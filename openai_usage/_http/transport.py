"""The only file of the client that knows aiohttp: one request becomes a body or an error."""

import asyncio
import logging
import os
import platform
from collections.abc import Sequence
from time import perf_counter
from typing import TypeAlias

import aiohttp
from yarl import URL

from openai_usage._http.config import ClientConfig
from openai_usage._http.environment import key_advice
from openai_usage._http.rate_limiter import RateLimiter
from openai_usage._http.responses import excerpt, organization, request_id, status_error
from openai_usage._http.retry import retry_delay
from openai_usage._telemetry import RequestSpan, WalkSpan
from openai_usage._text import contains_key
from openai_usage._version import __version__
from openai_usage.errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    InvalidOptionError,
    InvalidQueryError,
    RateLimitError,
)

USER_AGENT = f"openai-usage-client/{__version__} (Python {platform.python_version()})"

Session: TypeAlias = aiohttp.ClientSession
"""What a client sends with: its own, or one that was lent."""

_log = logging.getLogger("openai_usage")


class Body(bytearray):
    """The bytes of an answer; they may quote the key, and are not shown in tracebacks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


class Transport:
    """Sends the requests of one client, over one session, and tries again what is worth it."""

    def __init__(self, options: ClientConfig, session: Session | None) -> None:
        if not isinstance(session, Session | None):
            raise InvalidOptionError(
                "session takes an aiohttp.ClientSession that is open", option="session"
            )
        if getattr(session, "auth", None) is not None:
            raise InvalidOptionError(
                "the session has a user and a password of its own, which would be sent in place "
                "of the admin key",
                option="session",
            )
        if getattr(session, "trust_env", False):
            raise InvalidOptionError(
                "the session trusts the environment, and would look in ~/.netrc for a user and a "
                "password to send: pass trust_env=True to the client instead, for its proxy alone",
                option="session",
            )
        self.options = options
        self.user_session = session
        """What it was told to send with; None where it opens a session of its own."""
        self._own: Session | None = None
        self._closed = False
        self._owner: tuple[int, asyncio.AbstractEventLoop] | None = None
        """The process and the event loop in which the first request was sent."""
        self.rate_limiter = RateLimiter(options.max_retry_wait, options.max_connections)
        """Every request acquires it first."""
        self.organization: str | None = None
        """Whose key it is, as far as the API has said so by now."""

    async def get(self, path: str, pairs: Sequence[tuple[str, str]], walk: WalkSpan) -> Body:
        """The body of the answer, after as many tries as it takes and the options allow.

        Raises:
            APIError: No try gave an answer with status 200; this is what the last one met.
        """
        import stamina  # noqa: PLC0415 - with the first request: see `_codec.py` for why

        session = self._session()
        self._keep_key_from(path, pairs)
        url = (self.options.base_url / path).with_query(pairs)
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
            if wait is None:
                return False
            if isinstance(error, RateLimitError) and not throttled:
                self.rate_limiter.pause(endpoint, wait)
            _log.warning(
                "GET %s failed, retry %d in %.2f s: %s",
                path,
                retries,
                wait,
                error,
                extra={
                    "endpoint": path,
                    "retry": retries,
                    "wait": wait,
                    "status": getattr(error, "status_code", None),
                },
            )
            waited = wait
            return wait

        async def once() -> Body:
            span = walk.request(url, retry=retries, wait=waited)
            answer = await self._exchange(session, path, url, span, is_retry=retries > 0)
            if isinstance(answer, APIError):
                # Here, where no name stands for what was sent or answered: both can hold the key,
                # and tracebacks can show what names stand for.
                raise answer
            return answer

        attempts = stamina.AsyncRetryingCaller(attempts=self.options.max_retries + 1, timeout=None)
        return await attempts.on(wait_before_next)(once)

    async def _exchange(
        self, session: Session, path: str, url: URL, span: RequestSpan, *, is_retry: bool
    ) -> Body | APIError:
        """One request: the body of its answer, or the error that it came to."""
        async with self.rate_limiter.acquire(_endpoint_of(path), is_retry=is_retry) as attempt:
            began = perf_counter()
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
                        proxy=self.options.proxy,
                        allow_redirects=False,
                        raise_for_status=False,
                    ) as response,
                ):
                    span.answered(response.status)
                    # What read() does instead, to join all pieces at the end, stalls; and no
                    # piece gets a name, since tracebacks can show what names stand for.
                    content, most = response.content, self.options.max_response_bytes
                    while not content.at_eof() and len(body) <= most:
                        body += await content.readany()
            except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
                failure = self._connection_error(error)
            else:
                failure = self._response_error(response, body)
                facts["status"] = response.status
                facts["request_id"] = request_id(response.headers, self.options.admin_api_key)
                if response.status != 401:  # where the key is not known, or another's is asked for
                    named = organization(response.headers, self.options.admin_api_key)
                    self.organization = named or self.organization
            self.rate_limiter.record(attempt, failure)
        facts |= {"bytes": len(body), "seconds": perf_counter() - began}
        _log.debug("GET %s: %s", path, facts["status"] or type(failure).__name__, extra=facts)
        return body if failure is None else failure

    def _connection_error(self, error: Exception) -> APIError:
        if isinstance(error, TimeoutError):
            return APITimeoutError(f"no complete answer within {self.options.timeout:g} s")
        what = type(error).__name__
        if isinstance(error, OSError):
            what += f": {error}"  # of the others, some quote what the server sent, and cut it
        return APIConnectionError(f"no complete answer from {self.options.base_url.host}: {what}")

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
            return self.validation_error(
                f"it is larger than max_response_bytes={self.options.max_response_bytes} (allow "
                "more, or ask for fewer buckets with limit=),",
                "$",
                body,
            )
        return None

    def validation_error(self, what: str, path: str, body: Body) -> APIResponseValidationError:
        """The error for a *body* that is no page, for *what* is wrong at a JSON *path*."""
        secret = self.options.admin_api_key
        text, what, path = excerpt(body, secret), secret.redacted(what), secret.redacted(path)
        return APIResponseValidationError(
            f"this is no page of what was asked, {what[:500]} at {path}: {text[:80]!r}",
            path=path,
            body=text,
        )

    def is_key(self, text: str | None) -> bool:
        """Return whether *text*, which the API sent, is a key: it has no place in a URL."""
        return text is not None and (contains_key(text) or self.options.admin_api_key.is_in(text))

    def _keep_key_from(self, path: str, pairs: Sequence[tuple[str, str]]) -> None:
        """Refuse to send the admin key in a URL.

        Raises:
            InvalidQueryError: A parameter holds it; what the API sent is checked as it comes.
        """
        secret = self.options.admin_api_key
        for name, value in (("project_ids", path), *pairs):
            if secret.is_in(name) or secret.is_in(value):
                param = "extra_query" if secret.is_in(name) else name.removesuffix("[]")
                raise InvalidQueryError(
                    f"{param} holds the admin key, which must not be sent in a URL. "
                    "Pass it as admin_api_key only, and here what the parameter is for.",
                    param=param,
                )

    def _headers(self) -> dict[str, str]:
        headers = {
            "Authorization": self.options.admin_api_key.header(),
            "Accept": "application/json",
            "User-Agent": USER_AGENT,
        }
        if self.options.organization:
            headers["OpenAI-Organization"] = self.options.organization
        return headers

    def _session(self) -> Session:
        if self._closed:
            raise RuntimeError("this client is closed; make a new one")
        here = (os.getpid(), asyncio.get_running_loop())
        self._owner = self._owner or here
        if self._owner != here:
            other = "process" if self._owner[0] != here[0] else "event loop"
            raise RuntimeError(
                f"this client sent its first request in another {other}, to which its connections "
                "belong; make a client for each"
            )
        if self.user_session is not None:
            if self.user_session.closed:
                raise RuntimeError("the session that was lent to this client is closed")
            return self.user_session
        if self._own is None:  # made here, not in the constructor: aiohttp needs a running loop
            self._own = Session(
                cookie_jar=aiohttp.DummyCookieJar(),
                # The gate counts, so that a timeout does not count the wait for a connection.
                connector=aiohttp.TCPConnector(limit=0),
            )
        return self._own

    async def close(self) -> None:
        """Close the session, unless it was lent."""
        self._closed = True
        if self._own is not None:
            await self._own.close()


def _endpoint_of(path: str) -> str:
    """Return what to limit the rate of: lists of each project's API keys, for one, are the same."""
    return path.rpartition("/")[2]
