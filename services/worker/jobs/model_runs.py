"""Running the model so that one bad photo or a full device costs nobody else their result."""

from collections.abc import Sequence

from celery.exceptions import SoftTimeLimitExceeded

from services.common.domain.errors import ItemError, ItemErrorCode, TransientError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.common.telemetry import get_logger
from services.worker.models.analyser import PhotoAnalyser
from services.worker.models.canary import CanaryAnalyser

Answer = PhotoAnalysis | ItemError | TransientError

_log = get_logger(__name__)


def analyse_isolating(
    analyser: PhotoAnalyser | CanaryAnalyser, photos: Sequence[bytes], options: AnalysisOptions
) -> list[Answer]:
    """Analyse photos together; if that fails as a whole, halve until the culprit is alone.

    A photo that fails alone gets an error of its own: ``out_of_memory`` or ``internal``. A
    device that is out of memory for one photo is a transient error.
    """
    if not photos:
        return []
    try:
        answers = list(analyser.analyse(photos, options))
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:  # noqa: BLE001 - no library's bug may cost the neighbours
        if len(photos) == 1:
            return [_own_error(error)]
        _log.warning("analyse.halved", photos=len(photos), error=type(error).__name__)
        middle = len(photos) // 2
        return [
            *analyse_isolating(analyser, photos[:middle], options),
            *analyse_isolating(analyser, photos[middle:], options),
        ]
    if len(answers) != len(photos):
        raise RuntimeError(f"the analyser gave {len(answers)} answers for {len(photos)} photos")
    return list(answers)


def _own_error(error: Exception) -> ItemError | TransientError:
    if isinstance(error, (ItemError, TransientError)):
        return error
    if isinstance(error, MemoryError):
        return ItemError(
            ItemErrorCode.OUT_OF_MEMORY,
            "This photo needs more memory than a worker has; send it smaller.",
        )
    _log.error("analyse.failed", exc_info=error)
    return ItemError(
        ItemErrorCode.INTERNAL, "Analysing this photo failed for a fault of ours; report it."
    )
