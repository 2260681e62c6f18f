"""Gap: a part of a range for which the API returned no bucket.

`_pagination/continuity.py` finds gaps.
"""

from attrs import frozen

from openai_usage._time_format import iso
from openai_usage.schema.pages import Span

__all__ = ["Gap"]


@frozen(kw_only=True)
class Gap(Span):
    """A part of a range for which the API returned no bucket, so what was used then is unknown.

    The API returns a bucket even for a time without usage [observed in public recordings], so a
    missing one is a fault and does not mean zero.
    """

    endpoint: str
    """The name of the endpoint's method: `costs`."""
    start_time: int
    """Unix seconds, inclusive."""
    end_time: int
    """Unix seconds, exclusive."""

    def __str__(self) -> str:
        dates = " to ".join(iso(each) for each in (self.start_time, self.end_time))
        return f"the API returned no bucket from {self.start_time} to {self.end_time} ({dates})"
