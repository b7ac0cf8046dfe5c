from services.common.domain.faces import AnalysisOptions, DetectorName, FaceSearch
from services.common.jobs.options import JobModel, from_stored, model_of, to_stored

BEFORE = {"top_n": 3, "min_face_px": 20, "detection_threshold": 0.9, "annotated": False}


class TestOptions:
    def test_of_a_plain_job_are_stored_as_a_worker_of_before_reads_them(self) -> None:
        assert to_stored(AnalysisOptions()) == BEFORE

    def test_of_before_read_as_the_defaults(self) -> None:
        assert from_stored(BEFORE) == AnalysisOptions()

    def test_that_were_asked_for_come_back(self) -> None:
        asked = AnalysisOptions(top_n=5, faces=FaceSearch.WHOLE, detector=DetectorName.FACENET)
        assert to_stored(asked) == {**BEFORE, "top_n": 5, "faces": "whole", "detector": "facenet"}
        assert from_stored(to_stored(asked)) == asked

    def test_with_a_model_are_for_no_detector_that_a_worker_of_before_has(self) -> None:
        model = JobModel("mine-0.2.0+01234567", bytes(32))
        asked = AnalysisOptions(detector=DetectorName.RETINAFACE)
        stored = to_stored(asked, model)
        assert stored["detector"] not in set(DetectorName)
        assert (from_stored(stored), model_of(stored)) == (asked, model)
        plain = to_stored(AnalysisOptions(), model)
        assert (from_stored(plain), model_of(plain)) == (AnalysisOptions(), model)
        assert model_of(BEFORE) is None
