import io

import pytest
from rich.console import Console
from rich.table import Table

from hfer._codec import decode
from hfer.cli.tables import describe, jobs_table, results_table, state_table
from hfer.models import Counts, JobState, PhotoResult
from tests.fixtures.fake_service import JOB, face_json, job_json, photo_json


def rows(table: Table) -> list[list[str]]:
    """Render, and split into cells (columns stand at least two blanks apart)."""
    stream = io.StringIO()
    Console(file=stream, width=200).print(table)
    lines = stream.getvalue().splitlines()
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def photo(**fields: object) -> PhotoResult:
    return decode(PhotoResult, {**photo_json(0, "a.jpg"), **fields})


class TestResultsTable:
    def test_has_a_row_per_face(self) -> None:
        faces = [face_json(0), face_json(1, label="fear", p=0.4)]
        assert rows(results_table([photo(faces=faces)])) == [
            ["photo", "face", "expression", "probability", "uncertain"],
            ["a.jpg", "0", "happiness", "75%", "no"],
            ["a.jpg", "1", "neutral", "60%", "yes"],
        ]

    def test_says_below_the_faces_that_more_were_found(self) -> None:
        shown = rows(results_table([photo(faces=[face_json(0)], faces_truncated=True)]))
        assert shown[2] == ["a.jpg", "–", "more faces were found", "–", "–"]

    def test_has_a_column_for_what_any_photo_has(self) -> None:
        known = {"captured_at": "2026-07-19T14:03:27", "warnings": ["end_missing"]}
        shown = [photo(faces=[face_json(0) | {"roll": -31.4}], **known), photo(faces=[])]
        assert [row[5:] for row in rows(results_table(shown))] == [
            ["roll", "taken", "warnings"],
            ["-31°", "2026-07-19T14:03:27", "end_missing"],
            ["–", "–", "–"],
        ]

    @pytest.mark.parametrize(
        ("fields", "outcome"),
        [
            ({"status": "no_face", "faces": []}, "no face"),
            ({"status": "cancelled", "faces": []}, "cancelled"),
            (
                {"status": "failed", "faces": [], "error": {"code": "empty", "detail": "0 bytes"}},
                "empty: 0 bytes",
            ),
        ],
    )
    def test_has_a_row_for_a_photo_without_faces(
        self, fields: dict[str, object], outcome: str
    ) -> None:
        assert rows(results_table([photo(**fields)]))[1] == ["a.jpg", "–", outcome, "–", "–"]

    @pytest.mark.parametrize("name", ["[red]a.jpg", ":smile:.jpg", "[/].jpg"])
    def test_shows_markup_in_a_name_as_it_is(self, name: str) -> None:
        assert rows(results_table([photo(filename=name)]))[1][0] == name

    def test_defuses_escape_sequences_in_a_name(self) -> None:
        assert rows(results_table([photo(filename="\x1b[2J.jpg")]))[1][0] == "\\x1b[2J.jpg"


class TestStateTable:
    def test_tells_what_is_known_and_nothing_else(self) -> None:
        state = decode(JobState, job_json("running", running=1, succeeded=2) | {"eta_seconds": 4})
        assert rows(state_table(state)) == [
            ["job", JOB],
            ["status", "running"],
            ["photos", "3 (2 succeeded, 1 running)"],
            ["progress", "50%"],
            ["time left", "about 4 s"],
            ["created", "2026-11-23 07:00:00 UTC"],
            ["labels", "shoot=7"],
        ]

    def test_tells_the_model_and_the_parent(self) -> None:
        more = {"model": {"version": "starter-1"}, "parent_job_id": "job_1"}
        cells = rows(state_table(decode(JobState, job_json("succeeded", succeeded=1) | more)))
        assert ["model", "starter-1"] in cells
        assert ["retry of", "job_1"] in cells

    def test_tells_its_turn_and_the_key_that_made_it(self) -> None:
        more = {"queue_position": 3, "created_by": {"key_id": "key_1", "name": "nightly"}}
        cells = rows(state_table(decode(JobState, job_json("queued", queued=1) | more)))
        assert ["turn", "3 of your own jobs"] in cells
        assert ["created by", "nightly"] in cells


class TestJobsTable:
    def test_has_a_row_per_job(self) -> None:
        made_by = {"client_ref": "mine", "created_by": {"key_id": "key_1", "name": "nightly"}}
        done = decode(JobState, job_json("succeeded", succeeded=2) | made_by)
        waits = decode(JobState, job_json("queued", queued=1) | {"queue_position": 2})
        created = "2026-11-23 07:00:00 UTC"
        assert rows(jobs_table([done, waits])) == [
            ["job", "status", "turn", "photos", "created", "created by", "reference"],
            [JOB, "succeeded", "2 (2 succeeded)", created, "nightly", "mine"],
            [JOB, "queued", "2", "1 (1 queued)", created],
        ]


class TestDescribe:
    def test_leaves_out_zeros(self) -> None:
        assert describe(Counts()) == "0"
        assert describe(Counts(total=1_200, failed=1_200)) == "1,200 (1,200 failed)"
