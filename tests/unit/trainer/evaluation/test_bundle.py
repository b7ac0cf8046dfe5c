import json
from pathlib import Path

import numpy as np
import pytest

from services.common.domain.bundles import MODEL_NAME
from services.trainer.data.known import FER2013
from services.trainer.data.prepare import prepare
from services.trainer.data.seen import SEEN_NAME, seen_in
from services.trainer.errors import SeenImagesError
from services.trainer.evaluation.bundle import evaluate_bundle
from services.trainer.evaluation.compare import compare
from services.vision.bundle import Bundle, load_golden, write_bundle
from services.vision.classifiers.openvino import OpenVinoClassifier
from tests.fixtures.bundles import tiny_card, write_tiny_bundle
from tests.fixtures.training import DATA, striped, write_image, write_image_folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_image_folder(tmp_path / "data", train=2, test=3)


def with_extras(bundle: Bundle, directory: Path, **changes: object) -> Bundle:
    """The same network with other extra files: ``seen`` bytes, or another card."""
    extras = changes.pop("extras", {})
    assert isinstance(extras, dict)
    return write_bundle(
        directory,
        card=tiny_card().model_copy(update=changes),
        model=(bundle.directory / MODEL_NAME).read_bytes(),
        golden=load_golden(bundle),
        extras=extras,
    )


class TestEvaluateBundle:
    def test_gives_plain_numbers_that_json_can_hold(self, tiny_bundle: Bundle, data: Path) -> None:
        result = json.loads(json.dumps(evaluate_bundle(tiny_bundle.directory, data).as_json()))
        assert result["n"] == 21
        assert result["model_version"] == tiny_bundle.version
        for name in ("accuracy", "macro_recall", "macro_f1"):
            low, high = result["intervals"][name]
            assert low <= result[name] <= high
        assert result["per_class"]["fear"]["support"] == 3
        assert np.sum(result["confusion"]) == 21
        assert result["accuracy"] == pytest.approx(np.trace(result["confusion"]) / 21, abs=1e-4)

    def test_evaluates_the_probabilities_that_are_served(
        self, tiny_bundle: Bundle, data: Path
    ) -> None:
        evaluated = evaluate_bundle(tiny_bundle.directory, data)
        served = OpenVinoClassifier(tiny_bundle).classify(evaluated.images.crops)
        assert np.abs(evaluated.answers.after - served).max() < 1e-9
        assert evaluated.answers.temperature == tiny_bundle.manifest.temperature
        # Without its temperature of 1.5 the network is surer.
        assert (evaluated.answers.before.max(axis=1) >= served.max(axis=1)).all()

    def test_counts_each_image_when_read_and_when_classified(
        self, tiny_bundle: Bundle, data: Path
    ) -> None:
        calls: list[tuple[int, int]] = []
        evaluate_bundle(
            tiny_bundle.directory, data, progress=lambda done, total: calls.append((done, total))
        )
        assert calls == sorted(calls)
        assert calls[-1] == (42, 42)


class TestOverlap:
    def test_is_told_unknown_by_an_older_bundle(self, tiny_bundle: Bundle, data: Path) -> None:
        result = evaluate_bundle(tiny_bundle.directory, data).as_json()
        assert result["overlap"] == {
            "known_by": None,
            "in_training": None,
            "in_calibration": None,
        }
        assert "does not say" in result["notes"][0]
        assert "cross_fitted" not in result

    def test_is_found_by_file_hashes(self, tiny_bundle: Bundle, data: Path, tmp_path: Path) -> None:
        rows = prepare(data, out=tmp_path / "cache", config=DATA)["images"]
        bundle = with_extras(
            tiny_bundle, tmp_path / "b", extras={SEEN_NAME: seen_in(rows).as_bytes()}
        )
        on_test = evaluate_bundle(bundle.directory, data).as_json()
        assert on_test["overlap"]["in_training"] == on_test["overlap"]["in_calibration"] == 0
        assert on_test["notes"] == []
        on_train = evaluate_bundle(bundle.directory, data / "train", allow_seen=True).as_json()
        seen = on_train["overlap"]
        assert seen["in_training"] + seen["in_calibration"] == on_train["n"] == 14
        assert "flatter" in on_train["notes"][0]

    def test_is_told_by_the_names_of_fer2013(self, tiny_bundle: Bundle, tmp_path: Path) -> None:
        for label, name in enumerate(("surprise", "fear")):
            for seed in range(4):
                path = tmp_path / "faces" / name / f"PublicTest_{seed}.png"
                write_image(path, striped(label, seed=seed))
        facts = tiny_bundle.manifest.training_data.model_copy(update={"name": FER2013.name})
        bundle = with_extras(tiny_bundle, tmp_path / "b", training_data=facts)
        result = evaluate_bundle(bundle.directory, tmp_path / "faces").as_json()
        assert result["overlap"]["in_calibration"] == 8
        assert result["temperature_fitted_on_these_images"]
        assert result["cross_fitted"]["nll"] > 0


