"""Which model this process answers with: it follows the registry while photos are analysed."""

import gc
import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakSet

from services.common.config import ModelSettings
from services.common.registry.trial_load_repository import AskedLoad
from services.common.telemetry import get_logger
from services.worker.models.analyser import PhotoAnalyser
from services.worker.models.canary import CanaryAnalyser
from services.worker.models.refusal import Refusal, explain

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the registry says: SHA-256 of the active bundle, and the canary if there is one."""

    active: bytes | None
    candidate: bytes | None = None
    candidate_id: int = 0
    share: float = 0.0


class ModelSource(Protocol):
    """What is asked of the registry and the bucket. It may raise errors of any kind."""

    def wanted(self) -> Wanted:
        """Return what the registry says now."""

    def former(self) -> bytes | None:
        """Return the SHA-256 of the bundle that was active before the present one."""

    def folder(self, sha256: bytes) -> Path:
        """Return a folder that holds a bundle, fetched if need be."""

    def upload_shipped(self) -> None:
        """Put the bundle that this worker was installed with into the bucket, once."""

    def job_models(self) -> list[bytes]:
        """Return the SHA-256 of models that waiting jobs ask for, who waits longest first."""

    def asked_load(self) -> AskedLoad | None:
        """Take a trial load that an activation waits for; None when none does."""

    def answer_load(self, asked: AskedLoad, fault: tuple[str, str] | None) -> None:
        """Tell what came of it: None for loaded, or code and reason why not."""


@dataclass(frozen=True, slots=True)
class _Serving:
    """What the next chunk is answered with; replaced as a whole, as two threads read it."""

    active: PhotoAnalyser
    candidate: PhotoAnalyser | None = None
    candidate_id: int = 0
    share: float = 0.0


class ModelManager:
    """Hands out the analyser of each chunk, and follows the registry.

    One thread calls `begin` and `sync`, others read. A model is loaded while the one before it
    answers; the chunk after that gets it, and chunks under way end with the model that they began
    with. A bundle that cannot be loaded, for whatever reason, is refused: the model before it
    stays, and it is tried again after a pause.

    Two models and a canary are in memory at most: a third is not loaded before
    the last chunk of a former one has ended.
    """

    def __init__(
        self,
        analyser: PhotoAnalyser,
        *,
        source: ModelSource | None = None,
        sha256: bytes = b"",
        settings: ModelSettings | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with ``analyser``, made of the bundle ``sha256``; without a source it stays."""
        self.source = source
        self._shipped = sha256
        self._settings = settings or ModelSettings()
        self._clock = clock
        self._serving = _Serving(analyser)
        self._loaded: dict[bytes | None, PhotoAnalyser] = {sha256: analyser}
        self._in_memory = WeakSet([analyser])
        self._wanted = Wanted(active=None)
        self._refused: dict[bytes, Refusal] = {}

    @property
    def model_version(self) -> str:
        """The model that answers the next chunk, canaries aside."""
        return self._serving.active.model_version

    @property
    def precision(self) -> str:
        """Its arithmetic."""
        return self._serving.active.precision

    @property
    def detector(self) -> str:
        """The detector, the same with every model."""
        return self._serving.active.detector

    @property
    def shipped(self) -> bytes | None:
        """SHA-256 of the bundle that it started with; None where it follows no registry."""
        return None if self.source is None else self._shipped

    @property
    def refusals(self) -> Mapping[bytes, Refusal]:
        """The models that are wanted and refused, by their SHA-256; the active one comes first."""
        refused = self._refused
        wanted = (self._wanted.active, self._wanted.candidate)
        return {sha256: refused[sha256] for sha256 in wanted if sha256 in refused}

    @property
    def loaded(self) -> Mapping[bytes, PhotoAnalyser]:
        """Active model and canary, by their SHA-256, as far as they are loaded."""
        return {sha256: one for sha256, one in self._loaded.items() if sha256 is not None}

    def open(self, directory: Path) -> PhotoAnalyser:
        """Load a bundle beside the active model, for whoever asks; raises like `with_bundle`."""
        return self._serving.active.with_bundle(directory)

    def begin(self) -> None:
        """Load what is wanted, before the first chunk; the last good model where that is refused.

        Raises:
            TransientError: the database stayed away.
        """
        while self.sync():
            pass
        if self.source is None or self._wanted.active not in self._refused:
            return
        former = self.source.former()
        if former is not None and former not in self._loaded:
            self._load(former, self.source)
        self._serving = replace(
            self._serving, active=self._loaded.get(former, self._serving.active)
        )
        _log.warning("model.fell_back", model=self.model_version)

    def sync(self) -> bool:
        """Follow the registry by one step: switch to what is loaded, or load what is not.

        Returns:
            Whether to call it again at once: loading took time, and another may be wanted by now.

        Raises:
            TransientError: the database stayed away.
        """
        if self.source is None:
            return False
        wanted = self.source.wanted()
        self._switch(wanted)
        has_room = self._has_room(2 if wanted.candidate is None else 3)
        for sha256 in (wanted.active, wanted.candidate):
            if sha256 is not None and self._is_due(sha256):
                if has_room:
                    self._load(sha256, self.source)
                return has_room
        self.source.upload_shipped()
        asked = self.source.asked_load() if has_room else None
        if asked is not None:
            self.source.answer_load(asked, self._try(asked.sha256, self.source))
        return asked is not None

    def analyser_for(self, token: uuid.UUID) -> PhotoAnalyser | CanaryAnalyser:
        """Return what analyses the chunk under this lease token.

        Which chunks a canary gets is decided by the token, so that a chunk keeps its model.
        """
        now = self._serving
        if now.candidate is None or random.Random(token.int).random() >= now.share:  # noqa: S311 - a share, not a secret
            return now.active
        return CanaryAnalyser(now.candidate, now.active, model_id=now.candidate_id)

    def _switch(self, wanted: Wanted) -> None:
        """Answer with what is wanted as far as it is loaded, and drop the rest."""
        before = self._serving.active
        active = self._loaded.get(wanted.active, before)
        candidate = None if wanted.candidate is None else self._loaded.get(wanted.candidate)
        self._wanted = wanted
        self._serving = _Serving(active, candidate, wanted.candidate_id, wanted.share)
        if active is not before:
            _log.info(
                "model.switched",
                before=before.model_version,
                after=active.model_version,
                precision=active.precision,
            )
        needed = {wanted.active, wanted.candidate}
        self._loaded = {
            sha256: analyser
            for sha256, analyser in self._loaded.items()
            if sha256 in needed or analyser is active
        }
        self._refused = {
            sha256: refusal for sha256, refusal in self._refused.items() if sha256 in needed
        }

    def _is_due(self, sha256: bytes) -> bool:
        refusal = self._refused.get(sha256)
        return sha256 not in self._loaded and (refusal is None or self._clock() >= refusal.until)

    def _has_room(self, most: int) -> bool:
        """Whether fewer than ``most`` models are in memory, those of chunks under way included."""
        if len(self._in_memory) >= most:
            gc.collect()  # the traceback of a failed task may hold one in a cycle
        return len(self._in_memory) < most

    def _load(self, sha256: bytes, source: ModelSource) -> None:
        """Load a bundle beside the one in use, or refuse it."""
        try:
            analyser = self._serving.active.with_bundle(source.folder(sha256))
        except Exception as error:  # noqa: BLE001 - whatever it is, the model in use stays
            self._refuse(sha256, error)
            return
        self._loaded[sha256] = analyser
        self._in_memory.add(analyser)
        self._refused.pop(sha256, None)

    def _try(self, sha256: bytes, source: ModelSource) -> tuple[str, str] | None:
        """Load a bundle and let go of it; code and reason where that fails."""
        if sha256 in self._loaded:
            return None
        try:
            self._serving.active.with_bundle(source.folder(sha256))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
            code, reason, _ = explain(error)
            _log.warning("model.not_loadable", sha256=sha256.hex(), code=code, reason=reason)
            return code, reason
        return None

    def _refuse(self, sha256: bytes, error: Exception) -> None:
        code, reason, passes = explain(error)
        pause_s = self._settings.retry_s
        if passes:
            before = self._refused.get(sha256)
            doubled = self._settings.poll_s if before is None else 2 * before.pause_s
            pause_s = min(doubled, pause_s)
        refusal = Refusal(code, reason, pause_s, until=self._clock() + pause_s)
        self._refused = {**self._refused, sha256: refusal}
        _log.error(
            "model.refused",
            sha256=sha256.hex(),
            code=code,
            reason=reason,
            error=type(error).__name__,
        )


def describe(manager: ModelManager) -> dict[str, Any]:
    """What the heartbeat reports of the models; `WorkerRepository` reads it."""
    refusals = [
        {"sha256": sha256.hex(), "code": refusal.code, "reason": refusal.reason}
        for sha256, refusal in manager.refusals.items()
    ]
    named = {"precision": manager.precision, "detector": manager.detector}
    if manager.shipped is not None:
        named["shipped"] = manager.shipped.hex()
    if not refusals:
        return named
    return {
        **named,
        "model_trouble": refusals[0]["code"],
        "model_refusals": refusals,
    }
