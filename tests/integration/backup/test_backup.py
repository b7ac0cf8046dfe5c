"""The command ``python -m services.backup``: what it refuses, and what it takes up again."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from services.backup.__main__ import main
from services.backup.manifest import Layout, Manifest
from services.backup.moment import connected
from services.common.config import StorageSettings
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.jobs import JobStatus
from services.common.jobs.lifecycle import erase, erase_photos
from services.common.jobs.repositories.erasures import ErasureRequest
from services.common.keys.repository import KeyRepository
from services.common.keys.service import issue_key
from services.common.storage import ObjectStorage, build_storage
from tests.fixtures.factories import JobMaker, MadeJob, Rows
from tests.integration.backup.conftest import Target


@pytest.fixture
def source(
    aim: Target,
    database_url: str,
    bucket_settings: StorageSettings,
    storage: ObjectStorage,  # noqa: ARG001 - makes the bucket
) -> None:
    aim(database_url, bucket_settings)


@pytest.fixture
def job(source: None, make_stored_job: JobMaker) -> MadeJob:  # noqa: ARG001
    return make_stored_job(5)


@pytest.fixture
def backup(job: MadeJob, tmp_path: Path) -> Path:  # noqa: ARG001
    folder = tmp_path / "backup"
    assert main(["create", str(folder)]) == 0
    return folder


@pytest.fixture
def empty_bucket(bucket_settings: StorageSettings) -> StorageSettings:
    return bucket_settings.model_copy(update={"bucket": f"{bucket_settings.bucket}-restored"})


def test_a_complete_backup_is_verified_and_not_written_over(backup: Path) -> None:
    assert main(["verify", str(backup)]) == 0
    assert main(["create", str(backup)]) == 3


def test_a_folder_of_other_files_is_left_alone(source: None, tmp_path: Path) -> None:  # noqa: ARG001
    (tmp_path / "holiday.txt").touch()
    assert main(["create", str(tmp_path)]) == 3


def test_what_is_restored_into_must_be_empty(
    backup: Path,
    *,
    aim: Target,
    empty_database_url: str,
    bucket_settings: StorageSettings,
    storage: ObjectStorage,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["restore", str(backup)]) == 3
    assert "tables" in capsys.readouterr().err
    aim(empty_database_url, bucket_settings)
    path = backup / "manifest.json"
    with path.open("rb") as file:
        storage.put("photos/stranger", file, size=path.stat().st_size, content_type="x/y")
    assert main(["restore", str(backup)]) == 3
    assert "photos/stranger" in capsys.readouterr().err


def test_a_changed_byte_is_found_and_nothing_restored(
    backup: Path, aim: Target, empty_database_url: str, empty_bucket: StorageSettings
) -> None:
    copy = next(Layout(backup).copies())
    Layout(backup).content(copy.sha256).write_bytes(b"x" * copy.size)
    assert main(["verify", str(backup)]) == 4
    aim(empty_database_url, empty_bucket)
    assert main(["restore", str(backup)]) == 4


def test_an_interrupted_restore_is_run_again(
    backup: Path, aim: Target, empty_database_url: str, empty_bucket: StorageSettings
) -> None:
    aim(empty_database_url, empty_bucket)
    copy = list(Layout(backup).copies())[-1]
    path = Layout(backup).content(copy.sha256)
    whole = path.read_bytes()
    path.unlink()
    assert main(["restore", str(backup), "--threads", "1"]) == 4
    path.write_bytes(whole)
    assert main(["restore", str(backup)]) == 0
    assert len(list(build_storage(empty_bucket).list(""))) == 5
    assert main(["restore", str(backup)]) == 3


def test_an_interrupted_backup_is_continued(backup: Path, storage: ObjectStorage) -> None:
    (backup / "manifest.json").unlink()
    assert main(["verify", str(backup)]) == 4
    # What the first run fetched is not fetched again: the bucket no longer has it.
    storage.delete([entry.key for entry in storage.list("")])
    assert main(["create", str(backup)]) == 0
    assert Manifest.read(Layout(backup)).objects == 5


def test_an_object_that_a_job_needs_and_nobody_has_is_listed(
    job: MadeJob, rows: Rows, storage: ObjectStorage, tmp_path: Path
) -> None:
    key = rows.item(job.items[0]).object_key
    storage.delete([key])
    assert main(["create", str(tmp_path / "backup")]) == 5
    assert Manifest.read(Layout(tmp_path / "backup")).missing == [key]


def test_a_declared_photo_that_is_not_uploaded_yet_is_no_loss(
    source: None,  # noqa: ARG001
    make_job: JobMaker,
    tmp_path: Path,
) -> None:
    make_job(2, status=JobStatus.OPEN)
    assert main(["create", str(tmp_path / "backup")]) == 0
    assert len(Manifest.read(Layout(tmp_path / "backup")).vanished) == 2


def test_a_schema_of_a_newer_version_is_refused(
    job: MadeJob,  # noqa: ARG001
    *,
    sessions: SessionFactory,
    aim: Target,
    empty_database_url: str,
    empty_bucket: StorageSettings,
    tmp_path: Path,
) -> None:
    with unit_of_work(sessions) as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert main(["create", str(tmp_path / "backup")]) == 0
    aim(empty_database_url, empty_bucket)
    assert main(["restore", str(tmp_path / "backup")]) == 6


def test_a_folder_without_tools_is_an_error(job: MadeJob, tmp_path: Path) -> None:  # noqa: ARG001
    assert main(["create", str(tmp_path / "backup"), "--pg-bin", str(tmp_path)]) == 7


def test_a_connection_prepares_no_statement(database_url: str) -> None:
    """Behind PgBouncer before 1.21 it could run another client's."""
    with connected(database_url.replace("+psycopg", "")) as connection:
        for _ in range(6):  # psycopg prepares at the fifth use
            connection.execute("SELECT 1")
        found = connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
    assert found == (0,)


