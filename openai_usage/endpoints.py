"""The endpoint table: one row for each operation of the API.

A row has the path of an operation, the class of its parameters and the class of its results. The
methods of the client, their checks and signatures, the decoder, the command line, the sandbox and
the reference in the docs all come from here. To add an operation, add a row, here or in a subclass
of the client::

    class Client(AsyncUsageClient):
        videos = Endpoint("organization/usage/videos", VideosQuery, VideosResult)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import (
    TYPE_CHECKING,
    Generic,
    Literal,
    ParamSpec,
    TypeVar,
    cast,
    get_args,
    get_origin,
    overload,
)

from attrs import NOTHING, Attribute, fields, fields_dict, resolve_types

from openai_usage._text import did_you_mean, short_repr
from openai_usage.errors import InvalidQueryError
from openai_usage.schema import queries, results
from openai_usage.schema.range_query import RangeQuery

if TYPE_CHECKING:  # the only imports of later modules: the types that calling a row returns
    from openai_usage.blocking import BlockingBuckets, UsageClient
    from openai_usage.buckets import Buckets
    from openai_usage.client import AsyncUsageClient
    from openai_usage.organizations import ByOrganization, Organizations

__all__ = ["Endpoint", "Endpoints"]

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)

_ABOUT_PAGING = ("limit", "page", "extra_query")


class Endpoint(Generic[P, R_co]):
    """One operation of the API: a row of the table, and a method of the client.

    Args:
        path: The path of the operation, relative to the client's `base_url`.
        query: The class of its parameters, a `RangeQuery`.
        result: The class of one result.
    """

    def __init__(self, path: str, query: Callable[P, RangeQuery], result: type[R_co]) -> None:
        if path.startswith("/"):
            raise ValueError(f"{path!r} must be relative to base_url: use {path.lstrip('/')!r}")
        self.path = path
        """The path, relative to the client's `base_url`."""
        self.query = query
        """The class of the parameters, typed as the signature of the method."""
        self.result = result
        """The class of one result."""
        self.name = ""
        """The name of the method."""
        self.__doc__ = self._documentation()

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = self.name or name  # an alias does not rename the row

    @property
    def parameters(self) -> list[Attribute[object]]:
        """The fields of the query in the order of the signature: those for paging come last."""
        return sorted(fields(self.query_type), key=lambda field: field.name in _ABOUT_PAGING)

    @property
    def filters(self) -> list[Attribute[object]]:
        """The fields of the query that only some queries have, without `group_by`."""
        common = {field.name for field in fields(RangeQuery)} | {"group_by"}
        return [field for field in self.parameters if field.name not in common]

    @property
    def group_by(self) -> tuple[str, ...]:
        """The allowed values of `group_by`."""
        declared = fields_dict(resolve_types(self.query_type)).get("group_by")
        return () if declared is None else _choices(declared.type)

    @property
    def measures(self) -> list[Attribute[object]]:
        """The fields that every result has: its measures."""
        return [field for field in fields(self.result) if field.default is NOTHING]  # type: ignore[arg-type]

    @property
    def query_type(self) -> type[RangeQuery]:
        """`query`, typed as a class instead of as a signature."""
        return cast("type[RangeQuery]", self.query)

    @overload
    def __get__(self, client: None, owner: type) -> Endpoint[P, R_co]: ...
    @overload
    def __get__(self, client: AsyncUsageClient, owner: type) -> Callable[P, Buckets[R_co]]: ...
    @overload
    def __get__(self, client: UsageClient, owner: type) -> Callable[P, BlockingBuckets[R_co]]: ...
    @overload
    def __get__(self, client: Organizations, owner: type) -> Callable[P, ByOrganization[R_co]]: ...
    def __get__(
        self, client: AsyncUsageClient | UsageClient | Organizations | None, owner: type
    ) -> (
        Endpoint[P, R_co]
        | Callable[P, Buckets[R_co] | BlockingBuckets[R_co] | ByOrganization[R_co]]
    ):
        if client is None:
            return self

        def query(
            *args: P.args, **kwargs: P.kwargs
        ) -> Buckets[R_co] | BlockingBuckets[R_co] | ByOrganization[R_co]:
            try:
                self._check_names(kwargs)
                checked = self.query(*args, **kwargs)
            except (InvalidQueryError, TypeError) as error:
                # An argument can be a key by mistake, and tracebacks can show locals.
                del args, kwargs
                raise client._without_key(error).with_traceback(None) from None  # noqa: SLF001
            return client._query(self, checked)  # noqa: SLF001 - the client's half of this method

        query.__name__, query.__qualname__ = self.name, f"{owner.__qualname__}.{self.name}"
        query.__doc__ = self.__doc__
        returns = f"{client._returns}[{self.result.__name__}]"  # noqa: SLF001 - likewise
        query.__signature__ = self._signature.replace(return_annotation=returns)  # type: ignore[attr-defined]
        return query

    def _check_names(self, names: Iterable[str]) -> None:
        known = self._signature.parameters
        for name in names:
            if name not in known:
                question = did_you_mean(name, known)
                raise TypeError(
                    f"{self.name}() does not take {short_repr(name)}. {question}".rstrip()
                )

    @cached_property
    def _signature(self) -> inspect.Signature:
        """The signature of the method without its return type, which depends on the client."""
        known = inspect.signature(self.query).parameters
        return inspect.Signature([known[attribute.name] for attribute in self.parameters])

    def _documentation(self) -> str:
        described = "\n".join(
            f"    {attribute.name}: {attribute.metadata['doc']}"
            for attribute in self.parameters
            if "doc" in attribute.metadata
        )
        return (
            f"{inspect.getdoc(self.query)}\n\n"
            "Iterate the result for every bucket. For one page, await it, or call its "
            "`first_page()` with the blocking client.\n\n"
            f"Args:\n{described}\n\n"
            "Raises:\n    InvalidQueryError: A parameter is not valid; nothing was sent."
        )

    def __repr__(self) -> str:
        return f"<Endpoint {self.name}: GET {self.path} -> {self.result.__name__}>"


