"""Servers are wiped, killed and restarted in the middle of a job (F3, F4, F5, F12)."""

import signal
import threading
from typing import Self

from services.common.domain.jobs import ItemState
from tests.fault.chaos import Chaos, Progress, run_chaos
from tests.fault.oracle import check_oracle
from tests.fixtures.analysers import fake_photo
from tests.fixtures.factories import JobMaker, MadeJob, Rows
from tests.fixtures.fleet import Fleet, wait_until

PHOTOS = [fake_photo(number % 50) for number in range(600)]
WINDOW = 16


def start(fleet: Fleet) -> None:
    fleet.start_maintenance()
    fleet.start_worker(HFER_WORKER__CONCURRENCY="2")
    fleet.wait_ready(2)


class Watch:
    """The most hints that were ever seen in a queue."""

    def __init__(self, fleet: Fleet, queue: str) -> None:
        self._fleet = fleet
        self._queue = queue
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.most = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            self.most = max(self.most, self._fleet.hints(self._queue))


def test_f3_flushall_again_and_again(fleet: Fleet, make_job: JobMaker, rows: Rows) -> None:
    start(fleet)
    chaos = Chaos(fleet)
    with Watch(fleet, "cpu.batch") as watch:
        job = make_job(PHOTOS)
        faults = [(share, chaos.flush_redis) for share in (0, 0.25, 0.5, 0.75)]
        run_chaos(Progress(rows, job), faults, timeout_s=180)
    check_oracle(fleet.sessions, job.id, PHOTOS, attempts=1)
    assert 0 < watch.most <= WINDOW


def test_f4_redis_dies_and_returns(fleet: Fleet, make_job: JobMaker, rows: Rows) -> None:
    start(fleet)
    job = make_job(PHOTOS)
    progress = Progress(rows, job)
    wait_until(lambda: progress.share > 0.1, timeout_s=120, what="a start")
    fleet.kill("redis")
    wait_until(lambda: _idle(progress), timeout_s=120, what="work in hand to end", every_s=0.1)
    fleet.revive("redis")
    # The same worker processes take up work again by themselves.
    run_chaos(progress, [], timeout_s=60)
    check_oracle(fleet.sessions, job.id, PHOTOS, attempts=1)


def test_f5_postgres_restarts_immediately(fleet: Fleet, make_job: JobMaker, rows: Rows) -> None:
    start(fleet)
    chaos = Chaos(fleet)
    job = make_job(PHOTOS)
    faults = [(share, chaos.restart_postgres) for share in (0.1, 0.3, 0.5, 0.7)]
    run_chaos(Progress(rows, job), faults, timeout_s=120)
    check_oracle(fleet.sessions, job.id, PHOTOS)


def test_f12_the_bucket_dies_and_returns_and_one_object_is_gone(
    fleet: Fleet, make_job: JobMaker, rows: Rows
) -> None:
    start(fleet)
    photos = [*PHOTOS, fake_photo(999)]
    job = make_job(photos)
    fleet.storage.delete([rows.item(job.items[-1]).object_key])
    chaos = Chaos(fleet)
    faults = [(0.1, lambda: chaos.kill_s3(down_s=2)), (0.5, chaos.kill_s3)]
    run_chaos(Progress(rows, job), faults, timeout_s=120)
    # An outage is no photo's fault and costs no try; but a bucket that restarts is up before it
    # can read, and that costs one or two.
    gone = frozenset({len(photos) - 1})
    check_oracle(fleet.sessions, job.id, photos, attempts=5, missing=gone)


def test_a_stalled_bucket_is_waited_for_not_blamed(
    fleet: Fleet, make_job: JobMaker, rows: Rows
) -> None:
    start(fleet)
    photos = PHOTOS[:300]
    job = make_job(photos)
    progress = Progress(rows, job)
    wait_until(lambda: progress.share > 0.1, timeout_s=120, what="a start")
    pid = fleet.main_pid("s3")
    fleet.signal(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: _excused(rows, job) > 0, timeout_s=120, what="photos sent to rest")
    finally:
        fleet.signal(pid, signal.SIGCONT)
    run_chaos(progress, [], timeout_s=120)
    check_oracle(fleet.sessions, job.id, photos)


def _idle(progress: Progress) -> bool:
    """Whether nothing is under a lease: in hand, or finished between two looks."""
    return not progress.leased


def _excused(rows: Rows, job: MadeJob) -> int:
    """How many photos rest without having been charged an attempt."""
    now = rows.now()
    resting = (item for item in rows.items(job.id) if item.state == ItemState.READY)
    return sum(item.next_at > now and item.attempts == 0 for item in resting)
