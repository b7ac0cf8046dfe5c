"""A trained network in int8: NNCF in its own process, OpenVINO as it is served."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from services.trainer.cli import app
from services.trainer.errors import ExportError
from services.trainer.export.precisions import quantised
from services.vision.bundle import GOLDEN_TOLERANCES, Bundle, check_golden, load_bundle
from services.vision.classifiers.openvino import OpenVinoClassifier
from services.vision.classifiers.port import Precision
from tests.model.trainer.conftest import invoke


@pytest.fixture(scope="module")
def data(finished_run: Path) -> Path:
    return finished_run.parent / "data"


@pytest.fixture(scope="module")
def trained(finished_run: Path) -> Bundle:
    return load_bundle(finished_run / "bundle")


def assert_serves_int8(bundle: Bundle) -> None:
    assert "model.int8.onnx" in bundle.manifest.files
    check_golden(bundle, OpenVinoClassifier(bundle, precision=Precision.INT8))
    told = bundle.manifest.metrics["precisions"]
    assert told["fp32"]["top1_agreement"] == 1.0
    assert told["int8"]["n"] == told["fp32"]["n"] == 7 * 8
    assert 0.5 < told["int8"]["top1_agreement"] <= 1.0


class TestQuantise:
    def test_train_leaves_both_networks_when_asked(self, trained: Bundle) -> None:
        assert_serves_int8(trained)

    def test_the_int8_network_computes_in_int8(self, trained: Bundle) -> None:
        graph = (trained.directory / "model.int8.onnx").read_bytes()
        assert graph.count(b"QuantizeLinear") > trained.model_path().read_bytes().count(b"Conv")

    def test_the_command_takes_int8_out_and_puts_it_back(
        self, trained: Bundle, data: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "bundle"
        shutil.copytree(trained.directory, folder)
        invoke("quantise", "--bundle", str(folder), "--data", str(data), "--no-int8")
        without = load_bundle(folder)
        assert "model.int8.onnx" not in without.manifest.files
        assert "int8" not in without.manifest.metrics["precisions"]
        invoke("quantise", "--bundle", str(folder), "--data", str(data))
        again = load_bundle(folder)
        assert_serves_int8(again)
        assert again.manifest.files.keys() == trained.manifest.files.keys()
        assert (without.manifest.version, again.manifest.version) == ("0.1.1", "0.1.2")
        assert (folder / "MODEL_CARD.md").read_text().startswith("# Model card: quick 0.1.2")
        same = {"metrics", "files", "version"}
        assert again.manifest.model_dump(exclude=same) == trained.manifest.model_dump(exclude=same)

    def test_a_network_that_answers_otherwise_is_refused(
        self, trained: Bundle, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "bundle"
        shutil.copytree(trained.directory, folder)
        strict = {**GOLDEN_TOLERANCES, Precision.INT8: 1e-9}
        monkeypatch.setattr("services.vision.bundle.GOLDEN_TOLERANCES", strict)
        arguments = ["quantise", "--bundle", str(folder), "--data", str(data), "--exact", "0"]
        result = CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments)
        assert result.exit_code == 1
        assert "--exact" in result.output
        assert load_bundle(folder).identity == trained.identity

    def test_refuses_what_is_no_graph(self) -> None:
        with pytest.raises(ExportError, match="cannot be quantised"):
            quantised(b"no graph", np.zeros((2, 16, 16, 1), np.uint8))
