"""Open the aiohttp session of a client, or use the caller's, in one process and event loop."""

import asyncio
import os
from typing import TypeAlias

import aiohttp
from attrs import field, frozen

from openai_usage._http.config import ClientConfig, reject_option
from openai_usage.errors import InvalidOptionError

Session: TypeAlias = aiohttp.ClientSession
"""The session that requests are sent with."""


def _sendable(_: object, __: object, session: Session | None) -> None:
    if not isinstance(session, Session | None):
        reject_option("session", "an open aiohttp.ClientSession")
    if getattr(session, "auth", None) is not None:
        raise InvalidOptionError(
            "the session has a user and a password, which would be sent instead of the admin key. "
            "Pass a session without auth=.",
            option="session",
        )
    if getattr(session, "trust_env", False):
        raise InvalidOptionError(
            "the session has trust_env=True, so it would send a user and a password from "
            "~/.netrc. Pass trust_env=True to the client instead, which only uses the proxy.",
            option="session",
        )


@frozen
class AsyncClientConfig(ClientConfig):
    """The options of a client whose caller can pass a session."""

    session: Session | None = field(default=None, kw_only=True, validator=_sendable)


class SessionHolder:
    """Holds the session of one client, and opens it on use if the caller did not pass any."""

    def __init__(self, passed: Session | None) -> None:
        self._passed = passed
        self._opened: Session | None = None
        self._is_closed = False
        self._owner: tuple[int, asyncio.AbstractEventLoop] | None = None
        """The process and the event loop in which the first request was sent."""

    def open(self) -> Session:
        """Return the session to send with.

        Raises:
            RuntimeError: The client or the session is closed, or belongs to another process or
                event loop.
        """
        if self._is_closed:
            raise RuntimeError("this client is closed; make a new one.")
        here = (os.getpid(), asyncio.get_running_loop())
        self._owner = self._owner or here
        if self._owner != here:
            other = "process" if self._owner[0] != here[0] else "event loop"
            raise RuntimeError(
                f"this client sent its first request in another {other}, to which its connections "
                "belong; make a client for each."
            )
        if self._passed is not None:
            if self._passed.closed:
                raise RuntimeError(
                    "the session that was passed to this client is closed; pass an open one."
                )
            return self._passed
        if self._opened is None:  # not in the constructor: aiohttp needs a running loop
            self._opened = Session(
                cookie_jar=aiohttp.DummyCookieJar(),
                # The rate limiter counts instead, so that timeouts exclude waits for a connection.
                connector=aiohttp.TCPConnector(limit=0),
            )
        return self._opened

    async def close(self) -> None:
        """Close the session, unless the caller passed it."""
        self._is_closed = True
        if self._opened is not None:
            await self._opened.close()
