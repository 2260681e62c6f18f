"""AsyncUsageClient: options, lifetime, and a method for every row of the endpoint table."""

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, ParamSpec, Self, TypeVar, cast, overload

from openai_usage._http.config import configured_by
from openai_usage._http.session import AsyncClientConfig
from openai_usage._http.transport import Transport
from openai_usage.buckets import Buckets
from openai_usage.endpoints import Endpoint, Endpoints
from openai_usage.errors import InvalidQueryError
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.validation import choose

if TYPE_CHECKING:
    from openai_usage._pagination.name_lists import NameLists
    from openai_usage.limits import Limits
    from openai_usage.names import Names, WorkKind
    from openai_usage.unread_organizations import UnreadOrganization

__all__ = ["AsyncUsageClient"]

P = ParamSpec("P")
R = TypeVar("R")
E = TypeVar("E", bound=Exception)


class BaseClient(Endpoints):
    """The endpoints and options of `AsyncUsageClient` and `UsageClient`."""

    _returns: ClassVar[str]
    """The name of the type that the methods return."""
    _transport: Transport

    @classmethod
    def _row(cls, endpoint: Endpoint[P, R] | str) -> Endpoint[P, R]:
        if not isinstance(endpoint, str):
            return endpoint
        table = cls.table()
        return cast("Endpoint[P, R]", table[choose("endpoint", endpoint, list(table))])

    def _buckets(self, endpoint: Endpoint[P, R], *args: P.args, **params: P.kwargs) -> Buckets[R]:
        """Return the response to a query, to be awaited in the event loop of either client."""
        return self._response(endpoint, endpoint.query(*args, **params))

    def _response(self, endpoint: Endpoint[..., R], query: RangeQuery) -> Buckets[R]:
        return Buckets(self._transport, endpoint, query)

    def _without_key(self, error: E) -> E:
        """Remove the key from an *error* that quotes an argument, which can be the key."""
        hidden = self._transport.options.admin_api_key.hidden_in
        error.args = tuple(hidden(str(each)) for each in error.args)
        quoted = {
            name: hidden(value) for name, value in vars(error).items() if isinstance(value, str)
        }
        vars(error).update(quoted)
        return error

    @property
    def base_url(self) -> str:
        """The base URL of the API."""
        return str(self._transport.options.url)

    @property
    def _source(self) -> str:
        """The place that answers, for the readers of a report."""
        return self._transport.options.url.host or ""

    @property
    def _is_copy(self) -> bool:
        """True if this client reads a copy instead of the API."""
        return False

    @property
    def _labels(self) -> Sequence[str]:
        """The labels of the organizations, if this client reads several."""
        return ()

    def _fresh(self) -> Self:
        """Return the same client, for which every organization could be read so far."""
        return self

    def _whole(self, *, skip_unread: bool = False) -> Self:  # noqa: ARG002
        """Return a client of the organizations that could be read so far.

        What it returns can be compared with what was read before. If one of them cannot be read,
        this is an error, unless *skip_unread* is true.
        """
        return self

    @property
    def _unread(self) -> "Sequence[UnreadOrganization]":
        """The organizations that could not be read, if this client reads several."""
        return ()

    async def _names(
        self,
        *,
        personal: bool,
        kinds: "Collection[WorkKind]",
        project_ids: Collection[str] | None,
    ) -> "Names":
        return await self._name_lists.names(personal=personal, kinds=kinds, project_ids=project_ids)

    async def _limits(self, project_ids: Collection[str] | None) -> "Limits":
        from openai_usage._pagination.spend_limits import read_limits  # noqa: PLC0415 - on use

        return await read_limits(self._transport, self._name_lists, project_ids)

    @cached_property
    def _name_lists(self) -> "NameLists":
        from openai_usage._pagination.name_lists import NameLists  # noqa: PLC0415 - on use

        return NameLists(self._transport)

    def __repr__(self) -> str:
        # A traceback can show a client whose constructor raised.
        finished = hasattr(self, "_transport")
        return f"<{type(self).__name__} {self.base_url if finished else 'unfinished'}>"


