"""A span for every request, where traces are on."""

from fastapi import FastAPI

from services.common.telemetry import Tracing

# Asked every few seconds by machines.
_UNTRACED = "healthz,readyz,metrics"


def instrument(app: FastAPI, tracing: Tracing) -> None:
    """Wrap the application; its middlewares run inside the span of their request."""
    if tracing.provider is None:
        return
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    FastAPIInstrumentor.instrument_app(
        app,
        tracer_provider=tracing.provider,
        excluded_urls=_UNTRACED,
        exclude_spans=["receive", "send"],  # a span for each 64 kB of a body tells nothing
    )
