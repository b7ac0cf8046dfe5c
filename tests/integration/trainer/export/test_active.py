from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.common.config import Settings
from services.trainer.cli import app
from services.trainer.export.active import fetch_active
from services.trainer.export.publish import publish
from services.vision.bundle import load_bundle
from tests.fixtures.bundles import write_tiny_bundle
from tests.fixtures.settings import DEAD


class TestFetchActive:
    def test_fetches_the_bundle_that_answers_now(self, settings: Settings, tmp_path: Path) -> None:
        bundle = write_tiny_bundle(tmp_path / "bundle")
        publish(bundle.directory, settings, activate_it=True)
        folder = fetch_active(settings, cache=tmp_path / "cache")
        assert folder is not None
        assert folder.parent == tmp_path / "cache"
        assert load_bundle(folder).identity == bundle.identity

    def test_is_nothing_where_none_was_activated(self, settings: Settings, tmp_path: Path) -> None:
        publish(write_tiny_bundle(tmp_path / "bundle").directory, settings)
        assert fetch_active(settings, cache=tmp_path / "cache") is None


class TestFinetune:
    def test_a_database_that_is_away_names_the_way_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for group, values in DEAD.items():
            for name, value in values.items():
                monkeypatch.setenv(f"HFER_{group}__{name}".upper(), str(value))
        monkeypatch.chdir(tmp_path)
        runner = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"})
        result = runner.invoke(app, ["finetune", "--data", str(tmp_path), "--name", "mine"])
        assert result.exit_code == 1
        assert "not reachable" in result.output
        assert "--bundle models/starter" in result.output
