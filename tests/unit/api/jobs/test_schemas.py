"""The config part and the job object."""

import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from services.api.errors import ApiError
from services.api.jobs.schemas import JobConfig, job_object
from services.api.jobs.submission.intake import parse_config
from services.api.problems import ProblemCode
from services.common.db.tables import Job
from services.common.domain.faces import AnalysisOptions
from services.common.domain.jobs import JobCounts, JobStatus
from services.common.jobs.views import JobView
from tests.fixtures.jobs import OPTIONS

NOW = datetime(2026, 11, 23, 7, 0, 30, tzinfo=UTC)
BERLIN = timezone(timedelta(hours=1))


def view(counts: JobCounts, *, parent: uuid.UUID | None = None, **columns: Any) -> JobView:
    fields: dict[str, Any] = {
        "id": 1,
        "public_id": uuid.UUID(int=1),
        "tenant": "t",
        "status": JobStatus.RUNNING,
        "total": counts.total,
        "options": OPTIONS,
        "labels": {"a": "b"},
        "created_at": datetime(2026, 11, 23, 8, 0, tzinfo=BERLIN),
        "started_at": datetime(2026, 11, 23, 8, 0, tzinfo=BERLIN),
    }
    return JobView(
        Job(**{**fields, **columns}),
        parent,
        counts,
        None,
        NOW,
    )


class TestParseConfig:
    def test_takes_defaults_without_the_part_or_its_fields(self) -> None:
        assert parse_config(None) == parse_config(b"{}") == JobConfig()
        assert parse_config(None).options() == AnalysisOptions()

    def test_reads_every_field(self) -> None:
        config = parse_config(
            b'{"top_n": 7, "min_face_px": 40, "detection_threshold": 1, "annotated": true,'
            b' "labels": {"album": "x"}, "client_ref": "r-1"}'
        )
        assert config.options() == AnalysisOptions(7, 40, 1.0, True)
        assert (config.labels, config.client_ref) == ({"album": "x"}, "r-1")

    @pytest.mark.parametrize(
        ("raw", "pointer"),
        [
            (b'{"topn": 1}', "#/config/topn"),
            (b'{"top_n": 0}', "#/config/top_n"),
            (b'{"top_n": 8}', "#/config/top_n"),
            (b'{"top_n": "3"}', "#/config/top_n"),
            (b'{"top_n": 2.5}', "#/config/top_n"),
            (b'{"top_n": null}', "#/config/top_n"),
            (b'{"min_face_px": 19}', "#/config/min_face_px"),
            (b'{"detection_threshold": 0.4}', "#/config/detection_threshold"),
            (b'{"detection_threshold": NaN}', "#/config/detection_threshold"),
            (b'{"annotated": "false"}', "#/config/annotated"),
            (b'{"labels": {"a b": "x"}}', "#/config/labels/a b/[key]"),
            (b'{"labels": {"a": 1}}', "#/config/labels/a"),
            (b'{"labels": {"a": "nul\\u0000"}}', "#/config/labels/a"),
            (b'{"client_ref": ""}', "#/config/client_ref"),
            (b"[]", "#/config"),
            (b"null", "#/config"),
        ],
    )
    def test_points_at_what_does_not_fit(self, raw: bytes, pointer: str) -> None:
        with pytest.raises(ApiError) as caught:
            parse_config(raw)
        assert caught.value.code == ProblemCode.VALIDATION
        assert [error.pointer for error in caught.value.errors] == [pointer]

    @pytest.mark.parametrize("raw", [b"", b"{", b"{'a': 1}", b"\xff", b'{"client_ref": "\\ud800"}'])
    def test_refuses_what_is_no_json(self, raw: bytes) -> None:
        with pytest.raises(ApiError) as caught:
            parse_config(raw)
        assert caught.value.code == ProblemCode.INVALID_REQUEST

    def test_photos_are_kept_for_as_long_as_the_operator_allows(self) -> None:
        assert parse_config(b'{"keep_photos_s": 60}').kept(at_most=60) == 60
        assert parse_config(b"{}").kept(at_most=60) is None
        with pytest.raises(ApiError) as caught:
            parse_config(b'{"keep_photos_s": 61}').kept(at_most=60)
        assert caught.value.errors[0].pointer == "#/config/keep_photos_s"
        assert "60 seconds at most" in caught.value.detail

    def test_caps_the_number_of_labels(self) -> None:
        labels = ", ".join(f'"k{n}": "v"' for n in range(17))
        with pytest.raises(ApiError) as caught:
            parse_config(f'{{"labels": {{{labels}}}}}'.encode())
        assert caught.value.errors[0].pointer == "#/config/labels"


class TestJobObject:
    def test_writes_times_in_utc(self) -> None:
        document = job_object(view(JobCounts(total=1, queued=1))).model_dump(mode="json")
        assert document["created_at"] == "2026-11-23T07:00:00Z"
        assert document["finished_at"] is None

    def test_tells_progress_and_the_time_left_at_the_pace_so_far(self) -> None:
        shown = job_object(view(JobCounts(total=40, queued=30, succeeded=8, failed=2)))
        assert shown.progress == 0.25
        assert shown.eta_seconds == 90.0  # 10 photos in 30 s, 30 to go

    @pytest.mark.parametrize("columns", [{"started_at": None}, {}])
    def test_knows_no_time_left_before_the_first_result(self, columns: dict[str, Any]) -> None:
        assert job_object(view(JobCounts(total=4, queued=4), **columns)).eta_seconds is None

    def test_has_no_time_left_when_final(self) -> None:
        shown = job_object(view(JobCounts(total=1, failed=1), status=JobStatus.FAILED))
        assert (shown.eta_seconds, shown.progress) == (0.0, 1.0)

    def test_links_below_the_public_url(self) -> None:
        shown = job_object(view(JobCounts()), base="https://faces.example")
        assert shown.links.results == f"https://faces.example/v1/jobs/{shown.id}/results"

    def test_tells_when_its_photos_go_once_it_has_ended(self) -> None:
        ended = {"finished_at": NOW, "keep_photos_s": 3_600}
        shown = job_object(view(JobCounts(), status=JobStatus.SUCCEEDED, **ended))
        assert shown.photos_expire_at == NOW + timedelta(hours=1)
        assert shown.config.keep_photos_s == 3_600
        assert job_object(view(JobCounts(), keep_photos_s=3_600)).photos_expire_at is None
        erased = job_object(view(JobCounts(), inputs_erased_at=NOW, **ended))
        assert erased.photos_expire_at is None

    def test_its_photos_go_with_its_results_at_the_latest(self) -> None:
        soon = NOW + timedelta(minutes=1)
        shown = job_object(view(JobCounts(), finished_at=NOW, keep_photos_s=99, expires_at=soon))
        assert shown.photos_expire_at == soon

    def test_names_its_parent(self) -> None:
        shown = job_object(view(JobCounts(), parent=uuid.UUID(int=255)))
        assert shown.parent_job_id == "job_000000000000000000000000000000ff"