def test_what_the_ledger_names_is_erased_and_revoked_again(
    source: None,  # noqa: ARG001
    *,
    aim: Target,
    make_stored_job: JobMaker,
    rows: Rows,
    sessions: SessionFactory,
    empty_database_url: str,
    empty_bucket: StorageSettings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gone, stays = (rows.job(make_stored_job([content]).id) for content in (b"gone", b"stays"))
    with unit_of_work(sessions) as session:
        keys = [
            issue_key(session, tenant="t", name=name, scopes=[], environment="dev").key.public_id
            for name in ("stolen", "good")
        ]
    folder, ledger = tmp_path / "backup", tmp_path / "ledger.jsonl"
    assert main(["create", str(folder)]) == 0
    with unit_of_work(sessions) as session:
        asked = ErasureRequest("key_x", "batch", "as asked")
        erase(session, gone.tenant, gone.public_id, urls_hold=timedelta(0), asked=asked)
        KeyRepository(session).revoke(keys[0])
    assert main(["ledger", str(ledger)]) == 0
    aim(empty_database_url, empty_bucket)
    assert main(["restore", str(folder), "--ledger", str(ledger)]) == 0
    assert "1 jobs were erased and 1 keys revoked again" in capsys.readouterr().out
    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        left = connection.execute(text("SELECT public_id FROM job")).scalars().all()
        alive = text("SELECT public_id FROM api_key WHERE revoked_at IS NULL")
        live = connection.execute(alive).scalars().all()
        receipt = connection.execute(
            text("SELECT key_id, stated_reason, check_at IS NOT NULL FROM erasure")
        ).one()
        doomed = connection.execute(text("SELECT count(*) FROM doomed_object")).scalar_one()
    engine.dispose()
    assert left == [stays.public_id]
    assert live == [keys[1]]
    assert tuple(receipt) == ("key_x", "as asked", True)
    assert doomed == 1


def test_photos_that_the_ledger_names_are_erased_again_out_of_their_job(
    source: None,  # noqa: ARG001
    *,
    aim: Target,
    make_stored_job: JobMaker,
    rows: Rows,
    sessions: SessionFactory,
    empty_database_url: str,
    empty_bucket: StorageSettings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = make_stored_job([b"gone", b"stays"], status=JobStatus.SUCCEEDED)
    job, [item, _] = rows.job(made.id), rows.items(made.id)
    folder, ledger = tmp_path / "backup", tmp_path / "ledger.jsonl"
    assert main(["create", str(folder)]) == 0
    with unit_of_work(sessions) as session:
        erase_photos(
            session,
            job.tenant,
            job.public_id,
            [item.public_id],
            urls_hold=timedelta(0),
            asked=ErasureRequest("key_x", "batch", "as asked"),
        )
    assert main(["ledger", str(ledger)]) == 0
    aim(empty_database_url, empty_bucket)
    assert main(["restore", str(folder), "--ledger", str(ledger)]) == 0
    assert "and 1 photos out of other jobs" in capsys.readouterr().out
    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        left = connection.execute(
            text("SELECT seq, object_key = '', filename FROM item ORDER BY seq")
        ).all()
        receipt = connection.execute(
            text("SELECT of_job, items, key_id, stated_reason FROM erasure")
        ).one()
    engine.dispose()
    assert left == [(0, True, "erased"), (1, False, "1.jpg")]
    assert receipt == (job.public_id, [item.public_id], "key_x", "as asked")
