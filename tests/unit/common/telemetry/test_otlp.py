"""Which traces are kept."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.common.telemetry.otlp import OtlpTracing

TRACE = "0" * 24 + "00000001"  # within any ratio, by its id


@contextmanager
def sampler(service: str, ratio: float) -> Iterator[Sampler]:
    tracing = OtlpTracing("http://127.0.0.1:9", ratio=ratio, service=service)
    yield tracing.provider.sampler
    tracing.close()


def kept(sampler: Sampler, *, flags: str | None) -> bool:
    parent = {} if flags is None else {"traceparent": f"00-{TRACE}-b7ad6b7169203331-{flags}"}
    context = TraceContextTextMapPropagator().extract(parent, context=Context())
    found = sampler.should_sample(context, int(TRACE, 16), "GET /v1/jobs")
    return found.decision is Decision.RECORD_AND_SAMPLE


@pytest.mark.parametrize(
    ("ratio", "flags", "expected"),
    [(0, None, False), (0, "01", False), (1, None, True), (1, "01", True), (1, "00", False)],
)
def test_a_client_may_ask_for_less_and_not_for_more(
    ratio: float, flags: str | None, *, expected: bool
) -> None:
    with sampler("api", ratio) as found:
        assert kept(found, flags=flags) is expected


def test_a_chosen_trace_id_is_kept_no_more_often_than_others() -> None:
    with sampler("api", 0.5) as found:
        kept_of_200 = sum(kept(found, flags="01") for _ in range(200))
    assert 50 < kept_of_200 < 150


def test_what_the_api_kept_the_worker_keeps() -> None:
    with sampler("worker", 0) as found:
        assert kept(found, flags="01")
        assert not kept(found, flags="00")