class AsyncUsageClient(BaseClient):
    """Read an organization's usage and costs from OpenAI's API.

    Every row of the endpoint table (`Endpoints`) is a method. It takes the parameters of its
    endpoint and returns `Buckets`, to be awaited or iterated::

        async with AsyncUsageClient() as client:
            async for bucket in client.costs(start_time=days_ago(30), group_by=["line_item"]):
                ...

    Use it as a context manager, or `close()` it. One client serves a whole program: it reuses
    connections, and keeps all requests within the rate limits that it learns from rejections. A
    client belongs to the process and the event loop in which it first sends; make one for each.
    For programs that are not async there is `UsageClient`.

    Args:
        admin_api_key: An organization's admin key. Default: the environment's `OPENAI_ADMIN_KEY`.
        base_url: The base URL of the API. Default: `OPENAI_BASE_URL`, or
            `https://api.openai.com/v1`.
        organization: The organization, if the key has several. Default: `OPENAI_ORG_ID`.
        timeout: Seconds for one request: connecting, sending, and reading the whole response.
        max_retries: How often a request is retried after a temporary failure: a status of 408,
            409, 429 or 5xx, a lost connection, a truncated body, a timeout.
        max_retry_wait: The longest delay in seconds before a retry. If the API asks for a longer
            one, the error is raised at once, with `retry_after`.
        max_response_bytes: The largest response that is read, in bytes after decompression. A
            larger one is an `APIResponseValidationError`.
        max_connections: The largest number of requests in flight.
        requests_per_second: The most requests that are sent in a second, evenly spaced, to leave
            the organization's rate limit to other programs. Default: only the limits that the
            client learns from rejections.
        on_gap: The reaction if the API returns no bucket for a part of the range, so that the usage
            in it is unknown: `warn` in the log, `raise` a `PaginationError`, or a function to call
            with the `Gap`. `UsageClient` calls it in its own thread.
        on_retry: A function to call with each `Retry` before the delay, such as one that counts
            retries. An error that it raises ends the request. `UsageClient` calls it in its own
            thread. Default: each retry is a warning in the log.
        ssl: A context to verify hosts with, for a private authority or a client certificate.
            Default: the authorities that Python trusts.
        trust_env: Use the proxy of the environment's `HTTPS_PROXY`, except for hosts in `NO_PROXY`.
        allow_insecure_http: Allow sending the key over plain `http` to other machines.
        session: An aiohttp session to send with. It stays yours: the client does not close it, and
            adds its headers to each request only. A session with a user and a password, or with
            those of `~/.netrc`, is rejected. Default: the client opens its own.

    Raises:
        MissingAdminKeyError: No key was passed, and the environment has none.
        InvalidOptionError: An option is not valid, such as a `base_url` without `https`.
    """

    _returns = Buckets.__name__

    @configured_by(AsyncClientConfig)
    def __init__(self, options: AsyncClientConfig) -> None:
        self._transport = Transport(options, options.session)

    async def names(
        self,
        *,
        personal: bool = False,
        kinds: "Collection[WorkKind]" = ("projects", "api_keys"),
        project_ids: Collection[str] | None = None,
    ) -> "Names":
        """Return the names of projects and API keys, with archived projects.

        There is one list of all projects, and a list of API keys for each project. Lists are cached
        for ten minutes. Call this again if a name is `unknown`: it sends no request within those
        minutes. A list that failed temporarily is read again by the next call. The key needs the
        scope `api.management.read`. A list that cannot be read is not an error: its ids are
        marked, and `unread` of the names says why.

        Args:
            personal: Also read users' names and e-mail addresses. Otherwise no personal data is
                requested, and the owners of API keys in the lists are dropped.
            kinds: The kinds to read besides people. Results grouped by `project_id` only need
                `["projects"]`, which takes far fewer requests.
            project_ids: Only read the API keys of these projects, for results of a query with the
                same filter. All other keys are `unknown` then.

        Raises:
            InvalidQueryError: An argument has another type, or a kind does not exist; nothing was
                sent.
        """
        try:
            return await self._names(personal=personal, kinds=kinds, project_ids=project_ids)
        except InvalidQueryError as error:
            # An argument can be a key by mistake, and tracebacks can show locals.
            del personal, kinds, project_ids
            raise error.with_traceback(None) from None

    async def limits(self, *, project_ids: Collection[str] | None = None) -> "Limits":
        """Return the hard limits and alerts that the organization has set for its spending.

        There is one limit and one list of alerts of the organization, and of each project. Each
        call reads them again, and the list of projects every ten minutes. The key needs the scope
        `api.management.read`. What cannot be read is not an error: it is in `unread` of the limits,
        which says why.

        Args:
            project_ids: The projects to read, besides the organization. Default: all active
                projects. `()` reads only the limits of the organization, in two requests. The API
                does not tell a project that does not exist from one without limits.

        Raises:
            InvalidQueryError: *project_ids* is not a list of ids; nothing was sent.
        """
        try:
            return await self._limits(project_ids)
        except InvalidQueryError as error:
            del project_ids  # as in names()
            raise error.with_traceback(None) from None

    @overload
    def query(self, endpoint: Endpoint[P, R], *args: P.args, **kwargs: P.kwargs) -> Buckets[R]: ...
    @overload
    def query(self, endpoint: str, **params: object) -> Buckets[object]: ...
    def query(
        self, endpoint: Endpoint[P, R] | str, *args: P.args, **params: P.kwargs
    ) -> Buckets[R] | Buckets[object]:
        """Query an *endpoint*, a row of the table or its name, with *params*.

        `client.query("costs", start_time=start)` is `client.costs(start_time=start)`.

        Raises:
            InvalidQueryError: A parameter is not valid, or *endpoint* does not exist; nothing was
                sent.
        """
        try:
            return self._row(endpoint).__get__(self, type(self))(*args, **params)
        except (InvalidQueryError, TypeError) as error:
            # An argument can be a key by mistake, and tracebacks can show locals.
            del endpoint, args, params
            raise error.with_traceback(None) from None

    def _query(self, endpoint: Endpoint[..., R], query: RangeQuery) -> Buckets[R]:
        return self._response(endpoint, query)

    async def close(self) -> None:
        """Close the connections, but not a session that was passed in. Closing twice is fine."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.close()
