"""Photos that kill, and workers that come back from the dead (F8, F9, F10, F14)."""

import json
import signal

from sqlalchemy import update

from services.common.db.session import unit_of_work
from services.common.db.tables import Job
from services.common.domain.jobs import ItemState, JobStatus
from services.common.domain.queues import Queue
from tests.fault.chaos import Progress, run_chaos
from tests.fault.oracle import check_oracle
from tests.fixtures.analysers import Kind, fake_photo
from tests.fixtures.factories import JobMaker, Rows
from tests.fixtures.fleet import CRASHING, Fleet, wait_until


def test_f8_poison_is_isolated_and_named(fleet: Fleet, make_job: JobMaker, rows: Rows) -> None:
    fleet.start_maintenance()
    fleet.start_worker(HFER_WORKER__CONCURRENCY="3", **CRASHING)
    fleet.wait_ready(3)
    photos = [fake_photo(number % 50) for number in range(600)]
    poison = [
        *[Kind.CORRUPT] * 5,
        *(kind for kind in Kind if kind not in {Kind.HEALTHY, Kind.DEVICE}),
    ]
    for place, kind in enumerate(poison):
        photos[20 + 40 * place] = fake_photo(place, kind)
    neighbours = make_job([fake_photo(number % 50) for number in range(200)])
    job = make_job(photos)
    run_chaos(Progress(rows, job), [], timeout_s=170)
    check_oracle(fleet.sessions, job.id, photos)
    run_chaos(Progress(rows, neighbours), [], timeout_s=90)


def test_f9_a_zombie_writes_nothing(fleet: Fleet, make_job: JobMaker, rows: Rows) -> None:
    fleet.start_maintenance()
    fleet.start_worker("worker-1", HFER_QUEUE__TASK_TIME_LIMIT_S="600")
    fleet.wait_ready(1)
    photos = [fake_photo(number % 50) for number in range(300)]
    job = make_job(photos)
    progress = Progress(rows, job)
    wait_until(lambda: progress.share > 0.05 and progress.leased > 0, timeout_s=120, what="a lease")
    (zombie,) = fleet.pool_pids("worker-1")
    fleet.signal(zombie, signal.SIGSTOP)
    stuck = {item.id for item in rows.items(job.id) if item.state == ItemState.LEASED}
    assert stuck
    fleet.start_worker("worker-2")
    run_chaos(progress, [], timeout_s=180)
    before = rows.outcomes(job.id)
    fleet.signal(zombie, signal.SIGCONT)
    # It wakes, tries to settle what it held, and serves the next job like any other.
    wait_until(lambda: fleet.lost_leases("worker-1"), timeout_s=120, what="the stale settlement")
    after = rows.outcomes(job.id)
    assert {key: one.created_at for key, one in before.items()} == {
        key: one.created_at for key, one in after.items()
    }
    check_oracle(fleet.sessions, job.id, photos)


def test_f10_hints_delivered_many_times_cost_nothing(
    fleet: Fleet, make_job: JobMaker, rows: Rows
) -> None:
    impatient = {"HFER_QUEUE__VISIBILITY_TIMEOUT_S": "1"}
    for number in range(5):
        fleet.start_maintenance(f"maintenance-{number}")
    fleet.start_worker(HFER_WORKER__CONCURRENCY="2", **impatient)
    fleet.wait_ready(2)
    photos = [fake_photo(number % 50) for number in range(600)]
    job = make_job(photos)
    run_chaos(Progress(rows, job), [], timeout_s=180)
    check_oracle(fleet.sessions, job.id, photos, attempts=1)


def test_f14_a_cancelled_job_stops(fleet: Fleet, make_job: JobMaker, rows: Rows) -> None:
    fleet.start_maintenance()
    fleet.start_worker(HFER_WORKER__CONCURRENCY="2")
    fleet.wait_ready(2)
    job = make_job([fake_photo(number % 50) for number in range(3_000)])
    progress = Progress(rows, job)
    wait_until(lambda: progress.share > 0.02, timeout_s=120, what="a start")
    with unit_of_work(fleet.sessions) as session:
        session.execute(update(Job).where(Job.id == job.id).values(status=JobStatus.CANCELLING))
    wait_until(lambda: progress.finished, timeout_s=120, what="the end")
    assert rows.job(job.id).status == JobStatus.CANCELLED
    outcomes = rows.outcomes(job.id)
    states = [item.state for item in rows.items(job.id)]
    assert states.count(ItemState.FINISHED) == len(outcomes) > 0
    assert states.count(ItemState.CANCELLED) == 3_000 - len(outcomes)


def test_damaged_messages_end_no_worker(fleet: Fleet, make_job: JobMaker, rows: Rows) -> None:
    """Each of these ended the worker that read it; some, every worker at every start."""
    fleet.start_maintenance()
    worker = fleet.start_worker()
    fleet.wait_ready(1)
    queue = Queue.CPU_BATCH.value
    whole = {"body": "W10=", "headers": {}, "content-type": "application/json"}
    properties = {
        "delivery_tag": "tag",
        "delivery_info": {"exchange": "", "routing_key": queue},
        "body_encoding": "base64",
    }
    fleet.push(
        queue,
        "no JSON",
        b"\xff\xfe",
        "[]",
        "{}",
        json.dumps({**whole, "properties": {}}),
        json.dumps({**whole, "properties": {**properties, "delivery_tag": [1]}}),
        json.dumps({**whole, "properties": {**properties, "delivery_info": None}}),
        json.dumps({**whole, "body": "A", "properties": properties}),
        json.dumps({**whole, "headers": {"task": []}, "properties": properties}),
        json.dumps({"__type__": "decimal", "__value__": {}}),
    )
    job = make_job([fake_photo(number) for number in range(20)])
    run_chaos(Progress(rows, job), [], timeout_s=120)
    wait_until(lambda: fleet.log("worker").count("hint.damaged") == 10, timeout_s=60, what="drops")
    assert worker.returncode is None
