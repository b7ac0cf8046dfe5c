from pathlib import Path

import numpy as np
import pytest

from services.trainer.errors import ExportError, RunError
from services.trainer.export.bundle import (
    check_parity,
    make_golden,
    replace_bundle,
    synthetic_crops,
)
from services.vision.bundle import load_bundle
from tests.fixtures.bundles import tiny_card, write_tiny_bundle

SHAPE = (16, 16, 1)


class TestSyntheticCrops:
    def test_are_repeatable_varied_bytes(self) -> None:
        crops = synthetic_crops(8, shape=SHAPE, seed=0)
        assert (crops.dtype, crops.shape) == (np.uint8, (8, *SHAPE))
        assert (crops == synthetic_crops(8, shape=SHAPE, seed=0)).all()
        assert (crops.reshape(8, -1).std(axis=1) > 5).all()
        assert len({crop.tobytes() for crop in crops}) == 8

    def test_have_the_colours_asked_for(self) -> None:
        crops = synthetic_crops(2, shape=(16, 16, 3), seed=0)
        assert (crops[..., 0] != crops[..., 2]).any()


def reference_of(model: bytes):  # noqa: ANN201  # a plain function
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return lambda crops: session.run(["logits"], {"crops": crops.astype(np.float32)})[0]


@pytest.fixture
def model(tmp_path: Path) -> bytes:
    return write_tiny_bundle(tmp_path / "tiny").model_path().read_bytes()


class TestCheckParity:
    def test_passes_the_same_function(self, model: bytes) -> None:
        assert check_parity(model, reference=reference_of(model), shape=SHAPE) < 1e-6

    def test_refuses_another_order_of_labels(self, model: bytes) -> None:
        same = reference_of(model)
        with pytest.raises(ExportError, match="nothing was exported"):
            check_parity(model, reference=lambda crops: same(crops)[:, ::-1], shape=SHAPE)

    def test_refuses_a_drift_above_the_tolerance(self, model: bytes) -> None:
        same = reference_of(model)
        with pytest.raises(ExportError, match="in 0 of 256 first answers"):
            check_parity(model, reference=lambda crops: same(crops) * 1.01, shape=SHAPE)

    def test_refuses_answers_that_are_no_numbers(self, model: bytes) -> None:
        def broken(crops: np.ndarray) -> np.ndarray:
            return np.full((len(crops), 7), np.nan)

        with pytest.raises(ExportError):
            check_parity(model, reference=broken, shape=SHAPE)


class TestReplaceBundle:
    def replace(self, out: Path, model: bytes, *, version: str = "0.1.0") -> None:
        card = tiny_card(version=version)
        golden = make_golden(reference=reference_of(model), shape=SHAPE, card=card)
        replace_bundle(out, card=card, model=model, golden=golden, extras={"CARD.md": b"#"})

    def test_writes_a_bundle_that_loads(self, tmp_path: Path, model: bytes) -> None:
        self.replace(tmp_path / "new" / "bundle", model)
        bundle = load_bundle(tmp_path / "new" / "bundle")
        assert "CARD.md" in bundle.manifest.files

    def test_replaces_an_older_one_and_leaves_nothing_else(
        self, tmp_path: Path, model: bytes
    ) -> None:
        folder = tmp_path / "models"
        self.replace(folder / "a", model)
        self.replace(folder / "a", model, version="0.2.0")
        assert load_bundle(folder / "a").manifest.version == "0.2.0"
        assert [path.name for path in folder.iterdir()] == ["a"]

    def test_does_not_touch_a_folder_of_something_else(self, tmp_path: Path, model: bytes) -> None:
        (tmp_path / "keep.txt").write_text("mine")
        with pytest.raises(RunError, match="is no bundle"):
            self.replace(tmp_path, model)
        assert (tmp_path / "keep.txt").read_text() == "mine"


class TestMakeGolden:
    def test_holds_the_calibrated_answers(self, model: bytes) -> None:
        cold = make_golden(
            reference=reference_of(model), shape=SHAPE, card=tiny_card(temperature=0.5)
        )
        warm = make_golden(
            reference=reference_of(model), shape=SHAPE, card=tiny_card(temperature=5.0)
        )
        assert (cold.crops == warm.crops).all()
        assert cold.probabilities.max() > warm.probabilities.max()
