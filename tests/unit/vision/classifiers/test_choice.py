from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.trainer.data.generated.faces import draw_face
from services.vision.bundle import Bundle, Manifest, check_golden, load_bundle
from services.vision.classifiers.choice import NearTie, PrecisionChoice, narrow_choice
from services.vision.classifiers.openvino import OpenVinoClassifier, load_auto
from services.vision.classifiers.port import Precision
from services.vision.engines import ClassifierKind, load_classifier

FP32, BF16, INT8 = Precision
EVERYTHING = ["FP32", "BF16", "INT8", "FP16", "WINOGRAD"]
MEASURED = {"bf16": {"tie": 0.05, "tied": 0.06}, "int8": {"tie": 0.08, "tied": 0.1}}
TIES = {BF16: NearTie(0.05, 0.06), INT8: NearTie(0.08, 0.1)}
STARTER = Path(__file__).parents[4] / "models" / "starter"


def manifest(bundle: Bundle, precisions: Any, *, int8: bool = True) -> Manifest:
    files = {**bundle.manifest.files, **({"model.int8.onnx": "0" * 64} if int8 else {})}
    return bundle.manifest.model_copy(
        update={"metrics": {"precisions": precisions}, "files": files}
    )


class TestNarrowChoice:
    @pytest.mark.parametrize(
        ("capabilities", "chosen"),
        [
            (EVERYTHING, BF16),
            (["FP32", "INT8"], INT8),
            (["FP32", "BF16"], BF16),
            (["FP32", "WINOGRAD", "BIN"], None),
        ],
    )
    def test_takes_what_the_cpu_has_bf16_first(
        self, tiny_bundle: Bundle, capabilities: list[str], chosen: Precision | None
    ) -> None:
        choice = narrow_choice(manifest(tiny_bundle, MEASURED), capabilities)
        assert choice == (None if chosen is None else (chosen, TIES[chosen]))

    def test_leaves_out_int8_without_its_network(self, tiny_bundle: Bundle) -> None:
        without = manifest(tiny_bundle, MEASURED, int8=False)
        assert narrow_choice(without, ["FP32", "INT8"]) is None

    def test_leaves_out_what_ties_so_often_that_nothing_is_won(self, tiny_bundle: Bundle) -> None:
        tied = manifest(tiny_bundle, {**MEASURED, "bf16": {"tie": 0.3, "tied": 0.4}})
        assert narrow_choice(tied, EVERYTHING) == (INT8, TIES[INT8])

    @pytest.mark.parametrize(
        "precisions",
        [None, [], "bf16", {"bf16": None}, {"bf16": {"tie": "narrow", "tied": 0}}, {"int8": {}}],
    )
    def test_of_what_nobody_measured_only_bf16_with_a_wide_tie(
        self, tiny_bundle: Bundle, precisions: object
    ) -> None:
        unmeasured = manifest(tiny_bundle, precisions)
        assert narrow_choice(unmeasured, EVERYTHING) == (BF16, NearTie(0.1, 0.2))
        assert narrow_choice(unmeasured, ["FP32", "INT8"]) is None


class TestAuto:
    def test_keeps_the_golden_answers(self, tiny_bundle: Bundle) -> None:
        engine = load_classifier(
            ClassifierKind.OPENVINO,
            tiny_bundle,
            cuda=False,
            precision=PrecisionChoice.AUTO,
            threads=1,
        )
        check_golden(tiny_bundle, engine)

    @pytest.mark.parametrize(
        ("capability", "precision"), [("FP32", FP32), ("BF16", BF16), ("INT8", INT8)]
    )
    def test_keeps_the_clear_first_answers_of_fp32(
        self, capability: str, precision: Precision
    ) -> None:
        starter = load_bundle(STARTER)
        # Golden crops are noise, which the starter answers evenly: all of it would be a tie.
        crops = np.stack([draw_face(n % 7, seed=n, size=48, channels=1) for n in range(16)])
        exact = OpenVinoClassifier(starter).classify(crops)
        engine = load_auto(starter, capabilities=[capability])
        assert engine.precision is precision
        # A CPU without the instructions rounds otherwise than that on which ties were measured: one
        # without VNNI gave another first answer where fp32's lead was .001.
        second, first = np.sort(exact)[:, -2:].T
        clear = first - second > 0.02
        assert clear.sum() > len(crops) / 2
        assert (engine.classify(crops).argmax(1) == exact.argmax(1))[clear].all()
