"""Every query on the table of published models."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.common.db.models import Model
from services.common.domain.ids import new_uuid7

# A bundle that was exported again under its old version replaces the row: results keep the
# first digits of the old one's SHA-256 in their model version.
_UPSERT = text("""
    INSERT INTO model (public_id, name, version, sha256, manifest, active)
    VALUES (:public_id, :name, :version, :sha256, CAST(:manifest AS jsonb), false)
    ON CONFLICT (name, version) DO UPDATE
    SET sha256 = excluded.sha256, manifest = excluded.manifest
    RETURNING id
""")
# Two processes that start at once may both try; the partial unique index lets one win.
_ACTIVATE_FIRST = text("""
    UPDATE model SET active = true, activated_at = now()
    WHERE id = :id AND NOT EXISTS (SELECT FROM model WHERE active)
""")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('hfer.model'))")


class ModelRepository:
    """Reads and writes models in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def upsert(self, *, name: str, version: str, sha256: bytes, manifest: str) -> int:
        """Write a bundle's row; return its id. ``manifest`` is JSON text."""
        parameters: dict[str, Any] = {
            "public_id": new_uuid7(),
            "name": name,
            "version": version,
            "sha256": sha256,
            "manifest": manifest,
        }
        return int(self._session.execute(_UPSERT, parameters).scalar_one())

    def lock(self) -> None:
        """Let one process at a time change models, until the commit."""
        self._session.execute(_LOCK)

    def activate_if_first(self, model_id: int) -> None:
        """Make a model the active one unless there is one."""
        self._session.execute(_ACTIVATE_FIRST, {"id": model_id})

    def active(self) -> Model | None:
        """Return the active model; None before the first is registered."""
        return self._session.scalar(select(Model).where(Model.active))

    def get(self, public_id: uuid.UUID) -> Model | None:
        """Return one model."""
        return self._session.scalar(select(Model).where(Model.public_id == public_id))

    def all(self) -> Sequence[Model]:
        """Return every model, the newest first."""
        query = select(Model).order_by(Model.created_at.desc(), Model.id.desc())
        return self._session.scalars(query).all()
