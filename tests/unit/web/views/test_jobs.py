from datetime import UTC, datetime
from typing import Any

import pytest

from services.web.views.expressions import distribution
from services.web.views.jobs import JobView, job_view
from tests.fixtures.fake_service import job_json
from tests.fixtures.page import summary_json

NOW = datetime(2026, 11, 23, 7, 5, tzinfo=UTC)


def shown(status: str, *, extra: dict[str, Any] | None = None, **counts: int) -> JobView:
    return job_view(job_json(status, **counts) | (extra or {}), now=NOW)


@pytest.mark.parametrize(
    ("extra", "name"),
    [
        ({"labels": {"name": "Fair"}, "client_ref": "r"}, "Fair"),
        ({"labels": {}, "client_ref": "r"}, "r"),
        ({"labels": {}, "client_ref": None}, "3 photos"),
    ],
)
def test_a_job_is_called_as_its_sender_called_it(extra: dict[str, Any], name: str) -> None:
    assert shown("queued", queued=3, extra=extra).name == name


def test_a_running_job_says_how_far_it_is_and_how_long() -> None:
    job = shown("running", queued=6, running=2, succeeded=2, extra={"eta_seconds": 33})
    assert job.line == "2 of 10 photos, about 35 seconds left"
    assert (job.final, job.finished, job.percent, job.created) == (
        False,
        2,
        "50 %",
        "5 minutes ago",
    )


@pytest.mark.parametrize(
    ("position", "line"),
    [
        (1, "0 of 3 photos, next in the queue"),
        (1000, "0 of 3 photos, number 1,000 in the queue"),
        (None, "0 of 3 photos"),
    ],
)
def test_a_queued_job_says_where_it_stands(position: int | None, line: str) -> None:
    assert shown("queued", queued=3, extra={"queue_position": position}).line == line


def test_a_job_names_the_key_that_made_it_where_that_is_known() -> None:
    made_by = {"created_by": {"key_id": "key_1", "name": "nightly"}}
    assert shown("queued", queued=1, extra=made_by).made_by == "nightly"
    assert shown("queued", queued=1, extra={"created_by": None}).made_by == ""


def test_a_final_job_says_what_came_of_its_photos() -> None:
    job = shown("succeeded", succeeded=7, no_face=2, failed=1)
    assert job.line == "10 photos: 7 with faces, 2 without a face, 1 failed"
    assert (job.final, job.progress, job.failed, job.word) == (True, 1.0, 1, "Done")


def test_a_service_newer_than_the_page_is_no_fault() -> None:
    job = shown("paused", queued=1)
    assert (job.word, job.final) == ("paused", False)
    assert job_view({}, now=NOW).line == "0 of 0 photos"


def test_bars_are_against_the_longest() -> None:
    chart = distribution(summary_json(happiness=8, anger=4))
    rows = {row.bar.label: row for row in chart.rows}
    assert (rows["happiness"].bar.share, rows["anger"].bar.share, rows["fear"].bar.share) == (
        1,
        0.5,
        0,
    )
    assert rows["happiness"].bar.text == "67 %"
    assert chart.faces == 12


def test_a_job_without_faces_has_an_empty_chart() -> None:
    chart = distribution({})
    assert (chart.faces, len(chart.rows), chart.rows[0].bar.width) == (0, 7, "0.00%")
