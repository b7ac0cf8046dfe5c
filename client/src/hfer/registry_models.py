"""What the service answers about models, as frozen dataclasses with defaults."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ModelMetrics:
    """What the trainer measured; None where the manifest or the service does not say.

    Shares are 0..1. ``truth`` is what a right answer is: ``judges``, the majority of several, or
    ``data set``, the label that it came with. ``n`` images were tested; ``test_sha256`` is the hash
    of them and their true labels: figures of another one are not comparable.
    """

    accuracy: float | None = None
    macro_recall: float | None = None
    macro_f1: float | None = None
    truth: str | None = None
    test_sha256: str | None = None
    n: int | None = None


@dataclass(frozen=True, slots=True)
class ModelRefusal:
    """Why ``workers`` live worker processes do not use a model that they should."""

    code: str = ""
    reason: str = ""
    workers: int = 0


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A published model. ``model_version`` is how results name it.

    ``active``: photos are analysed with it. ``canary``: a share of them is, on trial.
    ``workers``: live worker processes that answer with it, trials aside; they follow a change
    between two chunks and report so at once. ``refusals``: why others do not use it though they
    should. ``offered``: it came with the service, has never answered and is newer than the active
    one. ``checked``, of an answer to an activation: a live worker loaded it first.
    """

    id: str = ""
    name: str = ""
    version: str = ""
    model_version: str = ""
    sha256: str = ""
    labels: tuple[str, ...] = ()
    active: bool = False
    canary: bool = False
    workers: int = 0
    offered: bool = False
    checked: bool | None = None
    refusals: tuple[ModelRefusal, ...] = ()
    metrics: ModelMetrics = field(default_factory=ModelMetrics)
    created_at: datetime | None = None
    activated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ModelDetail(ModelInfo):
    """A model with its manifest, and its card in Markdown (None if the bundle has none)."""

    manifest: dict[str, object] = field(default_factory=dict)
    card: str | None = None


@dataclass(frozen=True, slots=True)
class Canary:
    """A candidate on a share (0..1) of the chunks, beside the active model.

    ``agreement`` is the share of faces whose first answer is that of the baseline, and
    ``mean_abs_dp`` the mean change of the probability of the baseline's first answer; both
    are None before the first face. ``baseline`` is None when it is gone.
    """

    candidate: ModelInfo = field(default_factory=ModelInfo)
    baseline: ModelInfo | None = None
    share: float = 0.0
    started_at: datetime | None = None
    chunks: int = 0
    photos: int = 0
    faces: int = 0
    agreement: float | None = None
    mean_abs_dp: float | None = None
