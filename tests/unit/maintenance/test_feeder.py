import pytest

from services.common.domain.queues import Device, Lane
from services.common.jobs.queue.repositories.sweeps import WaitingJob
from services.maintenance.feeder import devices, round_robin


def job(job_id: int, ready: int) -> WaitingJob:
    return WaitingJob(job_id, Lane.BATCH, ready)


class TestRoundRobin:
    def test_gives_each_job_a_turn_before_any_gets_a_second(self) -> None:
        jobs = [job(1, 20), job(2, 3), job(3, 9)]
        assert round_robin(jobs, photos_per_hint=8) == [1, 2, 3, 1, 3, 1]

    def test_of_nothing_is_nothing(self) -> None:
        assert round_robin([], photos_per_hint=8) == []


class TestDevices:
    @pytest.mark.parametrize(
        ("live", "expected"),
        [
            ({}, [Device.CPU]),
            ({Device.CPU: 2}, [Device.CPU]),
            ({Device.GPU: 1}, [Device.GPU]),
            ({Device.GPU: 1, Device.CPU: 1}, [Device.CPU, Device.GPU]),
        ],
    )
    def test_notifies_where_somebody_listens(
        self, live: dict[Device, int], expected: list[Device]
    ) -> None:
        assert devices(live) == expected
