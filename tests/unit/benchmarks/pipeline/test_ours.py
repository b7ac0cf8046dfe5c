"""The benchmarks watch parts of the pipeline by name: a part that is renamed must be noticed."""

import pytest

from benchmarks import profile
from benchmarks.pipeline.ours import OurPipeline
from infra.local.paths import REPOSITORY
from services.vision.build import build_pipeline
from services.vision.classifiers.choice import PrecisionChoice
from services.vision.engines import ClassifierKind, DetectorKind

STARTER, SAMPLE = REPOSITORY / "models" / "starter", REPOSITORY / "samples" / "collins.jpg"


def test_every_stage_takes_time() -> None:
    seconds = OurPipeline(STARTER, [SAMPLE], PrecisionChoice.FP32).analyse(0, 1)
    assert set(seconds) == {"decode", "detect", "classify", "crop"}
    assert min(seconds.values()) > 0


@pytest.mark.parametrize(
    ("detector", "network"),
    [(DetectorKind.AUTO, "  RetinaFace"), (DetectorKind.OPENVINO, "  P-Net")],
)
def test_the_profile_finds_every_part(detector: DetectorKind, network: str) -> None:
    pipeline = build_pipeline(
        STARTER,
        REPOSITORY / "models" / "mtcnn",
        detector=detector,
        classifier=ClassifierKind.OPENVINO,
        precision=PrecisionChoice.FP32,
        threads=1,
    )
    parts = profile.profile(pipeline, [SAMPLE.read_bytes()])
    assert parts["decode"] > 0
    assert parts["whole"] > parts["detect"] > parts[network] > 0
