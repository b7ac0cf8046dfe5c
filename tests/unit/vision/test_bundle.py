import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from services.common.domain.emotions import EMOTIONS
from services.common.domain.errors import BundleError
from services.vision.bundle import (
    GOLDEN_TOLERANCES,
    Bundle,
    BundleCard,
    Golden,
    check_golden,
    load_bundle,
    load_golden,
    write_bundle,
)
from services.vision.classifiers.port import Precision
from services.vision.transforms import Pixels
from tests.fixtures.bundles import tiny_card, write_tiny_bundle


class FixedClassifier:
    """Gives the answers it was made with."""

    def __init__(self, answers: NDArray[np.float64], precision: Precision) -> None:
        self.answers = answers
        self.precision = precision

    def classify(self, crops: Pixels) -> NDArray[np.float64]:
        assert len(crops) == len(self.answers)
        return self.answers


def edit_manifest(bundle: Bundle, **changes: object) -> None:
    path = bundle.directory / "bundle.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


class TestWriteAndLoad:
    def test_round_trip_keeps_everything(self, tmp_path: Path) -> None:
        card = tiny_card(size=20, channels=3, temperature=0.7, abstention_threshold=0.31)
        written = write_tiny_bundle(tmp_path / "tiny", card=card)
        loaded = load_bundle(tmp_path / "tiny")
        assert loaded == written
        kept = loaded.manifest.model_dump(exclude={"files"})
        assert BundleCard.model_validate(kept) == card
        assert loaded.manifest.labels == EMOTIONS

    def test_of_version_2_frames_by_landmarks(self, tmp_path: Path) -> None:
        card = tiny_card()
        places = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
        framed = card.input.model_copy(update={"landmarks": places})
        second = card.model_copy(update={"format_version": 2, "input": framed})
        bundle = write_tiny_bundle(tmp_path / "b", card=second)
        assert load_bundle(bundle.directory).manifest.input.landmarks == places

    def test_of_version_1_frames_by_the_box_and_says_nothing_of_landmarks(
        self, tiny_bundle: Bundle
    ) -> None:
        written = json.loads((tiny_bundle.directory / "bundle.json").read_bytes())
        assert (written["format_version"], "landmarks" in written["input"]) == (1, False)

    def test_version_names_model_and_content(self, tiny_bundle: Bundle) -> None:
        assert tiny_bundle.version == f"tiny-0.1.0+{tiny_bundle.identity[:8]}"
        assert len(tiny_bundle.identity) == 64

    def test_other_weights_are_another_identity(self, tmp_path: Path) -> None:
        one = write_tiny_bundle(tmp_path / "one", seed=1)
        two = write_tiny_bundle(tmp_path / "two", seed=2)
        assert one.identity != two.identity

    def test_keeps_extra_files_with_their_hash(self, tiny_bundle: Bundle, tmp_path: Path) -> None:
        copy = write_bundle(
            tmp_path / "copy",
            card=tiny_card(),
            model=tiny_bundle.model_path().read_bytes(),
            golden=load_golden(tiny_bundle),
            extras={"MODEL_CARD.md": b"# Card"},
        )
        assert (copy.directory / "MODEL_CARD.md").read_bytes() == b"# Card"
        assert "MODEL_CARD.md" in copy.manifest.files

    def test_refuses_to_write_over_a_bundle(self, tiny_bundle: Bundle) -> None:
        with pytest.raises(BundleError, match="not empty"):
            write_tiny_bundle(tiny_bundle.directory)

    def test_refuses_to_write_a_file_outside_the_folder(
        self, tiny_bundle: Bundle, tmp_path: Path
    ) -> None:
        with pytest.raises(BundleError, match="files"):
            write_bundle(
                tmp_path / "deep" / "copy",
                card=tiny_card(),
                model=b"",
                golden=load_golden(tiny_bundle),
                extras={"../escaped.txt": b"!"},
            )
        assert not (tmp_path / "deep" / "escaped.txt").exists()

    def test_refuses_to_write_golden_crops_of_another_size(
        self, tiny_bundle: Bundle, tmp_path: Path
    ) -> None:
        with pytest.raises(BundleError, match="does not fit"):
            write_bundle(
                tmp_path / "copy",
                card=tiny_card(size=24),
                model=tiny_bundle.model_path().read_bytes(),
                golden=load_golden(tiny_bundle),
            )


