"""Layout: the bucket width and the labels of the rows of one endpoint."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Self, cast

from attrs import field, frozen

from openai_usage.endpoints import Endpoint
from openai_usage.errors import OTHER_LAYOUT, SyncError
from openai_usage.schema.range_query import BucketWidth
from openai_usage.schema.times import SECONDS

GROUP_BY = ("project_id", "line_item", "model", "batch", "service_tier")
"""The default labels: what people ask for most, without persons and API keys."""


def _in_order(labels: Iterable[str]) -> Sequence[str]:
    return tuple(sorted(set(labels)))


@frozen
class Layout:
    """The bucket width and the labels of rows. `str()` is stored with them."""

    bucket_width: BucketWidth
    group_by: Sequence[str] = field(converter=_in_order)
    """The labels in alphabetical order, so that their order does not matter."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the layout that *text* stands for."""
        width, _, labels = text.partition(" by ")
        return cls(cast("BucketWidth", width), labels.split(", ") if labels else ())

    @property
    def width(self) -> int:
        """The seconds in a bucket."""
        return SECONDS[self.bucket_width]

    def __str__(self) -> str:
        labels = ", ".join(self.group_by)
        return f"{self.bucket_width} by {labels}" if labels else self.bucket_width


def layout_of(
    endpoint: Endpoint[..., object],
    stored: Mapping[str, str],
    *,
    bucket_width: BucketWidth | None,
    group_by: Sequence[str] | None,
    replaced: Collection[str],
) -> Layout:
    """Return the layout of a sync: as asked for, or else that of the copy, or else the default.

    Args:
        endpoint: The endpoint.
        stored: The layouts of the copy, by organization.
        bucket_width: The width that was asked for. An endpoint that has only days has days.
        group_by: The labels that were asked for. The endpoint takes those that it has.
        replaced: The organizations whose rows will be removed first.

    Raises:
        SyncError: The copy has rows of another layout, which stay.
    """
    kept = {label: each for label, each in stored.items() if label not in replaced}
    known = next((Layout.parse(each) for each in kept.values()), None)
    width: BucketWidth = bucket_width or (known.bucket_width if known else "1d")
    labels = group_by if group_by is not None else known.group_by if known else GROUP_BY
    layout = Layout(
        width if width in endpoint.query_type.page_sizes else "1d",
        [each for each in labels if each in endpoint.group_by],
    )
    for label, other in kept.items():
        if other != str(layout):
            raise SyncError(
                f"the copy has {endpoint.name} of {label} in buckets of {other}, and this sync has "
                f"buckets of {layout}.",
                hint="Rebuild all organizations in one run." if replaced else OTHER_LAYOUT,
            )
    return layout
