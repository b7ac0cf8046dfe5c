"""Presets run as a user runs them, on drawn faces."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.trainer.cli import app
from services.trainer.config import Backbone
from services.trainer.data.dataset import load_prepared
from services.trainer.data.layouts import Split
from services.trainer.files import NETWORK
from services.trainer.networks.build import build_network
from services.trainer.networks.normalisation import Normalisation
from services.trainer.networks.pretrained import load_run
from services.trainer.presets import load_preset
from services.trainer.training.optimisers import build_optimizer
from services.trainer.training.run import Run
from services.trainer.training.schedule import learning_rate
from services.vision.bundle import load_bundle
from services.vision.classifiers.logits import to_probabilities
from services.vision.classifiers.port import Precision
from services.vision.engines import ClassifierKind, load_classifier
from services.worker.models.analyser import PhotoAnalyser, from_settings
from tests.fixtures.settings import DEAD, build_settings
from tests.fixtures.training import FRAMED

REPOSITORY = Path(__file__).parents[3]
SMOKE_S = 120
# DenseNet121's graphs take a minute of CPU to build, and a busy machine gives a tenth of its time.
pytestmark = pytest.mark.timeout(1_200)
RGB = Normalisation((123.0, 116.0, 104.0), (58.0, 57.0, 57.0))


def invoke(*arguments: str) -> str:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def child_seconds() -> float:
    """CPU time of processes that have ended: what they take alone on one core, whoever else is."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def centred_logs(probabilities: np.ndarray) -> np.ndarray:
    """Logits but for a constant per row, which is taken as zero on average."""
    logs = np.log(probabilities)
    return logs - logs.mean(axis=1, keepdims=True)


