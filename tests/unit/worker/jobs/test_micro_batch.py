from collections.abc import Sequence

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from services.common.domain.errors import ItemError, ItemErrorCode, TransientError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.worker.jobs.micro_batch import analyse_bisecting
from tests.fixtures.analysers import FakeAnalyser, Kind, expected_analysis, fake_photo

OPTIONS = AnalysisOptions()


def photos(*kinds: Kind) -> list[bytes]:
    return [fake_photo(number, kind) for number, kind in enumerate(kinds)]


def test_healthy_photos_go_through_the_model_together() -> None:
    analyser = FakeAnalyser()
    healthy = photos(*[Kind.HEALTHY] * 6)
    answers = analyse_bisecting(analyser, healthy, OPTIONS)
    assert answers == [expected_analysis(photo) for photo in healthy]
    assert analyser.calls == [6]


def test_no_photos_do_not_wake_the_model() -> None:
    analyser = FakeAnalyser()
    assert analyse_bisecting(analyser, [], OPTIONS) == []
    assert analyser.calls == []


@pytest.mark.parametrize(
    ("kind", "code"),
    [(Kind.BUG, ItemErrorCode.INTERNAL), (Kind.MEMORY, ItemErrorCode.OUT_OF_MEMORY)],
)
def test_the_culprit_is_found_by_halving(kind: Kind, code: ItemErrorCode) -> None:
    mixed = photos(*[Kind.HEALTHY] * 5, kind, *[Kind.HEALTHY] * 2)
    answers = analyse_bisecting(FakeAnalyser(), mixed, OPTIONS)
    culprit = answers.pop(5)
    assert isinstance(culprit, ItemError)
    assert culprit.code is code
    assert answers == [expected_analysis(photo) for photo in mixed if b"healthy" in photo]


def test_a_device_without_memory_gets_fewer_photos() -> None:
    class Small(FakeAnalyser):
        """A device that holds two photos."""

        def analyse(
            self, photos: Sequence[bytes], options: AnalysisOptions
        ) -> list[PhotoAnalysis | ItemError]:
            if len(photos) > 2:
                raise TransientError("the device is out of memory")
            return super().analyse(photos, options)

    analyser = Small()
    answers = analyse_bisecting(analyser, photos(*[Kind.HEALTHY] * 8), OPTIONS)
    assert all(isinstance(answer, PhotoAnalysis) for answer in answers)
    assert analyser.calls == [2, 2, 2, 2]


def test_a_photo_too_large_for_the_device_alone_is_tried_later() -> None:
    (answer,) = analyse_bisecting(FakeAnalyser(), photos(Kind.DEVICE), OPTIONS)
    assert isinstance(answer, TransientError)


def test_a_photos_own_error_is_an_answer() -> None:
    (answer,) = analyse_bisecting(FakeAnalyser(), photos(Kind.CORRUPT), OPTIONS)
    assert isinstance(answer, ItemError)
    assert answer.code is ItemErrorCode.DECODE_FAILED


def test_an_error_raised_for_a_photo_keeps_its_code() -> None:
    class Raising(FakeAnalyser):
        def analyse(
            self, _photos: Sequence[bytes], _options: AnalysisOptions
        ) -> list[PhotoAnalysis | ItemError]:
            raise ItemError(ItemErrorCode.TRUNCATED, "cut short")

    (answer,) = analyse_bisecting(Raising(), photos(Kind.HEALTHY), OPTIONS)
    assert isinstance(answer, ItemError)
    assert answer.code is ItemErrorCode.TRUNCATED


def test_the_time_limit_is_no_photos_error() -> None:
    class Hanging(FakeAnalyser):
        def analyse(
            self, _photos: Sequence[bytes], _options: AnalysisOptions
        ) -> list[PhotoAnalysis | ItemError]:
            raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        analyse_bisecting(Hanging(), photos(Kind.HEALTHY, Kind.HEALTHY), OPTIONS)


def test_a_model_that_loses_answers_is_found_out() -> None:
    class Losing(FakeAnalyser):
        def analyse(
            self, photos: Sequence[bytes], options: AnalysisOptions
        ) -> list[PhotoAnalysis | ItemError]:
            return super().analyse(photos, options)[1:]

    with pytest.raises(RuntimeError, match="1 answers for 2 photos"):
        analyse_bisecting(Losing(), photos(Kind.HEALTHY, Kind.HEALTHY), OPTIONS)
