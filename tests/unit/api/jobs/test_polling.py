"""ETags, when to look again, and the wait preference."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.api.jobs.polling import etag_of, parse_wait, poll_headers
from services.common.db.tables import Job
from services.common.domain.jobs import JobCounts, JobStatus
from services.common.jobs.views import JobView

START = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def view(*, done: int = 1, total: int = 10, elapsed_s: int = 1, final: bool = False) -> JobView:
    status = JobStatus.SUCCEEDED if final else JobStatus.RUNNING
    return JobView(
        Job(status=status, started_at=START),
        None,
        JobCounts(total=total, queued=total - done, succeeded=done),
        None,
        START.replace(minute=elapsed_s // 60, second=elapsed_s % 60),
    )


class TestEtagOf:
    def test_stays_while_only_time_passes(self) -> None:
        assert etag_of(view(elapsed_s=1)) == etag_of(view(elapsed_s=50))

    def test_changes_with_a_count_the_place_the_status_or_the_model(self) -> None:
        tags = {
            etag_of(view()),
            etag_of(view(done=2)),
            etag_of(view(final=True)),
            etag_of(replace(view(), model_version="m-1")),
            etag_of(replace(view(), queue_position=3)),
        }
        assert len(tags) == 5


class TestPollHeaders:
    @pytest.mark.parametrize(("elapsed_s", "seconds"), [(1, "1"), (20, "9"), (300, "15")])
    def test_asks_for_some_twenty_looks(self, elapsed_s: int, seconds: str) -> None:
        assert poll_headers(view(elapsed_s=elapsed_s)) == {"Retry-After": seconds}

    def test_asks_for_no_look_at_a_final_job(self) -> None:
        assert poll_headers(view(final=True)) == {}


class TestParseWait:
    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            ("wait=5", 5),
            ("Wait=5", 5),
            ('wait="7"', 7),
            ("respond-async, wait=3", 3),
            ("wait=3; strict=1", 3),
            ("wait=3600", 30),
        ],
    )
    def test_reads_seconds_and_caps_them(self, header: str, seconds: int) -> None:
        assert parse_wait(header) == seconds

    @pytest.mark.parametrize(
        "header",
        [
            None,
            "",
            "respond-async",
            "wait",
            "wait=",
            "wait=-1",
            "wait=0",
            "wait=x",
            "wait=1e3",
            "wait=²",
            "wait=" + "9" * 5000,
        ],
    )
    def test_ignores_what_makes_no_sense(self, header: str | None) -> None:
        assert parse_wait(header) is None
