import httpx
import pytest

from infra.local.ports import PortBook
from services.common.telemetry import Metrics, serve_metrics
from services.common.telemetry.metrics import MetricsPortError
from services.common.telemetry_settings import TelemetrySettings


@pytest.fixture
def settings() -> TelemetrySettings:
    with PortBook() as book:
        return TelemetrySettings(metrics_port=book.take())


class TestServeMetrics:
    def test_serves_until_the_end_of_the_block(self, settings: TelemetrySettings) -> None:
        metrics = Metrics()
        metrics.live_workers.set(3)
        url = f"http://127.0.0.1:{settings.metrics_port}/metrics"
        with serve_metrics(settings, metrics.registry):
            assert "hfer_live_workers 3.0" in httpx.get(url, trust_env=False).text
        with pytest.raises(httpx.ConnectError):
            httpx.get(url, trust_env=False)

    def test_a_taken_port_is_told_with_a_way_out(self, settings: TelemetrySettings) -> None:
        registry = Metrics().registry
        with (
            serve_metrics(settings, registry),
            pytest.raises(MetricsPortError, match="HFER_TELEMETRY__METRICS_PORT"),
            serve_metrics(settings, registry),
        ):
            pass

    def test_opens_nothing_without_a_port(self) -> None:
        with serve_metrics(TelemetrySettings(), Metrics().registry):
            pass
