"""NoTransport: the transport of a client that reads from somewhere else, and sends nothing."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn, TypeVar

from openai_usage._http.config import ClientConfig
from openai_usage._http.transport import Body, Transport
from openai_usage._telemetry import IterationSpan
from openai_usage.errors import APIConnectionError

T = TypeVar("T")


class NoTransport(Transport):
    """A transport that sends nothing."""

    def __init__(self, options: ClientConfig, reads: str) -> None:
        super().__init__(options)
        self.reads = reads
        """The place that its client reads instead, for errors: `a copy`."""

    async def get(
        self,
        path: str,
        params: Sequence[tuple[str, str]],  # noqa: ARG002
        iteration: IterationSpan,  # noqa: ARG002
        parse: Callable[[Body], Awaitable[T]],  # noqa: ARG002
    ) -> NoReturn:
        """Reject a request for something that is not usage or costs.

        Raises:
            APIConnectionError: Always.
        """
        raise APIConnectionError(f"{self.reads} does not have {path}.")
