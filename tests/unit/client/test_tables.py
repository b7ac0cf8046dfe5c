import sys

import pytest

from hfer import Client, MissingPackageError
from tests.fixtures.fake_service import JOB, FakeService, face_json, photo_json


class TestToPandas:
    def test_has_a_row_per_face_and_one_for_a_photo_without_any(
        self, client: Client, service: FakeService
    ) -> None:
        service.results = [
            photo_json(0, "a.jpg", faces=[face_json(0), face_json(1, label="fear", p=0.4)]),
            photo_json(1, "b.jpg", status="no_face"),
            photo_json(2, "c.jpg", status="failed"),
        ]
        frame = client.jobs.attach(JOB).to_pandas()
        assert frame["filename"].tolist() == ["a.jpg", "a.jpg", "b.jpg", "c.jpg"]
        assert frame["expression"].tolist()[:2] == ["happiness", "neutral"]
        assert frame["face_index"].isna().tolist() == [False, False, True, True]
        assert frame["p_fear"].tolist()[1] == 0.4
        assert frame["error_code"].tolist()[3] == "truncated"

    def test_names_what_answered(self, client: Client, service: FakeService) -> None:
        service.results = [
            photo_json(0, "a.jpg", faces=[face_json(0)], precision="bf16", detector="openvino")
        ]
        frame = client.jobs.attach(JOB).to_pandas()
        assert frame[["precision", "detector"]].to_numpy().tolist() == [["bf16", "openvino"]]

    def test_tells_roll_time_and_warnings(self, client: Client, service: FakeService) -> None:
        known = {"captured_at": "2026-07-19T14:03:27", "warnings": ["end_missing"]}
        service.results = [photo_json(0, "a.jpg", faces=[face_json(0) | {"roll": -31.5}], **known)]
        frame = client.jobs.attach(JOB).to_pandas()
        told = frame[["captured_at", "photo_warnings", "roll"]].to_numpy().tolist()
        assert told == [["2026-07-19T14:03:27", "end_missing", -31.5]]

    def test_of_a_job_without_photos_is_an_empty_table(
        self, client: Client, service: FakeService
    ) -> None:
        service.results = []
        frame = client.jobs.attach(JOB).to_pandas()
        assert len(frame) == 0
        assert "expression" in frame.columns

    def test_says_how_to_get_pandas_before_anything_is_fetched(
        self, client: Client, service: FakeService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "pandas", None)
        with pytest.raises(MissingPackageError, match=r"pip install 'hfer\[pandas\]'"):
            client.jobs.attach(JOB).to_pandas()
        assert service.requests == []
