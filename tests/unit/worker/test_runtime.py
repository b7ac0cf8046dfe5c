from types import SimpleNamespace
from typing import Any

from services.common.telemetry import Metrics
from services.worker.runtime import ModelInfoGauge


class TestModelInfoGauge:
    def test_follows_a_switch_of_the_model(self) -> None:
        metrics = Metrics()
        gauge = ModelInfoGauge(metrics)
        manager: Any = SimpleNamespace(model_version="starter-1", precision="bf16")
        assert gauge.update(manager) == "starter-1"
        manager.model_version = "starter-2"
        assert gauge.update(manager) == "starter-2"

        def value(version: str) -> float:
            return metrics.value("hfer_model_info", version=version, precision="bf16")

        assert (value("starter-1"), value("starter-2")) == (0, 1)
