"""Record spans and metrics with OpenTelemetry if it is installed, and nothing otherwise.

They describe requests and outcomes, but never the key, and nobody in the organization: URLs have no
query, and errors only their class, because the text may come from the server.

No span becomes the current span. An iteration is a generator, and a generator's context is also
its caller's context between two steps. So every request gets the span of its iteration instead.
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
"""The histogram boundaries in seconds that the semantic conventions recommend."""


class RequestSpan:
    """The span of a request, without OpenTelemetry.

    Enter it after the rate limiter, in one `async with` with the request: hence the async methods.
    """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        pass

    def answered(self, status: int) -> None:
        """Record the *status* of the response."""


class IterationSpan:
    """The span of an iteration or a single page, without OpenTelemetry."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        pass

    def record_page(self, buckets: int) -> None:
        """Record a page with this number of buckets that the caller gets."""

    def request(self, url: URL, *, retry: int, wait: float) -> RequestSpan:  # noqa: ARG002
        """Return the span of a request that waits for the rate limiter, after a delay of *wait*."""
        return RequestSpan()


def iteration_span(what: str, endpoint: str, windows_at_once: int | None = None) -> IterationSpan:
    """Start the span of an iteration, whose parent is the current span."""
    otel = _opentelemetry()
    if otel is None:
        return IterationSpan()
    return _RecordedIteration(otel, what, endpoint, windows_at_once)


@frozen
class _OpenTelemetry:
    """The parts of OpenTelemetry in use, so that it is imported in one place."""

    tracer: "Tracer"
    set_span_in_context: "Callable[[Span], Context]"
    client: "SpanKind"
    error: "StatusCode"
    duration: "Histogram"
    retries: "Counter"
    buckets: "Counter"


@cache
def _opentelemetry() -> _OpenTelemetry | None:
    try:
        from opentelemetry import metrics, trace  # noqa: PLC0415 - keeps `import openai_usage` fast
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
    except TypeError:  # an older version without boundaries, which must not break iteration
        return None
    return _OpenTelemetry(
        tracer=trace.get_tracer("openai_usage", __version__),
        set_span_in_context=trace.set_span_in_context,
        client=trace.SpanKind.CLIENT,
        error=trace.StatusCode.ERROR,
        duration=duration,
        retries=meter.create_counter(
            "openai_usage.retries", unit="{retry}", description="Requests that were retried."
        ),
        buckets=meter.create_counter(
            "openai_usage.buckets", unit="{bucket}", description="Buckets that were yielded."
        ),
    )


class _RecordedIteration(IterationSpan):
    def __init__(
        self, otel: _OpenTelemetry, what: str, endpoint: str, windows_at_once: int | None
    ) -> None:
        self.otel = otel
        self.attributes = {"openai_usage.endpoint": endpoint}
        self._pages = self._buckets = 0
        self._span = otel.tracer.start_span(
            f"openai_usage.{what} {endpoint}", attributes=self.attributes
        )
        if windows_at_once is not None:
            self._span.set_attribute("openai_usage.windows_at_once", windows_at_once)
        self.context = otel.set_span_in_context(self._span)

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

    def record_page(self, buckets: int) -> None:
        self._pages += 1
        self._buckets += buckets
        self.otel.buckets.add(buckets, self.attributes)

    def request(self, url: URL, *, retry: int, wait: float) -> RequestSpan:
        if retry:
            self.otel.retries.add(1, self.attributes)
        return _RecordedRequest(self, url, retry, wait)


class _RecordedRequest(RequestSpan):
    _span: "Span"
    _started: float

    def __init__(self, iteration: _RecordedIteration, url: URL, retry: int, wait: float) -> None:
        self._otel = iteration.otel
        self._context = iteration.context
        self._queued = get_running_loop().time()
        self._attributes: dict[str, str | int] = {  # of the span and the metric
            "http.request.method": "GET",
            "server.address": url.host or "",
            "server.port": url.port or 0,
        }
        self._span_only: dict[str, str | float] = {"url.full": str(url.with_query(None))}
        if retry:
            self._span_only |= {"http.request.resend_count": retry, "openai_usage.retry.wait": wait}

    async def __aenter__(self) -> Self:
        self._started = perf_counter()
        waited = {"openai_usage.rate_limiter.wait": get_running_loop().time() - self._queued}
        self._span = self._otel.tracer.start_span(
            "GET",
            self._context,
            self._otel.client,
            {**self._attributes, **self._span_only, **waited},
        )
        return self

    async def __aexit__(self, *raised: object) -> None:
        error = raised[1]
        if error is not None:
            kind = type(error).__name__
            self._set("error.type", kind)
            if not isinstance(error, CancelledError):  # cancellation is not a failure
                self._span.set_status(self._otel.error, kind)
        self._span.end()
        self._otel.duration.record(perf_counter() - self._started, self._attributes)

    def answered(self, status: int) -> None:
        self._set("http.response.status_code", status)
        if status >= 400:
            self._set("error.type", str(status))
            self._span.set_status(self._otel.error)

    def _set(self, name: str, value: str | int) -> None:
        self._attributes[name] = value
        self._span.set_attribute(name, value)
