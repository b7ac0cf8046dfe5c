import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Model
from services.common.domain.bundles import MANIFEST_NAME
from services.common.domain.errors import BundleError
from services.common.registry.bundles import read_identity, register_bundle
from services.common.registry.repository import ModelRepository


def write_manifest(folder: Path, **manifest: str) -> Path:
    (folder / MANIFEST_NAME).write_text(
        json.dumps({"name": "tiny", "version": "0.1.0", **manifest})
    )
    return folder


def register(sessions: SessionFactory, folder: Path) -> None:
    with unit_of_work(sessions) as session:
        register_bundle(session, read_identity(folder))


class TestReadIdentity:
    def test_names_the_version_as_results_do(self, tmp_path: Path) -> None:
        identity = read_identity(write_manifest(tmp_path))
        assert identity.model_version == f"tiny-0.1.0+{identity.sha256.hex()[:8]}"

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"name": "tiny"}'])
    def test_refuses_what_is_no_manifest(self, tmp_path: Path, content: str) -> None:
        (tmp_path / MANIFEST_NAME).write_text(content)
        with pytest.raises(BundleError, match="No readable"):
            read_identity(tmp_path)

    def test_refuses_a_folder_without_one(self, tmp_path: Path) -> None:
        with pytest.raises(BundleError, match="is this a model bundle"):
            read_identity(tmp_path)


class TestRegisterBundle:
    def test_the_first_becomes_active(self, sessions: SessionFactory, tmp_path: Path) -> None:
        with unit_of_work(sessions) as session:
            assert ModelRepository(session).active() is None
        register(sessions, write_manifest(tmp_path))
        with unit_of_work(sessions) as session:
            model = ModelRepository(session).active()
        assert model is not None
        assert (model.name, model.version) == ("tiny", "0.1.0")
        assert model.manifest == {"name": "tiny", "version": "0.1.0"}
        assert model.activated_at is not None

    def test_a_second_does_not(self, sessions: SessionFactory, tmp_path: Path) -> None:
        register(sessions, write_manifest(tmp_path))
        register(sessions, write_manifest(tmp_path, version="0.2.0"))
        with unit_of_work(sessions) as session:
            models = ModelRepository(session).all()
        assert [(model.version, model.active) for model in models] == [
            ("0.2.0", False),
            ("0.1.0", True),
        ]

    def test_again_changes_nothing(self, sessions: SessionFactory, tmp_path: Path) -> None:
        for _ in range(2):
            register(sessions, write_manifest(tmp_path))
        with unit_of_work(sessions) as session:
            assert session.scalar(select(func.count()).select_from(Model)) == 1

    def test_a_new_export_of_a_version_replaces_its_row(
        self, sessions: SessionFactory, tmp_path: Path
    ) -> None:
        register(sessions, write_manifest(tmp_path))
        register(sessions, write_manifest(tmp_path, recipe="better"))
        with unit_of_work(sessions) as session:
            (model,) = ModelRepository(session).all()
            assert ModelRepository(session).get(model.public_id) is model
        assert model.manifest["recipe"] == "better"
        assert model.sha256 == read_identity(tmp_path).sha256
        assert model.active
