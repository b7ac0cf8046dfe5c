from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.common.config import Settings
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.errors import BundleError
from services.common.registry.errors import ModelWorseError
from services.common.registry.repository import ModelRepository
from services.trainer.cli import app
from services.trainer.export.publish import publish
from tests.fixtures.bundles import tiny_card, write_tiny_bundle
from tests.fixtures.settings import DEAD


def active(sessions: SessionFactory) -> str | None:
    with unit_of_work(sessions) as session:
        model = ModelRepository(session).active()
        return None if model is None else model.version


class TestPublish:
    def test_leaves_the_choice_unless_asked_to_activate(
        self, settings: Settings, sessions: SessionFactory, tmp_path: Path
    ) -> None:
        bundle = write_tiny_bundle(tmp_path / "bundle")
        assert publish(bundle.directory, settings) == bundle.version
        assert active(sessions) is None
        assert publish(bundle.directory, settings, activate_it=True) == bundle.version
        assert active(sessions) == "0.1.0"

    def test_a_worse_model_is_published_and_not_activated(
        self, settings: Settings, sessions: SessionFactory, tmp_path: Path
    ) -> None:
        for version, score in (("0.1.0", 0.6), ("0.2.0", 0.5)):
            metrics = {"macro_f1": score, "test_sha256": "a" * 64}
            card = tiny_card(version=version).model_copy(update={"metrics": metrics})
            write_tiny_bundle(tmp_path / version, card=card)
        publish(tmp_path / "0.1.0", settings, activate_it=True)
        with pytest.raises(ModelWorseError):
            publish(tmp_path / "0.2.0", settings, activate_it=True)
        assert active(sessions) == "0.1.0"
        publish(tmp_path / "0.2.0", settings, activate_it=True, force=True)
        assert active(sessions) == "0.2.0"

    def test_refuses_a_bundle_that_a_worker_would_refuse(
        self, settings: Settings, sessions: SessionFactory, tmp_path: Path
    ) -> None:
        bundle = write_tiny_bundle(tmp_path / "bundle")
        (bundle.directory / "stray").write_bytes(b"")
        with pytest.raises(BundleError, match="stray"):
            publish(bundle.directory, settings)
        with unit_of_work(sessions) as session:
            assert ModelRepository(session).all() == []


class TestCommand:
    def test_without_a_service_says_what_to_set(self, tmp_path: Path) -> None:
        runner = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"})
        result = runner.invoke(app, ["publish", "--bundle", str(tmp_path)])
        assert result.exit_code == 2
        assert "HFER_DATABASE__URL" in result.output

    def test_a_database_that_is_away_is_a_sentence(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for group, values in DEAD.items():
            for name, value in values.items():
                monkeypatch.setenv(f"HFER_{group}__{name}".upper(), str(value))
        bundle = write_tiny_bundle(tmp_path / "bundle")
        runner = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"})
        result = runner.invoke(app, ["publish", "--bundle", str(bundle.directory)])
        assert result.exit_code == 1
        assert "the database is not reachable" in result.output
        assert "made-up" not in result.output
