"""Bundles on their way into the bucket, and out of it again."""

import hashlib
import io
import json
import shutil
import tempfile
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Model
from services.common.domain.bundles import MANIFEST_NAME
from services.common.domain.errors import BundleError
from services.common.registry.bundles import BundleIdentity, read_identity
from services.common.registry.errors import ModelVersionTakenError
from services.common.registry.repository import ModelRepository
from services.common.storage import ObjectMissingError, ObjectStorage
from services.common.storage_keys import bundle_key

_CONTENT_TYPE = "application/octet-stream"


def publish_bundle(
    sessions: SessionFactory,
    storage: ObjectStorage,
    directory: Path,
    *,
    note: Callable[[Session, uuid.UUID], None] = lambda _session, _public_id: None,
) -> uuid.UUID:
    """Put the bundle in ``directory`` into the bucket, then write its row; not active yet.

    Published again it is the same model. The files come before the row: a row that a worker can
    see never names a file that is not there.

    Args:
        sessions: makes the transactions.
        storage: the bucket.
        directory: the bundle.
        note: called with the model's public id in the transaction that writes its row.

    Returns:
        The model's public id.

    Raises:
        BundleError: the folder is no bundle, or a file is not what its hash says.
        ModelVersionTakenError: another bundle has this name and version.
    """
    identity = read_identity(directory)
    with unit_of_work(sessions) as session:
        _check_free(ModelRepository(session), identity)
    upload_bundle(storage, directory, identity)
    with unit_of_work(sessions) as session:
        models = ModelRepository(session)
        models.lock()
        _check_free(models, identity)
        models.upsert(
            name=identity.name,
            version=identity.version,
            sha256=identity.sha256,
            manifest=identity.manifest,
        )
        row = models.by_version(name=identity.name, version=identity.version)
        assert row is not None  # noqa: S101 - written a line above
        note(session, row.public_id)
        return row.public_id


def upload_bundle(storage: ObjectStorage, directory: Path, identity: BundleIdentity) -> None:
    """Put the files into the bucket, the manifest last; what is there already is left.

    Raises:
        BundleError: a file is missing or not what its hash says.
    """
    if storage.exists(bundle_key(identity.sha256, MANIFEST_NAME)):
        return
    for name, digest in file_hashes(json.loads(identity.manifest)).items():
        try:
            data = (directory / name).read_bytes()
        except OSError as error:
            raise BundleError(f"{name} is missing from the bundle.") from error
        _verify(data, name=name, digest=digest)
        _put(storage, identity.sha256, name, data)
    _put(storage, identity.sha256, MANIFEST_NAME, identity.manifest.encode())


def read_bundle_file(storage: ObjectStorage, model: Model, name: str) -> bytes:
    """Return a file of a published bundle: one that its manifest names, or the manifest.

    Raises:
        ObjectMissingError: the bundle has no such file, or its files were never published.
    """
    if name != MANIFEST_NAME and name not in file_hashes(model.manifest):
        raise ObjectMissingError(f"no file {name} in the bundle")
    return storage.get(bundle_key(model.sha256, name))


def fetch_bundle(storage: ObjectStorage, sha256: bytes, *, cache: Path) -> Path:
    """Return a folder with the published bundle, from ``cache`` or from the bucket.

    Complete or not there: written beside its place and renamed, also when several processes
    fetch at once. ``services.vision`` verifies every hash when it loads the folder.

    Raises:
        ObjectMissingError: its files were never published.
        BundleError: the manifest in the bucket is another one's.
    """
    target = cache / sha256.hex()
    if (target / MANIFEST_NAME).is_file():
        # The folder may be one that others can write to.
        _verify((target / MANIFEST_NAME).read_bytes(), name=MANIFEST_NAME, digest=sha256.hex())
        return target
    manifest = storage.get(bundle_key(sha256, MANIFEST_NAME))
    _verify(manifest, name=MANIFEST_NAME, digest=sha256.hex())
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=cache, prefix=".fetching-"))
    try:
        for name, digest in file_hashes(json.loads(manifest)).items():
            data = storage.get(bundle_key(sha256, name))
            _verify(data, name=name, digest=digest)
            (scratch / name).write_bytes(data)
        (scratch / MANIFEST_NAME).write_bytes(manifest)
        try:
            scratch.rename(target)
        except OSError:
            # Another process was first; its folder holds the same content.
            if not (target / MANIFEST_NAME).is_file():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def file_hashes(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return name and hex SHA-256 of the files that a manifest names.

    Raises:
        BundleError: it names none, or not as names and hashes.
    """
    files = manifest.get("files")
    if not isinstance(files, dict) or not files:
        raise BundleError(f"{MANIFEST_NAME} names no files; export the bundle again.")
    return {str(name): str(digest) for name, digest in files.items()}


def _check_free(models: ModelRepository, identity: BundleIdentity) -> None:
    taken = models.by_version(name=identity.name, version=identity.version)
    if taken is not None and taken.sha256 != identity.sha256:
        raise ModelVersionTakenError(
            f"{identity.name}-{identity.version} is another model; export this one under a "
            "version of its own."
        )


def _verify(data: bytes, *, name: str, digest: str) -> None:
    if hashlib.sha256(data).hexdigest() != digest:
        raise BundleError(f"{name} is not what its SHA-256 says; fetch or export it again.")


def _put(storage: ObjectStorage, sha256: bytes, name: str, data: bytes) -> None:
    key = bundle_key(sha256, name)
    storage.put(key, io.BytesIO(data), size=len(data), content_type=_CONTENT_TYPE)
