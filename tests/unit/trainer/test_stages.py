"""The stages that need no network: they read what evaluate left in the run folder."""

import json
from pathlib import Path

import numpy as np
import pytest

from services.trainer.data.dataset import load_prepared
from services.trainer.data.layouts import Split
from services.trainer.data.prepare import IMAGES_NAME, prepare
from services.trainer.errors import RunError
from services.trainer.evaluation.calibrate import calibrate, truth_of
from services.trainer.evaluation.evaluate import evaluate_logits
from services.trainer.evaluation.prior_shift import choose_by_majority
from services.trainer.networks.normalisation import Normalisation
from services.trainer.reports.run_page import write_report
from services.trainer.stages import calibrate_run, evaluate_run, report_run
from services.trainer.stages.export import without_folders
from services.trainer.training.run import Run
from services.trainer.training.stage_outputs import read_logits, write_served_logits
from tests.fixtures.detectors import FixedDetector
from tests.fixtures.training import DATA, tiny_config, write_image_folder
from tests.fixtures.votes_run import voted_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run that was evaluated, by a network that is three times too sure."""
    folder = Run(tmp_path / "run")
    data = write_image_folder(tmp_path / "data", train=4, test=4, val=8)
    prepare(data, out=folder.data, config=DATA)
    loaded = load_prepared(folder.data)
    folder.begin(tiny_config(), normalisation=Normalisation((128.0,), (50.0,)), data={"train": 28})
    rng = np.random.default_rng(0)
    logits = {
        split: (3 * (rng.normal(size=(len(part), 7)) + np.eye(7)[part.labels])).astype(np.float32)
        for split, part in ((Split.VALIDATION, loaded.validation), (Split.TEST, loaded.test))
    }
    folder.report.mkdir()
    np.savez(folder.report / "logits.npz", **{str(k): v for k, v in logits.items()})
    evaluation = {
        "checkpoint": "last",
        "steps": 6,
        "seconds": 60.0,
        "parameters": 123,
        **evaluate_logits(logits[Split.TEST], loaded.test, split=Split.TEST),
    }
    (folder.report / "evaluation.json").write_text(json.dumps(evaluation))
    return folder


class TestCalibrate:
    def test_fits_on_validation_and_evaluates_on_test(self, run: Run) -> None:
        found = calibrate_run(run)
        evaluation = json.loads((run.report / "evaluation.json").read_bytes())
        assert found.temperature > 1.5
        assert evaluation["split"] == "test"
        assert not evaluation["after_temperature"]["cross_fitted"]
        assert evaluation["after_temperature"]["nll"] < evaluation["before_temperature"]["nll"]
        assert evaluation["steps"] == 6

    def test_tells_how_faces_fare_as_serving_crops_them(self, run: Run, tmp_path: Path) -> None:
        config = DATA.model_copy(update={"served_share": 0.5})
        prepare(tmp_path / "data", out=run.data, config=config, detector=FixedDetector())
        truth = load_prepared(run.data).test.labels
        write_served_logits(run, 9 * np.eye(7, dtype=np.float32)[truth])
        calibrate_run(run)
        found = json.loads((run.report / "evaluation.json").read_bytes())["as_served"]
        assert found["as_served"]["accuracy"] == 1.0 > found["in_own_frame"]["accuracy"]
        assert (found["n"], found["faces_found"]) == (28, 1.0)

    def test_with_votes_fits_half_a_to_them_and_reports_half_b(self, tmp_path: Path) -> None:
        run = voted_run(tmp_path)
        half_a, logits = run.prepared().validation, read_logits(run)[Split.VALIDATION]
        chosen = choose_by_majority(
            logits[half_a.decided], half_a.labels[half_a.decided], counts=(28,) * 7
        )
        found = calibrate_run(run)
        assert found == calibrate(logits, truth_of(half_a), prior_shift=chosen.shift)
        evaluation = json.loads((run.report / "evaluation.json").read_bytes())
        assert (evaluation["split"], evaluation["truth"]) == ("test", "judges")
        assert evaluation["judges"]["n"] == len(run.prepared().test)
        assert evaluation["prior_shift_tau"] == chosen.tau

    def test_needs_an_evaluation(self, run: Run) -> None:
        (run.report / "logits.npz").unlink()
        with pytest.raises(RunError, match="run evaluate first"):
            calibrate_run(run)

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"text"])
    def test_damaged_logits_are_named(self, run: Run, content: bytes) -> None:
        (run.report / "logits.npz").write_bytes(content)
        with pytest.raises(RunError, match=r"logits\.npz is damaged; run evaluate again"):
            calibrate_run(run)


class TestReport:
    def test_gathers_the_whole_story(self, run: Run) -> None:
        calibrate_run(run)
        report = report_run(run, name="tiny", version="0.1.0")
        assert report == json.loads((run.report / "report.json").read_bytes())
        assert report["training"]["planned_steps"] == 6
        assert report["training"]["epochs"] == 2.0
        assert report["data"]["audit"]["images"] == 112
        assert (run.report / "confusion_matrix.png").read_bytes().startswith(b"\x89PNG")
        assert "# Model card: tiny 0.1.0" in (run.report / "MODEL_CARD.md").read_text()

    @pytest.mark.parametrize("missing", ["calibration", "evaluation"])
    def test_says_which_stage_is_missing(self, run: Run, missing: str) -> None:
        calibrate_run(run)
        (run.report / f"{missing}.json").unlink()
        with pytest.raises(RunError, match=f"run {missing.removesuffix('ion')}e first"):
            report_run(run, name="tiny", version="0.1.0")

    @pytest.mark.parametrize("damaged", ["calibration", "evaluation"])
    def test_says_which_stage_left_a_damaged_file(self, run: Run, damaged: str) -> None:
        calibrate_run(run)
        (run.report / f"{damaged}.json").write_text("{")
        with pytest.raises(RunError, match=f"run {damaged.removesuffix('ion')}e again"):
            report_run(run, name="tiny", version="0.1.0")


class TestPreparedData:
    def test_all_stages_of_a_run_share_one_reading_of_the_images(self, run: Run) -> None:
        run.prepared()
        (run.data / IMAGES_NAME).unlink()
        calibrate_run(run)
        assert write_report(run).is_file()


class TestEvaluate:
    def test_needs_a_checkpoint(self, run: Run) -> None:
        with pytest.raises(RunError, match="train first"):
            evaluate_run(run)


class TestExport:
    def test_a_bundle_names_the_votes_and_not_where_they_lay(self) -> None:
        recipe = {"preset": "quick", "data": {"size": 48, "votes": ["/home/me/ferplus", "own.csv"]}}
        data = without_folders(recipe)["data"]
        assert data == {"size": 48, "votes": ["ferplus", "own.csv"]}
        assert recipe["data"]["votes"][0] == "/home/me/ferplus"
