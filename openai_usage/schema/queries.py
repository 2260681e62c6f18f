"""What each endpoint may be asked, one class a row; its constructor is the method's signature.

A row of your own is a subclass of `RangeQuery` with `@attrs.frozen(kw_only=True)` and its
parameters as fields; what a field's metadata says under `doc` is shown wherever help is. A class
that adds none needs no decorator.

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
    user_ids: Sequence[str] | None = field(
        default=None, metadata=described("Only what these users caused.")
    )
    api_key_ids: Sequence[str] | None = field(
        default=None, metadata=described("Only what was asked with these API keys.")
    )


@frozen(kw_only=True)
class _OfModelQuery(_OfApiKeyQuery):
    models: Sequence[str] | None = field(default=None, metadata=described("Only these models."))


@frozen(kw_only=True)
class _TokensQuery(_OfModelQuery):
    batch: bool | None = field(
        default=None,
        metadata=described(
            "True: only batch jobs. False: only what is no batch job. Left out: both."
        ),
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
    """Images made or changed, in time buckets."""

    sources: Sequence[Literal["image.generation", "image.edit", "image.variation"]] | None = field(
        default=None, metadata=described("Only images that came about this way.")
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

    Grouping by `api_key_id` reaches back to 2025-12-06 (1764979200) only; the API refuses an
    earlier `start_time`. Whether `user_id` goes together with projects depends on the
    organization and the range, and is refused where it does not.
    """

    # Asked for 32 to 180 buckets, the API has been seen to answer with 31 and a cursor.
    page_sizes: ClassVar[Mapping[BucketWidth, PageSize]] = {
        "1d": PageSize(default=7, maximum=180, full=31)
    }

    bucket_width: Literal["1d"] = field(default="1d", metadata=described("A day, in UTC."))
    api_key_ids: Sequence[str] | None = field(
        default=None, metadata=described("Only what was asked with these API keys.")
    )
    line_items: Sequence[str] | None = field(
        default=None,
        metadata=described("Only these line items, each whole, as in `gpt-4.1-2025-04-14, input`."),
    )
    group_by: (
        Sequence[Literal["project_id", "user_id", "api_key_id", "line_item", "api_source"]] | None
    ) = field(default=None, metadata=_GROUP_BY)