class TestRefusals:
    @pytest.mark.parametrize("name", ["model.onnx", "golden.npz"])
    def test_refuses_one_changed_byte(self, tiny_bundle: Bundle, name: str) -> None:
        path = tiny_bundle.directory / name
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        with pytest.raises(BundleError, match=f"{name} is not what its SHA-256 says"):
            load_bundle(tiny_bundle.directory)

    def test_refuses_missing_file(self, tiny_bundle: Bundle) -> None:
        tiny_bundle.model_path().unlink()
        with pytest.raises(BundleError, match=r"model\.onnx is missing"):
            load_bundle(tiny_bundle.directory)

    def test_refuses_unlisted_file(self, tiny_bundle: Bundle) -> None:
        (tiny_bundle.directory / "surprise.bin").write_bytes(b"?")
        with pytest.raises(BundleError, match=r"surprise\.bin"):
            load_bundle(tiny_bundle.directory)

    def test_refuses_link_out_of_the_folder(self, tiny_bundle: Bundle, tmp_path: Path) -> None:
        moved = tmp_path / "elsewhere.onnx"
        tiny_bundle.model_path().rename(moved)
        (tiny_bundle.directory / "model.onnx").symlink_to(moved)
        with pytest.raises(BundleError, match=r"model\.onnx"):
            load_bundle(tiny_bundle.directory)

    def test_refuses_folder_without_manifest(self, tmp_path: Path) -> None:
        with pytest.raises(BundleError, match="is this a model bundle"):
            load_bundle(tmp_path)

    def test_refuses_manifest_that_is_not_json(self, tiny_bundle: Bundle) -> None:
        (tiny_bundle.directory / "bundle.json").write_text("{")
        with pytest.raises(BundleError, match="not valid"):
            load_bundle(tiny_bundle.directory)

    @pytest.mark.parametrize(
        "change",
        [
            {"format_version": 3},
            {"format_version": 2},
            {"labels": sorted(EMOTIONS)},
            {"temperature": 0},
            {"prior_shift": [0.0] * 6},
            {"abstention_threshold": 1.5},
            {"extra": True},
            {"files": {}},
            {"files": {"model.onnx": "0" * 64, "golden.npz": "0" * 64, "../x": "0" * 64}},
            {"files": {"model.onnx": "0" * 64, "golden.npz": "0" * 64, "/x": "0" * 64}},
            {"files": {"model.onnx": "0" * 64, "golden.npz": "0" * 64, "bundle.json": "0" * 64}},
            {"files": {"model.onnx": "0" * 64, "golden.npz": "not a hash"}},
        ],
        ids=str,
    )
    def test_refuses_manifest_with(self, tiny_bundle: Bundle, change: dict[str, object]) -> None:
        edit_manifest(tiny_bundle, **change)
        with pytest.raises(BundleError, match="not valid"):
            load_bundle(tiny_bundle.directory)

    def test_refuses_manifest_without_a_part(self, tiny_bundle: Bundle) -> None:
        path = tiny_bundle.directory / "bundle.json"
        manifest = json.loads(path.read_text())
        del manifest["training_data"]
        path.write_text(json.dumps(manifest))
        with pytest.raises(BundleError, match="training_data"):
            load_bundle(tiny_bundle.directory)

    def test_card_cannot_be_changed(self) -> None:
        with pytest.raises(ValidationError):
            tiny_card().temperature = 2.0

    def test_names_precision_it_has_no_network_for(self, tiny_bundle: Bundle) -> None:
        assert tiny_bundle.model_path(Precision.BF16) == tiny_bundle.model_path()
        with pytest.raises(BundleError, match="no int8 network"):
            tiny_bundle.model_path(Precision.INT8)


