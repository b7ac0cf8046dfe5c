import pytest

from services.common.domain.jobs import (
    ACTIVE_JOB_STATUSES,
    FINAL_JOB_STATUSES,
    ItemState,
    ItemStatus,
    JobCounts,
    JobStatus,
    Verdict,
)


class TestJobStatus:
    def test_every_status_is_final_or_can_still_move(self) -> None:
        moving = {JobStatus.OPEN, JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.CANCELLING}
        assert moving | FINAL_JOB_STATUSES == set(JobStatus)
        assert not moving & FINAL_JOB_STATUSES
        assert moving > ACTIVE_JOB_STATUSES
        assert {status for status in JobStatus if status.final} == FINAL_JOB_STATUSES


class TestItemStatus:
    @pytest.mark.parametrize(
        ("state", "verdict", "shown"),
        [
            (ItemState.READY, None, ItemStatus.QUEUED),
            (ItemState.LEASED, None, ItemStatus.RUNNING),
            (ItemState.FINISHED, Verdict.SUCCEEDED, ItemStatus.SUCCEEDED),
            (ItemState.FINISHED, Verdict.NO_FACE, ItemStatus.NO_FACE),
            (ItemState.FINISHED, Verdict.FAILED, ItemStatus.FAILED),
            (ItemState.CANCELLED, None, ItemStatus.CANCELLED),
        ],
    )
    def test_shows_the_stored_pair(
        self, state: ItemState, verdict: Verdict | None, shown: ItemStatus
    ) -> None:
        assert ItemStatus.of(state, verdict) is shown

    def test_rejects_a_finished_item_without_verdict(self) -> None:
        with pytest.raises(ValueError, match="verdict"):
            ItemStatus.of(ItemState.FINISHED, None)


class TestJobCounts:
    def test_progress_counts_every_final_item(self) -> None:
        counts = JobCounts(
            total=10, queued=3, running=2, succeeded=1, no_face=1, failed=1, cancelled=2
        )
        assert counts.final == 5
        assert counts.progress == 0.5

    def test_an_empty_job_is_done(self) -> None:
        assert JobCounts().progress == 1.0