class TestSeenImages:
    @pytest.fixture
    def trained(self, tiny_bundle: Bundle, data: Path, tmp_path: Path) -> Path:
        rows = prepare(data, out=tmp_path / "cache", config=DATA)["images"]
        return with_extras(
            tiny_bundle, tmp_path / "trained", extras={SEEN_NAME: seen_in(rows).as_bytes()}
        ).directory

    def test_one_training_image_is_refused(self, trained: Path, data: Path) -> None:
        assert evaluate_bundle(trained, data).as_json()["n"] == 21
        copy = (data / "train" / "fear" / "000.png").read_bytes()
        (data / "test" / "fear" / "copy.png").write_bytes(copy)
        with pytest.raises(SeenImagesError, match=r"1 of the 22 images .* add --allow-seen"):
            evaluate_bundle(trained, data)
        assert (
            evaluate_bundle(trained, data, allow_seen=True).as_json()["overlap"]["in_training"] == 1
        )

    def test_is_refused_before_the_network_runs(self, trained: Path, data: Path) -> None:
        calls: list[tuple[int, int]] = []
        with pytest.raises(SeenImagesError):
            evaluate_bundle(
                trained, data / "train", progress=lambda done, total: calls.append((done, total))
            ).as_json()
        assert calls[-1] == (14, 28)  # all read, none classified

    def test_the_images_of_calibration_are_only_noted(
        self, tiny_bundle: Bundle, tmp_path: Path
    ) -> None:
        data = write_image_folder(tmp_path / "more", train=2, test=0, val=3)
        rows = prepare(data, out=tmp_path / "cache", config=DATA)["images"]
        bundle = with_extras(
            tiny_bundle, tmp_path / "b", extras={SEEN_NAME: seen_in(rows).as_bytes()}
        )
        result = evaluate_bundle(bundle.directory, data).as_json()
        assert result["overlap"]["in_calibration"] == result["n"] == 21
        assert "cross_fitted" in result["notes"][0]

    def test_a_training_copy_that_prepare_dropped_does_not_count(
        self, tiny_bundle: Bundle, data: Path, tmp_path: Path
    ) -> None:
        copy = (data / "test" / "fear" / "000.png").read_bytes()
        (data / "train" / "fear" / "copy.png").write_bytes(copy)
        rows = prepare(data, out=tmp_path / "cache", config=DATA)["images"]
        bundle = with_extras(
            tiny_bundle, tmp_path / "b", extras={SEEN_NAME: seen_in(rows).as_bytes()}
        )
        assert evaluate_bundle(bundle.directory, data).as_json()["overlap"]["in_training"] == 0

    def test_fer2013_s_names_tell_training_from_public_test(
        self, tiny_bundle: Bundle, tmp_path: Path
    ) -> None:
        for label, name in enumerate(("surprise", "fear")):
            for seed, prefix in enumerate(("Training", "PublicTest") * 2):
                path = tmp_path / "faces" / prefix / name / f"{prefix}_{seed}.png"
                write_image(path, striped(label, seed=seed))
        facts = tiny_bundle.manifest.training_data.model_copy(update={"name": FER2013.name})
        bundle = with_extras(tiny_bundle, tmp_path / "b", training_data=facts).directory
        assert evaluate_bundle(bundle, tmp_path / "faces" / "PublicTest").as_json()["n"] == 4
        with pytest.raises(SeenImagesError, match="4 of the 4 images"):
            evaluate_bundle(bundle, tmp_path / "faces" / "Training")


class TestCompare:
    def test_names_both_models(self, tiny_bundle: Bundle, data: Path, tmp_path: Path) -> None:
        other = write_tiny_bundle(tmp_path / "other", card=tiny_card(version="0.2.0"), seed=5)
        result = compare(*(evaluate_bundle(b.directory, data) for b in (tiny_bundle, other)))
        assert (result["a"], result["b"]) == (tiny_bundle.version, other.version)
        assert result["n"] == 21
        json.dumps(result)

    def test_refuses_other_images(self, tiny_bundle: Bundle, data: Path) -> None:
        first = evaluate_bundle(tiny_bundle.directory, data)
        second = evaluate_bundle(tiny_bundle.directory, data / "train")
        with pytest.raises(ValueError, match="same images"):
            compare(first, second)
