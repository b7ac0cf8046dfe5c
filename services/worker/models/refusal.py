"""Why a bundle is not used, in the words of whoever reads the heartbeat."""

from dataclasses import dataclass

from services.common.domain.errors import BundleError, HferError, TransientError


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a bundle is not used. It is tried again at ``until``, ``pause_s`` after the last try."""

    code: str
    reason: str
    pause_s: float
    until: float


def explain(error: Exception) -> tuple[str, str, bool]:
    """Return code and reason of a refusal, and whether it may pass by itself within seconds."""
    if isinstance(error, HferError):
        return error.code, error.detail, isinstance(error, TransientError)
    if isinstance(error, MemoryError):
        detail = "The worker has too little memory to load it beside the model in use."
        return TransientError.code, detail, True
    if isinstance(error, OSError):
        detail = "The worker cannot keep or read its files; look at its disk and cache folder."
        return TransientError.code, detail, True
    return BundleError.code, "It cannot be loaded; export the bundle again.", False
