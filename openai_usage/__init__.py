"""OpenAI's organization usage and costs: typed, paginated, complete or an error."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from openai_usage._version import __version__

if TYPE_CHECKING:
    from openai_usage._paging import Buckets
    from openai_usage.blocking import BlockingBuckets, UsageClient
    from openai_usage.client import AsyncUsageClient
    from openai_usage.endpoints import (
        Endpoint,
        Endpoints,
    )
    from openai_usage.errors import (
        APIConnectionError,
        APIError,
        APIResponseValidationError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        ColumnError,
        ConflictError,
        InternalServerError,
        InvalidOptionError,
        InvalidQueryError,
        MissingAdminKeyError,
        NotFoundError,
        PaginationError,
        PermissionDeniedError,
        RateLimitError,
        UnprocessableEntityError,
        UsageError,
    )
    from openai_usage.gaps import Gap
    from openai_usage.names import Name, Names, UnreadList
    from openai_usage.plans import (
        Plan,
        Window,
    )
    from openai_usage.queries import (
        AudioSpeechesQuery,
        AudioTranscriptionsQuery,
        CodeInterpreterSessionsQuery,
        CompletionsQuery,
        CostsQuery,
        DecisionsQuery,
        EmbeddingsQuery,
        FileSearchCallsQuery,
        ImagesQuery,
        ModerationsQuery,
        VectorStoresQuery,
        WebSearchCallsQuery,
    )
    from openai_usage.range_query import BucketWidth, ExtraQuery, PageSize, RangeQuery
    from openai_usage.results import (
        Amount,
        AudioSpeechesResult,
        AudioTranscriptionsResult,
        Bucket,
        CodeInterpreterSessionsResult,
        CompletionsResult,
        CostsResult,
        DecisionsResult,
        EmbeddingsResult,
        FileSearchCallsResult,
        ImagesResult,
        ModerationsResult,
        MoneyType,
        Page,
        VectorStoresResult,
        WebSearchCallsResult,
    )
    from openai_usage.times import (
        Timestamp,
        days_ago,
        month_start,
    )

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "Amount",
    "AsyncUsageClient",
    "AudioSpeechesQuery",
    "AudioSpeechesResult",
    "AudioTranscriptionsQuery",
    "AudioTranscriptionsResult",
    "AuthenticationError",
    "BadRequestError",
    "BlockingBuckets",
    "Bucket",
    "BucketWidth",
    "Buckets",
    "CodeInterpreterSessionsQuery",
    "CodeInterpreterSessionsResult",
    "ColumnError",
    "CompletionsQuery",
    "CompletionsResult",
    "ConflictError",
    "CostsQuery",
    "CostsResult",
    "DecisionsQuery",
    "DecisionsResult",
    "EmbeddingsQuery",
    "EmbeddingsResult",
    "Endpoint",
    "Endpoints",
    "ExtraQuery",
    "FileSearchCallsQuery",
    "FileSearchCallsResult",
    "Gap",
    "ImagesQuery",
    "ImagesResult",
    "InternalServerError",
    "InvalidOptionError",
    "InvalidQueryError",
    "MissingAdminKeyError",
    "ModerationsQuery",
    "ModerationsResult",
    "MoneyType",
    "Name",
    "Names",
    "NotFoundError",
    "Page",
    "PageSize",
    "PaginationError",
    "PermissionDeniedError",
    "Plan",
    "RangeQuery",
    "RateLimitError",
    "Timestamp",
    "UnprocessableEntityError",
    "UnreadList",
    "UsageClient",
    "UsageError",
    "VectorStoresQuery",
    "VectorStoresResult",
    "WebSearchCallsQuery",
    "WebSearchCallsResult",
    "Window",
    "__version__",
    "days_ago",
    "month_start",
]

_FILES = (
    *("errors", "times", "gaps", "plans", "results", "range_query", "queries", "endpoints"),
    *("names", "_paging", "client", "blocking"),
)
"""The files that have the public names. They are loaded when a name is asked for: pytest loads this
package for its plugin in every project where it is installed, and must not wait for aiohttp."""


def __getattr__(name: str) -> object:
    if name in __all__:
        for file in _FILES:
            found = vars(_import_module(f"{__name__}.{file}"))
            if name in found:
                globals()[name] = found[name]  # so that it is asked for once
                return found[name]
    if name in _FILES and not name.startswith("_"):  # `openai_usage.errors` after a plain import
        return _import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
