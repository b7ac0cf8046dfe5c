"""JSON, JSON Lines and CSV say the same; the Accept header chooses one."""

import csv
import io
import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from services.api.jobs.results.formats import CSV_COLUMNS, ResultFormat, negotiate, write_results
from services.api.jobs.results.schemas import PhotoResult, photo_result
from services.api.jobs.schemas import JobObject, job_object
from services.common.db.tables import Job
from services.common.domain.jobs import ItemStatus, JobCounts
from services.common.jobs.views import JobView
from tests.fixtures.jobs import OPTIONS, face_payload, photo_payload, photo_record

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def job() -> JobObject:
    row = Job(
        id=1,
        public_id=uuid.UUID(int=7),
        tenant="t",
        status="succeeded",
        total=4,
        options=OPTIONS,
        labels={},
        created_at=NOW,
    )
    return job_object(JobView(row, None, JobCounts(total=4, succeeded=4), None, NOW))


def photos() -> list[PhotoResult]:
    two = photo_payload(face_payload(0), face_payload(1, uncertain=True))
    records = [
        photo_record(0, payload=two),
        photo_record(1, status=ItemStatus.NO_FACE),
        photo_record(2, status=ItemStatus.FAILED),
        photo_record(3, status=ItemStatus.CANCELLED),
    ]
    return [photo_result(record, top_n=3) for record in records]


def write(fmt: ResultFormat, *batches: Sequence[PhotoResult]) -> str:
    return b"".join(write_results(fmt, job(), batches)).decode()


def rows(*batches: Sequence[PhotoResult]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(write(ResultFormat.CSV, *batches), newline="")))


class TestWriteResults:
    @pytest.mark.parametrize("cut", [0, 1, 2, 4])
    def test_all_formats_agree_however_batched(self, cut: int) -> None:
        batches = (photos()[:cut], photos()[cut:])
        document = json.loads(write(ResultFormat.JSON, *batches))
        lines = [json.loads(line) for line in write(ResultFormat.JSONL, *batches).splitlines()]
        assert document["data"] == lines
        assert document["job"]["status"] == "succeeded"
        assert [line["index"] for line in lines] == [0, 1, 2, 3]
        table = rows(*batches)
        assert [row["item_id"] for row in table] == [
            lines[index]["item_id"] for index in (0, 0, 1, 2, 3)
        ]

    def test_an_empty_job_is_valid_in_every_format(self) -> None:
        assert json.loads(write(ResultFormat.JSON))["data"] == []
        assert write(ResultFormat.JSONL) == ""
        assert rows() == []


