"""What comes back: pages of time buckets of results, as frozen values.

Every endpoint has its own result class. Fields that say what a result belongs to (`project_id`,
`model`, …) are None unless the query grouped by them, and can be None even then: usage that
belongs to no user has no `user_id`. Measures that the API may leave out are None where it did.

Facts are from the public OpenAPI specification and, where that is older, from the official
Python SDK 3.54.0. Three fields of costs are in neither, and say so.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Generic, Literal, TypeAlias, TypeVar

from msgspec import Meta

from openai_usage.schema.model import Model

__all__ = [
    "Amount",
    "AudioSpeechesResult",
    "AudioTranscriptionsResult",
    "Bucket",
    "CodeInterpreterSessionsResult",
    "CompletionsResult",
    "CostsResult",
    "DecisionsResult",
    "EmbeddingsResult",
    "FileSearchCallsResult",
    "ImagesResult",
    "ModerationsResult",
    "MoneyType",
    "Page",
    "VectorStoresResult",
    "WebSearchCallsResult",
]

R_co = TypeVar("R_co", covariant=True)

MoneyType: TypeAlias = Literal["decimal", "text", "float"]
"""What money and quantities are in Arrow and Parquet: `decimal` is `decimal128(38, 24)`, rounded
where there are more decimals, `text` has every digit, and `float` is for arithmetic."""

_Undocumented: TypeAlias = Annotated[str | None, Meta(extra={"undocumented": True})]
"""Text that the API has been seen to send, and promises nowhere: whatever else comes is None."""


class Span:
    """A span of time, in UTC."""

    __slots__ = ()

    start_time: int
    end_time: int

    @property
    def start(self) -> datetime:
        """`start_time` as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.start_time, UTC)

    @property
    def end(self) -> datetime:
        """`end_time` as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.end_time, UTC)


class Bucket(Model, Span, Generic[R_co]):
    """The usage of one span of time."""

    start_time: int
    """Unix seconds, inclusive. Where a range begins within a bucket, usage clips its first bucket
    to the start of the range, while costs answer with the whole day [observed in recordings]."""
    end_time: int
    """Unix seconds, exclusive."""
    results: tuple[R_co, ...]
    """One result for each group; none where there was no usage."""
    object: str = "bucket"


class Page(Model, Generic[R_co]):
    """One answer of the API: some buckets, and the cursor to the next ones."""

    data: tuple[Bucket[R_co], ...]
    has_more: bool
    """False on the last page, whatever `next_page` says. An empty page can have more."""
    next_page: str | None = None
    """The cursor, opaque: the next query's `page`, with every other parameter unchanged."""
    object: str = "page"


class Amount(Model):
    """Money, exact to the last digit the API sent."""

    value: Decimal
    """In whole units of the currency: dollars, not cents."""
    currency: str
    """ISO 4217 in lower case: `usd`."""

    def check(self) -> None:
        """Raise a `ValueError` where `value` is no finite `Decimal`."""
        if not isinstance(self.value, Decimal) or not self.value.is_finite():
            raise ValueError(f"an amount is a finite Decimal, not {self.value!r}")


class _OfProject(Model):
    project_id: str | None = None


class _OfApiKey(_OfProject):
    user_id: str | None = None
    api_key_id: str | None = None


class _OfModel(_OfApiKey):
    model: str | None = None
    num_model_requests: int
    """Requests made to the model."""


class _Tokens(_OfModel):
    batch: bool | None = None
    """Whether the requests came through the Batch API."""
    service_tier: str | None = None
    api_source: str | None = None
    """`agents_api`, or `unlabeled` for all that carries no published source."""
    input_tokens: int
    """All tokens read: text, audio and image, cached and not, and those written to the cache."""
    input_uncached_tokens: int | None = None
    input_text_tokens: int | None = None
    """Uncached text tokens read, without those written to the cache."""
    input_audio_tokens: int | None = None
    """Uncached audio tokens read."""
    input_image_tokens: int | None = None
    """Uncached image tokens read."""
    input_cached_tokens: int | None = None
    input_cached_text_tokens: int | None = None
    input_cached_audio_tokens: int | None = None
    input_cached_image_tokens: int | None = None
    input_cache_write_tokens: int | None = None
    """Tokens written to the cache, whatever its retention."""
    input_cache_write_30m_tokens: int | None = None
    """Tokens written to the cache to be kept for 30 minutes."""
    input_cache_write_12h_tokens: int | None = None
    """Tokens written to the cache to be kept for 12 hours."""
    output_tokens: int
    """All tokens written: text, audio and image."""
    output_text_tokens: int | None = None
    output_audio_tokens: int | None = None
    output_image_tokens: int | None = None


