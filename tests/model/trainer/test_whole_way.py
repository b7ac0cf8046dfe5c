"""From a folder of images to a bundle that the serving engines accept."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from typer.testing import CliRunner

from services.api.models.bundle_reader import MAX_BUNDLE_FILES
from services.trainer.cli import app
from services.trainer.data.layouts import Split
from services.trainer.errors import RunError
from services.trainer.evaluation.bundle import evaluate_bundle
from services.trainer.export.bundle import synthetic_crops
from services.trainer.networks.saved_network import load_keras, replace_saved_model
from services.trainer.stages import evaluate_run, export_run
from services.trainer.training.checkpoint import Checkpoint
from services.trainer.training.run import Run
from services.vision.bundle import check_golden, load_bundle
from services.vision.classifiers.logits import to_probabilities
from services.vision.classifiers.openvino import OpenVinoClassifier
from tests.model.trainer.conftest import SETTINGS, invoke

# As `export` does by itself.
_READ = """
import sys
from pathlib import Path
from services.trainer.networks.saved_network import load_keras
load_keras(Path(sys.argv[1]))
"""


def refused(*arguments: str) -> str:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments)
    assert result.exit_code == 1, result.output
    return result.output


@pytest.fixture(scope="module")
def run(finished_run: Path) -> Path:
    return finished_run


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Run:
    shutil.copytree(run, tmp_path / "run")
    return Run(tmp_path / "run")


@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    invoke(
        *("export", "--run", str(run), "--out", str(folder / "bundle"), "--name", "forms"),
        *("--keras", "--savedmodel", str(folder / "saved"), "model.int8=false"),
    )
    return folder


class TestWholeWay:
    def test_learns_what_the_images_show(self, run: Path) -> None:
        report = json.loads((run / "report" / "report.json").read_bytes())
        accuracy = report["evaluation"]["accuracy"]
        assert report["evaluation"]["split"] == "test"
        assert accuracy["low"] > 2 / 7

    def test_leaves_a_bundle_that_serving_accepts(self, run: Path) -> None:
        bundle = load_bundle(run / "bundle")
        assert check_golden(bundle, OpenVinoClassifier(bundle)) < 1e-4
        manifest = bundle.manifest
        assert manifest.name == "quick"
        assert manifest.input.crop_margin == 0.25
        assert manifest.training_data.name == "stripes"
        assert manifest.metrics["onnx_parity_max_difference"] < 1e-4
        assert manifest.files.keys() == {
            *("model.onnx", "model.int8.onnx", "golden.npz", "MODEL_CARD.md"),
            *("confusion_matrix.png", "seen_images.npz"),
        }

    def test_leaves_a_page_with_curves(self, run: Path) -> None:
        text = (run / "report" / "report.html").read_text()
        assert "validation accuracy" in text
        assert "Reliability" in text

    def test_the_bundle_knows_its_training_images_by_their_hashes(self, run: Path) -> None:
        data, bundle = run.parent / "data", run / "bundle"
        trained = evaluate_bundle(bundle, data, split=Split.TRAIN, allow_seen=True).as_json()
        manifest = json.loads((run / "data" / "manifest.json").read_bytes())
        kept = [row["split"] for row in manifest["images"] if row["kept"]]
        assert trained["overlap"] == {
            "known_by": "file hashes",
            "in_training": kept.count("train"),
            "in_calibration": kept.count("validation"),  # cut from the train folder
        }
        assert "were in the bundle's training data" in " ".join(trained["notes"])
        assert (
            evaluate_bundle(bundle, data, split=Split.TEST).as_json()["overlap"]["in_training"] == 0
        )

    def test_the_manifest_tells_the_calibration(self, run: Path) -> None:
        calibration = json.loads((run / "report" / "calibration.json").read_bytes())
        manifest = load_bundle(run / "bundle").manifest
        assert manifest.temperature == calibration["temperature"]
        assert manifest.abstention_threshold == calibration["abstention_threshold"]

    def test_stages_can_be_repeated_alone(self, copy: Run, tmp_path: Path) -> None:
        run = str(copy.folder)
        assert "accuracy" in invoke("evaluate", "--run", run, "--best")
        assert "temperature" in invoke("calibrate", "--run", run)
        out = tmp_path / "again"
        invoke(
            "export",
            *("--run", run, "--out", str(out), "--name", "again", "--version", "2.0.0"),
            *("data.crop_margin=0.5", "model.int8=false"),
        )
        manifest = load_bundle(out).manifest
        assert (manifest.name, manifest.version) == ("again", "2.0.0")
        assert manifest.input.crop_margin == 0.5
        assert manifest.metrics["checkpoint"] == "best"
        assert "model.int8.onnx" not in manifest.files


class TestExportsForTensorFlow:
    """``--keras`` and ``--savedmodel``: the forms to train on from, and to serve elsewhere."""

    def test_all_answer_alike(self, exported: Path) -> None:
        bundle = load_bundle(exported / "bundle")
        crops = synthetic_crops(32, shape=bundle.manifest.input.shape, seed=5)
        floats = tf.constant(crops, tf.float32)
        network = keras.saving.load_model(bundle.directory / "model.keras", compile=False)
        saved = tf.saved_model.load(exported / "saved")
        from_saved = saved.signatures["serving_default"](crops=floats)["logits"].numpy()
        from_keras = network(floats, training=False).numpy()
        np.testing.assert_allclose(from_saved, from_keras, atol=1e-4)
        manifest = bundle.manifest
        served = to_probabilities(
            from_keras, temperature=manifest.temperature, prior_shift=manifest.prior_shift
        )
        np.testing.assert_allclose(OpenVinoClassifier(bundle).classify(crops), served, atol=1e-4)

    def test_a_network_to_train_on_from_fits_what_can_be_published(self, exported: Path) -> None:
        files = load_bundle(exported / "bundle").manifest.files
        assert "model.keras" in files
        assert len(files) < MAX_BUNDLE_FILES  # and the manifest

    def test_is_read_by_a_process_that_built_no_network(self, run: Path) -> None:
        ran = subprocess.run(
            [sys.executable, "-c", _READ, str(run / "model.keras")],
            check=False,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr

    def test_replaces_its_own_kind_only(self, exported: Path, run: Path, tmp_path: Path) -> None:
        network = load_keras(run / "model.keras")
        assert replace_saved_model(exported / "saved", network) < 1e-4
        (tmp_path / "keep.txt").write_text("mine")
        with pytest.raises(RunError, match="is no SavedModel"):
            replace_saved_model(tmp_path, network)
        assert [path.name for path in tmp_path.iterdir()] == ["keep.txt"]

    def test_a_saved_model_has_no_place_in_the_bundle(self, run: Path, tmp_path: Path) -> None:
        out = tmp_path / "bundle"
        with pytest.raises(RunError, match="inside the bundle"):
            export_run(Run(run), out=out, name="a", version="0.1.0", saved_model=out / "saved")
        assert not out.exists()


class TestDamage:
    """What a user may find in a run folder after a full disk or an update."""

    def test_a_damaged_network_is_named(self, copy: Run) -> None:
        path = copy.folder / "model.keras"
        path.write_bytes(path.read_bytes()[:2000])
        with pytest.raises(RunError, match=r"model\.keras cannot be read .* run evaluate again"):
            export_run(copy, out=copy.folder / "new", name="a", version="0.1.0")

    def test_a_checkpoint_of_another_network_is_named(self, copy: Run) -> None:
        found = copy.checkpoints.load_last()
        assert found is not None
        fewer = {name: a for name, a in found.arrays.items() if name != "model/0003"}
        copy.checkpoints.save(Checkpoint(found.position, fewer))
        with pytest.raises(RunError, match="another version of the trainer"):
            evaluate_run(copy)
        assert "another network" in refused(
            "train", "--data", "d", "--run", str(copy.folder), "--resume", *SETTINGS
        )

    def test_a_kill_within_evaluate_leaves_no_mixture(
        self, copy: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("services.trainer.stages.evaluate.write_logits", killed)
            with pytest.raises(KeyboardInterrupt):
                evaluate_run(copy)
        with pytest.raises(RunError, match="run evaluate first"):
            export_run(copy, out=copy.folder / "new", name="a", version="0.1.0")
