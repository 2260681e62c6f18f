"""The only file of the client that knows aiohttp: one request becomes a body or an error."""

import logging
import platform
from time import perf_counter

import aiohttp
import stamina
from yarl import URL

from openai_usage._gate import Gate
from openai_usage._options import Options, key_advice
from openai_usage._responses import status_error
from openai_usage._retry import wait_before_retry
from openai_usage._version import __version__
from openai_usage.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    RateLimitError,
)

USER_AGENT = f"openai-usage-client/{__version__} (Python {platform.python_version()})"

_log = logging.getLogger("openai_usage")


class Transport:
    """Sends the requests of one client, over one session, and tries again what is worth it."""

    def __init__(self, options: Options, session: aiohttp.ClientSession | None) -> None:
        self._options = options
        self._lent = session
        self._own: aiohttp.ClientSession | None = None
        self._closed = False
        self._gate = Gate()

    @property
    def base_url(self) -> URL:
        """Where the API is."""
        return self._options.base_url

    async def get(self, path: str, pairs: list[tuple[str, str]]) -> bytes:
        """The body of the answer, after as many tries as it takes and the options allow.

        Raises:
            APIError: No try gave an answer with status 200; this is what the last one met.
        """
        url = (self.base_url / path).with_query(pairs)
        retries = 0

        def wait_before_next(error: Exception) -> bool | float:
            nonlocal retries
            retries += 1
            wait = wait_before_retry(
                error,
                retries,
                max_retries=self._options.max_retries,
                max_wait=self._options.max_retry_wait,
            )
            if wait is None:
                return False
            if isinstance(error, RateLimitError):
                self._gate.shut(wait)
            _log.warning(
                "GET %s failed, retry %d in %.2f s: %s",
                path,
                retries,
                wait,
                error,
                extra={"endpoint": path, "retry": retries, "wait": wait},
            )
            return wait

        attempts = stamina.AsyncRetryingCaller(attempts=self._options.max_retries + 1, timeout=None)
        return await attempts.on(wait_before_next)(self._once, path, url)

    async def _once(self, path: str, url: URL) -> bytes:
        await self._gate.passed()
        began = perf_counter()
        try:
            async with self._session().get(
                url,
                headers=self._headers(),
                timeout=aiohttp.ClientTimeout(total=self._options.timeout),
                allow_redirects=False,
                raise_for_status=False,
            ) as response:
                body = await response.read()
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            failure = self._failure(error)
        else:
            _log.debug(
                "GET %s: %d",
                path,
                response.status,
                extra={
                    "endpoint": path,
                    "status": response.status,
                    "seconds": perf_counter() - began,
                    "bytes": len(body),
                    "request_id": response.headers.get("x-request-id"),
                },
            )
            if response.status == 200:
                return body
            failure = status_error(
                response.status,
                response.headers,
                self._redacted(body),
                key_advice=key_advice(),
            )
        # Outside of the `except`, so that aiohttp's error is not chained: it can hold the headers
        # that were sent, and so the key.
        raise failure

    def _failure(self, error: Exception) -> APIError:
        if isinstance(error, TimeoutError):
            return APITimeoutError(f"no complete answer within {self._options.timeout:g} s")
        return APIConnectionError(
            f"no complete answer from {self.base_url.host}: {type(error).__name__}: {error}"
        )

    def _headers(self) -> dict[str, str]:
        headers = {
            "Authorization": f"Bearer {self._options.admin_api_key}",
            "Accept": "application/json",
            "User-Agent": USER_AGENT,
        }
        if self._options.organization:
            headers["OpenAI-Organization"] = self._options.organization
        return headers

    def _redacted(self, body: bytes) -> bytes:
        return body.replace(self._options.admin_api_key.encode(), b"[the admin key]")

    def _session(self) -> aiohttp.ClientSession:
        if self._closed:
            raise RuntimeError("this client is closed; make a new one")
        if self._lent is not None:
            return self._lent
        if self._own is None:  # made here, not in the constructor: aiohttp needs a running loop
            self._own = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._own

    async def close(self) -> None:
        """Close the session, unless it was lent."""
        self._closed = True
        if self._own is not None:
            await self._own.close()
