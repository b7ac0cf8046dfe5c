"""Models that jobs ask for by name, held beside the active one."""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakSet

from services.common.domain.bundles import NETWORK_SUFFIX
from services.common.domain.errors import ItemError, ItemErrorCode, TransientError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.common.telemetry import get_logger
from services.worker.models.analyser import ChunkAnalyser, PhotoAnalyser
from services.worker.models.refusal import Refusal, explain

# Besides the active model and its canary.
MOST = 2
# One that others wait for the place of answers for so long; each load costs a second or two.
STAY_S = 30.0
# One that nobody asks for is let go after this.
IDLE_S = 600.0
RETRY_S = 60.0
# Resident memory that a loaded bundle takes, for each byte of its networks, and flat. Measured on a
# CPU: 40 to 50 MB of the starter at fp32 (6.6 MB), 79 MB where its int8 network (3.5 MB) is loaded
# as well.
BYTES_PER_BYTE = 4
FLAT_BYTES = 40_000_000

_log = get_logger(__name__)


class JobModelSource(Protocol):
    """What is asked of the registry and the bucket. It may raise errors of any kind."""

    def job_models(self) -> list[bytes]:
        """Return the SHA-256 of models that waiting jobs ask for, who waits longest first."""

    def folder(self, sha256: bytes) -> Path:
        """Return a folder that holds a bundle, fetched if need be."""


class Opener(Protocol):
    """The manager of the active model."""

    @property
    def loaded(self) -> Mapping[bytes, PhotoAnalyser]:
        """Models that it holds itself."""

    def open(self, directory: Path) -> PhotoAnalyser:
        """Load a bundle beside the active model."""


@dataclass(slots=True)
class _Held:
    analyser: PhotoAnalyser
    bytes: int
    since: float
    used: float


@dataclass(frozen=True, slots=True)
class RefusingAnalyser:
    """Answers each photo with why the model that its job asks for cannot be loaded."""

    reason: str
    model_version: str = ""
    precision: str = ""
    detector: str = ""

    def analyse(
        self, photos: Sequence[bytes], options: AnalysisOptions
    ) -> Sequence[PhotoAnalysis | ItemError]:
        """Refuse every photo."""
        del options
        detail = f"The model that the job asks for cannot be loaded; ask for another. {self.reason}"
        return [ItemError(ItemErrorCode.MODEL_REFUSED, detail) for _ in photos]


