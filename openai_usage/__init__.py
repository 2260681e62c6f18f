"""OpenAI's organization usage and costs: typed, paginated, complete or an error."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from openai_usage._version import __version__

if TYPE_CHECKING:
    from openai_usage.blocking import BlockingBuckets, UsageClient
    from openai_usage.buckets import Buckets
    from openai_usage.client import AsyncUsageClient
    from openai_usage.combined_client import CombinedClient
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
        NotificationError,
        OrganizationsError,
        PaginationError,
        PermissionDeniedError,
        RateLimitError,
        SyncError,
        UnprocessableEntityError,
        UsageError,
    )
    from openai_usage.gaps import Gap
    from openai_usage.limits import Limits, SpendAlert, SpendLimit, SpendLimits, UnreadLimit
    from openai_usage.names import Name, Names, UnreadList
    from openai_usage.organizations import ByOrganization, Organizations
    from openai_usage.retries import Retry
    from openai_usage.schema.amount import Amount
    from openai_usage.schema.pages import Bucket, Page
    from openai_usage.schema.queries import (
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
    from openai_usage.schema.range_query import BucketWidth, ExtraQuery, PageSize, RangeQuery
    from openai_usage.schema.results import (
        AudioSpeechesResult,
        AudioTranscriptionsResult,
        CodeInterpreterSessionsResult,
        CompletionsResult,
        CostsResult,
        DecisionsResult,
        EmbeddingsResult,
        FileSearchCallsResult,
        ImagesResult,
        ModerationsResult,
        MoneyType,
        VectorStoresResult,
        WebSearchCallsResult,
    )
    from openai_usage.schema.times import (
        Timestamp,
        days_ago,
        month_start,
    )
    from openai_usage.schema.windows import (
        Plan,
        Window,
    )
    from openai_usage.unread_organizations import UnreadOrganization
    from openai_usage.updates import FollowRound, Update

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
    "ByOrganization",
    "CodeInterpreterSessionsQuery",
    "CodeInterpreterSessionsResult",
    "ColumnError",
    "CombinedClient",
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
    "FollowRound",
    "Gap",
    "ImagesQuery",
    "ImagesResult",
    "InternalServerError",
    "InvalidOptionError",
    "InvalidQueryError",
    "Limits",
    "MissingAdminKeyError",
    "ModerationsQuery",
    "ModerationsResult",
    "MoneyType",
    "Name",
    "Names",
    "NotFoundError",
    "NotificationError",
    "Organizations",
    "OrganizationsError",
    "Page",
    "PageSize",
    "PaginationError",
    "PermissionDeniedError",
    "Plan",
    "RangeQuery",
    "RateLimitError",
    "Retry",
    "SpendAlert",
    "SpendLimit",
    "SpendLimits",
    "SyncError",
    "Timestamp",
    "UnprocessableEntityError",
    "UnreadLimit",
    "UnreadList",
    "UnreadOrganization",
    "Update",
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

_NAMES_OF = {
    "blocking": ["BlockingBuckets", "UsageClient"],
    "buckets": ["Buckets"],
    "client": ["AsyncUsageClient"],
    "combined_client": ["CombinedClient"],
    "endpoints": ["Endpoint", "Endpoints"],
    "errors": [name for name in __all__ if name.endswith("Error")],
    "gaps": ["Gap"],
    "limits": ["Limits", "SpendAlert", "SpendLimit", "SpendLimits", "UnreadLimit"],
    "names": ["Name", "Names", "UnreadList"],
    "organizations": ["ByOrganization", "Organizations"],
    "retries": ["Retry"],
    "schema.amount": ["Amount"],
    "schema.pages": ["Bucket", "Page"],
    "schema.queries": [name for name in __all__ if name.endswith("Query")],
    "schema.range_query": ["BucketWidth", "ExtraQuery", "PageSize", "RangeQuery"],
    "schema.results": [
        "MoneyType",
        *(name for name in __all__ if name.endswith("Result")),
    ],
    "schema.times": ["Timestamp", "days_ago", "month_start"],
    "schema.windows": ["Plan", "Window"],
    "unread_organizations": ["UnreadOrganization"],
    "updates": ["FollowRound", "Update"],
}
"""The public names of each module. A module is imported when one of its names is first used: pytest
loads this package for its plugin wherever it is installed, and must not wait for aiohttp."""

_MODULE_OF = {name: module for module, names in _NAMES_OF.items() for name in names}
_MODULES = {module.partition(".")[0] for module in _NAMES_OF}


def __dir__() -> list[str]:
    """Return all public names, whether they are imported yet or not."""
    return sorted({*globals(), *__all__, *_MODULES})


if not TYPE_CHECKING:  # type checkers would accept names that do not exist

    def __getattr__(name: str) -> object:
        if name in _MODULES:
            return _import_module(f"{__name__}.{name}")
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(_import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
        globals()[name] = value  # the next access finds it without this function
        return value
