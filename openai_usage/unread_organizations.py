"""UnreadOrganization: what one of several organizations lacks, and why."""

from collections.abc import Sequence

from attrs import frozen

from openai_usage.errors import APIError, SyncError
from openai_usage.gaps import Gap

__all__ = ["UnreadOrganization"]


@frozen(kw_only=True)
class UnreadOrganization:
    """An endpoint of an organization that could not be read, in whole or in part."""

    organization: str
    """The label of the organization."""
    endpoint: str
    """The name of the endpoint."""
    error: APIError | SyncError | None = None
    """The reason if nothing could be read. The results of the organization are left out."""
    gaps: Sequence[Gap] = ()
    """The parts of the range that only this organization lacks."""

    @property
    def what(self) -> str:
        """The endpoint and the organization in words: `costs of acme`."""
        return f"{self.endpoint.replace('_', ' ')} of {self.organization}"
