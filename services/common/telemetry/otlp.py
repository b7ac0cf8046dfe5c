"""Traces over OTLP/HTTP. Imported only when an endpoint is set."""

import os
import random
import socket
import threading
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, SamplingResult, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.common.telemetry.spans import NO_SPAN, Span

# A collector that is away must hold up neither a drain nor a recycling: neither with one request
# nor, when closing, with all that are left. Of 2,048 spans there are four: 20 s were measured.
_EXPORT_TIMEOUT_S = 5.0
_CLOSE_S = 5.0
_EVERY_MS = 2_000

_W3C = TraceContextTextMapPropagator()


class OtlpTracing:
    """See `services.common.telemetry.spans.Tracing`."""

    def __init__(self, endpoint: str, *, ratio: float, service: str) -> None:
        """Start the thread that sends.

        Args:
            endpoint: base URL of the collector. Headers, as for a token, come from OpenTelemetry's
                own ``OTEL_EXPORTER_OTLP_HEADERS``.
            ratio: share of traces that are kept. A request's own `traceparent` may ask for
                less and not for more: a client could have every trace kept.
            service: without the prefix.
        """
        name = f"hfer-{service}"
        resource = Resource.create(
            {
                "service.name": name,
                "service.namespace": "hfer",
                "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
            }
        )
        self.provider = TracerProvider(
            resource=resource,
            sampler=_sampler(ratio, of_clients=service == "api"),
            shutdown_on_exit=False,  # the owner closes it
        )
        exporter = OTLPSpanExporter(
            endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=_EXPORT_TIMEOUT_S
        )
        self.provider.add_span_processor(
            BatchSpanProcessor(exporter, schedule_delay_millis=_EVERY_MS)
        )
        self._tracer = self.provider.get_tracer("hfer")

    def traceparent(self) -> str | None:
        """See ``Tracing.traceparent``."""
        if not trace.get_current_span().get_span_context().trace_flags.sampled:
            return None
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return carrier.get("traceparent")

    def begin(self, name: str, *, parent: str | None, **facts: float | str) -> Span:
        """See ``Tracing.begin``."""
        if parent is None:
            return NO_SPAN
        context = _W3C.extract({"traceparent": parent}, context=Context())
        span = self._tracer.start_span(
            name, context=context, kind=trace.SpanKind.CONSUMER, attributes=facts
        )
        return _OtlpSpan(self._tracer, span)

    def close(self) -> None:
        """See ``Tracing.close``."""
        # Its own limit is 30 s and cannot be set (opentelemetry-sdk 1.45.2).
        closing = threading.Thread(target=self.provider.shutdown, name="traces-close", daemon=True)
        closing.start()
        closing.join(_CLOSE_S)


def _sampler(ratio: float, *, of_clients: bool) -> ParentBased:
    """Decide by ``ratio`` where a trace begins, and where a client's goes on that it samples."""
    drawn = _Drawn(ratio)
    if of_clients:
        return ParentBased(drawn, remote_parent_sampled=drawn)
    return ParentBased(drawn)  # the API decided


class _Drawn(TraceIdRatioBased):
    """Draws anew, and not by the trace's id, which a client may have chosen."""

    def should_sample(
        self, parent_context: Context | None, trace_id: int, name: str, *given: Any, **named: Any
    ) -> SamplingResult:
        drawn = trace_id ^ random.getrandbits(64)
        return super().should_sample(parent_context, drawn, name, *given, **named)


class _OtlpSpan:
    """A span and its tracer. Ended twice it is ended once."""

    def __init__(self, tracer: trace.Tracer, span: trace.Span) -> None:
        self._tracer = tracer
        self._span = span
        self._context = trace.set_span_in_context(span, Context())
        self._open = True
        self._lock = threading.Lock()

    def stage(self, name: str, *, started_ns: int, ended_ns: int, **facts: float | str) -> None:
        """See ``Span.stage``."""
        child = self._tracer.start_span(
            name, context=self._context, start_time=started_ns, attributes=facts
        )
        child.end(ended_ns)

    def end(self, *, error: str | None = None) -> None:
        """See ``Span.end``."""
        with self._lock:
            if not self._open:
                return
            self._open = False
        if error is not None:
            self._span.set_status(trace.StatusCode.ERROR, error)
        self._span.end()
