"""Processes of ours die in the middle of a job (F1, F2, F7, F11)."""

import signal

from tests.fault.chaos import Chaos, Progress, run_chaos
from tests.fault.oracle import check_oracle
from tests.fixtures.analysers import fake_photo
from tests.fixtures.factories import JobMaker, Rows
from tests.fixtures.fleet import Fleet, wait_until

PHOTOS = [fake_photo(number % 50) for number in range(600)]


def test_f1_kill_9_of_the_main_process(fleet: Fleet, make_job: JobMaker, rows: Rows) -> None:
    fleet.start_maintenance()
    fleet.start_worker("worker-1")
    fleet.start_worker("worker-2")
    fleet.wait_ready(2)
    chaos = Chaos(fleet, seed=1)
    job = make_job(PHOTOS)
    faults = [(share, chaos.kill_worker) for share in (0.1, 0.4, 0.7)]
    run_chaos(Progress(rows, job), faults, timeout_s=120)
    check_oracle(fleet.sessions, job.id, PHOTOS)


def test_f2_kill_9_of_pool_children(fleet: Fleet, make_job: JobMaker, rows: Rows) -> None:
    fleet.start_maintenance(HFER_QUEUE__LEASE_S="3600")
    fleet.start_worker(HFER_WORKER__CONCURRENCY="2", HFER_QUEUE__LEASE_S="3600")
    fleet.wait_ready(2)
    chaos = Chaos(fleet, seed=2)
    job = make_job(PHOTOS)
    faults = [(share, chaos.kill_child) for share in (0.1, 0.4, 0.7)]
    # With a lease of an hour only the fast path can bring it to its end in time.
    run_chaos(Progress(rows, job), faults, timeout_s=120)
    check_oracle(fleet.sessions, job.id, PHOTOS)


def test_f7_without_feeder_and_sweeper_nothing_is_lost(
    fleet: Fleet, make_job: JobMaker, rows: Rows
) -> None:
    fleet.start_maintenance("maintenance-1")
    fleet.start_maintenance("maintenance-2")
    fleet.start_worker()
    fleet.wait_ready(1)
    job = make_job(PHOTOS)
    progress = Progress(rows, job)
    wait_until(lambda: progress.share > 0.05, timeout_s=120, what="a start")
    fleet.kill("maintenance-1")
    fleet.kill("maintenance-2")
    fleet.flush_redis()
    wait_until(lambda: not progress.leased, timeout_s=120, what="the end of the task")
    stopped_at = progress.share
    assert stopped_at < 1
    fleet.revive("maintenance-1")
    # Two seconds by the design, and the start of a Python process on a loaded host.
    wait_until(lambda: progress.share > stopped_at, timeout_s=120, what="a new start")
    run_chaos(progress, [], timeout_s=180)
    check_oracle(fleet.sessions, job.id, PHOTOS, attempts=1)


def test_f11_a_rolling_restart_costs_no_attempt(
    fleet: Fleet, make_job: JobMaker, rows: Rows
) -> None:
    fleet.start_maintenance()
    fleet.start_worker("worker-1")
    fleet.start_worker("worker-2")
    fleet.wait_ready(2)
    job = make_job(PHOTOS)
    chaos = Chaos(fleet)
    faults = [(0.1, lambda: chaos.drain("worker-1")), (0.4, lambda: chaos.drain("worker-2"))]
    run_chaos(Progress(rows, job), faults, timeout_s=120)
    check_oracle(fleet.sessions, job.id, PHOTOS, attempts=1)


def test_a_drained_worker_signs_off(fleet: Fleet) -> None:
    fleet.start_worker()
    fleet.wait_ready(1)
    child = fleet.supervisor.children["worker"]
    child.send(signal.SIGTERM)
    wait_until(lambda: child.returncode is not None, timeout_s=120, what="an orderly end")
    assert child.returncode == 0
    assert fleet.worker_rows() == 0
    assert not list(fleet.folder.glob("hfer-drain-*"))


def test_spawned_children_work_and_drain_alike(
    fleet: Fleet, make_job: JobMaker, rows: Rows
) -> None:
    """As on a GPU, where children must not be forked."""
    fleet.start_maintenance()
    fleet.start_worker(HFER_WORKER__POOL_START_METHOD="spawn")
    fleet.wait_ready(1)
    job = make_job(PHOTOS)
    faults = [(0.1, lambda: Chaos(fleet).drain("worker"))]
    run_chaos(Progress(rows, job), faults, timeout_s=120)
    check_oracle(fleet.sessions, job.id, PHOTOS, attempts=1)


def test_a_worker_without_a_model_ends_itself(fleet: Fleet) -> None:
    fleet.start_worker(HFER_WORKER__ANALYSER="tests.fixtures.analysers:refused")
    child = fleet.supervisor.children["worker"]
    wait_until(lambda: child.returncode is not None, timeout_s=120, what="the end")
    assert child.returncode != 0
    assert "worker.no_model" in fleet.log("worker")
    assert fleet.worker_rows() == 0
