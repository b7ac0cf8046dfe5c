"""Every query on the table of published models."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from services.common.db.model_tables import ModelActivation, ModelCanary
from services.common.db.tables import Model
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
_DEACTIVATE = text("UPDATE model SET active = false WHERE active")
_ACTIVATE = text("UPDATE model SET active = true, activated_at = now() WHERE id = :id")
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

    def make_active(self, model_id: int, *, kind: str, actor: str, forced: bool = False) -> None:
        """Make a model the active one and write it into the history; `lock` first."""
        before = self.active()
        self._session.execute(_DEACTIVATE)
        self._session.execute(_ACTIVATE, {"id": model_id})
        self._session.add(
            ModelActivation(
                model_id=model_id,
                previous_id=None if before is None else before.id,
                kind=kind,
                actor=actor,
                forced=forced,
            )
        )
        self._session.flush()
        self._session.expire_all()

    def before_active(self) -> Model | None:
        """Return the model that was active before the present one, by the history.

        An activation puts a model on top of a stack, a rollback takes the topmost away: what was
        rolled back from is not come back to.
        """
        query = select(ModelActivation.kind, ModelActivation.model_id).order_by(ModelActivation.id)
        stack: list[int] = []
        for kind, model_id in self._session.execute(query):
            if kind == "rollback":
                stack.pop()
            else:
                stack.append(model_id)
        return self._session.get(Model, stack[-2]) if len(stack) > 1 else None

    def canary(self) -> ModelCanary | None:
        """Return the trial that is running."""
        return self._session.scalar(select(ModelCanary))

    def add_canary(self, model_id: int, *, share: float, actor: str) -> None:
        """Write the row of a trial; there must be none."""
        self._session.add(ModelCanary(only_row=1, model_id=model_id, share=share, actor=actor))
        self._session.flush()

    def remove_canary(self) -> None:
        """Delete the row of the trial, if there is one."""
        self._session.execute(delete(ModelCanary))

    def count_canary(
        self, model_id: int, *, photos: int, faces: int, agreed: int, abs_dp: float
    ) -> None:
        """Add to the counts of the trial of this model."""
        self._session.execute(
            update(ModelCanary)
            .where(ModelCanary.model_id == model_id)
            .values(
                chunks=ModelCanary.chunks + 1,
                photos=ModelCanary.photos + photos,
                faces=ModelCanary.faces + faces,
                agreed=ModelCanary.agreed + agreed,
                abs_dp=ModelCanary.abs_dp + abs_dp,
                updated_at=func.now(),
            )
        )

    def by_version(self, *, name: str, version: str) -> Model | None:
        """Return the model of this name and version."""
        query = select(Model).where(Model.name == name, Model.version == version)
        return self._session.scalar(query)

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
