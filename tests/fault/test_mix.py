"""A seeded random mix of every fault (F16), and the issue's own three."""

import random

from tests.fault.chaos import Chaos, Progress, run_chaos
from tests.fault.oracle import check_oracle
from tests.fixtures.analysers import Kind, fake_photo
from tests.fixtures.factories import JobMaker, Rows
from tests.fixtures.fleet import CRASHING, Fleet

SEED = 20261123
FAULTS = 8


def test_f16_anything_may_die_at_any_time(fleet: Fleet, make_job: JobMaker, rows: Rows) -> None:
    rng = random.Random(SEED)
    photos = [fake_photo(number % 50) for number in range(2_000)]
    for place in rng.sample(range(2_000), 5):
        photos[place] = fake_photo(place, Kind.CORRUPT)
    photos[rng.randrange(2_000)] = fake_photo(1, Kind.SEGV)
    fleet.start_maintenance("maintenance-1", **CRASHING)
    fleet.start_maintenance("maintenance-2", **CRASHING)
    fleet.start_worker("worker-1", **CRASHING)
    fleet.start_worker("worker-2", **CRASHING)
    fleet.wait_ready(2)
    chaos = Chaos(fleet, seed=SEED)
    shares = sorted(rng.uniform(0.02, 0.9) for _ in range(FAULTS))
    faults = [(share, rng.choice(chaos.all())) for share in shares]
    job = make_job(photos)
    run_chaos(Progress(rows, job), faults, timeout_s=300)
    # Each crash may hit the same photo again: three isolated ones would condemn it.
    check_oracle(fleet.sessions, job.id, photos, attempts=5)


def test_the_three_faults_of_the_issue(fleet: Fleet, make_job: JobMaker, rows: Rows) -> None:
    fleet.start_maintenance()
    fleet.start_worker()
    fleet.wait_ready(1)
    photos = [fake_photo(number) for number in range(200)]
    chaos = Chaos(fleet)
    job = make_job(photos)
    faults = [(0.2, chaos.kill_worker), (0.4, chaos.flush_redis), (0.6, chaos.kill_s3)]
    run_chaos(Progress(rows, job), faults, timeout_s=120)
    # A bucket that restarts is up before it can read: that costs a try or two.
    check_oracle(fleet.sessions, job.id, photos, attempts=5)