class TestGolden:
    @pytest.mark.parametrize("precision", list(Precision))
    def test_accepts_answers_within_the_tolerance(
        self, tiny_bundle: Bundle, precision: Precision
    ) -> None:
        expected = load_golden(tiny_bundle).probabilities
        off = 0.99 * GOLDEN_TOLERANCES[precision]
        worst = check_golden(tiny_bundle, FixedClassifier(expected + off, precision))
        assert worst == pytest.approx(off)

    @pytest.mark.parametrize("precision", list(Precision))
    def test_refuses_answers_beyond_the_tolerance(
        self, tiny_bundle: Bundle, precision: Precision
    ) -> None:
        answers = load_golden(tiny_bundle).probabilities.copy()
        answers[-1, 3] += 1.01 * GOLDEN_TOLERANCES[precision]
        with pytest.raises(BundleError, match="differs from its golden answers"):
            check_golden(tiny_bundle, FixedClassifier(answers, precision))

    def test_refuses_answers_that_are_no_numbers(self, tiny_bundle: Bundle) -> None:
        answers = np.full((4, 7), np.nan)
        with pytest.raises(BundleError):
            check_golden(tiny_bundle, FixedClassifier(answers, Precision.FP32))

    def test_refuses_labels_in_another_order(self, tiny_bundle: Bundle) -> None:
        swapped = load_golden(tiny_bundle).probabilities[:, ::-1]
        with pytest.raises(BundleError):
            check_golden(tiny_bundle, FixedClassifier(swapped, Precision.FP32))

    @pytest.mark.parametrize(
        "golden",
        [
            Golden(np.zeros((0, 16, 16, 1), np.uint8), np.zeros((0, 7))),
            Golden(np.zeros((2, 16, 16, 1), np.uint8), np.zeros((3, 7))),
            Golden(np.zeros((2, 16, 16, 3), np.uint8), np.zeros((2, 7))),
            Golden(np.zeros((2, 16, 16, 1), np.float32), np.zeros((2, 7))),
        ],
        ids=["empty", "counts differ", "wrong shape", "wrong type"],
    )
    def test_refuses_golden_file_that_does_not_fit(self, tmp_path: Path, golden: Golden) -> None:
        with pytest.raises(BundleError, match="does not fit"):
            write_bundle(tmp_path / "bad", card=tiny_card(), model=b"", golden=golden)

    def test_never_unpickles(self, tiny_bundle: Bundle) -> None:
        objects = np.array([{"a": 1}], dtype=object)
        np.savez(tiny_bundle.directory / "golden.npz", crops=objects, probabilities=objects)
        with pytest.raises(BundleError, match="not readable"):
            load_golden(tiny_bundle)

    @pytest.mark.parametrize("damage", ["cut", "turned", "a single array", "words"])
    def test_refuses_golden_file_that_is_no_archive_of_arrays(
        self, tiny_bundle: Bundle, damage: str
    ) -> None:
        path = tiny_bundle.directory / "golden.npz"
        whole = path.read_bytes()
        if damage == "a single array":
            with path.open("wb") as file:
                np.save(file, np.zeros(3))
        elif damage == "words":
            words = np.full((4, 7), "word")
            np.savez(path, crops=load_golden(tiny_bundle).crops, probabilities=words)
        elif damage == "cut":
            path.write_bytes(whole[: len(whole) // 2])
        else:
            path.write_bytes(
                whole[:100] + bytes(byte ^ 255 for byte in whole[100:200]) + whole[200:]
            )
        with pytest.raises(BundleError, match=r"golden\.npz"):
            load_golden(tiny_bundle)

    def test_refuses_golden_file_without_its_arrays(self, tiny_bundle: Bundle) -> None:
        np.savez(tiny_bundle.directory / "golden.npz", crops=np.zeros(3))
        with pytest.raises(BundleError, match="not readable"):
            load_golden(tiny_bundle)
