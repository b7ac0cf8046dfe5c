"""What a worker asks of the vision library."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, Self

from services.common.domain.errors import ItemError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.imaging.decode import DecodedPhoto
from services.vision.classifiers.port import Precision


class PhotoAnalyser(Protocol):
    """What a worker needs to turn photos into faces; tests inject their own."""

    @property
    def model_version(self) -> str:
        """The version that results carry, such as ``starter-0.1.0+1a2b3c4d``."""

    @property
    def precision(self) -> Precision:
        """The arithmetic of the classifier, whatever AUTO stood for."""

    def warm_up(self) -> None:
        """Run every network once, so that the first photo is as fast as the others."""

    def with_bundle(self, directory: Path) -> Self:
        """Return one with the same detector and another expression model, verified and warm.

        Another thread may call it while this one analyses: the detector is not touched.

        Raises:
            BundleError: a file is not what its hash says, the network cannot be run, or the
                golden answers differ.
            TransientError: there is too little memory for a second model.
        """

    def decode(self, data: bytes) -> DecodedPhoto | ItemError:
        """Decode one photo; a photo at fault is returned as its error, not raised."""

    def analyse_decoded(
        self, photos: Sequence[DecodedPhoto], options: AnalysisOptions
    ) -> list[PhotoAnalysis]:
        """Analyse photos already decoded, in their order, faces classified together.

        Raises:
            TransientError: the device is out of memory; fewer photos may fit.
        """

    def analyse(
        self, photos: Sequence[bytes], options: AnalysisOptions
    ) -> list[PhotoAnalysis | ItemError]:
        """Decode and analyse a chunk; each photo has its result or its own error.

        Raises:
            TransientError: the device is out of memory; fewer photos may fit.
        """
