from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.vision.bundle import Bundle, Manifest, check_golden, load_bundle, load_golden
from services.vision.classifiers.choice import (
    NearTie,
    PrecisionChoice,
    eligible,
    fastest,
)
from services.vision.classifiers.openvino import OpenVinoClassifier
from services.vision.classifiers.port import ExpressionClassifier, Precision
from services.vision.engines import ClassifierKind, load_classifier

FP32, BF16, INT8 = Precision
EVERYTHING = ["FP32", "BF16", "INT8", "FP16", "WINOGRAD"]
MEASURED = {"bf16": {"tie": 0.05, "tied": 0.06}, "int8": {"tie": 0.08, "tied": 0.1}}
TIES = {BF16: NearTie(0.05, 0.06), INT8: NearTie(0.08, 0.1)}


def manifest(bundle: Bundle, precisions: Any, *, int8: bool = True) -> Manifest:
    files = {**bundle.manifest.files, **({"model.int8.onnx": "0" * 64} if int8 else {})}
    return bundle.manifest.model_copy(
        update={"metrics": {"precisions": precisions}, "files": files}
    )


class TestEligible:
    def test_takes_what_cpu_and_bundle_allow(self, tiny_bundle: Bundle) -> None:
        assert eligible(manifest(tiny_bundle, MEASURED), EVERYTHING) == TIES

    def test_without_instructions_only_fp32(self, tiny_bundle: Bundle) -> None:
        measured = manifest(tiny_bundle, MEASURED)
        assert eligible(measured, ["FP32", "WINOGRAD", "BIN"]) == {}
        assert eligible(measured, ["FP32", "INT8"]) == {INT8: TIES[INT8]}

    def test_leaves_out_int8_without_its_network(self, tiny_bundle: Bundle) -> None:
        assert INT8 not in eligible(manifest(tiny_bundle, MEASURED, int8=False), EVERYTHING)

    @pytest.mark.parametrize(
        "precisions",
        [None, [], "bf16", {"bf16": None}, {"bf16": {"tie": "narrow", "tied": 0}}, {"int8": {}}],
    )
    def test_of_what_nobody_measured_only_bf16_with_a_wide_tie(
        self, tiny_bundle: Bundle, precisions: object
    ) -> None:
        assert eligible(manifest(tiny_bundle, precisions), EVERYTHING) == {BF16: NearTie(0.1, 0.2)}


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
    TIE = NearTie(lead=0.05, share=0.1)

    def chosen(self, exact: FakeEngine, *narrow: tuple[FakeEngine, NearTie]) -> Precision:
        return fastest(exact, narrow, self.CROPS, clock=lambda: FakeEngine.now).precision

    def test_takes_the_fastest(self) -> None:
        bf16, int8 = FakeEngine(BF16, *[2.0] * 4), FakeEngine(INT8, *[1.0] * 4)
        assert self.chosen(FakeEngine(FP32, *[4.0] * 4), (bf16, self.TIE), (int8, self.TIE)) is INT8

    def test_counts_what_is_asked_again(self) -> None:
        exact, bf16 = FakeEngine(FP32, *[1.0] * 4), FakeEngine(BF16, *[0.5] * 4)
        assert self.chosen(exact, (bf16, NearTie(lead=0.2, share=0.6))) is FP32

    def test_a_gain_within_the_noise_is_none(self) -> None:
        exact, bf16 = FakeEngine(FP32, *[1.0] * 4), FakeEngine(BF16, *[0.85] * 4)
        assert self.chosen(exact, (bf16, self.TIE)) is FP32

    def test_the_first_run_and_a_disturbed_one_do_not_count(self) -> None:
        exact, bf16 = FakeEngine(FP32, *[1.0] * 4), FakeEngine(BF16, 9.0, 0.5, 9.0, 9.0)
        assert self.chosen(exact, (bf16, self.TIE)) is BF16

    def test_without_alternatives_stays_exact(self) -> None:
        assert self.chosen(FakeEngine(FP32, *[1.0] * 4)) is FP32


class TestAuto:
    def load(self, bundle: Bundle) -> ExpressionClassifier:
        return load_classifier(
            ClassifierKind.OPENVINO, bundle, cuda=False, precision=PrecisionChoice.AUTO, threads=1
        )

    def test_keeps_the_golden_answers(self, tiny_bundle: Bundle) -> None:
        engine = self.load(tiny_bundle)
        assert engine.precision in {FP32, BF16}
        check_golden(tiny_bundle, engine)

    def test_keeps_the_first_answers_of_fp32(self) -> None:
        starter = load_bundle(Path(__file__).parents[4] / "models" / "starter")
        crops = load_golden(starter).crops
        exact = OpenVinoClassifier(starter).classify(crops)
        assert (self.load(starter).classify(crops).argmax(1) == exact.argmax(1)).all()
