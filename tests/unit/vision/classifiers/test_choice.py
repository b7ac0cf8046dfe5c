from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.vision.bundle import Bundle, Manifest, load_bundle
from services.vision.classifiers.choice import (
    PrecisionChoice,
    eligible,
    fastest,
    recorded_agreement,
)
from services.vision.classifiers.port import Precision
from services.vision.engines import ClassifierKind, load_classifier
from tests.fixtures.bundles import tiny_card, write_tiny_bundle

FP32, BF16, INT8 = Precision
EVERYTHING = ["FP32", "BF16", "INT8", "FP16", "WINOGRAD"]
AGREES, DIFFERS = {"top1_agreement": 0.996}, {"top1_agreement": 0.994}


def manifest(bundle: Bundle, precisions: Any, *, int8: bool = True) -> Manifest:
    files = {**bundle.manifest.files, **({"model.int8.onnx": "0" * 64} if int8 else {})}
    return bundle.manifest.model_copy(
        update={"metrics": {"precisions": precisions}, "files": files}
    )


class TestEligible:
    def test_takes_what_cpu_and_bundle_allow(self, tiny_bundle: Bundle) -> None:
        allowed = manifest(tiny_bundle, {"bf16": AGREES, "int8": AGREES})
        assert eligible(allowed, EVERYTHING) == [FP32, BF16, INT8]

    def test_without_instructions_only_fp32(self, tiny_bundle: Bundle) -> None:
        allowed = manifest(tiny_bundle, {"bf16": AGREES, "int8": AGREES})
        assert eligible(allowed, ["FP32", "WINOGRAD", "BIN"]) == [FP32]
        assert eligible(allowed, ["FP32", "INT8"]) == [FP32, INT8]

    def test_leaves_out_what_answers_otherwise(self, tiny_bundle: Bundle) -> None:
        allowed = manifest(tiny_bundle, {"bf16": AGREES, "int8": DIFFERS})
        assert eligible(allowed, EVERYTHING) == [FP32, BF16]

    def test_leaves_out_int8_without_its_network(self, tiny_bundle: Bundle) -> None:
        allowed = manifest(tiny_bundle, {"int8": AGREES}, int8=False)
        assert eligible(allowed, EVERYTHING) == [FP32]

    def test_a_bundle_that_tells_nothing_is_served_in_fp32(self, tiny_bundle: Bundle) -> None:
        assert eligible(tiny_bundle.manifest, EVERYTHING) == [FP32]

    @pytest.mark.parametrize(
        "precisions", [None, [], "bf16", {"bf16": None}, {"bf16": {"top1_agreement": "high"}}]
    )
    def test_metrics_of_another_shape_tell_nothing(
        self, tiny_bundle: Bundle, precisions: object
    ) -> None:
        assert recorded_agreement(manifest(tiny_bundle, precisions), BF16) is None


class FakeEngine:
    """Takes so many seconds a call on the clock of the test."""

    now = 0.0

    def __init__(self, precision: Precision, *seconds: float) -> None:
        self.precision = precision
        self._seconds: Iterator[float] = iter(seconds)

    def classify(self, crops: np.ndarray) -> np.ndarray:
        FakeEngine.now += next(self._seconds)
        return np.zeros((len(crops), 7))


class TestFastest:
    CROPS = np.zeros((4, 16, 16, 1), np.uint8)

    def chosen(self, *engines: FakeEngine) -> Precision:
        return fastest(engines, self.CROPS, clock=lambda: FakeEngine.now).precision

    def test_takes_the_fastest(self) -> None:
        engines = FakeEngine(FP32, *[4.0] * 4), FakeEngine(BF16, *[2.0] * 4)
        assert self.chosen(*engines, FakeEngine(INT8, *[1.0] * 4)) is INT8

    def test_a_gain_within_the_noise_is_none(self) -> None:
        assert self.chosen(FakeEngine(FP32, *[1.0] * 4), FakeEngine(BF16, *[0.95] * 4)) is FP32

    def test_the_first_run_and_a_disturbed_one_do_not_count(self) -> None:
        engines = FakeEngine(FP32, *[1.0] * 4), FakeEngine(BF16, 9.0, 0.5, 9.0, 9.0)
        assert self.chosen(*engines) is BF16


class TestAuto:
    @pytest.mark.parametrize("agreement", [0.99, 1.0])
    def test_the_engine_tells_what_it_runs(self, tmp_path: Path, agreement: float) -> None:
        card = tiny_card().model_copy(
            update={"metrics": {"precisions": {"bf16": {"top1_agreement": agreement}}}}
        )
        bundle = load_bundle(write_tiny_bundle(tmp_path / "tiny", card=card).directory)
        engine = load_classifier(
            ClassifierKind.OPENVINO, bundle, cuda=False, precision=PrecisionChoice.AUTO, threads=1
        )
        assert engine.precision in ({FP32, BF16} if agreement == 1.0 else {FP32})
