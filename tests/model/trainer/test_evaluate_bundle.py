"""The bundle's evaluation against the run that wrote the bundle: Keras there, OpenVINO here."""

import json
from pathlib import Path

import pytest

from services.trainer.data.layouts import Split
from services.trainer.errors import SeenImagesError
from services.trainer.evaluation.bundle import evaluate_bundle
from services.trainer.reports.run_page import run_figures, write_report
from services.trainer.training.run import Run
from services.vision.bundle import load_bundle


@pytest.fixture(scope="module")
def run(finished_run: Path) -> Run:
    return Run(finished_run)


class TestEvaluateBundle:
    def test_finds_what_the_run_found(self, run: Run) -> None:
        data = run.folder.parent / "data"
        evaluated, own = evaluate_bundle(run.folder / "bundle", data).as_json(), run_figures(run)
        assert evaluated["confusion"] == own["confusion"]
        for name in ("nll", "ece", "brier"):
            assert evaluated[name] == pytest.approx(own[name], abs=2e-3)

    def test_refuses_the_images_that_the_run_learned_from(self, run: Run) -> None:
        data = run.folder.parent / "data"
        with pytest.raises(SeenImagesError):
            evaluate_bundle(run.folder / "bundle", data, split=Split.TRAIN)

    def test_the_bundle_says_how_many_it_learned_from(self, run: Run) -> None:
        told = load_bundle(run.folder / "bundle").manifest.metrics
        assert sum(told["data_counts"]["train"].values()) == run.read()["data_identity"]["train"]
        assert told["data_splits_sha256"] == run.read()["data_identity"]["splits_sha256"]

    def test_agrees_with_the_stage_that_wrote_the_card(self, run: Run) -> None:
        evaluation = json.loads((run.report / "evaluation.json").read_bytes())
        assert run_figures(run)["accuracy"] == evaluation["accuracy"]["value"]
        assert run_figures(run)["ece"] == evaluation["after_temperature"]["ece_15"]

    def test_the_page_has_the_curves_of_the_log(self, run: Run) -> None:
        path: Path = write_report(run)
        assert "validation accuracy" in path.read_text()
