"""The results of the API: one class for each endpoint, as frozen values.

Every endpoint has its own result class. Fields to group by (`project_id`, `model`, …) are None
unless the query grouped by them, and can be None even then: usage without a user has no `user_id`.
Measures that the API can leave out are None if it did.

Facts are from the public OpenAPI specification and, where that is older, from the official
Python SDK 3.54.0. Three fields of costs are in neither, and say so.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import Meta

from openai_usage.schema.amount import Amount
from openai_usage.schema.line_items import LINE_ITEM_PARTS, LineItem, parse_line_item
from openai_usage.schema.model import Model
from openai_usage.schema.pages import Bucket, Page
from openai_usage.schema.settling import COSTS_SETTLE_AFTER, USAGE_SETTLES_AFTER

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

MoneyType: TypeAlias = Literal["decimal", "text", "float"]
"""The type of money and quantities in Arrow and Parquet: `decimal` is `decimal128(38, 24)`, with
further decimals rounded; `text` has every digit; `float` is for arithmetic."""

_Undocumented: TypeAlias = Annotated[str | None, Meta(extra={"undocumented": True})]
"""Text that the API was observed to send but does not document. Any other type becomes None."""


class _OfProject(Model):
    settles_after: ClassVar[timedelta] = USAGE_SETTLES_AFTER
    """The time after its end at which a bucket counts as settled."""
    organization: ClassVar[str | None] = None
    """The label of the organization, if several are read together (`Organizations.combined()`)."""

    project_id: str | None = None
    """The project, if grouped by it. Empty for usage from before there were projects."""


class _OfApiKey(_OfProject):
    user_id: str | None = None
    """The user, if grouped by it. None for usage without a user."""
    api_key_id: str | None = None
    """The API key, if grouped by it."""


class _OfModel(_OfApiKey):
    model: str | None = None
    """The model, if grouped by it."""
    num_model_requests: int
    """Requests made to the model."""


class _Tokens(_OfModel):
    batch: bool | None = None
    """True for requests of the Batch API, if grouped by it."""
    service_tier: str | None = None
    """The service tier, if grouped by it: `default`, `flex`, …"""
    api_source: str | None = None
    """`agents_api`, or `unlabeled` for requests without a published source."""
    input_tokens: int
    """All input tokens: text, audio and image, cached, uncached and written to the cache."""
    input_uncached_tokens: int | None = None
    """Input tokens that were not cached, without those written to the cache."""
    input_text_tokens: int | None = None
    """Uncached text tokens, without those written to the cache."""
    input_audio_tokens: int | None = None
    """Uncached audio tokens."""
    input_image_tokens: int | None = None
    """Uncached image tokens."""
    input_cached_tokens: int | None = None
    """Input tokens read from the cache."""
    input_cached_text_tokens: int | None = None
    """Text tokens read from the cache."""
    input_cached_audio_tokens: int | None = None
    """Audio tokens read from the cache."""
    input_cached_image_tokens: int | None = None
    """Image tokens read from the cache."""
    input_cache_write_tokens: int | None = None
    """Tokens written to the cache, with any retention."""
    input_cache_write_30m_tokens: int | None = None
    """Tokens written to the cache with a retention of 30 minutes."""
    input_cache_write_12h_tokens: int | None = None
    """Tokens written to the cache with a retention of 12 hours."""
    output_tokens: int
    """All output tokens: text, audio and image."""
    output_text_tokens: int | None = None
    """Text tokens of the output."""
    output_audio_tokens: int | None = None
    """Audio tokens of the output."""
    output_image_tokens: int | None = None
    """Image tokens of the output."""


class CompletionsResult(_Tokens):
    """Tokens of completions: Chat Completions, Responses and the like.

    The token counts overlap, so a sum of all of them counts tokens twice::

        input_tokens          = cached + cache_write + uncached
        input_uncached_tokens = input_text + input_audio + input_image
        input_cached_tokens   = cached_text + cached_audio + cached_image
        output_tokens         = output_text + output_audio + output_image
    """

    object: str = "organization.usage.completions.result"


class DecisionsResult(_Tokens):
    """Tokens of the Decisions API, with the same fields as completions."""

    object: str = "organization.usage.decisions.result"


class EmbeddingsResult(_OfModel):
    """Tokens of embeddings."""

    input_tokens: int
    """Tokens of the input."""
    object: str = "organization.usage.embeddings.result"


class ModerationsResult(_OfModel):
    """Tokens of moderations."""

    input_tokens: int
    """Tokens of the input."""
    object: str = "organization.usage.moderations.result"


class ImagesResult(_OfModel):
    """Images that were generated or edited."""

    source: str | None = None
    """`image.generation`, `image.edit` or `image.variation`."""
    size: str | None = None
    """The size in pixels, if grouped by it: `1024x1024`."""
    images: int
    """The number of images."""
    object: str = "organization.usage.images.result"


class AudioSpeechesResult(_OfModel):
    """Text turned into speech."""

    characters: int
    """The number of characters."""
    object: str = "organization.usage.audio_speeches.result"


class AudioTranscriptionsResult(_OfModel):
    """Audio turned into text."""

    seconds: Annotated[int, Meta(extra={"unit": "seconds"})]
    """The length of the audio in seconds."""
    object: str = "organization.usage.audio_transcriptions.result"


class VectorStoresResult(_OfProject):
    """Storage of vector stores."""

    usage_bytes: Annotated[int, Meta(extra={"adds_up": False, "unit": "bytes"})]
    """Bytes. The API does not say whether they were stored or added in the bucket's time."""
    object: str = "organization.usage.vector_stores.result"


