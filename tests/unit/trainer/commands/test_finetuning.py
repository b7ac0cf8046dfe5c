"""What ``finetune`` decides and refuses before it trains."""

import hashlib
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from services.common.domain.bundles import MODEL_NAME
from services.trainer.cli import app
from services.trainer.commands.finetuning import _folder, _named_after, _next_version
from services.trainer.config import ModelConfig
from services.trainer.data.seen import SEEN_NAME, seen_in
from services.trainer.errors import RunError
from services.trainer.networks.normalisation import Normalisation
from services.trainer.training.run import Run
from services.vision.bundle import Bundle, load_golden, write_bundle
from tests.fixtures.bundles import tiny_card
from tests.fixtures.training import tiny_config, write_class_folders


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HFER_DATABASE__URL", raising=False)


def finetune(*arguments: object) -> Result:
    runner = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"})
    return runner.invoke(app, ["finetune", *map(str, arguments)])


def begun(folder: str) -> None:
    Run(Path(folder)).begin(tiny_config(), normalisation=Normalisation((1.0,), (1.0,)), data={})


def parent(folder: Path, tiny_bundle: Bundle, *, trained_on: list[Path]) -> Path:
    """A bundle that this trainer could go on from, and that has seen these files."""
    rows = (
        {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "split": "train", "kept": True}
        for path in trained_on
    )
    recipe = {"model": ModelConfig().model_dump(mode="json")}
    write_bundle(
        folder,
        card=tiny_card().model_copy(update={"recipe": recipe}),
        model=(tiny_bundle.directory / MODEL_NAME).read_bytes(),
        golden=load_golden(tiny_bundle),
        extras={SEEN_NAME: seen_in(rows).as_bytes()},
    )
    return folder


class TestName:
    @pytest.mark.parametrize(
        ("data", "name"),
        [("faces", "faces"), ("My Team_2.tar.gz", "my-team-2"), ("x/réviews.csv", "r-views")],
    )
    def test_is_that_of_the_data(self, data: str, name: str) -> None:
        assert _named_after(Path(data)) == name

    def test_is_never_the_shipped_model_s(self) -> None:
        done = finetune("--data", "starter")
        assert done.exit_code == 2
        assert "give another --name" in done.output

    def test_that_no_model_may_have_is_wrong_usage(self) -> None:
        assert finetune("--data", "faces", "--name", "Mine!").exit_code == 2


class TestRunFolder:
    def test_a_repeated_run_gets_a_new_one_and_a_new_version(self, tiny_bundle: Bundle) -> None:
        begun("runs/faces")
        number, run = _folder("faces", None, resume=False)
        assert (number, run.folder) == (2, Path("runs/faces-2"))
        assert _next_version(tiny_bundle, "faces", number) == "0.2.0"

    def test_the_last_one_is_resumed(self) -> None:
        begun("runs/faces")
        begun("runs/faces-2")
        assert _folder("faces", None, resume=True)[1].folder == Path("runs/faces-2")

    @pytest.mark.parametrize("resume", [True, False])
    def test_a_folder_that_does_not_fit_is_refused(self, resume: bool) -> None:
        if not resume:
            begun("mine")
        with pytest.raises(RunError, match="mine holds"):
            _folder("faces", Path("mine"), resume=resume)

    def test_going_on_under_a_name_counts_its_version_up(self, tiny_bundle: Bundle) -> None:
        assert tiny_bundle.manifest.version == "0.1.0"
        assert _next_version(tiny_bundle, "tiny", 1) == "0.2.0"
        assert _next_version(tiny_bundle, "faces", 1) == "0.1.0"


class TestRefusals:
    def test_a_test_set_that_the_parent_was_trained_on(
        self, tiny_bundle: Bundle, tmp_path: Path
    ) -> None:
        faces = write_class_folders(tmp_path / "faces", per_class=6)
        known = parent(tmp_path / "parent", tiny_bundle, trained_on=sorted(faces.glob("*/*.png")))
        done = finetune("--data", faces, "--bundle", known)
        assert done.exit_code == 1
        assert "seen-images: At least 30 images are needed to test on" in done.output
        assert "of these 42 there are 0 and 0, as 42 were in the training" in done.output
        assert not Run(Path("runs/faces")).exists

    def test_a_parent_that_is_no_bundle(self, tmp_path: Path) -> None:
        done = finetune("--data", tmp_path, "--bundle", tmp_path, "--name", "mine")
        assert done.exit_code == 1
        assert "bundle" in done.output

    def test_a_service_that_is_named_and_not_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HFER_DATABASE__URL", "postgresql+psycopg://a:b@localhost/c")
        done = finetune("--data", tmp_path, "--name", "mine")
        assert done.exit_code == 2
        assert "the settings of the service are missing" in done.output
