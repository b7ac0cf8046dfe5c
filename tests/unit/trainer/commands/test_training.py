from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.trainer.cli import app
from services.trainer.commands.training import _usual_folder
from services.trainer.data.layouts import scan
from services.trainer.networks.normalisation import Normalisation
from services.trainer.training.run import Run
from tests.fixtures.training import tiny_config


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def begun(folder: str) -> None:
    Run(Path(folder)).begin(tiny_config(), normalisation=Normalisation((1.0,), (1.0,)), data={})


class TestUsualFolder:
    def test_is_named_after_the_preset(self) -> None:
        assert _usual_folder("smoke", resume=False) == Path("runs/smoke")
        assert _usual_folder("quick", resume=False) == Path("runs/quick")

    def test_a_repeated_smoke_run_gets_a_new_one(self) -> None:
        begun("runs/smoke")
        begun("runs/smoke-2")
        assert _usual_folder("smoke", resume=False) == Path("runs/smoke-3")
        assert _usual_folder("smoke", resume=True) == Path("runs/smoke")

    def test_a_run_on_data_is_never_passed_over(self) -> None:
        begun("runs/quick")
        assert _usual_folder("quick", resume=False) == Path("runs/quick")


class TestGenerate:
    def test_draws_a_data_set(self) -> None:
        arguments = ["generate", "--out", "faces", "--count", "210", "--size", "16", "--gray"]
        result = CliRunner(env={"COLUMNS": "100"}).invoke(app, arguments)
        assert result.exit_code == 0, result.output
        assert "210 faces in faces" in result.output
        assert len(scan(Path("faces"))) == 210

    @pytest.mark.parametrize(
        "arguments", [["--count", "7"], ["--size", "8"], ["--layout", "voc"], ["--seed", "-1"]]
    )
    def test_refuses_what_makes_no_data_set(self, arguments: list[str]) -> None:
        result = CliRunner().invoke(app, ["generate", "--out", "faces", *arguments])
        assert result.exit_code == 2
        assert not Path("faces").exists()

    def test_writes_into_no_folder_that_holds_something(self) -> None:
        Path("faces").mkdir()
        Path("faces/mine.txt").write_text("kept")
        result = CliRunner().invoke(app, ["generate", "--out", "faces"])
        assert result.exit_code == 2
        assert [path.name for path in Path("faces").iterdir()] == ["mine.txt"]
