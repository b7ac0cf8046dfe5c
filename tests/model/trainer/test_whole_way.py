"""From a folder of images to a bundle that the serving engines accept."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.trainer.cli import app
from services.trainer.commands.training import UNFINISHED
from services.vision.bundle import check_golden, load_bundle
from services.vision.classifiers.openvino import OpenVinoClassifier
from tests.fixtures.training import write_image_folder

SETTINGS = [
    "data.name=stripes",
    "data.licence=CC0-1.0",
    "data.size=16",
    "data.crop_margin=0.25",
    "model.densenet.blocks=1,2",
    "model.densenet.growth=4",
    "model.densenet.stem=8",
    "augment.flip=0",
    "augment.rotate=0",
    "augment.erase=0",
    "optim.warmup_steps=5",
    "optim.ema_decay=0.8",
    "loop.batch_size=8",
    "loop.epochs=4",
    "loop.threads=1",
]


def invoke(*arguments: str) -> str:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trainer")
    data = write_image_folder(folder / "data", train=24, test=8)
    arguments = ["train", "--data", str(data), "--run", str(folder / "run"), *SETTINGS]
    stopped = CliRunner().invoke(app, [*arguments, "--max-minutes", "0.01"])
    assert stopped.exit_code == UNFINISHED, stopped.output
    assert not (folder / "run" / "bundle").exists()
    invoke(*arguments, "--resume")
    return folder / "run"


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
        assert {"MODEL_CARD.md", "confusion_matrix.png"} <= manifest.files.keys()

    def test_the_manifest_tells_the_calibration(self, run: Path) -> None:
        calibration = json.loads((run / "report" / "calibration.json").read_bytes())
        manifest = load_bundle(run / "bundle").manifest
        assert manifest.temperature == calibration["temperature"]
        assert manifest.abstention_threshold == calibration["abstention_threshold"]

    def test_stages_can_be_repeated_alone(self, run: Path, tmp_path: Path) -> None:
        assert "accuracy" in invoke("evaluate", "--run", str(run), "--best")
        assert "temperature" in invoke("calibrate", "--run", str(run))
        out = tmp_path / "again"
        invoke(
            "export",
            *("--run", str(run), "--out", str(out), "--name", "again", "--version", "2.0.0"),
            "data.crop_margin=0.5",
        )
        manifest = load_bundle(out).manifest
        assert (manifest.name, manifest.version) == ("again", "2.0.0")
        assert manifest.input.crop_margin == 0.5
        assert manifest.metrics["checkpoint"] == "best"