class CompletionsResult(_Tokens):
    """Tokens of completions: Chat Completions, Responses and the like.

    The token counts overlap, so adding them all counts twice::

        input_tokens          = cached + cache_write + uncached
        input_uncached_tokens = input_text + input_audio + input_image
        input_cached_tokens   = cached_text + cached_audio + cached_image
        output_tokens         = output_text + output_audio + output_image
    """

    object: str = "organization.usage.completions.result"


class DecisionsResult(_Tokens):
    """Tokens of the Decisions API, counted as those of completions are."""

    object: str = "organization.usage.decisions.result"


class EmbeddingsResult(_OfModel):
    """Tokens that were embedded."""

    input_tokens: int
    object: str = "organization.usage.embeddings.result"


class ModerationsResult(_OfModel):
    """Tokens that were moderated."""

    input_tokens: int
    object: str = "organization.usage.moderations.result"


class ImagesResult(_OfModel):
    """Images that were made or changed."""

    source: str | None = None
    """`image.generation`, `image.edit` or `image.variation`."""
    size: str | None = None
    """In pixels: `1024x1024`."""
    images: int
    object: str = "organization.usage.images.result"


class AudioSpeechesResult(_OfModel):
    """Text that was spoken."""

    characters: int
    object: str = "organization.usage.audio_speeches.result"


class AudioTranscriptionsResult(_OfModel):
    """Audio that was transcribed."""

    seconds: Annotated[int, Meta(extra={"unit": "seconds"})]
    object: str = "organization.usage.audio_transcriptions.result"


class VectorStoresResult(_OfProject):
    """Storage of vector stores."""

    usage_bytes: Annotated[int, Meta(extra={"adds_up": False, "unit": "bytes"})]
    """Bytes; whether a bucket tells what was added or what was there, the API does not say."""
    object: str = "organization.usage.vector_stores.result"


class CodeInterpreterSessionsResult(_OfProject):
    """Sessions of the code interpreter."""

    num_sessions: int
    object: str = "organization.usage.code_interpreter_sessions.result"


class FileSearchCallsResult(_OfApiKey):
    """Calls of the file search tool."""

    vector_store_id: str | None = None
    num_requests: int
    object: str = "organization.usage.file_searches.result"


class WebSearchCallsResult(_OfModel):
    """Calls of the web search tool."""

    context_level: str | None = None
    """`low`, `medium` or `high`."""
    api_source: str | None = None
    """`agents_api`, or `unlabeled` for all that carries no published source."""
    num_requests: int
    """Searches, of which one model request can make several."""
    object: str = "organization.usage.web_searches.result"


class CostsResult(_OfApiKey):
    """Money spent. This is what is billed: usage times price does not reconcile with it."""

    line_item: str | None = None
    """What was billed, as free text: `gpt-4.1-2025-04-14, input`."""
    api_source: str | None = None
    """`agents_api`, or `unlabeled` for all that carries no published source."""
    amount: Amount
    quantity: Decimal | None = None
    """How much of it, where grouped by `line_item`."""
    quantity_unit: str | None = None
    """`tokens`, `1000_tokens`, `duration_seconds`, `duration_minutes`, `duration_hours`,
    `gibibyte_hours`, `images`, `characters`, or one that came later."""
    organization_id: _Undocumented = None
    """Whose bill it is. Undocumented: seen in answers of the API, and None where it is absent."""
    organization_name: _Undocumented = None
    """What that organization is called. Undocumented: None where it is absent."""
    project_name: _Undocumented = None
    """What the project is called, where grouped by `project_id`. Undocumented: None where it is
    absent."""
    object: str = "organization.costs.result"
