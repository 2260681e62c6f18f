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

_FILES = {
    "_paging": ["Buckets"],
    "blocking": ["BlockingBuckets", "UsageClient"],
    "client": ["AsyncUsageClient"],
    "endpoints": ["Endpoint", "Endpoints"],
    "errors": [name for name in __all__ if name.endswith("Error")],
    "gaps": ["Gap"],
    "names": ["Name", "Names", "UnreadList"],
    "plans": ["Plan", "Window"],
    "queries": [name for name in __all__ if name.endswith("Query")],
    "range_query": ["BucketWidth", "ExtraQuery", "PageSize", "RangeQuery"],
    "results": [
        *("Amount", "Bucket", "MoneyType", "Page"),
        *(name for name in __all__ if name.endswith("Result")),
    ],
    "times": ["Timestamp", "days_ago", "month_start"],
}
"""The public names of each file. A file is loaded with the first of its names that is used: pytest
loads this package for its plugin wherever it is installed, and must not wait for aiohttp."""

_FILE_OF = {name: file for file, names in _FILES.items() for name in names}


def __dir__() -> list[str]:
    """Return the names that are there, and those that are there when they are asked for."""
    return sorted({*globals(), *__all__, *_FILES})


if not TYPE_CHECKING:  # which would let checkers find names that do not exist

    def __getattr__(name: str) -> object:
        if name in _FILES:  # a file of its own right, as after `import openai_usage`
            return _import_module(f"{__name__}.{name}")
        if name not in _FILE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(_import_module(f"{__name__}.{_FILE_OF[name]}"), name)
        globals()[name] = value  # so that it is asked for once
        return value