@dataclass(slots=True)
class JobModels:
    """Holds up to `MOST` models for jobs, the least recently used going first.

    One thread calls `sync`, others read. A job's photos are claimed once its model is loaded, so
    that loading costs nobody else anything; of one that cannot be loaded they are claimed to fail
    with the reason. Chunks under way keep their model in memory, and are counted.

    Attributes:
        opener: loads bundles.
        source: tells what is asked for; without one no job has a model of its own.
        max_bytes: resident memory of this process that it is to stay within.
        resident: how much of it is used now.
        typical_bytes: memory that a model is expected to take, to tell how many there is room for.
    """

    opener: Opener
    source: JobModelSource | None = None
    max_bytes: int = 0
    resident: Callable[[], int] = lambda: 0
    typical_bytes: int = FLAT_BYTES
    clock: Callable[[], float] = time.monotonic
    _held: dict[bytes, _Held] = field(default_factory=dict)
    _refused: dict[bytes, Refusal] = field(default_factory=dict)
    _in_memory: WeakSet[PhotoAnalyser] = field(default_factory=WeakSet)
    # Resident memory before the first was loaded: what is freed does not always go back.
    _base: int | None = None

    def answering(self) -> Mapping[bytes, ChunkAnalyser]:
        """What photos of jobs that name a model can be answered with now, by SHA-256."""
        refusing = {
            sha256: RefusingAnalyser(refusal.reason)
            for sha256, refusal in self._refused.items()
            if refusal.code != TransientError.code
        }
        held = {sha256: held.analyser for sha256, held in self._held.items()}
        return {**refusing, **self.opener.loaded, **held}

    def used(self, sha256: bytes) -> None:
        """Note that a chunk is answered with this one."""
        held = self._held.get(sha256)
        if held is not None:
            held.used = self.clock()

    def sync(self) -> bool:
        """Load one model that waits for a place; whether to call it again at once.

        Raises:
            TransientError: the database stayed away.
        """
        if self.source is None:
            return False
        if self._base is None or not self._in_memory:
            self._base = min(self.resident(), self._base or self.max_bytes)
        asked = self.source.job_models()
        self._refused = {sha256: r for sha256, r in self._refused.items() if sha256 in asked}
        self._let_go_of([s for s, held in self._held.items() if self._idle(s, held, asked)])
        for sha256 in asked:
            refusal = self._refused.get(sha256)
            is_due = refusal is None or self.clock() >= refusal.until
            if sha256 not in self.opener.loaded and sha256 not in self._held and is_due:
                return self._load(sha256, asked, self.source)
        return False

    def describe(self) -> dict[str, Any]:
        """What the heartbeat reports; `WorkerRepository` reads it."""
        if self.source is None:
            return {}
        refused = {sha256.hex(): refusal.reason for sha256, refusal in self._refused.items()}
        return {"job_models": {"room": self._room(), "refused": refused}}

    def _room(self) -> int:
        free = self.max_bytes - (self.resident() if self._base is None else self._base)
        return max(0, min(MOST, free // self.typical_bytes))

    def _idle(self, sha256: bytes, held: _Held, asked: Sequence[bytes]) -> bool:
        return sha256 not in asked and self.clock() - held.used >= IDLE_S

    def _load(self, sha256: bytes, asked: Sequence[bytes], source: JobModelSource) -> bool:
        """Load a bundle, or refuse it; False where it waits for a place."""
        try:
            folder = source.folder(sha256)
            needed = model_bytes(folder)
            if not self._make_room(needed, asked):
                return False
            analyser = self.opener.open(folder)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other models stay
            self._refuse(sha256, error)
            return True
        now = self.clock()
        self._held = {**self._held, sha256: _Held(analyser, needed, since=now, used=now)}
        self._in_memory.add(analyser)
        self._refused.pop(sha256, None)
        _log.info("job_model.loaded", model=analyser.model_version)
        return True

    def _make_room(self, needed: int, asked: Sequence[bytes]) -> bool:
        """Let go of others until one of so many bytes fits; False while those must stay.

        Raises:
            TransientError: it does not fit by itself.
        """
        free = self.max_bytes - (self._base or 0)
        if needed > free:
            raise TransientError(
                f"A worker child has no memory for it besides the active model: {needed:,} bytes of"
                f" {max(0, free):,}. Raise HFER_WORKER__MAX_MEMORY_MB."
            )
        while not self._fits(needed, free):
            now = self.clock()
            leaving = [
                sha256
                for sha256, held in self._held.items()
                if sha256 not in asked or now - held.since >= STAY_S
            ]
            if not leaving:
                return False
            self._let_go_of([min(leaving, key=lambda sha256: self._held[sha256].used)])
        return True

    def _fits(self, needed: int, free: int) -> bool:
        if len(self._in_memory) >= MOST:
            gc.collect()  # the traceback of a failed task may hold one in a cycle
        used = sum(held.bytes for held in self._held.values())
        return len(self._in_memory) < MOST and used + needed <= free

    def _let_go_of(self, leaving: Sequence[bytes]) -> None:
        self._held = {sha256: held for sha256, held in self._held.items() if sha256 not in leaving}

    def _refuse(self, sha256: bytes, error: Exception) -> None:
        code, reason, _ = explain(error)
        refusal = Refusal(code, reason, RETRY_S, until=self.clock() + RETRY_S)
        self._refused = {**self._refused, sha256: refusal}
        _log.error("job_model.refused", sha256=sha256.hex(), code=code, reason=reason)


def model_bytes(folder: Path) -> int:
    """Return about how much memory the bundle in a folder takes once it is loaded."""
    networks = [file.stat().st_size for file in folder.glob(f"*{NETWORK_SUFFIX}")]
    return FLAT_BYTES + BYTES_PER_BYTE * sum(networks)
