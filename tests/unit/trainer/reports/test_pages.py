import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.dataset import load_prepared
from services.trainer.data.layouts import Split
from services.trainer.data.prepare import prepare
from services.trainer.errors import RunError
from services.trainer.evaluation.bundle import BundleEvaluation, evaluate_bundle
from services.trainer.networks.normalisation import Normalisation
from services.trainer.reports.bundle_page import write_bundle_report
from services.trainer.reports.charts import imbalance_svg, reliability, training_svg
from services.trainer.reports.page import page, table
from services.trainer.reports.run_page import run_figures, write_report
from services.trainer.training.run import Run
from services.trainer.training.run_log import RunLog
from tests.fixtures.bundles import write_tiny_bundle
from tests.fixtures.training import DATA, tiny_config, write_image_folder
from tests.fixtures.votes_run import voted_folder, voted_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A calibrated run with a log, whose network answers at random but surely."""
    home = tmp_path_factory.mktemp("run")
    folder = Run(home / "run")
    data = write_image_folder(home / "data", train=4, test=4, val=4)
    prepare(data, out=folder.data, config=DATA)
    folder.begin(tiny_config(), normalisation=Normalisation((128.0,), (50.0,)), data={"train": 28})
    run_log = RunLog(folder.folder)
    run_log.add("step", step=50, loss=1.9, learning_rate=0.1)
    run_log.add("epoch", step=60, epoch=1, loss=1.8, validation_loss=1.7, validation_accuracy=0.4)
    n = len(load_prepared(folder.data).test)
    logits = np.random.default_rng(0).normal(size=(n, 7)).astype(np.float32) * 3
    folder.report.mkdir()
    np.savez(folder.report / "logits.npz", test=logits, validation=logits)
    fitted = {"temperature": 2.0, "abstention_threshold": 0.3, "prior_shift": [0.0] * 6 + [50.0]}
    (folder.report / "calibration.json").write_text(json.dumps(fitted))
    (folder.report / "evaluation.json").write_text(json.dumps({"truth": "data set"}))
    return folder


@pytest.fixture(scope="module")
def run_report(run: Run) -> str:
    """The page of the run, which takes seconds to draw."""
    return write_report(run).read_text()


class TestRunReport:
    def test_shows_every_part(self, run_report: str) -> None:
        for heading in (
            "Training",
            "Confusion matrix",
            "Reliability",
            "Expressions",
            "Imbalance",
            "Image quality",
            "hfer v0&#x27;s classification report",
            "Worst examples",
            "Recipe and hashes",
        ):
            assert f"<h2>{heading}</h2>" in run_report

    def test_the_imbalance_is_that_of_every_split(self, run_report: str) -> None:
        chart = run_report[run_report.index("<h2>Imbalance</h2>") :]
        for split in ("train", "validation", "test"):
            assert f"<td>{split}</td><td>28</td>" in chart

    def test_can_leave_the_images_out(self, run: Run, run_report: str) -> None:
        assert "data:image/png" in run_report
        assert "Not for redistribution" in run_report
        assert "data:image" not in write_report(run, examples=False).read_text()

    def test_loads_nothing_from_elsewhere(self, run_report: str) -> None:
        assert "<script" not in run_report
        assert not re.search(r'(src|href)="https?:', run_report)

    def test_applies_the_fitted_shift_and_temperature(self, run: Run) -> None:
        found = run_figures(run)
        assert found["per_class"]["neutral"]["recall"] == 1  # shifted by 50
        assert found["temperature"] == 2.0

    def test_with_votes_begins_with_the_judges(self, tmp_path: Path) -> None:
        judged = voted_run(tmp_path)
        text = write_report(judged, examples=False).read_text()
        count, decided = (len(judged.prepared().test), judged.prepared().test.decided.sum())
        headings = re.findall("<h2>(.*?)</h2>", text)
        assert headings[0] == f"{count} images, against the judges"
        assert f"{decided} images, against the judges&#x27; majority" in headings
        assert "no model can be best at both" in text
        assert "not the majority&#x27;s, %" in text or "not the majority's, %" in text
        assert run_figures(judged)["truth"] == "judges"

    def test_needs_an_evaluation(self, tmp_path: Path) -> None:
        with pytest.raises(RunError, match="run evaluate first"):
            write_report(Run(tmp_path))


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> BundleEvaluation:
    home = tmp_path_factory.mktemp("bundle")
    data = write_image_folder(home / "data", train=1, test=2)
    return evaluate_bundle(write_tiny_bundle(home / "tiny").directory, data)


@pytest.fixture(scope="module")
def bundle_report(evaluation: BundleEvaluation, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of the bundle without examples, in a folder that was not there."""
    path = tmp_path_factory.mktemp("bundle-report") / "pages" / "report.html"
    return write_bundle_report(evaluation, path).read_text()


