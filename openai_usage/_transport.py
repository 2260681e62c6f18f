"""The only file of the client that knows aiohttp: one request becomes a body or an error."""

import logging
import platform
from time import perf_counter
from typing import TypeAlias

import aiohttp
from yarl import URL

from openai_usage._gate import Gate
from openai_usage._options import Options, key_advice
from openai_usage._responses import excerpt, request_id, status_error
from openai_usage._retry import wait_before_retry
from openai_usage._version import __version__
from openai_usage.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    InvalidOptionError,
)

USER_AGENT = f"openai-usage-client/{__version__} (Python {platform.python_version()})"

Session: TypeAlias = aiohttp.ClientSession
"""What a client sends with: its own, or one that was lent."""

_log = logging.getLogger("openai_usage")


class Transport:
    """Sends the requests of one client, over one session, and tries again what is worth it."""

    def __init__(self, options: Options, session: Session | None) -> None:
        if getattr(session, "auth", None) is not None:
            raise InvalidOptionError(
                "the session has a user and a password of its own, which would be sent in place "
                "of the admin key",
                option="session",
            )
        self._options = options
        self._lent = session
        self._own: Session | None = None
        self._closed = False
        self.gate = Gate(options.max_retry_wait)
        """What every request asks first."""

    @property
    def base_url(self) -> URL:
        """Where the API is."""
        return self._options.base_url

    async def get(self, path: str, pairs: list[tuple[str, str]]) -> bytearray:
        """The body of the answer, after as many tries as it takes and the options allow.

        Raises:
            APIError: No try gave an answer with status 200; this is what the last one met.
        """
        import stamina  # noqa: PLC0415 - with the first request: see `_codec.py` for why

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
                paced=self.gate.paces,
            )
            if wait is None:
                return False
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
        return await attempts.on(wait_before_next)(lambda: self._once(path, url, first=not retries))

    async def _once(self, path: str, url: URL, *, first: bool) -> bytearray:
        sent = await self.gate.passed(first=first)
        began = perf_counter()
        body = bytearray()  # what read() does instead, to join all pieces at the end, stalls
        failure: APIError | None
        try:
            async with self._session().get(
                url,
                headers=self._headers(),
                timeout=aiohttp.ClientTimeout(total=self._options.timeout),
                allow_redirects=False,
                raise_for_status=False,
            ) as response:
                async for chunk in response.content.iter_any():
                    body += chunk
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            failure = self._failure(error)
            facts: dict[str, object] = {"status": None}
        else:
            failure = self._refusal(response, body)
            facts = {
                "status": response.status,
                "bytes": len(body),
                "request_id": request_id(response.headers, self._options.admin_api_key),
            }
        self.gate.saw(sent, failure)
        outcome = facts["status"] or type(failure).__name__
        facts |= {"endpoint": path, "seconds": perf_counter() - began}
        _log.debug("GET %s: %s", path, outcome, extra=facts)
        if failure is None:
            return body
        # Outside of the `except`, so that aiohttp's error is not chained: it can hold the headers
        # that were sent, and so the key.
        raise failure

    def _failure(self, error: Exception) -> APIError:
        if isinstance(error, TimeoutError):
            return APITimeoutError(f"no complete answer within {self._options.timeout:g} s")
        what = type(error).__name__
        if isinstance(error, OSError):
            what += f": {error}"  # of the others, some quote what the server sent, and cut it
        return APIConnectionError(f"no complete answer from {self.base_url.host}: {what}")

    def _refusal(self, response: aiohttp.ClientResponse, body: bytearray) -> APIError | None:
        if response.status == 200:
            return None
        return status_error(
            response.status,
            response.headers,
            body,
            secret=self._options.admin_api_key,
            key_advice=key_advice(),
        )

    def quoted(self, body: bytes | bytearray) -> str:
        """The beginning of *body* as an error may show it."""
        return excerpt(body, self._options.admin_api_key)

    def _headers(self) -> dict[str, str]:
        headers = {
            "Authorization": f"Bearer {self._options.admin_api_key}",
            "Accept": "application/json",
            "User-Agent": USER_AGENT,
        }
        if self._options.organization:
            headers["OpenAI-Organization"] = self._options.organization
        return headers

    def _session(self) -> Session:
        if self._closed:
            raise RuntimeError("this client is closed; make a new one")
        if self._lent is not None:
            if self._lent.closed:
                raise RuntimeError("the session that was lent to this client is closed")
            return self._lent
        if self._own is None:  # made here, not in the constructor: aiohttp needs a running loop
            self._own = Session(cookie_jar=aiohttp.DummyCookieJar())
        return self._own

    async def close(self) -> None:
        """Close the session, unless it was lent."""
        self._closed = True
        if self._own is not None:
            await self._own.close()