class TestSmoke:
    def test_make_goes_the_whole_way_within_two_minutes(self, tmp_path: Path) -> None:
        # What the target would install is there: this test runs in it.
        installed = [
            option for stamp in ("dev", "test") for option in ("-o", f".venv/stamps/{stamp}")
        ]
        before = child_seconds()
        done = subprocess.run(
            [
                "make",
                *installed,
                "train",
                "PRESET=smoke",
                f"RUN={tmp_path}",
                f"PY={sys.executable}",
            ],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert child_seconds() - before < SMOKE_S

        bundle = load_bundle(tmp_path / "bundle")
        assert bundle.manifest.name == "smoke"
        assert bundle.manifest.training_data.name == "generated faces"
        evaluation = json.loads((tmp_path / "report" / "evaluation.json").read_bytes())
        assert evaluation["split"] == Split.TEST
        assert evaluation["accuracy"]["value"] > 0.5
        assert evaluation["accuracy"]["low"] > 3 / 7


@pytest.fixture(scope="module")
def rafdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn faces as RAF-DB's authors hand theirs out, by the command."""
    folder = tmp_path_factory.mktemp("rafdb")
    invoke("generate", "--out", str(folder), "--layout", "rafdb", "--count", "210", "--size", "48")
    return folder


@pytest.fixture(scope="module")
def hfer_v0_run(rafdb: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """hfer v0's recipe but for its size, its weights and its epochs."""
    folder = tmp_path_factory.mktemp("seed") / "run"
    shrunk = ("data.size=32", "model.weights=none", "loop.epochs=1", "loop.threads=1", *FRAMED)
    invoke(
        *("train", "--preset", "seed-rafdb", "--data", str(rafdb), "--run", str(folder)), *shrunk
    )
    return Run(folder)


@pytest.fixture(scope="module")
def worker(hfer_v0_run: Run) -> Iterator[PhotoAnalyser]:
    settings = build_settings(
        DEAD,
        worker={
            "device": "cpu",
            "bundle_dir": hfer_v0_run.folder / "bundle",
            "mtcnn_dir": REPOSITORY / "models" / "mtcnn",
        },
    )
    analyser = from_settings(settings)
    analyser.warm_up()
    return analyser


class TestSeedRafdb:
    def test_trains_on_hfer_v0_s_cut_of_the_official_form(self, hfer_v0_run: Run) -> None:
        record = hfer_v0_run.read()
        assert record["data_identity"]["train"] == 168
        assert (record["data_identity"]["validation"], record["data_identity"]["test"]) == (32, 10)
        assert hfer_v0_run.config().model.head.units == (512, 256)

    def test_the_worker_answers_with_the_bundle(
        self, worker: PhotoAnalyser, hfer_v0_run: Run
    ) -> None:
        bundle = load_bundle(hfer_v0_run.folder / "bundle")
        assert bundle.manifest.input.shape == (32, 32, 3)
        assert worker.model_version == bundle.version
        photo = (REPOSITORY / "samples" / "collins.jpg").read_bytes()
        (analysis,) = worker.analyse([photo], AnalysisOptions())
        assert isinstance(analysis, PhotoAnalysis)
        (face,) = analysis.faces
        assert len(face.probabilities) == 7
        assert sum(face.probabilities) == pytest.approx(1, abs=1e-5)

    def test_the_serving_engine_answers_as_the_network_did(self, hfer_v0_run: Run) -> None:
        bundle = load_bundle(hfer_v0_run.folder / "bundle")
        with np.load(hfer_v0_run.report / "logits.npz") as stored:
            by_keras = to_probabilities(
                stored["test"],
                temperature=bundle.manifest.temperature,
                prior_shift=bundle.manifest.prior_shift,
            )
        engine = load_classifier(
            ClassifierKind.OPENVINO, bundle, cuda=False, precision=Precision.FP32, threads=1
        )
        served = engine.classify(load_prepared(hfer_v0_run.data).test.images)
        # Hardly trained, it is sure of nothing: the temperature would hide a difference.
        ours, theirs = (centred_logs(p) * bundle.manifest.temperature for p in (served, by_keras))
        assert theirs.std() > 2e-3
        np.testing.assert_allclose(ours, theirs, atol=2e-4)


@pytest.fixture(scope="module")
def best_gpu() -> keras.Model:
    """The preset's network; its weights may change."""
    config = load_preset("best-gpu")
    return build_network(config.model, size=config.data.size, normalisation=RGB)


class TestBestGpu:
    def test_is_the_recipe_of_its_docstring(self, best_gpu: keras.Model) -> None:
        config, model = load_preset("best-gpu"), best_gpu
        kinds = {layer.name: type(layer).__name__ for layer in model.layers[-3:]}
        assert model.name == Backbone.DENSENET121
        assert list(kinds.values()) == ["GlobalAveragePooling2D", "Dropout", "Dense"]
        assert model.layers[-2].rate == 0.3
        assert model.input.shape == (None, 224, 224, 3)
        optimizer = build_optimizer(config.optim, model.trainable_variables)
        assert optimizer.name == "adamw"
        rates = {
            variable.path: factor
            for variable, factor in zip(
                model.trainable_variables, optimizer._rates.factors, strict=True
            )
        }
        assert rates["logits/kernel"] == 10
        assert rates["conv1_conv/kernel"] == 1
        assert config.optim.lr * config.optim.head_lr == pytest.approx(1e-3)

    def test_warms_up_for_three_epochs_and_then_falls_to_nothing(self) -> None:
        config, per_epoch = load_preset("best-gpu"), 11_044 // 128
        total = per_epoch * config.loop.epochs
        rates = [
            learning_rate(step, config=config.optim, peak=config.optim.lr, total_steps=total)
            for step in range(total)
        ]
        assert 2.9 < rates.index(max(rates)) / per_epoch < 3.1
        assert rates[-1] < 1e-8

    def test_trains_in_bfloat16_with_averaged_weights(self, rafdb: Path, tmp_path: Path) -> None:
        invoke(
            *("train", "--preset", "best-gpu", "--data", str(rafdb), "--run", str(tmp_path)),
            # A backbone that is built in a second; the preset's own is built above and below.
            *("--only", "data.size=32", "model.weights=none", "model.backbone=densenet_bc"),
            *("model.densenet.blocks=1", "model.densenet.growth=4", "model.densenet.stem=8"),
            *("loop.batch_size=32", "loop.epochs=1", "loop.bn_batches=1", "loop.threads=1"),
            *FRAMED,
        )
        run = Run(tmp_path)
        checkpoint = run.checkpoints.load_last()
        assert checkpoint is not None
        # RAF-DB's split: 168 training images, less the tenth for validation.
        assert checkpoint.position.step == 4
        assert {"ema/0000", "optimizer/0000"} <= checkpoint.arrays.keys()
        (epoch,) = (line for line in run.log_lines() if "validation_loss" in line)
        assert np.isfinite([epoch["loss"], epoch["validation_loss"]]).all()
        assert run.config().loop.precision == "mixed_bfloat16"
        assert run.config().augment.mixup == 0.2

    def test_its_network_goes_on_at_a_larger_size(
        self, best_gpu: keras.Model, tmp_path: Path
    ) -> None:
        small = build_network(load_preset("best-gpu").model, size=32, normalisation=RGB)
        small.save(tmp_path / NETWORK)
        load_run(best_gpu, tmp_path)
        for before, after in zip(small.weights, best_gpu.weights, strict=True):
            np.testing.assert_array_equal(before, after, err_msg=before.path)
