"""The client: its options, its lifetime, and a method for every row of the table."""

from collections.abc import Collection
from functools import cached_property
from ssl import SSLContext
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from openai_usage._http.config import OnGap, options
from openai_usage._http.environment import resolve_admin_key
from openai_usage._http.transport import Session, Transport
from openai_usage.buckets import Buckets
from openai_usage.endpoints import Endpoint, Endpoints
from openai_usage.errors import UsageError
from openai_usage.schema.range_query import RangeQuery

if TYPE_CHECKING:
    from openai_usage._pagination.name_lists import NameLists
    from openai_usage.names import Names, WorkKind

__all__ = ["AsyncUsageClient"]

R = TypeVar("R")


class BaseClient(Endpoints):
    """What `AsyncUsageClient` and `UsageClient` share: rows, and options, described there."""

    _returns: ClassVar[str]
    """The name of what the methods give."""

    def __init__(
        self,
        admin_api_key: str | None = None,
        *,
        base_url: str | None = None,
        organization: str | None = None,
        timeout: float = 60.0,
        max_retries: int = 5,
        max_retry_wait: float = 60.0,
        max_response_bytes: int = 2**28,
        max_connections: int = 100,
        on_gap: OnGap = "warn",
        ssl: SSLContext | None = None,
        trust_env: bool = False,
        allow_insecure_http: bool = False,
        session: Session | None = None,
    ) -> None:
        key = resolve_admin_key(admin_api_key)
        del admin_api_key  # so that no traceback that shows locals shows it
        try:
            self._transport = Transport(
                options(
                    admin_api_key=key,
                    base_url=base_url,
                    organization=organization,
                    timeout=timeout,
                    max_retries=max_retries,
                    max_retry_wait=max_retry_wait,
                    max_response_bytes=max_response_bytes,
                    max_connections=max_connections,
                    on_gap=on_gap,
                    ssl=ssl,
                    trust_env=trust_env,
                    allow_insecure_http=allow_insecure_http,
                ),
                session,
            )
        except UsageError as error:
            # Any of them can be the key by mistake, and tracebacks can show locals.
            del base_url, organization, timeout, max_retries, max_retry_wait, max_response_bytes
            del max_connections, on_gap, ssl, trust_env, allow_insecure_http, session
            raise error.with_traceback(None) from None
        self._post_init()

    def _post_init(self) -> None:
        """What else a client is made of."""

    @property
    def base_url(self) -> str:
        """Where the API is that it asks."""
        return str(self._transport.options.base_url)

    async def _names(
        self,
        *,
        personal: bool,
        kinds: "Collection[WorkKind]",
        project_ids: Collection[str] | None,
    ) -> "Names":
        return await self._name_lists.names(personal=personal, kinds=kinds, project_ids=project_ids)

    @cached_property
    def _name_lists(self) -> "NameLists":
        from openai_usage._pagination.name_lists import NameLists  # noqa: PLC0415 - on use

        return NameLists(self._transport)

    def __repr__(self) -> str:
        # A traceback can show a client that was never finished, because an option cannot work.
        finished = hasattr(self, "_transport")
        return f"<{type(self).__name__} {self.base_url if finished else 'unfinished'}>"


class AsyncUsageClient(BaseClient):
    """Reads an organization's usage and costs from OpenAI's API.

    Every row of the table (`Endpoints`) is a method that takes what its endpoint can be asked and
    gives `Buckets`, to be awaited or iterated::

        async with AsyncUsageClient() as client:
            async for bucket in client.costs(start_time=days_ago(30), group_by=["line_item"]):
                ...

    Use it as a context manager, or `close()` it. One client serves a whole program: it keeps its
    connections, and keeps all its requests to the limits that the API's rejections tell of. It
    belongs to the process and the event loop in which it first sends: another needs another
    client. Programs that are not async have `UsageClient`.

    Args:
        admin_api_key: An organization's admin key. Default: the environment's `OPENAI_ADMIN_KEY`.
        base_url: Where the API is. Default: `OPENAI_BASE_URL`, or `https://api.openai.com/v1`.
        organization: Which organization is meant, where the key has several. Default:
            `OPENAI_ORG_ID`.
        timeout: Seconds for one request: connecting, sending, and the whole of the answer.
        max_retries: How many more times a request is tried that failed in passing: a status of
            408, 409, 429 or 5xx, a lost connection, a body cut short, a timeout.
        max_retry_wait: The longest wait in seconds before a retry. Where the API asks for a
            longer one, the error is raised at once, with `retry_after`.
        max_response_bytes: The largest answer that is read, in bytes after decompression; a larger
            one is an `APIResponseValidationError` as soon as it is that large.
        max_connections: How many requests are on their way at once, at most, of all walks.
        on_gap: What to do if the API returns no bucket for a part of the range, so that what was
            used then is unknown: `warn` in the log, `raise` a `PaginationError`, or call a function
            with the `Gap`. `UsageClient` calls it in its own thread.
        ssl: How hosts are verified, for a private authority or a certificate of the client's own.
            Default: the authorities that Python trusts.
        trust_env: Go through the proxy that the environment names in `HTTPS_PROXY`, but for the
            hosts in `NO_PROXY`.
        allow_insecure_http: Send the key over plain `http` to other hosts than this one.
        session: An aiohttp session to send with. It stays yours: it is not closed, and our
            headers go with each request, not into it. One that has a user and a password for all
            its requests, or takes them from `~/.netrc`, is refused. Default: the client opens its
            own.

    Raises:
        MissingAdminKeyError: No key was passed, and the environment has none.
        InvalidOptionError: An option cannot work, such as a `base_url` without `https`.
    """

    _returns = Buckets.__name__

    async def names(
        self,
        *,
        personal: bool = False,
        kinds: "Collection[WorkKind]" = ("projects", "api_keys"),
        project_ids: Collection[str] | None = None,
    ) -> "Names":
        """Return what the ids of projects and API keys stand for, archived projects included.

        There is one list of all projects, and one of the API keys of each project. What was read is
        kept for ten minutes, and a later call reads it again. So keep the names, and call this
        again where one of them is `unknown`: that costs no request within those minutes. What
        failed in passing is asked for again at the next call. The key needs the scope
        `api.management.read`. Where a list cannot be read nothing is raised: its ids keep their
        place, marked, and `unread` of the names says why.

        Args:
            personal: Also ask for people: users' names and e-mail addresses. Without it nothing of
                the kind is asked for, and what comes along (the owners of API keys) is dropped.
            kinds: What to ask for besides people. Results that are grouped by `project_id` only
                need `["projects"]`, which is far fewer requests.
            project_ids: Only ask for the API keys of these projects, as results of a query with
                the same filter need. All other keys are `unknown` then.

        Raises:
            InvalidQueryError: An argument is of another type, or a kind is neither of both;
                nothing was sent.
        """
        return await self._names(personal=personal, kinds=kinds, project_ids=project_ids)

    def _query(self, endpoint: Endpoint[..., R], query: RangeQuery) -> Buckets[R]:
        return Buckets(self._transport, endpoint, query)

    async def close(self) -> None:
        """Close the connections, but never a session that was lent. Closing twice is fine."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
