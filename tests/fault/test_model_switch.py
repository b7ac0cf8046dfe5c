"""Publish, activate and roll back while a job runs: every photo has one outcome, no error."""

from pathlib import Path

from tests.fault.chaos import Progress, run_chaos
from tests.fault.model_switch import Switching
from tests.fault.oracle import check_oracle
from tests.fixtures.analysers import FIVE_MS_OF_BUNDLE, fake_photo
from tests.fixtures.bundles import tiny_card, write_tiny_bundle
from tests.fixtures.factories import JobMaker, Rows
from tests.fixtures.fleet import Fleet

PHOTOS = 2_000


def test_models_change_between_chunks_and_no_photo_notices(
    fleet: Fleet, make_job: JobMaker, rows: Rows, tmp_path: Path
) -> None:
    shipped = write_tiny_bundle(tmp_path / "shipped")
    second = write_tiny_bundle(tmp_path / "second", card=tiny_card(version="0.2.0"))
    fleet.start_maintenance()
    fleet.start_worker(
        HFER_WORKER__ANALYSER=FIVE_MS_OF_BUNDLE,
        HFER_WORKER__BUNDLE_DIR=str(shipped.directory),
        HFER_QUEUE__LOOP_BUDGET_S="0.5",
        HFER_MODELS__POLL_S="0.1",
        HFER_MODELS__CACHE_DIR=str(tmp_path / "cache"),
    )
    fleet.wait_ready(1)
    photos = [fake_photo(number) for number in range(PHOTOS)]
    switching = Switching(fleet, second.directory)
    job = make_job(photos)
    changes = [(0.2, switching.publish_and_activate), (0.6, switching.roll_back)]
    run_chaos(Progress(rows, job), changes, timeout_s=120)
    check_oracle(fleet.sessions, job.id, photos, attempts=1)
    answered = switching.versions(job)
    assert set(answered) == {shipped.version, second.version}
    assert answered.total() == PHOTOS
    assert min(answered.values()) > PHOTOS / 10
    # It went back: what came last was answered by the first model again.
    last = max(rows.outcomes(job.id).values(), key=lambda outcome: outcome.created_at)
    assert last.model_version == shipped.version
