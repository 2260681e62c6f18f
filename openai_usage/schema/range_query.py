"""RangeQuery: what every endpoint can be asked, and the checks that every query goes through.

A query is complete when it exists: constructing one holds every parameter against its own type
and raises `InvalidQueryError` before anything could be sent.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, TypeAlias

from attrs import field, fields, frozen, resolve_types

from openai_usage.errors import InvalidQueryError
from openai_usage.schema.times import Timestamp, unix_seconds
from openai_usage.schema.validation import reject, validate

__all__ = ["BucketWidth", "ExtraQuery", "PageSize", "RangeQuery"]

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


def described(text: str) -> dict[str, str]:
    """The metadata of a field that says, everywhere it is shown, what the parameter means."""
    return {"doc": text}


_OF_THE_WALK = frozenset({"start_time", "end_time", "bucket_width", "limit", "page"})


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
        metadata=described(
            "Where the range begins: Unix seconds, an aware datetime, or a date in UTC."
        ),
    )
    end_time: int | None = field(
        default=None,
        converter=_end_time,
        metadata=described("Where it ends, exclusive, likewise; left out, it is now."),
    )
    bucket_width: BucketWidth = field(
        default="1d",
        metadata=described("How long a bucket is; its bounds are those of UTC."),
    )
    project_ids: Sequence[str] | None = field(
        default=None, metadata=described("Only what belongs to these projects.")
    )
    limit: int | None = field(
        default=None,
        metadata=described(
            "Buckets on a page. Left out, a single page has the API's default, "
            "and a walk over all pages asks for the most that is allowed."
        ),
    )
    page: str | None = field(
        default=None,
        metadata=described(
            "A cursor to begin at: an earlier page's `next_page`. "
            "Every other parameter must be what it was then."
        ),
    )
    extra_query: ExtraQuery | None = field(
        default=None,
        metadata=described("Parameters and values that this version does not know yet."),
    )

    def __attrs_post_init__(self) -> None:
        for attribute in fields(resolve_types(type(self))):
            name = attribute.name
            value = validate(name, getattr(self, name), attribute.type)
            if value == () and name != "group_by":
                # Not sent, it would ask for everything, where nothing seems to be meant.
                reject(
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
            if name in _OF_THE_WALK | given - {"extra_query"}:
                raise InvalidQueryError(
                    f"extra_query must not repeat {name}: pass it as {name}=",
                    param="extra_query",
                )
