import io
from pathlib import Path

import pytest

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Model
from services.common.domain.errors import BundleError
from services.common.registry.errors import ModelVersionTakenError
from services.common.registry.publishing import fetch_bundle, publish_bundle, read_bundle_file
from services.common.registry.repository import ModelRepository
from services.common.storage import ObjectMissingError, ObjectStorage
from services.common.storage_keys import bundle_key
from services.vision.bundle import load_bundle
from tests.fixtures.bundles import tiny_card, write_tiny_bundle


def row(sessions: SessionFactory) -> Model:
    with unit_of_work(sessions) as session:
        (model,) = ModelRepository(session).all()
        return model


class TestPublish:
    def test_a_worker_can_fetch_what_was_published(
        self, sessions: SessionFactory, storage: ObjectStorage, tmp_path: Path
    ) -> None:
        bundle = write_tiny_bundle(tmp_path / "bundle")
        public_id = publish_bundle(sessions, storage, bundle.directory)
        model = row(sessions)
        assert (model.public_id, model.active) == (public_id, False)
        folder = fetch_bundle(storage, model.sha256, cache=tmp_path / "cache")
        assert load_bundle(folder).identity == bundle.identity
        assert fetch_bundle(storage, model.sha256, cache=tmp_path / "cache") == folder
        assert [path.name for path in (tmp_path / "cache").iterdir()] == [folder.name]

    def test_again_is_the_same_model(
        self, sessions: SessionFactory, storage: ObjectStorage, tmp_path: Path
    ) -> None:
        bundle = write_tiny_bundle(tmp_path / "bundle")
        first = publish_bundle(sessions, storage, bundle.directory)
        assert publish_bundle(sessions, storage, bundle.directory) == first

    def test_refuses_another_bundle_under_a_taken_version(
        self, sessions: SessionFactory, storage: ObjectStorage, tmp_path: Path
    ) -> None:
        publish_bundle(sessions, storage, write_tiny_bundle(tmp_path / "one").directory)
        other = write_tiny_bundle(tmp_path / "two", card=tiny_card(temperature=2.0))
        with pytest.raises(ModelVersionTakenError, match=r"tiny-0\.1\.0 is another model"):
            publish_bundle(sessions, storage, other.directory)

    def test_refuses_a_changed_file_and_leaves_no_row(
        self, sessions: SessionFactory, storage: ObjectStorage, tmp_path: Path
    ) -> None:
        bundle = write_tiny_bundle(tmp_path / "bundle")
        with (bundle.directory / "model.onnx").open("ab") as file:
            file.write(b"x")
        with pytest.raises(BundleError, match=r"model\.onnx is not what its SHA-256 says"):
            publish_bundle(sessions, storage, bundle.directory)
        with unit_of_work(sessions) as session:
            assert ModelRepository(session).all() == []


class TestReadFile:
    def test_gives_files_that_the_manifest_names_and_no_other(
        self, sessions: SessionFactory, storage: ObjectStorage, tmp_path: Path
    ) -> None:
        bundle = write_tiny_bundle(tmp_path / "bundle")
        publish_bundle(sessions, storage, bundle.directory)
        for name in ("bundle.json", "golden.npz"):
            expected = (bundle.directory / name).read_bytes()
            assert read_bundle_file(storage, row(sessions), name) == expected
        with pytest.raises(ObjectMissingError):
            read_bundle_file(storage, row(sessions), "../secret")


class TestFetch:
    def test_refuses_a_byte_changed_in_the_bucket(
        self, sessions: SessionFactory, storage: ObjectStorage, tmp_path: Path
    ) -> None:
        bundle = write_tiny_bundle(tmp_path / "bundle")
        publish_bundle(sessions, storage, bundle.directory)
        model = row(sessions)
        damaged = bytearray((bundle.directory / "model.onnx").read_bytes())
        damaged[-1] ^= 1
        key = bundle_key(model.sha256, "model.onnx")
        storage.put(key, io.BytesIO(damaged), size=len(damaged), content_type="a/b")
        with pytest.raises(BundleError, match="is not what its SHA-256 says"):
            fetch_bundle(storage, model.sha256, cache=tmp_path / "cache")
        assert list((tmp_path / "cache").iterdir()) == []
