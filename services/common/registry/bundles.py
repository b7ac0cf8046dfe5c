"""Registering bundles. The kernel reads a manifest as JSON only; `services.vision` verifies it."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from services.common.domain.bundles import MANIFEST_NAME, model_version
from services.common.domain.errors import BundleError
from services.common.registry.repository import ModelRepository


@dataclass(frozen=True, slots=True)
class BundleIdentity:
    """Which bundle lies in a folder. ``sha256`` is its manifest's, hence of every file of it."""

    name: str
    version: str
    sha256: bytes
    manifest: str

    @property
    def model_version(self) -> str:
        """The name that every result carries, such as ``starter-0.1.0+1a2b3c4d``."""
        return model_version(self.name, self.version, self.sha256.hex())


def read_identity(directory: Path) -> BundleIdentity:
    """Read who the bundle in ``directory`` is, without loading it.

    Raises:
        BundleError: there is no readable manifest with a name and a version.
    """
    try:
        raw = (directory / MANIFEST_NAME).read_bytes()
        manifest = json.loads(raw)
        name, version = str(manifest["name"]), str(manifest["version"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"No readable {MANIFEST_NAME}; is this a model bundle?") from error
    return BundleIdentity(name, version, hashlib.sha256(raw).digest(), raw.decode())


def register_bundle(session: Session, identity: BundleIdentity) -> None:
    """Write the row of a bundle; it becomes active when no other is.

    Idempotent: every worker does it at its start.
    """
    models = ModelRepository(session)
    models.lock()
    model_id = models.upsert(
        name=identity.name,
        version=identity.version,
        sha256=identity.sha256,
        manifest=identity.manifest,
    )
    if models.active() is None:
        models.make_active(model_id, kind="first", actor="worker")