class TestBundleReport:
    def test_carries_no_image_unless_asked(
        self, evaluation: BundleEvaluation, bundle_report: str, tmp_path: Path
    ) -> None:
        assert "data:image" not in bundle_report
        path = tmp_path / "report.html"
        with_faces = write_bundle_report(evaluation, path, examples=True).read_text()
        assert with_faces.count("data:image/png") == 14
        assert "Not for redistribution" in with_faces

    def test_shows_what_the_bundle_learned_from(
        self, evaluation: BundleEvaluation, bundle_report: str, tmp_path: Path
    ) -> None:
        assert "<td>trained on</td>" not in bundle_report
        counts = dict.fromkeys(map(str, EMOTIONS), 100) | {"disgust": 20}
        manifest = evaluation.bundle.manifest.model_copy(
            update={"metrics": {"data_counts": {"train": counts}}}
        )
        told = replace(evaluation, bundle=replace(evaluation.bundle, manifest=manifest))
        text = write_bundle_report(told, tmp_path / "report.html").read_text()
        assert "<td>trained on</td><td>620</td>" in text
        assert "<td>disgust 20</td><td>5.0</td>" in text

    def test_is_the_same_page_each_time(
        self, evaluation: BundleEvaluation, bundle_report: str, tmp_path: Path
    ) -> None:
        assert write_bundle_report(evaluation, tmp_path / "b.html").read_text() == bundle_report

    def test_with_votes_shows_both_truths(self, tmp_path: Path) -> None:
        data, table = voted_folder(tmp_path, each=2)
        bundle = write_tiny_bundle(tmp_path / "tiny").directory
        judged = evaluate_bundle(bundle, data, split=Split.VALIDATION, votes=[table])
        text = write_bundle_report(judged, tmp_path / "report.html").read_text()
        headings = re.findall("<h2>(.*?)</h2>", text)
        assert headings[0] == "14 images, against the judges"
        for truth in ("the judges&#x27; majority", "the data set&#x27;s own labels"):
            for title in ("Expressions", "Confusion matrix"):
                assert f"{title}, against {truth}" in headings


class TestPage:
    def test_escapes_what_it_is_given(self) -> None:
        text = page("<b>", [table(["<i>"], [["<script>"]])])
        assert "&lt;b&gt;" in text
        assert "<script>" not in text
        assert "<i>" not in text


class TestCharts:
    def test_reliability_of_a_network_as_good_as_it_is_sure(self) -> None:
        probabilities = np.tile([0.75, 0.25, 0, 0, 0, 0, 0], (4, 1))
        confidence, accuracy, count = reliability(probabilities, np.array([0, 0, 0, 1]))
        assert (confidence.tolist(), accuracy.tolist(), count.tolist()) == ([0.75], [0.75], [4])

    def test_takes_the_colours_of_the_page(self) -> None:
        lines = [{"kind": "step", "step": 1, "loss": 2.0, "learning_rate": 0.1}]
        drawn = training_svg(lines)
        assert "currentColor" in drawn
        assert "#010203" not in drawn
        assert "learning rate" in drawn
        assert "learning rate" not in training_svg([{"kind": "step", "step": 1, "loss": 2.0}])

    def test_the_imbalance_has_a_panel_per_split_and_its_own_ids(self) -> None:
        drawn = imbalance_svg({"train": {"fear": 9, "anger": 3}, "test": {"fear": 1, "anger": 0}})
        for text in (">train<", ">test<", ">fear<", ">effective number<"):
            assert text in drawn
        assert "#0102" not in drawn
        assert 'id="imbalance"' in drawn