class TestCsv:
    def test_writes_every_value_of_a_face(self) -> None:
        first, second, *_ = rows(photos())
        face: dict[str, Any] = json.loads(photos()[0].model_dump_json())["faces"][0]
        assert tuple(first) == CSV_COLUMNS
        assert float(first["box_w"]) == face["box"]["w"]
        assert float(first["mouth_left_y"]) == face["landmarks"]["mouth_left"]["y"]
        assert float(first["p_happiness"]) == face["emotions"]["happiness"]
        assert first["top_label"] == "happiness"
        assert (first["uncertain"], second["uncertain"]) == ("FALSE", "TRUE")
        assert second["face_index"] == "1"

    def test_names_what_answered_behind_the_first_columns(self) -> None:
        named = {"precision": "bf16", "detector": "openvino"}
        records = [
            photo_record(0, payload={**photo_payload(face_payload()), **named}),
            photo_record(1, status=ItemStatus.NO_FACE, payload={**photo_payload(), **named}),
            photo_record(2),
        ]
        table = rows([photo_result(record, top_n=1) for record in records])
        assert CSV_COLUMNS[-9:-7] == ("precision", "detector")
        assert [list(row.values())[-9:-7] for row in table] == [
            ["bf16", "openvino"],
            ["bf16", "openvino"],
            ["", ""],
        ]

    def test_tells_time_warnings_and_roll_after_those(self) -> None:
        known = {
            "captured_at": "2026-07-19T14:03:27",
            "warnings": ["end_missing", "side_chunk_skipped"],
        }
        records = [
            photo_record(0, payload={**photo_payload(face_payload(roll=-31.5)), **known}),
            photo_record(1, status=ItemStatus.NO_FACE, payload={**photo_payload(), **known}),
            photo_record(2),
        ]
        table = rows([photo_result(record, top_n=1) for record in records])
        assert CSV_COLUMNS[-7:-4] == ("captured_at", "photo_warnings", "roll")
        both = "end_missing side_chunk_skipped"
        assert [list(row.values())[-7:-4] for row in table] == [
            ["2026-07-19T14:03:27", both, "-31.5"],
            ["2026-07-19T14:03:27", both, ""],
            ["", "", ""],
        ]

    def test_tells_then_what_limits_a_face(self) -> None:
        cut = photo_payload(face_payload(box=(0.0, 4.0, 24.0, 30.0)), face_payload(1))
        records = [photo_record(0, payload=cut), photo_record(1, status=ItemStatus.NO_FACE)]
        table = rows([photo_result(record, top_n=1) for record in records])
        assert CSV_COLUMNS[-4] == "face_warnings"
        assert [row["face_warnings"] for row in table] == ["small_face cut_off", "small_face", ""]

    def test_tells_last_what_people_say(self) -> None:
        two = photo_payload(face_payload(), face_payload(1))
        photo = photo_result(photo_record(0, payload=two), top_n=1, votes={1: ["fear"]})
        assert CSV_COLUMNS[-3:] == ("reviewed_answer", "reviewed_votes", "reviewed_differs")
        assert [list(row.values())[-3:] for row in rows([photo])] == [
            ["", "", ""],
            ["fear", "1", "TRUE"],
        ]

    def test_begins_with_a_byte_order_mark_where_one_is_asked_for(self) -> None:
        plain = b"".join(write_results(ResultFormat.CSV, job(), [photos()]))
        marked = b"".join(write_results(ResultFormat.CSV, job(), [photos()], bom=True))
        assert marked == b"\xef\xbb\xbf" + plain
        assert not plain.startswith(b"\xef")

    def test_leaves_cells_of_landmarks_that_are_not_known_empty(self) -> None:
        payload = photo_payload(face_payload(landmarks=[], box=(0, 0, 64, 40)))
        [row] = rows([photo_result(photo_record(payload=payload), top_n=1)])
        assert (row["box_w"], row["left_eye_x"], row["mouth_right_y"]) == ("64.0", "", "")

    def test_leaves_cells_of_a_photo_without_faces_empty(self) -> None:
        no_face, failed = rows(photos())[2:4]
        assert (no_face["width"], no_face["face_index"], no_face["p_fear"]) == ("64", "", "")
        assert (failed["error_code"], failed["width"]) == ("decode_failed", "")

    @pytest.mark.parametrize("start", [*"=+-@\t\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
    def test_disarms_formulas(self, start: str) -> None:
        name = f'{start}HYPERLINK("http://evil")'
        [row] = rows([photo_result(photo_record(filename=name), top_n=1)])
        assert row["filename"] == f"'{name}"

    def test_leaves_negative_numbers_alone(self) -> None:
        payload = photo_payload(face_payload(margin=-0.25))
        [row] = rows([photo_result(photo_record(payload=payload), top_n=1)])
        assert row["margin"] == "-0.25"

    def test_quotes_commas_quotes_and_line_breaks(self) -> None:
        name = 'a,"b"\n.jpg'
        [row] = rows([photo_result(photo_record(filename=name), top_n=1)])
        assert row["filename"] == name


class TestNegotiate:
    @pytest.mark.parametrize(
        ("accept", "fmt"),
        [
            (None, ResultFormat.JSON),
            ("", ResultFormat.JSON),
            ("*/*", ResultFormat.JSON),
            ("text/csv", ResultFormat.CSV),
            ("text/*", ResultFormat.CSV),
            ("application/x-ndjson", ResultFormat.JSONL),
            ("Application/JSON; charset=utf-8", ResultFormat.JSON),
            ("text/csv;q=0.5, application/x-ndjson;q=0.9", ResultFormat.JSONL),
            ("application/json;q=0, */*;q=0.1", ResultFormat.JSONL),
            ("text/html, */*;q=0.8", ResultFormat.JSON),
        ],
    )
    def test_picks_the_best_liked(self, accept: str | None, fmt: ResultFormat) -> None:
        assert negotiate(accept) is fmt

    @pytest.mark.parametrize(
        "accept", ["text/html", "application/xml, image/*", "*/*;q=0", "text/csv;q=x"]
    )
    def test_finds_nothing_acceptable(self, accept: str) -> None:
        assert negotiate(accept) is None
