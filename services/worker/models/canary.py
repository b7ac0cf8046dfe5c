"""A candidate that answers in place of the active model, which is asked as well."""

from collections.abc import Sequence

from services.common.domain.errors import ItemError
from services.common.domain.faces import AnalysedFace, AnalysisOptions, PhotoAnalysis
from services.common.registry.canary import Agreement
from services.worker.models.analyser import PhotoAnalyser


class CanaryAnalyser:
    """The analyser of one canary chunk. ``take_agreement`` hands out what it found so far."""

    def __init__(self, candidate: PhotoAnalyser, baseline: PhotoAnalyser, *, model_id: int) -> None:
        self._candidate = candidate
        self._baseline = baseline
        self._found = Agreement(photos=0, faces=0, agreed=0, abs_dp=0.0)
        self.model_id = model_id

    @property
    def model_version(self) -> str:
        """The candidate's: its answers are the ones that are kept."""
        return self._candidate.model_version

    def analyse(
        self, photos: Sequence[bytes], options: AnalysisOptions
    ) -> Sequence[PhotoAnalysis | ItemError]:
        """Answer with the candidate and note how the active model would have answered.

        Both detect with the same networks, so that faces correspond by their index.
        """
        answers = self._candidate.analyse(photos, options)
        for ours, theirs in zip(answers, self._baseline.analyse(photos, options), strict=True):
            if isinstance(ours, PhotoAnalysis) and isinstance(theirs, PhotoAnalysis):
                self._compare(ours, theirs)
        return answers

    def take_agreement(self) -> Agreement | None:
        """Return what was found since the last call; None for nothing."""
        found, self._found = self._found, Agreement(photos=0, faces=0, agreed=0, abs_dp=0.0)
        return found if found.photos else None

    def _compare(self, ours: PhotoAnalysis, theirs: PhotoAnalysis) -> None:
        pairs = list(zip(ours.faces, theirs.faces, strict=False))
        self._found = Agreement(
            photos=self._found.photos + 1,
            faces=self._found.faces + len(pairs),
            agreed=self._found.agreed + sum(_first(a) == _first(b) for a, b in pairs),
            abs_dp=self._found.abs_dp
            + sum(abs(a.probabilities[_first(b)] - max(b.probabilities)) for a, b in pairs),
        )


def _first(face: AnalysedFace) -> int:
    return face.probabilities.index(max(face.probabilities))
