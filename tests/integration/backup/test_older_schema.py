"""A backup of an older schema: restored, migrated, read, and done again what came after it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text

from services.api.app import build_state, create_app
from services.backup.__main__ import main
from services.backup.ledger import read_ledger
from services.backup.manifest import Layout, Manifest
from services.common.config import StorageSettings
from services.common.db.migrations import migrate
from services.common.db.session import build_session_factory, unit_of_work
from services.common.domain.ids import IdKind, parse_id
from services.common.jobs.lifecycle import erase
from services.common.jobs.repositories.erasures import ErasureRequest
from services.common.keys.service import revoke_key
from services.common.storage import ObjectStorage
from tests.e2e.upgrade.reading import Reading, differences, read
from tests.e2e.upgrade.snapshot import (
    ANSWERS,
    Facts,
    read_facts,
    restore_bucket,
    restore_database,
)
from tests.fixtures.database import DatabaseMaker
from tests.fixtures.serving import RecordingNotifier, served
from tests.fixtures.settings import SettingsMaker
from tests.integration.backup.conftest import Target

# Jobs of the snapshot that no restore continues; with their photos, pictures and results.
FINAL = ("succeeded", "mixed", "failed", "retried", "cancelled", "fetched", "another")
ERASED, REVOKED = "succeeded", "reader"


@pytest.fixture
def facts() -> Facts:
    return read_facts()


@pytest.fixture
def old_url(databases: DatabaseMaker, facts: Facts) -> Iterator[str]:
    """URL of a database as 50556b5 left it, at revision 0010."""
    name = databases.make()
    restore_database(databases.url_of(name), facts)
    yield databases.url_of(name)
    databases.drop(name)


@pytest.fixture
def backup(
    old_url: str,
    *,
    aim: Target,
    storage: ObjectStorage,
    bucket_settings: StorageSettings,
    tmp_path: Path,
) -> Path:
    """A backup that was made before the upgrade."""
    restore_bucket(storage)
    aim(old_url, bucket_settings)
    assert main(["create", str(tmp_path / "backup")]) == 0
    assert Manifest.read(Layout(tmp_path / "backup")).revision == "0010"
    return tmp_path / "backup"


@pytest.fixture
def restored_bucket(bucket_settings: StorageSettings) -> StorageSettings:
    return bucket_settings.model_copy(update={"bucket": f"{bucket_settings.bucket}-restored"})


def read_all(client: httpx.Client, facts: Facts, *names: str) -> Iterator[str]:
    """Tell what today's API says of these jobs otherwise than 50556b5 did."""
    ids = tuple(facts.jobs[name] for name in names)
    compared = 0
    for old in map(Reading.load, json.loads(ANSWERS.read_text())):
        if not any(job in old.request.path for job in ids):
            continue
        compared += 1
        new, template = read(client, old.request, facts.keys), old.request.template
        if (old.answer.status, old.answer.type) != (new.status, new.type):
            yield f"{old.request.path} was {old.answer.status} and is {new.status}"
        for difference in differences(old.answer.body, new.body, template=template):
            yield f"{old.request.path}: {difference}"
    assert compared > 10 * len(names)


def test_is_migrated_and_read_and_a_ledger_of_today_is_replayed(
    backup: Path,
    *,
    facts: Facts,
    old_url: str,
    aim: Target,
    empty_database_url: str,
    restored_bucket: StorageSettings,
    make_settings: SettingsMaker,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ledger = tmp_path / "ledger.jsonl"
    migrate(old_url)
    gone = parse_id(IdKind.JOB, facts.jobs[ERASED])
    assert gone is not None
    engine = create_engine(old_url)
    with unit_of_work(build_session_factory(engine)) as session:
        asked = ErasureRequest("key_x", "batch", "as asked")
        erase(session, "acme", gone, urls_hold=timedelta(0), asked=asked)
        query = text("SELECT public_id FROM api_key WHERE name = :name")
        revoke_key(session, session.execute(query, {"name": REVOKED}).scalar_one())
    engine.dispose()
    assert main(["ledger", str(ledger)]) == 0
    aim(empty_database_url, restored_bucket)
    capsys.readouterr()
    assert main(["restore", str(backup), "--ledger", str(ledger)]) == 0
    said = capsys.readouterr().out
    assert "schema 0010" in said
    assert "1 jobs were erased and 1 keys revoked again" in said

    settings = make_settings(
        database={"url": empty_database_url}, storage=restored_bucket.model_dump()
    )
    state = replace(build_state(settings), notifier=RecordingNotifier())
    with (
        served(create_app(settings, build=lambda _settings: state)) as url,
        httpx.Client(base_url=url, timeout=60, trust_env=False) as client,
    ):
        kept = [name for name in FINAL if name != ERASED]
        assert list(read_all(client, facts, *kept)) == []
        user = {"Authorization": f"Bearer {facts.keys['user']}"}
        assert client.get(f"/v1/jobs/{facts.jobs[ERASED]}", headers=user).status_code == 410
        receipt = client.get(f"/v1/erasures/{facts.jobs[ERASED]}", headers=user).json()
        assert (receipt["key_name"], receipt["reason"]) == ("batch", "as asked")
        revoked = {"Authorization": f"Bearer {facts.keys[REVOKED]}"}
        assert client.get("/v1/jobs", headers=revoked).status_code == 401
        assert client.get("/readyz").json()["checks"]["database"]["ok"]


def test_whose_database_still_answers_gives_a_ledger_without_who_asked(
    backup: Path,  # noqa: ARG001 - aims at the old database
    facts: Facts,
    tmp_path: Path,
) -> None:
    ledger = tmp_path / "ledger.jsonl"
    assert main(["ledger", str(ledger)]) == 0
    acts = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert [(act["action"], act.get("key")) for act in acts] == [
        ("job.erased", None),
        ("key.revoked", None),
    ]
    assert acts[0]["object"] == facts.jobs["erased"]
    assert set(read_ledger(ledger).erased.values()) == {ErasureRequest("unknown", "unknown", None)}