def _choices(declared: object) -> tuple[str, ...]:
    """Return the values of the `Literal` inside a type."""
    if get_origin(declared) is Literal:
        return get_args(declared)
    return tuple(each for inner in get_args(declared) for each in _choices(inner))


class Endpoints:
    """The operations of OpenAI's organization usage and costs API."""

    completions = Endpoint(
        "organization/usage/completions",
        queries.CompletionsQuery,
        results.CompletionsResult,
    )
    embeddings = Endpoint(
        "organization/usage/embeddings",
        queries.EmbeddingsQuery,
        results.EmbeddingsResult,
    )
    moderations = Endpoint(
        "organization/usage/moderations",
        queries.ModerationsQuery,
        results.ModerationsResult,
    )
    images = Endpoint("organization/usage/images", queries.ImagesQuery, results.ImagesResult)
    audio_speeches = Endpoint(
        "organization/usage/audio_speeches",
        queries.AudioSpeechesQuery,
        results.AudioSpeechesResult,
    )
    audio_transcriptions = Endpoint(
        "organization/usage/audio_transcriptions",
        queries.AudioTranscriptionsQuery,
        results.AudioTranscriptionsResult,
    )
    vector_stores = Endpoint(
        "organization/usage/vector_stores",
        queries.VectorStoresQuery,
        results.VectorStoresResult,
    )
    code_interpreter_sessions = Endpoint(
        "organization/usage/code_interpreter_sessions",
        queries.CodeInterpreterSessionsQuery,
        results.CodeInterpreterSessionsResult,
    )
    file_search_calls = Endpoint(
        "organization/usage/file_search_calls",
        queries.FileSearchCallsQuery,
        results.FileSearchCallsResult,
    )
    web_search_calls = Endpoint(
        "organization/usage/web_search_calls",
        queries.WebSearchCallsQuery,
        results.WebSearchCallsResult,
    )
    decisions = Endpoint(
        "organization/usage/decisions", queries.DecisionsQuery, results.DecisionsResult
    )
    costs = Endpoint("organization/costs", queries.CostsQuery, results.CostsResult)

    @classmethod
    def table(cls) -> Mapping[str, Endpoint[..., object]]:
        """Every row by the name of its method, those of subclasses included."""
        return {
            name: row
            for ancestor in reversed(cls.__mro__)
            for name, row in vars(ancestor).items()
            if isinstance(row, Endpoint)
        }
