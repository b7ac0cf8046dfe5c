import json
from pathlib import Path

import pytest

from services.trainer.config import TrainConfig, with_overrides
from services.trainer.errors import RunError
from services.trainer.networks.normalisation import Normalisation
from services.trainer.training.run import Run
from tests.fixtures.training import tiny_config

NORMALISATION = Normalisation((120.0,), (60.0,))
DATA = {"source_sha256": "0" * 64, "train": 56}


def begin(run: Run, *settings: str, **data: object) -> TrainConfig:
    config = with_overrides(tiny_config(), settings)
    run.begin(config, normalisation=NORMALISATION, data={**DATA, **data})
    return config


class TestBegin:
    def test_records_what_reproduces_the_run(self, tmp_path: Path) -> None:
        run = Run(tmp_path)
        config = begin(run)
        assert run.config() == config
        assert run.normalisation() == NORMALISATION
        (session,) = run.read()["sessions"]
        assert {"git_revision", "packages", "host", "command", "started_at"} <= session.keys()
        assert session["packages"]["numpy"]
        assert session["seed"] == config.loop.seed
        assert run.read()["data_identity"] == DATA
        assert {"name", "machine", "cpu", "cores", "memory_gib", "gpus"} == session["host"].keys()

    def test_a_resume_adds_a_session(self, tmp_path: Path) -> None:
        begin(Run(tmp_path))
        begin(Run(tmp_path))
        assert len(Run(tmp_path).read()["sessions"]) == 2

    def test_a_changed_plan_can_be_read_back(self, tmp_path: Path) -> None:
        begin(Run(tmp_path))
        config = with_overrides(tiny_config(), ["loop.epochs=9"])
        Run(tmp_path).begin(config, normalisation=NORMALISATION, data=DATA, step=7)
        sessions = Run(tmp_path).read()["sessions"]
        assert [(s["from_step"], s["planned_epochs"]) for s in sessions] == [(0, 2), (7, 9)]

    @pytest.mark.parametrize("setting", ["optim.lr=0.5", "loop.seed=3", "data.size=32"])
    def test_refuses_another_recipe(self, tmp_path: Path, setting: str) -> None:
        begin(Run(tmp_path))
        with pytest.raises(RunError, match="begun with other settings"):
            begin(Run(tmp_path), setting)

    def test_refuses_other_data(self, tmp_path: Path) -> None:
        begin(Run(tmp_path))
        with pytest.raises(RunError, match="data_identity"):
            begin(Run(tmp_path), source_sha256="1" * 64)

    @pytest.mark.parametrize(
        "setting", ["loop.epochs=9", "loop.threads=4", "loop.gpus=1", "data.crop_margin=0.3"]
    )
    def test_allows_what_changes_no_step(self, tmp_path: Path, setting: str) -> None:
        begin(Run(tmp_path))
        assert begin(Run(tmp_path), setting) == Run(tmp_path).config()

    def test_a_folder_without_a_run_says_so(self, tmp_path: Path) -> None:
        assert not Run(tmp_path).exists
        with pytest.raises(RunError, match="no run folder"):
            Run(tmp_path).config()


class TestDamage:
    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"config": {}}', b"\xff\xfe"])
    def test_a_record_that_is_none_is_named(self, tmp_path: Path, content: bytes) -> None:
        begin(Run(tmp_path))
        (tmp_path / "run.json").write_bytes(content)
        with pytest.raises(RunError, match=r"run\.json is damaged; start anew"):
            Run(tmp_path).config()

    def test_a_recipe_of_another_version_names_the_setting(self, tmp_path: Path) -> None:
        begin(Run(tmp_path))
        record = Run(tmp_path).read()
        record["config"]["optim"]["lookahead"] = 5
        (tmp_path / "run.json").write_text(json.dumps(record))
        with pytest.raises(RunError, match=r"another version .*optim\.lookahead"):
            Run(tmp_path).config()
        with pytest.raises(RunError, match="another version"):
            begin(Run(tmp_path))

    @pytest.mark.parametrize("manifest", [{}, {"images_sha256": "0" * 64}, {"images": 3}, []])
    def test_data_of_another_version_is_named(self, tmp_path: Path, manifest: object) -> None:
        data = tmp_path / "data"
        data.mkdir()
        (data / "manifest.json").write_text(json.dumps(manifest))
        (data / "images.npy").write_bytes(b"pixels")
        with pytest.raises(RunError, match="prepare"):
            Run(tmp_path).prepared()
