"""RangeQuery: the parameters that every endpoint has, and the validation of every query.

Constructing a query validates every parameter against its declared type. It raises
`InvalidQueryError` before anything is sent.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeAlias

from attrs import field, fields, frozen, resolve_types

from openai_usage.schema.times import BucketWidth, Timestamp, unix_seconds
from openai_usage.schema.validation import reject, validate

__all__ = ["BucketWidth", "ExtraQuery", "PageSize", "RangeQuery"]

ExtraQuery: TypeAlias = Mapping[str, str | int | bool | Sequence[str]]
"""Parameters by their name in the URL. A list is sent as `name[]=…&name[]=…`."""


@frozen
class PageSize:
    """The number of buckets on a page."""

    default: int
    """Without a `limit`."""
    maximum: int
    """The largest `limit` that the API accepts."""
    full: int
    """The most buckets observed in one response, whatever the `limit`."""


def _start_time(moment: Timestamp) -> int:
    return unix_seconds(moment, param="start_time")


def _end_time(moment: Timestamp | None) -> int | None:
    return None if moment is None else unix_seconds(moment, param="end_time")


def described(text: str) -> dict[str, str]:
    """Return field metadata with a description, shown in help, signatures and docs."""
    return {"doc": text}


_SET_BY_PAGINATION = frozenset({"start_time", "end_time", "bucket_width", "limit", "page"})


@frozen(kw_only=True)
class RangeQuery:
    """A range of time in buckets: the parameters that every endpoint has."""

    page_sizes: ClassVar[Mapping[BucketWidth, PageSize]] = {
        "1d": PageSize(default=7, maximum=31, full=31),
        "1h": PageSize(default=24, maximum=168, full=168),
        "1m": PageSize(default=60, maximum=1440, full=1440),
    }
    """The page sizes for each `bucket_width`. A subclass can have others."""

    start_time: int = field(
        converter=_start_time,
        metadata=described(
            "Where the range begins: Unix seconds, an aware datetime, or a date in UTC."
        ),
    )
    end_time: int | None = field(
        default=None,
        converter=_end_time,
        metadata=described("Where the range ends, exclusive. Default: now."),
    )
    bucket_width: BucketWidth = field(
        default="1d",
        metadata=described("The width of a bucket. Days begin at midnight UTC."),
    )
    project_ids: Sequence[str] | None = field(
        default=None, metadata=described("Only these projects.")
    )
    limit: int | None = field(
        default=None,
        metadata=described(
            "Buckets on a page. Default: the API's default for a single page, "
            "the largest allowed for iteration."
        ),
    )
    page: str | None = field(
        default=None,
        metadata=described(
            "The cursor of the page to begin at: `next_page` of an earlier page. "
            "All other parameters must be unchanged."
        ),
    )
    extra_query: ExtraQuery | None = field(
        default=None,
        metadata=described("Further parameters, or values that this version does not know."),
    )

    def __attrs_post_init__(self) -> None:
        for attribute in fields(resolve_types(type(self))):
            name = attribute.name
            value = validate(name, getattr(self, name), attribute.type)
            if value == () and name != "group_by":
                # An empty list is not sent, so the API would return everything.
                reject(name, [], "a list that is not empty", "Leave it out for no filter.")
            object.__setattr__(self, name, value)
        self._check_range()
        self._check_limit()
        self._check_extra_query()

    @property
    def page_size(self) -> PageSize:
        """The page size for this `bucket_width`."""
        return self.page_sizes[self.bucket_width]

    def _check_range(self) -> None:
        if self.end_time is not None and self.end_time <= self.start_time:
            reject("end_time", self.end_time, f"a time after start_time ({self.start_time})")

    def _check_limit(self) -> None:
        maximum = self.page_size.maximum
        if self.limit is not None and not 1 <= self.limit <= maximum:
            expected = f"a number from 1 to {maximum} for buckets of {self.bucket_width}"
            reject("limit", self.limit, expected)

    def _check_extra_query(self) -> None:
        # Pagination sets some parameters; others are a conflict only if they were passed, too.
        given = {each.name for each in fields(type(self)) if getattr(self, each.name) is not None}
        for wire_name in self.extra_query or {}:
            name = wire_name.removesuffix("[]")
            if name in _SET_BY_PAGINATION | given - {"extra_query"}:
                reject("extra_query", name, "further parameters", "Pass it by its own name.")
