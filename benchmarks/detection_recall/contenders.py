"""The detectors by name, each with the one threshold that it has for all rows."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.detection_recall.centerface import load_centerface
from services.common.domain.faces import AnalysisOptions
from services.vision.detectors.port import FaceDetector
from services.vision.engines import DetectorKind, load_detector

MTCNN = Path(__file__).resolve().parents[2] / "models" / "mtcnn"
CENTERFACE = "centerface"
# The default of its function and of the paper's code; the wheel's command line takes 0.2.
_CENTERFACE_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Contender:
    """A detector, what it is called and its threshold."""

    name: str
    detector: FaceDetector
    threshold: float


def load(asked: str, cache: Path) -> Contender:
    """Load ``NAME`` or ``NAME=THRESHOLD``: a ``DetectorKind`` or CenterFace.

    Raises:
        ValueError: if there is no detector of that name.
    """
    name, _, threshold = asked.partition("=")
    if name == CENTERFACE:
        detector: FaceDetector = load_centerface(cache)
        usual = _CENTERFACE_THRESHOLD
    else:
        detector = load_detector(DetectorKind(name), MTCNN, cuda=False, threads=1)
        usual = AnalysisOptions().detection_threshold
    return Contender(asked, detector, float(threshold) if threshold else usual)
