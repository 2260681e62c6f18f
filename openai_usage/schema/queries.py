"""The parameters of each endpoint: one class per row, whose constructor is the method's signature.

To add a row, subclass `RangeQuery` with `@attrs.frozen(kw_only=True)` and parameters as fields. The
`doc` in a field's metadata is its description in help and docs. A class without new fields needs no
decorator.

Facts are from the public OpenAPI specification and, where that is older, from the official
Python SDK 3.54.0.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from attrs import field, frozen

from openai_usage.schema.range_query import BucketWidth, PageSize, RangeQuery, described

__all__ = [
    "AudioSpeechesQuery",
    "AudioTranscriptionsQuery",
    "CodeInterpreterSessionsQuery",
    "CompletionsQuery",
    "CostsQuery",
    "DecisionsQuery",
    "EmbeddingsQuery",
    "FileSearchCallsQuery",
    "ImagesQuery",
    "ModerationsQuery",
    "VectorStoresQuery",
    "WebSearchCallsQuery",
]

_GROUP_BY = described("One result for each combination of these, instead of one for everything.")


@frozen(kw_only=True)
class _OfApiKeyQuery(RangeQuery):
    user_ids: Sequence[str] | None = field(default=None, metadata=described("Only these users."))
    api_key_ids: Sequence[str] | None = field(
        default=None, metadata=described("Only these API keys.")
    )


@frozen(kw_only=True)
class _OfModelQuery(_OfApiKeyQuery):
    models: Sequence[str] | None = field(default=None, metadata=described("Only these models."))


@frozen(kw_only=True)
class _TokensQuery(_OfModelQuery):
    batch: bool | None = field(
        default=None,
        metadata=described("True: only batch requests. False: only other requests. Default: both."),
    )
    group_by: (
        Sequence[
            Literal[
                "project_id",
                "user_id",
                "api_key_id",
                "model",
                "batch",
                "service_tier",
                "api_source",
            ]
        ]
        | None
    ) = field(default=None, metadata=_GROUP_BY)


class CompletionsQuery(_TokensQuery):
    """Tokens and requests of completions, in time buckets."""


class DecisionsQuery(_TokensQuery):
    """Tokens and requests of the Decisions API, in time buckets."""


@frozen(kw_only=True)
class _ByModelQuery(_OfModelQuery):
    group_by: Sequence[Literal["project_id", "user_id", "api_key_id", "model"]] | None = field(
        default=None, metadata=_GROUP_BY
    )


class EmbeddingsQuery(_ByModelQuery):
    """Tokens and requests of embeddings, in time buckets."""


class ModerationsQuery(_ByModelQuery):
    """Tokens and requests of moderations, in time buckets."""


@frozen(kw_only=True)
class ImagesQuery(_OfModelQuery):
    """Images generated or edited, in time buckets."""

    sources: Sequence[Literal["image.generation", "image.edit", "image.variation"]] | None = field(
        default=None, metadata=described("Only images from these sources.")
    )
    sizes: Sequence[Literal["256x256", "512x512", "1024x1024", "1792x1792", "1024x1792"]] | None = (
        field(default=None, metadata=described("Only images of these sizes, in pixels."))
    )
    group_by: (
        Sequence[Literal["project_id", "user_id", "api_key_id", "model", "size", "source"]] | None
    ) = field(default=None, metadata=_GROUP_BY)


class AudioSpeechesQuery(_ByModelQuery):
    """Characters spoken, in time buckets."""


class AudioTranscriptionsQuery(_ByModelQuery):
    """Seconds of audio transcribed, in time buckets."""


@frozen(kw_only=True)
class _ByProjectQuery(RangeQuery):
    group_by: Sequence[Literal["project_id"]] | None = field(default=None, metadata=_GROUP_BY)


class VectorStoresQuery(_ByProjectQuery):
    """Bytes stored in vector stores, in time buckets."""


class CodeInterpreterSessionsQuery(_ByProjectQuery):
    """Sessions of the code interpreter, in time buckets."""


@frozen(kw_only=True)
class FileSearchCallsQuery(_OfApiKeyQuery):
    """Calls of the file search tool, in time buckets."""

    vector_store_ids: Sequence[str] | None = field(
        default=None, metadata=described("Only searches in these vector stores.")
    )
    group_by: Sequence[Literal["project_id", "user_id", "api_key_id", "vector_store_id"]] | None = (
        field(default=None, metadata=_GROUP_BY)
    )


@frozen(kw_only=True)
class WebSearchCallsQuery(_OfModelQuery):
    """Calls of the web search tool, in time buckets."""

    context_levels: Sequence[Literal["low", "medium", "high"]] | None = field(
        default=None, metadata=described("Only searches with this much context.")
    )
    group_by: (
        Sequence[
            Literal[
                "project_id",
                "user_id",
                "api_key_id",
                "model",
                "context_level",
                "api_source",
            ]
        ]
        | None
    ) = field(default=None, metadata=_GROUP_BY)


@frozen(kw_only=True)
class CostsQuery(RangeQuery):
    """Money spent, in buckets of a day.

    Grouping by `api_key_id` needs a `start_time` from 2025-12-06 (1764979200) on. The API
    rejects `user_id` together with projects for some organizations and ranges.
    """

    # The API was observed to return 31 buckets and a cursor for limits of 32 to 180.
    page_sizes: ClassVar[Mapping[BucketWidth, PageSize]] = {
        "1d": PageSize(default=7, maximum=180, full=31)
    }

    bucket_width: Literal["1d"] = field(default="1d", metadata=described("A day, in UTC."))
    api_key_ids: Sequence[str] | None = field(
        default=None, metadata=described("Only these API keys.")
    )
    line_items: Sequence[str] | None = field(
        default=None,
        metadata=described(
            "Only these line items. Pass the full text: `gpt-4.1-2025-04-14, input`."
        ),
    )
    group_by: (
        Sequence[Literal["project_id", "user_id", "api_key_id", "line_item", "api_source"]] | None
    ) = field(default=None, metadata=_GROUP_BY)
