from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from services.common.domain.errors import ItemError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.worker.models.canary import CanaryAnalyser
from tests.fixtures.analysers import FakeAnalyser, Kind, fake_photo

FLAT = (0.4, 0.3, 0.1, 0.05, 0.05, 0.05, 0.05)
TURNED = (0.3, 0.4, 0.1, 0.05, 0.05, 0.05, 0.05)
OPTIONS = AnalysisOptions()


class Sure:
    """Finds what the fake model finds and gives every face the same probabilities."""

    def __init__(self, version: str, probabilities: tuple[float, ...]) -> None:
        self.model_version = version
        self._probabilities = probabilities
        self._fake = FakeAnalyser()

    def warm_up(self) -> None:
        pass

    def with_bundle(self, directory: Path) -> "Sure":
        raise AssertionError(directory)

    def analyse(
        self, photos: Sequence[bytes], options: AnalysisOptions
    ) -> list[PhotoAnalysis | ItemError]:
        return [
            replace(
                found,
                faces=tuple(
                    replace(face, probabilities=self._probabilities) for face in found.faces
                ),
            )
            if isinstance(found, PhotoAnalysis)
            else found
            for found in self._fake.analyse(photos, options)
        ]


class TestCanary:
    def test_keeps_the_candidate_s_answers_and_counts_agreement(self) -> None:
        canary = CanaryAnalyser(Sure("new", TURNED), Sure("old", FLAT), model_id=7)
        photos = [fake_photo(number) for number in range(6)]
        answers = canary.analyse(photos, OPTIONS)
        faces = [
            face for answer in answers if isinstance(answer, PhotoAnalysis) for face in answer.faces
        ]
        assert canary.model_version == "new"
        assert faces
        assert {face.probabilities for face in faces} == {TURNED}
        found = canary.take_agreement()
        assert found is not None
        assert (found.photos, found.faces, found.agreed) == (6, len(faces), 0)
        assert found.abs_dp == pytest.approx(0.1 * len(faces))
        assert canary.take_agreement() is None

    def test_a_model_agrees_with_itself(self) -> None:
        canary = CanaryAnalyser(Sure("new", FLAT), Sure("old", FLAT), model_id=7)
        canary.analyse([fake_photo(number) for number in range(6)], OPTIONS)
        found = canary.take_agreement()
        assert found is not None
        assert found.agreed == found.faces > 0
        assert found.abs_dp == 0

    def test_a_photo_without_an_analysis_is_not_counted(self) -> None:
        canary = CanaryAnalyser(Sure("new", FLAT), Sure("old", FLAT), model_id=7)
        (answer,) = canary.analyse([fake_photo(0, Kind.CORRUPT)], OPTIONS)
        assert isinstance(answer, ItemError)
        assert canary.take_agreement() is None
