"""What a task asks of the model, and the factory that builds the real one.

Nothing heavy is imported here: the main process reads this module, only a child calls it.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, Self, cast

from services.common.config import Settings
from services.common.domain.errors import ItemError, TransientError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis

# What becomes of a photo that the model was asked about.
Answer = PhotoAnalysis | ItemError | TransientError


class ChunkAnalyser(Protocol):
    """What answers the photos of a chunk."""

    @property
    def model_version(self) -> str:
        """The name that every result carries."""

    def analyse(
        self, photos: Sequence[bytes], options: AnalysisOptions
    ) -> Sequence[PhotoAnalysis | ItemError]:
        """Analyse photos together; one answer each, in their order.

        Raises:
            TransientError: the device is out of memory; fewer photos may fit.
        """


class PhotoAnalyser(ChunkAnalyser, Protocol):
    """A loaded model: encoded photos in, faces or the photo's own error out."""

    @property
    def precision(self) -> str:
        """The arithmetic of the classifier, whatever "auto" stood for."""

    @property
    def detector(self) -> str:
        """Name of the detector, whatever "auto" stood for."""

    def warm_up(self) -> None:
        """Run once, so that the first photo is as fast as the others."""

    def with_bundle(self, directory: Path) -> Self:
        """Return one with the same detector and another expression model, verified and warm.

        Another thread may call it while this one analyses: the detector is not touched.

        Raises:
            BundleError: a file is not what its hash says, the network cannot be run, or the
                golden answers differ.
            TransientError: there is too little memory for a second model.
        """


AnalyserFactory = Callable[[Settings], PhotoAnalyser]


def load_analyser(settings: Settings) -> PhotoAnalyser:
    """Build the analyser that ``settings.worker.analyser`` names as ``module:function``."""
    module, _, function = settings.worker.analyser.partition(":")
    factory = cast("AnalyserFactory", getattr(import_module(module), function))
    return factory(settings)


def from_settings(settings: Settings) -> PhotoAnalyser:
    """Build the real pipeline: verified bundle, exported detector, engines by device.

    Raises:
        BundleError: a file is not what its hash says, or the golden answers differ.
    """
    # Only a child may come here: numpy and the engines must not exist before the fork.
    from services.vision.build import build_pipeline
    from services.vision.classifiers.choice import PrecisionChoice
    from services.vision.engines import ClassifierKind, DetectorKind

    worker = settings.worker
    on_cpu = worker.device == "cpu"
    return build_pipeline(
        worker.bundle_dir,
        worker.mtcnn_dir,
        detector=DetectorKind(worker.detector),
        classifier=ClassifierKind.OPENVINO if on_cpu else ClassifierKind.AUTO,
        precision=PrecisionChoice(worker.precision),
        threads=worker.threads,
        limits=settings.photos.limits,
        tiles=worker.tiles,
    )
