"""A bundle that goes on from another, by the command."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.trainer.cli import app
from services.trainer.data.seen import seen_by
from services.trainer.training.run import Run
from services.vision.bundle import load_bundle
from tests.fixtures.training import write_class_folders
from tests.model.trainer.conftest import invoke

# No face is looked for in stripes.
QUICKLY = ["data.framing=own", "loop.epochs=1", "loop.batch_size=8", "loop.threads=1"]


@pytest.fixture(scope="module")
def faces(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """New stripes, and among them those that the parent was trained on."""
    folder = write_class_folders(
        tmp_path_factory.mktemp("own") / "stripes", per_class=40, seed=50_000
    )
    for source in (finished_run.parent / "data" / "train").glob("*/*.png"):
        shutil.copy(source, folder / source.parent.name / f"old-{source.name}")
    return folder


@pytest.fixture(scope="module")
def made(finished_run: Path, faces: Path) -> tuple[Path, str]:
    """The run folder and what was printed."""
    folder = faces.parent / "run"
    printed = invoke(
        *("finetune", "--data", str(faces), "--bundle", str(finished_run / "bundle")),
        *("--run", str(folder), *QUICKLY),
    )
    return folder, " ".join(printed.split())


class TestFinetune:
    def test_makes_a_bundle_of_its_own_name_with_the_parent_s_crops(
        self, made: tuple[Path, str], finished_run: Path
    ) -> None:
        child, parent = load_bundle(made[0] / "bundle"), load_bundle(finished_run / "bundle")
        assert (child.manifest.name, child.manifest.version) == ("stripes", "0.1.0")
        assert child.manifest.input == parent.manifest.input
        assert child.manifest.prior_shift == parent.manifest.prior_shift
        assert child.manifest.abstention_threshold == parent.manifest.abstention_threshold
        assert child.manifest.recipe["model"]["blend"] in {0.0, 0.25, 0.5, 0.75}

    def test_tests_on_no_image_that_the_parent_was_trained_on(
        self, made: tuple[Path, str], finished_run: Path
    ) -> None:
        seen = seen_by(load_bundle(finished_run / "bundle"))
        assert seen is not None
        manifest = json.loads((made[0] / "data" / "manifest.json").read_bytes())
        tested = [row["sha256"] for row in manifest["images"] if row["split"] != "train"]
        assert len(tested) > 50
        assert not seen.trained_on(tested).any()
        assert "were in the training of quick-0.1.0" in made[1]

    def test_has_seen_what_the_parent_has(self, made: tuple[Path, str], finished_run: Path) -> None:
        child, parent = (seen_by(load_bundle(f / "bundle")) for f in (made[0], finished_run))
        assert child is not None
        assert parent is not None
        assert set(parent.train) < set(child.train)
        assert set(parent.validation) < set(child.validation)
        assert child.complete

    def test_compares_it_with_the_parent_on_the_same_images(self, made: tuple[Path, str]) -> None:
        folder, printed = made
        metrics = load_bundle(folder / "bundle").manifest.metrics
        assert metrics["parent"]["a"].startswith("quick-0.1.0+")
        assert metrics["parent"]["n"] == metrics["n"] == len(Run(folder).prepared().test)
        measured = metrics["parent"]["measures"]["accuracy"]
        assert measured["b"] == pytest.approx(metrics["accuracy"]["value"], abs=1e-4)
        (recorded,) = metrics["comparisons"]
        assert recorded["test_sha256"] == metrics["test_sha256"]
        assert recorded["baseline"]["model_version"] == metrics["parent"]["a"]
        assert recorded["macro_f1"] == pytest.approx(metrics["macro_f1"]["value"], abs=1e-4)
        card = (folder / "bundle" / "MODEL_CARD.md").read_text()
        assert f"of the same {metrics['n']} test images right, quick-0.1.0+" in card
        assert "what it goes on from" in printed or "Too few test images" in printed

    def test_says_what_to_do_next(self, made: tuple[Path, str]) -> None:
        folder, printed = made
        assert f"hfer models publish {folder / 'bundle'}" in printed
        assert "compare --bundle" in printed
        assert "make finetune DATA=" in printed

    def test_images_that_trained_the_child_are_refused_in_an_evaluation(
        self, made: tuple[Path, str], faces: Path
    ) -> None:
        asked = ["evaluate", "--bundle", str(made[0] / "bundle"), "--data", str(faces)]
        refused = CliRunner().invoke(app, asked)
        assert refused.exit_code == 1
        assert "seen-images" in refused.output
        left = json.loads(invoke(*asked, "--drop-seen", "--json"))
        tested = len(Run(made[0]).prepared().test) + len(Run(made[0]).prepared().validation)
        assert left["n"] == tested
