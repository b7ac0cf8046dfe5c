"""Published models as a worker sees them: rows of the registry, bundles in the bucket."""

import os
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from services.common.config import ModelSettings
from services.common.db.retrying import RetryingDatabase
from services.common.db.tables import Model
from services.common.domain.errors import HferError
from services.common.jobs.queue.repositories.turns import TurnRepository
from services.common.registry.bundles import BundleIdentity
from services.common.registry.publishing import fetch_bundle, upload_bundle
from services.common.registry.repository import ModelRepository
from services.common.registry.trial_load_repository import AskedLoad, TrialLoadRepository
from services.common.storage import ObjectStorage
from services.common.telemetry import get_logger
from services.worker.models.manager import Wanted

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shipped:
    """The bundle that this worker was installed with."""

    directory: Path
    identity: BundleIdentity


class PublishedModels:
    """The real ``ModelSource``. For one thread."""

    def __init__(
        self,
        database: RetryingDatabase,
        storage: ObjectStorage,
        *,
        settings: ModelSettings,
        shipped: Shipped,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._storage = storage
        self._settings = settings
        self._shipped = shipped
        self._clock = clock
        self._uploaded = False
        self._next_upload = 0.0

    def wanted(self) -> Wanted:
        """See ``ModelSource.wanted``.

        Raises:
            TransientError: the database stayed away.
        """
        return self._database.run(_read)

    def former(self) -> bytes | None:
        """See ``ModelSource.former``."""

        def step(session: Session) -> bytes | None:
            model = ModelRepository(session).before_active()
            return None if model is None else model.sha256

        return self._database.run(step)

    def folder(self, sha256: bytes) -> Path:
        """See ``ModelSource.folder``; the shipped bundle lies where it was installed.

        Raises:
            HferError: it was never published, is another one, or the bucket is away.
            OSError: the cache cannot be written.
        """
        if sha256 == self._shipped.identity.sha256:
            return self._shipped.directory
        cache = self._settings.cache_dir or _default_cache()
        return fetch_bundle(self._storage, sha256, cache=cache)

    def upload_shipped(self) -> None:
        """See ``ModelSource.upload_shipped``: there other workers, and a rollback, find it."""
        if self._uploaded or self._clock() < self._next_upload:
            return
        self._next_upload = self._clock() + self._settings.retry_s
        try:
            upload_bundle(self._storage, self._shipped.directory, self._shipped.identity)
            self._uploaded = True
        except HferError as error:
            _log.warning("model.not_uploaded", code=error.code, reason=error.detail)

    def job_models(self) -> list[bytes]:
        """See ``ModelSource.job_models``.

        Raises:
            TransientError: the database stayed away.
        """
        return self._database.run(lambda session: TurnRepository(session).wanted_models())

    def asked_load(self) -> AskedLoad | None:
        """See ``ModelSource.asked_load``.

        Raises:
            TransientError: the database stayed away.
        """
        return self._database.run(
            lambda session: TrialLoadRepository(session).claim(host=socket.gethostname())
        )

    def answer_load(self, asked: AskedLoad, fault: tuple[str, str] | None) -> None:
        """See ``ModelSource.answer_load``.

        Raises:
            TransientError: the database stayed away.
        """
        code, reason = fault or (None, None)
        self._database.run(
            lambda session: TrialLoadRepository(session).finish(
                asked.id, error_code=code, error_detail=reason
            )
        )


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
