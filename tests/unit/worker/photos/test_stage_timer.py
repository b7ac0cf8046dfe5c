import pytest

from services.common.telemetry import Metrics
from services.vision.stages import stage
from services.worker.photos.stage_timer import StageTimer


class RecordingSpan:
    def __init__(self) -> None:
        self.stages: dict[str, dict[str, float | str]] = {}

    def stage(self, name: str, *, started_ns: int, ended_ns: int, **facts: float | str) -> None:
        assert started_ns <= ended_ns
        self.stages[name] = facts

    def end(self, *, error: str | None = None) -> None:
        del error


class TestStageTimer:
    @pytest.fixture
    def metrics(self) -> Metrics:
        return Metrics()

    @pytest.fixture
    def span(self) -> RecordingSpan:
        return RecordingSpan()

    def test_counts_a_stage_once_for_a_batch(self, metrics: Metrics, span: RecordingSpan) -> None:
        with StageTimer(metrics, span).analysis(photos=3):
            for _ in range(3):
                with stage("decode"):
                    pass
        for name in ("decode", "analyse"):
            assert metrics.value("hfer_stage_seconds_count", stage=name) == 1
        assert metrics.value("hfer_batch_photos_sum") == 3
        assert span.stages["decode"]["hfer.photos"] == 3

    def test_leaves_out_a_batch_without_photos(self, metrics: Metrics, span: RecordingSpan) -> None:
        with StageTimer(metrics, span).analysis(photos=0):
            pass
        assert metrics.value("hfer_batch_photos_count") == 0
        assert not span.stages

    def test_counts_a_stage_that_fails(self, metrics: Metrics, span: RecordingSpan) -> None:
        with pytest.raises(KeyError), StageTimer(metrics, span).stage("finish"):
            raise KeyError
        assert metrics.value("hfer_stage_seconds_count", stage="finish") == 1
        assert "finish" in span.stages
