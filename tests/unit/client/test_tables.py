import sys

import pandas as pd
import pytest

from hfer import Client, MissingPackageError
from hfer._columns import COLUMNS, NAMES, rows
from hfer._tables import FORMER_NAMES
from tests.fixtures.fake_service import JOB, FakeService, face_json, photo_json
from tests.fixtures.told_job import as_json, photos


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

    def test_has_each_column_of_every_table_and_the_former_names(
        self, client: Client, service: FakeService
    ) -> None:
        service.results = as_json()
        frame = client.jobs.attach(JOB).to_pandas()
        assert set(frame.columns) == {*NAMES, *FORMER_NAMES}
        for former, name in FORMER_NAMES.items():
            pd.testing.assert_series_equal(frame[former], frame[name], check_names=False)
        told = [row for photo in photos() for row in rows(photo)]
        for column in COLUMNS:
            cells = [None if pd.isna(cell) else cell for cell in frame[column.name]]
            assert cells == [row[column.name] for row in told], column.name

    def test_begins_as_it_did_before_it_had_all_columns(
        self, client: Client, service: FakeService
    ) -> None:
        service.results = as_json()
        frame = client.jobs.attach(JOB).to_pandas()
        assert " ".join(frame.columns[:22]) == (
            "filename photo_index item_id status face_index expression p margin uncertain x y w h"
            " detection_confidence model_version error_code precision detector captured_at"
            " photo_warnings roll p_surprise"
        )

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
