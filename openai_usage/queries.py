"""What each endpoint may be asked, one class a row; its constructor is the method's signature.

A query is complete when it exists: constructing one checks every parameter against its own type
(`_checks`) and raises `InvalidQueryError` before anything could be sent. A row of your own is a
subclass of `RangeQuery` with `@attrs.frozen(kw_only=True)` and its parameters as fields.

Facts are from the public OpenAPI specification and, where that is older, from the official
Python SDK 3.54.0.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, TypeAlias

from attrs import field, fields, frozen, resolve_types

from openai_usage._checks import checked, refuse
from openai_usage.errors import InvalidQueryError
from openai_usage.times import Timestamp, unix_seconds

__all__ = [
    "AudioSpeechesQuery",
    "AudioTranscriptionsQuery",
    "BucketWidth",
    "CodeInterpreterSessionsQuery",
    "CompletionsQuery",
    "CostsQuery",
    "DecisionsQuery",
    "EmbeddingsQuery",
    "ExtraQuery",
    "FileSearchCallsQuery",
    "ImagesQuery",
    "ModerationsQuery",
    "PageSize",
    "RangeQuery",
    "VectorStoresQuery",
    "WebSearchCallsQuery",
]

BucketWidth: TypeAlias = Literal["1m", "1h", "1d"]
"""A minute, an hour, or a day in UTC."""

ExtraQuery: TypeAlias = Mapping[str, str | int | bool | Sequence[str]]
"""Parameters by the name they have on the wire; a list is sent as `name[]=…&name[]=…`."""


@frozen
class PageSize:
    """How many buckets a page holds."""

    default: int
    """Where no `limit` is sent."""
    maximum: int
    """The largest `limit` that is accepted."""
    full: int
    """The most that one answer has been seen to give, however much was asked for."""


def _start_time(moment: Timestamp) -> int:
    return unix_seconds(moment, param="start_time")


def _end_time(moment: Timestamp | None) -> int | None:
    return None if moment is None else unix_seconds(moment, param="end_time")


def _doc(text: str) -> dict[str, str]:
    return {"doc": text}


_GROUP_BY = _doc("One result for each combination of these, instead of one for everything.")


@frozen(kw_only=True)
class RangeQuery:
    """A range of time, cut into buckets: what every endpoint can be asked."""

    page_sizes: ClassVar[Mapping[BucketWidth, PageSize]] = {
        "1d": PageSize(default=7, maximum=31, full=31),
        "1h": PageSize(default=24, maximum=168, full=168),
        "1m": PageSize(default=60, maximum=1440, full=1440),
    }
    """How many buckets are on a page, for each `bucket_width`; a row of its own may have others."""

    start_time: int = field(
        converter=_start_time,
        metadata=_doc("Where the range begins: Unix seconds, an aware datetime, or a date in UTC."),
    )
    end_time: int | None = field(
        default=None,
        converter=_end_time,
        metadata=_doc("Where it ends, exclusive, likewise; left out, it is now."),
    )
    bucket_width: BucketWidth = field(
        default="1d",
        metadata=_doc("How long a bucket is; its bounds are those of UTC."),
    )
    project_ids: Sequence[str] | None = field(
        default=None, metadata=_doc("Only what belongs to these projects.")
    )
    limit: int | None = field(
        default=None,
        metadata=_doc(
            "Buckets on a page. Left out, a single page has the API's default, "
            "and a walk over all pages asks for the most that is allowed."
        ),
    )
    page: str | None = field(
        default=None,
        metadata=_doc(
            "A cursor to begin at: an earlier page's `next_page`. "
            "Every other parameter must be what it was then."
        ),
    )
    extra_query: ExtraQuery | None = field(
        default=None,
        metadata=_doc("Parameters and values that this version does not know yet."),
    )

    def __attrs_post_init__(self) -> None:
        for attribute in fields(resolve_types(type(self))):
            name = attribute.name
            value = checked(name, getattr(self, name), attribute.type)
            if value == () and name != "group_by":
                # Not sent, it would ask for everything, where nothing seems to be meant.
                refuse(
                    name,
                    [],
                    "a list with something in it, or None to leave nothing out",
                )
            object.__setattr__(self, name, value)
        self._check_range()
        self._check_limit()
        self._check_extra_query()

    @property
    def page_size(self) -> PageSize:
        """How many buckets a page of this width holds."""
        return self.page_sizes[self.bucket_width]

    def _check_range(self) -> None:
        if self.end_time is not None and self.end_time <= self.start_time:
            raise InvalidQueryError(
                f"end_time={self.end_time} is not after start_time={self.start_time}",
                param="end_time",
            )

    def _check_limit(self) -> None:
        maximum = self.page_size.maximum
        if self.limit is not None and not 1 <= self.limit <= maximum:
            raise InvalidQueryError(
                f"limit={self.limit} is out of range: from 1 to {maximum} "
                f"with bucket_width={self.bucket_width!r}",
                param="limit",
            )

    def _check_extra_query(self) -> None:
        # The walk itself sets some; the others are doubled only where they were given twice.
        given = {each.name for each in fields(type(self)) if getattr(self, each.name) is not None}
        for wire_name in self.extra_query or {}:
            name = wire_name.removesuffix("[]")
            if name in _WALKED | given - {"extra_query"}:
                raise InvalidQueryError(
                    f"extra_query must not repeat {name}: pass it as {name}=",
                    param="extra_query",
                )


_WALKED = frozenset({"start_time", "end_time", "bucket_width", "limit", "page"})


@frozen(kw_only=True)
class _OfApiKeyQuery(RangeQuery):
    user_ids: Sequence[str] | None = field(
        default=None, metadata=_doc("Only what these users caused.")
    )
    api_key_ids: Sequence[str] | None = field(
        default=None, metadata=_doc("Only what was asked with these API keys.")
    )


@frozen(kw_only=True)
class _OfModelQuery(_OfApiKeyQuery):
    models: Sequence[str] | None = field(default=None, metadata=_doc("Only these models."))


@frozen(kw_only=True)
class _TokensQuery(_OfModelQuery):
    batch: bool | None = field(
        default=None,
        metadata=_doc("True: only batch jobs. False: only what is no batch job. Left out: both."),
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


@frozen(kw_only=True)
class CompletionsQuery(_TokensQuery):
    """Tokens and requests of completions, in time buckets."""


@frozen(kw_only=True)
class DecisionsQuery(_TokensQuery):
    """Tokens and requests of the Decisions API, in time buckets."""


_ByModel: TypeAlias = Literal["project_id", "user_id", "api_key_id", "model"]


@frozen(kw_only=True)
class EmbeddingsQuery(_OfModelQuery):
    """Tokens and requests of embeddings, in time buckets."""

    group_by: Sequence[_ByModel] | None = field(default=None, metadata=_GROUP_BY)


@frozen(kw_only=True)
class ModerationsQuery(_OfModelQuery):
    """Tokens and requests of moderations, in time buckets."""

    group_by: Sequence[_ByModel] | None = field(default=None, metadata=_GROUP_BY)


@frozen(kw_only=True)
class ImagesQuery(_OfModelQuery):
    """Images made or changed, in time buckets."""

    sources: Sequence[Literal["image.generation", "image.edit", "image.variation"]] | None = field(
        default=None, metadata=_doc("Only images that came about this way.")
    )
    sizes: Sequence[Literal["256x256", "512x512", "1024x1024", "1792x1792", "1024x1792"]] | None = (
        field(default=None, metadata=_doc("Only images of these sizes, in pixels."))
    )
    group_by: (
        Sequence[Literal["project_id", "user_id", "api_key_id", "model", "size", "source"]] | None
    ) = field(default=None, metadata=_GROUP_BY)


@frozen(kw_only=True)
class AudioSpeechesQuery(_OfModelQuery):
    """Characters spoken, in time buckets."""

    group_by: Sequence[_ByModel] | None = field(default=None, metadata=_GROUP_BY)


@frozen(kw_only=True)
class AudioTranscriptionsQuery(_OfModelQuery):
    """Seconds of audio transcribed, in time buckets."""

    group_by: Sequence[_ByModel] | None = field(default=None, metadata=_GROUP_BY)


@frozen(kw_only=True)
class VectorStoresQuery(RangeQuery):
    """Bytes stored in vector stores, in time buckets."""

    group_by: Sequence[Literal["project_id"]] | None = field(default=None, metadata=_GROUP_BY)


@frozen(kw_only=True)
class CodeInterpreterSessionsQuery(RangeQuery):
    """Sessions of the code interpreter, in time buckets."""

    group_by: Sequence[Literal["project_id"]] | None = field(default=None, metadata=_GROUP_BY)


@frozen(kw_only=True)
class FileSearchCallsQuery(_OfApiKeyQuery):
    """Calls of the file search tool, in time buckets."""

    vector_store_ids: Sequence[str] | None = field(
        default=None, metadata=_doc("Only searches in these vector stores.")
    )
    group_by: Sequence[Literal["project_id", "user_id", "api_key_id", "vector_store_id"]] | None = (
        field(default=None, metadata=_GROUP_BY)
    )


@frozen(kw_only=True)
class WebSearchCallsQuery(_OfModelQuery):
    """Calls of the web search tool, in time buckets."""

    context_levels: Sequence[Literal["low", "medium", "high"]] | None = field(
        default=None, metadata=_doc("Only searches with this much context.")
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

    bucket_width: Literal["1d"] = field(default="1d", metadata=_doc("A day, in UTC."))
    api_key_ids: Sequence[str] | None = field(
        default=None, metadata=_doc("Only what was asked with these API keys.")
    )
    line_items: Sequence[str] | None = field(
        default=None,
        metadata=_doc("Only these line items, each whole, as in `gpt-4.1-2025-04-14, input`."),
    )
    group_by: (
        Sequence[Literal["project_id", "user_id", "api_key_id", "line_item", "api_source"]] | None
    ) = field(default=None, metadata=_GROUP_BY)
