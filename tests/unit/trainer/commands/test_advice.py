"""What ``train`` says where it cannot start, or should not."""

import io
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from services.trainer.cli import app
from services.trainer.commands import advice
from services.trainer.commands.advice import explain_missing_data, warn_if_few, warn_if_slow
from services.trainer.config import with_overrides
from services.trainer.presets import PRESETS, load_preset
from services.trainer.presets.needs import NEEDS


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=80)


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return " ".join(console.file.getvalue().split())


def with_gpus(monkeypatch: pytest.MonkeyPatch, *names: str, bfloat16: bool = True) -> None:
    monkeypatch.setattr(advice, "installed_gpus", lambda: list(names))
    monkeypatch.setattr(advice, "computes_bfloat16", lambda: bfloat16)
    monkeypatch.setattr(advice.os, "cpu_count", lambda: 2)


class TestNeeds:
    def test_every_preset_says_what_it_needs(self) -> None:
        assert NEEDS.keys() == PRESETS.keys()


class TestMissingData:
    def test_names_data_sets_with_their_source_and_layout(
        self, console: Console, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_gpus(monkeypatch)
        explain_missing_data("quick", console)
        text = said(console)
        for word in ("FER2013", "Kaggle", "PublicTest_", "RAF-DB", "list_patition_label.txt"):
            assert word in text

    def test_without_a_gpu_says_what_is_hopeless_and_what_is_not(
        self, console: Console, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_gpus(monkeypatch)
        explain_missing_data("seed-rafdb", console)
        rows = {
            line.split("│")[1].strip(): line
            for line in console.file.getvalue().splitlines()  # type: ignore[attr-defined]
            if line.startswith("│")
        }
        assert rows.keys() == PRESETS.keys()
        too_slow = {name for name, row in rows.items() if "too slow: about" in row}
        assert too_slow == {"seed-rafdb", "seed-rafdb-official", "best-gpu"}
        assert "no GPU" in said(console)

    def test_what_to_type_next_suits_the_machine(
        self, console: Console, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_gpus(monkeypatch)
        explain_missing_data("best-gpu", console)
        text = said(console)
        assert "make train PRESET=smoke" in text
        assert "make train PRESET=quick DATA=fer2013" in text

    def test_times_are_those_of_a_precision_that_the_cpu_has(
        self, console: Console, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_gpus(monkeypatch, bfloat16=False)
        explain_missing_data("quick", console)
        text = said(console)
        assert "about 2 h in float32" in text
        assert "make train PRESET=quick DATA=fer2013 SET=loop.precision=float32" in text

    def test_with_a_gpu_nothing_is_hopeless(
        self, console: Console, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_gpus(monkeypatch, "NVIDIA H100")
        explain_missing_data("best-gpu", console)
        text = said(console)
        assert "too slow" not in text
        assert "make train PRESET=best-gpu DATA=rafdb" in text

    def test_a_gpu_that_tensorflow_cannot_use_is_told(
        self, console: Console, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_gpus(monkeypatch, "NVIDIA H100")
        monkeypatch.setattr(advice, "version", lambda _: "2.21.0")
        explain_missing_data("quick", console)
        assert "pip install 'tensorflow[and-cuda]==2.21.0'" in said(console)


class TestWarnIfSlow:
    def test_tells_the_time_and_goes_on(
        self, console: Console, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_gpus(monkeypatch)
        config = with_overrides(load_preset("seed-rafdb"), ["loop.epochs=28"])
        warn_if_slow("seed-rafdb", config, console, images=12_272)
        text = said(console)
        assert "about 64 min for an epoch of 12,272 images on 2 cores, 30 h for all 28" in text
        assert "Meant for a CPU: smoke, quick, starter" in text

    def test_does_not_guess_for_another_network(
        self, console: Console, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_gpus(monkeypatch)
        config = with_overrides(load_preset("seed-rafdb"), ["model.backbone=vgg16"])
        warn_if_slow("seed-rafdb", config, console, images=12_272)
        assert "was not measured" in said(console)

    @pytest.mark.parametrize("preset", ["smoke", "quick", "starter"])
    def test_is_silent_for_presets_of_the_cpu(
        self, console: Console, monkeypatch: pytest.MonkeyPatch, preset: str
    ) -> None:
        with_gpus(monkeypatch)
        warn_if_slow(preset, load_preset(preset), console, images=1_000)
        assert said(console) == ""

    def test_is_silent_with_a_gpu_that_tensorflow_can_use(
        self, console: Console, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def absent(name: str) -> str:
            raise advice.PackageNotFoundError(name)

        with_gpus(monkeypatch, "NVIDIA H100")
        monkeypatch.setattr(advice, "version", absent)
        warn_if_slow("best-gpu", load_preset("best-gpu"), console, images=11_044)
        assert said(console) == ""

    def test_a_cpu_without_bfloat16_is_told_the_remedy(
        self, console: Console, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_gpus(monkeypatch, bfloat16=False)
        warn_if_slow("quick", load_preset("quick"), console, images=28_709)
        assert "add loop.precision=float32" in said(console)

    def test_and_nothing_once_it_is_applied(
        self, console: Console, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_gpus(monkeypatch, bfloat16=False)
        config = with_overrides(load_preset("quick"), ["loop.precision=float32"])
        warn_if_slow("quick", config, console, images=28_709)
        assert said(console) == ""


class TestWarnIfFew:
    def few(self, console: Console, preset: str, images: int, found: str | None = None) -> str:
        warn_if_few(load_preset(preset), console, images=images, data=Path("[faces]"), found=found)
        return said(console)

    @pytest.mark.parametrize("preset", ["quick", "best-gpu", "starter-teacher"])
    def test_few_images_from_scratch_lead_to_finetune(self, console: Console, preset: str) -> None:
        text = self.few(console, preset, 342)
        assert f"342 training images are few for {preset}" in text
        assert text.endswith("make finetune DATA=[faces]")

    def test_the_end_says_what_came_of_it_first(self, console: Console) -> None:
        text = self.few(console, "quick", 342, "It learned nothing.")
        assert text.startswith("warning: It learned nothing. 342 training images")

    @pytest.mark.parametrize(("preset", "images"), [("quick", 28_709), ("starter", 342)])
    def test_is_silent_with_many_images_or_a_model_to_go_on_from(
        self, console: Console, preset: str, images: int
    ) -> None:
        assert self.few(console, preset, images) == ""

    def test_but_nothing_learned_is_always_said(self, console: Console) -> None:
        assert self.few(console, "quick", 28_709, "Nothing.") == "warning: Nothing."


class TestTrain:
    @pytest.mark.parametrize("preset", sorted(PRESETS.keys() - {"smoke"}))
    def test_without_data_is_wrong_usage_that_explains_itself(
        self, preset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        result = CliRunner(env={"COLUMNS": "100"}).invoke(app, ["train", "--preset", preset])
        assert result.exit_code == 2
        assert f"no data: {preset} learns from" in result.output
        assert "make train PRESET=smoke" in result.output
        assert list(tmp_path.iterdir()) == []
