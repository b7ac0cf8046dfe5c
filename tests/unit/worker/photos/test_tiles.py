from typing import BinaryIO

import pytest

from services.common.domain.errors import TransientError
from services.common.telemetry import Metrics
from services.worker.photos.tiles import PAUSE_S, TileWriter


class Bucket:
    """Keeps what is put, or raises."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.fault: Exception | None = None

    def put(self, key: str, stream: BinaryIO, *, size: int, content_type: str) -> None:
        if self.fault is not None:
            raise self.fault
        assert content_type == "application/octet-stream"
        self.objects[key] = stream.read()
        assert len(self.objects[key]) == size


class Scene:
    """A writer with its bucket and a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.bucket = Bucket()
        self.metrics = Metrics()
        self.writer = TileWriter(self.bucket, metrics=self.metrics, clock=lambda: self.now)

    def write(self, *keys: str) -> None:
        self.writer.finish(self.writer.start({key: key.encode() for key in keys}))

    def counted(self) -> dict[str, float]:
        names = ("written", "failed", "skipped")
        return {name: self.metrics.value("hfer_tiles_total", result=name) for name in names}


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_all_are_there_when_they_are_finished(scene: Scene) -> None:
    keys = [f"annotated/{number}.tiles" for number in range(50)]
    scene.write(*keys)
    assert scene.bucket.objects == {key: key.encode() for key in keys}
    assert scene.counted() == {"written": 50, "failed": 0, "skipped": 0}
    scene.writer.close()


@pytest.mark.parametrize("fault", [TransientError("refused"), ZeroDivisionError()])
def test_a_bucket_that_refuses_costs_no_result_and_is_left_alone_for_a_while(
    scene: Scene, fault: Exception
) -> None:
    scene.bucket.fault = fault
    scene.write("a")
    scene.bucket.fault = None
    scene.write("b", "c")
    assert scene.counted() == {"written": 0, "failed": 1, "skipped": 2}
    scene.now += PAUSE_S
    scene.write("d")
    assert scene.bucket.objects == {"d": b"d"}
    assert scene.counted() == {"written": 1, "failed": 1, "skipped": 2}
    scene.writer.close()
