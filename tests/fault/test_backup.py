"""Everything is lost in the middle of a job, and comes back from a backup (issue 6, shown by 5)."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from infra.local.postgres import DATABASE, USER
from services.backup.__main__ import main
from services.backup.manifest import Layout, Manifest
from services.common.domain.jobs import ItemState
from tests.fault.chaos import Progress, run_chaos
from tests.fault.oracle import check_oracle
from tests.fixtures.analysers import fake_photo
from tests.fixtures.factories import JobMaker, Rows
from tests.fixtures.fleet import Fleet, wait_until

FEW = [fake_photo(number) for number in range(1_000, 1_040)]
MANY = [fake_photo(number) for number in range(800)]
# Above any place in a job, below any number made of a transaction's id.
FIRST_TRANSACTION = 1 << 20


@pytest.fixture(autouse=True)
def settings(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in fleet.servers.environment.items():
        monkeypatch.setenv(name, value)


def test_a_backup_taken_during_a_job_brings_everything_back(
    fleet: Fleet, make_job: JobMaker, rows: Rows, tmp_path: Path
) -> None:
    fleet.start_maintenance()
    fleet.start_worker()
    fleet.wait_ready(1)
    done = make_job(FEW)
    run_chaos(Progress(rows, done), [], timeout_s=60)
    before = {key: outcome.payload for key, outcome in rows.outcomes(done.id).items()}
    running = make_job(MANY)
    progress = Progress(rows, running)
    wait_until(lambda: progress.share > 0.05, timeout_s=120, what="a start")

    assert main(["create", str(tmp_path / "backup")]) == 0

    manifest = Manifest.read(Layout(tmp_path / "backup"))
    assert len(FEW) < manifest.rows["outcome"] < len(FEW) + len(MANY)
    assert manifest.objects == len(FEW) + len(MANY)
    assert manifest.missing == manifest.altered == manifest.vanished == []
    fleet.stop()
    lose_everything(fleet)

    assert main(["restore", str(tmp_path / "backup")]) == 0

    items = rows.items(running.id)
    assert all(item.state in {ItemState.READY, ItemState.FINISHED} for item in items)
    told = [item.event_id for item in items if item.event_id is not None]
    assert len(told) == manifest.rows["outcome"] - len(FEW)
    assert max(told) < FIRST_TRANSACTION
    fleet.start_maintenance()
    fleet.start_worker()
    run_chaos(progress, [], timeout_s=120)
    check_oracle(fleet.sessions, running.id, MANY, attempts=1)
    check_oracle(fleet.sessions, done.id, FEW)
    after = {key: outcome.payload for key, outcome in rows.outcomes(done.id).items()}
    assert after == before


def lose_everything(fleet: Fleet) -> None:
    """Drop the database, empty the bucket, flush Redis."""
    engine = create_engine(fleet.servers.postgres.superuser_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {DATABASE} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {DATABASE} OWNER {USER}"))
    engine.dispose()
    fleet.storage.delete([entry.key for entry in fleet.storage.list("")])
    fleet.flush_redis()
