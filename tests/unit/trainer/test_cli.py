import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from services.trainer.cli import app
from services.trainer.commands.options import explained
from services.trainer.data.dataset import load_prepared
from services.trainer.networks.normalisation import Normalisation
from services.trainer.training.run import Run
from tests.fixtures.bundles import write_tiny_bundle
from tests.fixtures.training import striped, tiny_config, write_image, write_image_folder


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner(env={"COLUMNS": "200", "TERM": "dumb"})


class TestHelp:
    def test_lists_the_commands(self, runner: CliRunner) -> None:
        result = runner.invoke(app, ["--help"])
        assert result.exit_code == 0
        for command in ("audit", "prepare", "train", "evaluate", "calibrate", "export"):
            assert command in result.output

    def test_loads_no_heavy_library(self) -> None:
        code = (
            "import sys, services.trainer.cli;"
            "print([m for m in ('tensorflow','keras','onnx','cv2','torch') if m in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        assert done.stdout.strip() == b"[]"


class TestPrepare:
    def test_writes_arrays_and_tells_what_it_dropped(
        self, runner: CliRunner, tmp_path: Path
    ) -> None:
        data = write_image_folder(tmp_path / "data", train=4, test=1)
        out = tmp_path / "cache"
        result = runner.invoke(
            app, ["prepare", "--data", str(data), "--out", str(out), "data.size=16"]
        )
        assert result.exit_code == 0, result.output
        assert "train dropped: 0" in result.output
        assert load_prepared(out).train.images.shape[1:] == (16, 16, 1)

    def test_answers_a_wrong_layout_in_one_sentence(
        self, runner: CliRunner, tmp_path: Path
    ) -> None:
        (tmp_path / "cats").mkdir()
        (tmp_path / "dogs").mkdir()
        result = runner.invoke(
            app, ["prepare", "--data", str(tmp_path), "--out", str(tmp_path / "x")]
        )
        assert result.exit_code == 1
        assert "data-layout" in result.output
        assert "cats/, dogs/" in result.output
        assert "Traceback" not in result.output


class TestAudit:
    def test_keeps_nothing(self, runner: CliRunner, tmp_path: Path) -> None:
        data = write_image_folder(tmp_path / "data", train=4, test=1)
        before = sorted(tmp_path.rglob("*"))
        result = runner.invoke(app, ["audit", "--data", str(data), "data.size=16"])
        assert result.exit_code == 0, result.output
        assert "Left out of training in all: 0" in result.stdout
        assert sorted(tmp_path.rglob("*")) == before

    def test_shows_findings_paths_and_the_imbalance(
        self, runner: CliRunner, tmp_path: Path
    ) -> None:
        data = write_image_folder(tmp_path / "data", train=2, test=1, val=1)
        for copy in ("a", "b", "c", "d"):
            write_image(data / f"train/fear/{copy}.png", striped(1, seed=0))
        result = runner.invoke(app, ["audit", "--data", str(data), "data.size=16"])
        shown = result.stdout
        assert "identical within a split: train/fear/000.png, train/fear/a.png" in shown
        assert "train: 18 images used, ratio 3.0" in shown
        fear, happiness = (
            next(line for line in shown.splitlines() if line.split()[:2] == [name, number])
            for name, number in (("fear", "6"), ("happiness", "2"))
        )
        assert (fear.count("█"), happiness.count("█")) == (40, 13)

    def test_can_be_one_json_object(self, runner: CliRunner, tmp_path: Path) -> None:
        data = write_image_folder(tmp_path / "data", train=4, test=1)
        write_image(data / "train/fear/copy.png", striped(1, seed=500))
        asked = ["audit", "--data", str(data), "--json", "--examples", "1", "data.size=16"]
        told = json.loads(runner.invoke(app, asked).stdout)
        assert told["audit"]["train_dropped"] == 1
        assert told["imbalance"]["test"]["ratio"] == 1
        assert told["counts"]["test"]["fear"] == 1
        assert len(told["splits_sha256"]) == 64
        across = next(f for f in told["findings"] if f["kind"] == "identical across splits")
        assert across["examples"] == [["test/fear/000.png", "train/fear/copy.png"]]
        assert across["dropped"] == 1

    def test_writes_a_page_without_images(self, runner: CliRunner, tmp_path: Path) -> None:
        data = write_image_folder(tmp_path / "data", train=4, test=1)
        write_image(data / "train/fear/copy.png", striped(1, seed=500))
        page = tmp_path / "pages" / "audit.html"
        asked = ["audit", "--data", str(data), "--html", str(page), "data.size=16"]
        assert runner.invoke(app, asked).exit_code == 0
        text = page.read_text()
        assert "<code>train/fear/copy.png</code>" in text
        assert "effective number" in text
        assert "<img" not in text


class TestRefusals:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["train", "--data", "d", "--preset", "slow"],
            ["train", "--data", "d", "optim.speed=1"],
            ["train", "--data", "d", "--run", "nowhere", "--resume"],
            ["train", "--data", "d", "--max-minutes", "0"],
            ["train", "--data", "d", "--name", "My Net"],
            ["train", "--data", "d", "--version", "1"],
            ["export", "--run", "r", "--out", "o", "--name", "Mine"],
        ],
    )
    def test_wrong_usage_is_2(
        self,
        runner: CliRunner,
        arguments: list[str],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert runner.invoke(app, arguments).exit_code == 2

    def test_a_second_run_in_a_folder_needs_resume(self, runner: CliRunner, tmp_path: Path) -> None:
        Run(tmp_path).begin(tiny_config(), normalisation=Normalisation((1.0,), (1.0,)), data={})
        result = runner.invoke(app, ["train", "--data", "d", "--run", str(tmp_path)])
        assert result.exit_code == 2
        assert "--resume" in result.output

    def test_every_wrong_setting_is_named_in_a_line(self, runner: CliRunner) -> None:
        settings = ["optim.lr=fast", "loop.epochs=0", "model.head.units=-3"]
        result = runner.invoke(app, ["train", "--data", "d", *settings])
        assert result.exit_code == 2
        for name in ("optim.lr: Input should", "loop.epochs: Input should", "model.head.units.0:"):
            assert name in result.output
        assert "pydantic" not in result.output

    @pytest.mark.parametrize(
        "arguments",
        [
            ["train", "--data", "data", "--run", "file/run", "data.size=16"],
            ["prepare", "--data", "data", "--out", "file/out", "data.size=16"],
            ["evaluate", "--bundle", "tiny", "--data", "data/test", "--html", "file/page.html"],
        ],
    )
    def test_a_path_that_cannot_be_written_is_a_sentence(
        self,
        runner: CliRunner,
        arguments: list[str],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        write_image_folder(tmp_path / "data", train=2, test=1)
        write_tiny_bundle(tmp_path / "tiny")
        (tmp_path / "file").touch()
        result = runner.invoke(app, arguments)
        assert result.exit_code == 1, result.output
        assert result.output.splitlines()[-1].startswith("file-system: file")
        assert "check the path, its rights and the space left." in result.output

    def test_a_full_disk_is_a_sentence_and_a_bug_is_not(self) -> None:
        with pytest.raises(typer.Exit), explained():
            raise OSError(errno.ENOSPC, "full")
        with pytest.raises(OSError, match="no number"), explained():
            raise OSError("no number: a program's, not the system's")

    def test_a_bundle_that_is_a_file_is_a_sentence(self, runner: CliRunner, tmp_path: Path) -> None:
        (tmp_path / "bundle").touch()
        path = str(tmp_path / "bundle")
        result = runner.invoke(app, ["evaluate", "--bundle", path, "--data", str(tmp_path)])
        assert result.exit_code == 1
        assert "bundle-refused" in result.output

    @pytest.mark.parametrize("command", ["evaluate", "calibrate"])
    def test_a_stage_without_its_run_is_1(
        self, runner: CliRunner, tmp_path: Path, command: str
    ) -> None:
        result = runner.invoke(app, [command, "--run", str(tmp_path)])
        assert result.exit_code == 1
        assert "run" in result.output
