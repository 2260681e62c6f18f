"""Spans and metrics through OpenTelemetry where it is installed; where it is not, nothing.

They say what was asked and how it went, but never with which key and about whom: of an address
they have no query, and of an error its class alone, since its text may be the server's.

No span is made the current one: a walk is a generator, and what that sets is set for its caller
too, between two steps. So every request is told the walk it belongs to.
"""

from asyncio import CancelledError, get_running_loop
from collections.abc import Callable
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Self

from attrs import frozen
from yarl import URL

from openai_usage._version import __version__

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import Counter, Histogram
    from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer

_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Seconds, as the conventions want the histogram to be cut."""


class RequestSpan:
    """A request that nobody looks at.

    It is entered after the gate, in one `async with` with the request, hence its `async` methods.
    """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        pass

    def answered(self, status: int) -> None:
        """An answer begins to come."""


class WalkSpan:
    """A walk, or a single page, that nobody looks at."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        pass

    def handed_over(self, buckets: int) -> None:
        """One more page of them goes to the caller."""

    def request(self, url: URL, *, retry: int, wait: float) -> RequestSpan:  # noqa: ARG002
        """What looks at a request that asks the gate now, *wait* seconds after the one before."""
        return RequestSpan()


def walk_span(what: str, endpoint: str, windows_at_once: int | None = None) -> WalkSpan:
    """What looks at a walk from here to its end; its parent is the span that is current here."""
    otel = _opentelemetry()
    if otel is None:
        return WalkSpan()
    return _SeenWalk(otel, what, endpoint, windows_at_once)


@frozen
class _OpenTelemetry:
    """All that is needed of it, so that it is imported in one place."""

    tracer: "Tracer"
    below: "Callable[[Span], Context]"
    client: "SpanKind"
    error: "StatusCode"
    duration: "Histogram"
    retries: "Counter"
    buckets: "Counter"


@cache
def _opentelemetry() -> _OpenTelemetry | None:
    try:
        from opentelemetry import metrics, trace  # noqa: PLC0415 - by the first walk, not before
    except ImportError:
        return None
    meter = metrics.get_meter("openai_usage", __version__)
    try:
        duration = meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_BOUNDS,
        )
    except TypeError:  # a version from before there were bounds: no walk is to fail for that
        return None
    return _OpenTelemetry(
        tracer=trace.get_tracer("openai_usage", __version__),
        below=trace.set_span_in_context,
        client=trace.SpanKind.CLIENT,
        error=trace.StatusCode.ERROR,
        duration=duration,
        retries=meter.create_counter(
            "openai_usage.retries", unit="{retry}", description="Requests that were tried again."
        ),
        buckets=meter.create_counter(
            "openai_usage.buckets", unit="{bucket}", description="Buckets that were handed over."
        ),
    )


class _SeenWalk(WalkSpan):
    def __init__(
        self, otel: _OpenTelemetry, what: str, endpoint: str, windows_at_once: int | None
    ) -> None:
        self.otel = otel
        self.names = {"openai_usage.endpoint": endpoint}
        self._pages = self._buckets = 0
        self._span = otel.tracer.start_span(
            f"openai_usage.{what} {endpoint}", attributes=self.names
        )
        if windows_at_once is not None:
            self._span.set_attribute("openai_usage.windows_at_once", windows_at_once)
        self.below = otel.below(self._span)

    async def __aexit__(self, *raised: object) -> None:
        match raised[1]:
            case None:
                outcome = "complete"
            case GeneratorExit():
                outcome = "left"
            case CancelledError():
                outcome = "cancelled"
            case error:
                outcome = "failed"
                self._span.set_attribute("error.type", type(error).__name__)
                self._span.set_status(self.otel.error, type(error).__name__)
        self._span.set_attribute("openai_usage.outcome", outcome)
        self._span.set_attribute("openai_usage.pages", self._pages)
        self._span.set_attribute("openai_usage.buckets", self._buckets)
        self._span.end()

    def handed_over(self, buckets: int) -> None:
        self._pages += 1
        self._buckets += buckets
        self.otel.buckets.add(buckets, self.names)

    def request(self, url: URL, *, retry: int, wait: float) -> RequestSpan:
        if retry:
            self.otel.retries.add(1, self.names)
        return _SeenRequest(self, url, retry, wait)


class _SeenRequest(RequestSpan):
    _span: "Span"
    _began: float

    def __init__(self, walk: _SeenWalk, url: URL, retry: int, wait: float) -> None:
        self._otel = walk.otel
        self._below = walk.below
        self._asked = get_running_loop().time()
        self._facts: dict[str, str | int] = {  # for the span and the metric
            "http.request.method": "GET",
            "server.address": url.host or "",
            "server.port": url.port or 0,
        }
        self._more: dict[str, str | float] = {"url.full": str(url.with_query(None))}
        if retry:
            self._more |= {"http.request.resend_count": retry, "openai_usage.retry.wait": wait}

    async def __aenter__(self) -> Self:
        self._began = perf_counter()
        gate = {"openai_usage.gate.wait": get_running_loop().time() - self._asked}
        self._span = self._otel.tracer.start_span(
            "GET", self._below, self._otel.client, {**self._facts, **self._more, **gate}
        )
        return self

    async def __aexit__(self, *raised: object) -> None:
        error = raised[1]
        if error is not None:
            what = type(error).__name__
            self._note("error.type", what)
            if not isinstance(error, CancelledError):  # that is given up, and no failure
                self._span.set_status(self._otel.error, what)
        self._span.end()
        self._otel.duration.record(perf_counter() - self._began, self._facts)

    def answered(self, status: int) -> None:
        self._note("http.response.status_code", status)
        if status >= 400:
            self._note("error.type", str(status))
            self._span.set_status(self._otel.error)

    def _note(self, name: str, value: str | int) -> None:
        self._facts[name] = value
        self._span.set_attribute(name, value)