class CodeInterpreterSessionsResult(_OfProject):
    """Sessions of the code interpreter."""

    num_sessions: int
    """The number of sessions."""
    object: str = "organization.usage.code_interpreter_sessions.result"


class FileSearchCallsResult(_OfApiKey):
    """Calls of the file search tool."""

    vector_store_id: str | None = None
    """The vector store, if grouped by it."""
    num_requests: int
    """The number of calls."""
    object: str = "organization.usage.file_searches.result"


class WebSearchCallsResult(_OfModel):
    """Calls of the web search tool."""

    context_level: str | None = None
    """`low`, `medium` or `high`."""
    api_source: str | None = None
    """`agents_api`, or `unlabeled` for requests without a published source."""
    num_requests: int
    """The number of searches. One model request can make several."""
    object: str = "organization.usage.web_searches.result"


class CostsResult(_OfApiKey):
    """Money spent, as billed. Usage multiplied by prices does not reconcile with it."""

    line_item: str | None = None
    """The line item, if grouped by it. Free text: `gpt-4.1-2025-04-14, input`."""
    api_source: str | None = None
    """`agents_api`, or `unlabeled` for requests without a published source."""
    amount: Amount
    """The money, exact."""
    quantity: Decimal | None = None
    """The quantity that was billed, if grouped by `line_item`."""
    quantity_unit: str | None = None
    """`tokens`, `1000_tokens`, `duration_seconds`, `duration_minutes`, `duration_hours`,
    `gibibyte_hours`, `images`, `characters`, or a newer one."""
    organization_id: _Undocumented = None
    """The organization. Undocumented by the API; None if absent."""
    organization_name: _Undocumented = None
    """The name of the organization. Undocumented by the API; None if absent."""
    project_name: _Undocumented = None
    """The name of the project, if grouped by `project_id`. Undocumented by the API; None if
    absent."""
    object: str = "organization.costs.result"

    derived: ClassVar[Mapping[str, str]] = dict.fromkeys(LINE_ITEM_PARTS, "line_item")
    settles_after: ClassVar[timedelta] = COSTS_SETTLE_AFTER

    @property
    def product(self) -> str | None:
        """The product that the `line_item` names: `evals`. None if it names none."""
        return self._item.product

    @property
    def model(self) -> str | None:
        """The model that the `line_item` names: `gpt-4.1-2025-04-14`. None if it names none."""
        return self._item.model

    @property
    def kind(self) -> str | None:
        """The kind of usage that the `line_item` names: `input`, `cached input` and so on.

        None if it names none. `input_tokens` is `input`, too.
        """
        return self._item.kind

    @property
    def _item(self) -> LineItem:
        return parse_line_item(self.line_item or "")
