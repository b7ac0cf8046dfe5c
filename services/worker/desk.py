"""Which model this process answers with: it follows the registry between chunks."""

import os
import random
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from services.common.config import ModelSettings
from services.common.db.models import Model
from services.common.domain.errors import HferError
from services.common.models.publishing import fetch_bundle, upload_bundle
from services.common.models.repository import ModelRepository
from services.common.models.service import BundleIdentity
from services.common.storage import ObjectStorage
from services.common.telemetry import get_logger
from services.worker.analysers import PhotoAnalyser
from services.worker.patience import PatientDatabase
from services.worker.trial import Trial

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shipped:
    """The bundle that this worker was installed with."""

    directory: Path
    identity: BundleIdentity


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the registry says: SHA-256 of the active bundle, and the trial if there is one."""

    active: bytes | None
    candidate: bytes | None = None
    candidate_id: int = 0
    share: float = 0.0


class ModelDesk:
    """Hands out the analyser of each chunk.

    A bundle that cannot be fetched or must not be used is refused: the model before it goes on,
    ``trouble`` says why, and it is tried again after a pause. No lease is held meanwhile.
    """

    def __init__(
        self,
        analyser: PhotoAnalyser,
        *,
        database: PatientDatabase,
        storage: ObjectStorage,
        settings: ModelSettings,
        shipped: Shipped | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with ``analyser``; without a ``shipped`` bundle (in tests) it never changes."""
        self._database = database
        self._storage = storage
        self._settings = settings
        self._shipped = shipped
        self._clock = clock
        self._first = analyser
        self._loaded: dict[bytes, PhotoAnalyser] = {}
        if shipped is not None:
            self._loaded[shipped.identity.sha256] = analyser
        self._refused: dict[bytes, float] = {}
        self._wanted = Wanted(active=None)
        self._active = analyser
        self._uploaded = False
        self._next_look = 0.0
        self.trouble: str | None = None

    @property
    def model_version(self) -> str:
        """The model that answers the next chunk, trials aside."""
        return self._active.model_version

    @property
    def precision(self) -> str:
        """Its arithmetic."""
        return self._active.precision

    def refresh(self) -> None:
        """Look at the registry if it is time to, and load what it wants."""
        if self._shipped is None or self._clock() < self._next_look:
            return
        self._next_look = self._clock() + self._settings.poll_s
        self._upload_shipped(self._shipped)
        wanted = self._database.run(_read)
        self._wanted = wanted
        self.trouble = None
        active = self._load(wanted.active)
        if active is not None and active is not self._active:
            _log.info(
                "model.switched",
                before=self.model_version,
                after=active.model_version,
                precision=active.precision,
            )
            self._active = active
        self._load(wanted.candidate)
        needed = {wanted.active, wanted.candidate, self._shipped.identity.sha256}
        self._loaded = {
            key: analyser
            for key, analyser in self._loaded.items()
            if key in needed or analyser is self._active
        }

    def analyser_for(self, token: uuid.UUID) -> PhotoAnalyser | Trial:
        """Return what analyses the chunk under this lease token.

        Which chunks a trial gets is decided by the token, so that a chunk keeps its model.
        """
        wanted = self._wanted
        candidate = self._loaded.get(wanted.candidate) if wanted.candidate else None
        if candidate is None or random.Random(token.int).random() >= wanted.share:  # noqa: S311 - a share, not a secret
            return self._active
        return Trial(candidate, self._active, model_id=wanted.candidate_id)

    def _load(self, sha256: bytes | None) -> PhotoAnalyser | None:
        """Return the analyser of a bundle; None if there is none or it is refused for now."""
        if sha256 is None or sha256 in self._loaded:
            return None if sha256 is None else self._loaded[sha256]
        if self._clock() < self._refused.get(sha256, 0.0):
            self.trouble = "bundle-refused"
            return None
        try:
            cache = self._settings.cache_dir or _default_cache()
            folder = fetch_bundle(self._storage, sha256, cache=cache)
            self._loaded[sha256] = self._first.with_bundle(folder)
        except HferError as error:
            self._refused[sha256] = self._clock() + self._settings.retry_s
            self.trouble = error.code
            _log.error("model.refused", sha256=sha256.hex(), code=error.code, reason=error.detail)
            return None
        return self._loaded[sha256]

    def _upload_shipped(self, shipped: Shipped) -> None:
        """Put the shipped bundle where other workers, and a rollback, can find it."""
        if self._uploaded:
            return
        try:
            upload_bundle(self._storage, shipped.directory, shipped.identity)
            self._uploaded = True
        except HferError as error:
            _log.warning("model.not_uploaded", code=error.code, reason=error.detail)


def _read(session: Session) -> Wanted:
    models = ModelRepository(session)
    active, canary = models.active(), models.canary()
    if canary is None:
        return Wanted(active=None if active is None else active.sha256)
    candidate = session.get_one(Model, canary.model_id)
    return Wanted(
        active=None if active is None else active.sha256,
        candidate=candidate.sha256,
        candidate_id=candidate.id,
        share=canary.share,
    )


def _default_cache() -> Path:
    """A folder of this user only: what lies there is loaded, though never unverified."""
    return Path(tempfile.gettempdir()) / f"hfer-models-{os.getuid()}"


def describe(desk: ModelDesk) -> Mapping[str, str]:
    """What the heartbeat tells of the desk."""
    trouble = {} if desk.trouble is None else {"model_trouble": desk.trouble}
    return {"precision": desk.precision, **trouble}
