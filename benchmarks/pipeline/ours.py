"""Our side: ``build_pipeline`` as the worker has it, in chunks, with a watch on its engines."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.crew import share
from benchmarks.pipeline.agreement import Face
from benchmarks.pipeline.stages import Seconds, Stopwatch
from services.common.domain.errors import ItemError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.common.domain.limits import PhotoLimits
from services.imaging.annotate import annotate_photo
from services.imaging.decode import decode_photo
from services.vision.build import build_pipeline
from services.vision.classifiers.choice import PrecisionChoice
from services.vision.engines import DEFAULT_DETECTOR, ClassifierKind, DetectorKind

REPOSITORY = Path(__file__).resolve().parents[2]
# A worker's chunk.
_CHUNK = 16


class OurPipeline:
    """One process of the worker, without the service around it."""

    def __init__(
        self,
        bundle: Path,
        photos: Sequence[Path],
        precision: PrecisionChoice,
        detector: str = DEFAULT_DETECTOR,
    ) -> None:
        self._pipeline = build_pipeline(
            bundle,
            REPOSITORY / "models" / "mtcnn",
            detector=DetectorKind(detector),
            classifier=ClassifierKind.OPENVINO,
            precision=precision,
            threads=1,
        )
        self._watch = Stopwatch()
        # Two calls a chunk are watched, a call a photo for decoding: microseconds.
        self._wrap(self._pipeline, "_decode", stage="decode")
        parts = vars(self._pipeline)
        self._wrap(parts["_detector"], "detect", stage="detect")
        self._wrap(parts["_classifier"], "classify", stage="classify")
        self._photos = [path.read_bytes() for path in photos]
        self._found: dict[int, PhotoAnalysis] = {}

    def analyse(self, number: int, of: int) -> Seconds:
        """Analyse this share of the photos; return the seconds by stage."""
        whole = Stopwatch()
        mine = share(range(len(self._photos)), number, of)
        with whole.stage("whole"):
            for start in range(0, len(mine), _CHUNK):
                chunk = mine[start : start + _CHUNK]
                found = self._pipeline.analyse(
                    [self._photos[index] for index in chunk], AnalysisOptions()
                )
                for index, analysis in zip(chunk, found, strict=True):
                    if isinstance(analysis, ItemError):
                        raise analysis
                    self._found[index] = analysis
        stages = self._watch.take()
        # What is left is cutting and bookkeeping.
        return {**stages, "crop": whole.take()["whole"] - sum(stages.values())}

    def found(self, number: int, of: int) -> dict[int, list[Face]]:
        """Return the faces of this share's photos, by the photo's number."""
        return {
            index: [
                Face(face.box, face.landmarks, face.confidence, face.probabilities)
                for face in self._found[index].faces
            ]
            for index in share(range(len(self._photos)), number, of)
        }

    def annotate(self, number: int, of: int) -> Seconds:
        """Render the annotated photos, less the decoding that is counted elsewhere."""
        limits = PhotoLimits()
        for index in share(range(len(self._photos)), number, of):
            data = self._photos[index]
            with self._watch.stage("decoded"):
                decode_photo(data, limits=limits)
            with self._watch.stage("rendered"):
                io.BytesIO(annotate_photo(data, self._found[index], limits=limits))
        taken = self._watch.take()
        return {"annotate": taken["rendered"] - taken["decoded"]}

    def _wrap(self, owner: Any, method: str, *, stage: str) -> None:
        call = getattr(owner, method)

        def timed(*arguments: Any, **named: Any) -> Any:
            with self._watch.stage(stage):
                return call(*arguments, **named)

        setattr(owner, method, timed)
