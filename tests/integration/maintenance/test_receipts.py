"""A receipt is signed when the bucket was looked through, and not before."""

import base64
import io
import json
import os
import uuid
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import SecretStr
from sqlalchemy import func, select, text, update

from services.common.db.erasure_tables import Erasure, ErasureObject
from services.common.db.grants import Role
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.jobs import JobStatus
from services.common.jobs.lifecycle import erase, erase_photos
from services.common.jobs.repositories.erasures import ErasureRequest
from services.common.retention_settings import RetentionSettings
from services.common.storage import ObjectStorage
from services.common.storage_keys import annotated_key, tiles_key, training_key
from services.common.telemetry import Metrics
from services.maintenance.receipts import Receipts
from services.maintenance.retention import Retention
from services.maintenance.signing import ReceiptSigner
from tests.fixtures.as_role import sessions_as
from tests.fixtures.factories import TENANT, JobMaker, Rows

NONE = timedelta(0)
WHO = ErasureRequest("key_x", "batch", "as asked")


@pytest.fixture
def retention(sessions: SessionFactory, storage: ObjectStorage) -> Retention:
    ours = sessions_as(sessions, Role.MAINTENANCE)
    return Retention(ours, storage, settings=RetentionSettings(grace_s=0), metrics=Metrics())


def receipts(
    sessions: SessionFactory, storage: ObjectStorage, *, signer: ReceiptSigner | None = None
) -> Receipts:
    ours = sessions_as(sessions, Role.MAINTENANCE)
    return Receipts(ours, storage, grace=NONE, signer=signer)


def erased(sessions: SessionFactory, public_id: uuid.UUID) -> uuid.UUID:
    with unit_of_work(sessions) as session:
        assert erase(session, TENANT, public_id, urls_hold=NONE, asked=WHO)
    return public_id


def looked_at(sessions: SessionFactory, loop: Receipts, job: uuid.UUID) -> Erasure:
    """Let a round run in which everything is due, and return the erasure."""
    with unit_of_work(sessions) as session:
        due = Erasure.check_at.is_not(None)
        session.execute(update(Erasure).where(due).values(check_at=text("now()")))
    loop.step()
    with sessions() as session:
        return session.get_one(Erasure, job)


def payload_of(signature: str, public_key: bytes) -> Any:
    """Verify a JWS by the library itself, and return what it says."""
    head, payload, signed = (part + "=" * (-len(part) % 4) for part in signature.split("."))
    Ed25519PublicKey.from_public_bytes(public_key).verify(
        base64.urlsafe_b64decode(signed), signature.rpartition(".")[0].encode()
    )
    assert json.loads(base64.urlsafe_b64decode(head))["alg"] == "EdDSA"
    return json.loads(base64.urlsafe_b64decode(payload))


def test_is_signed_once_the_bucket_is_empty_and_counts_what_others_keep(
    sessions: SessionFactory,
    storage: ObjectStorage,
    retention: Retention,
    make_stored_job: JobMaker,
    rows: Rows,
) -> None:
    job = rows.job(make_stored_job([b"of both", b"its own"]).id).public_id
    make_stored_job([b"of both"])
    signer = ReceiptSigner(SecretStr(base64.urlsafe_b64encode(os.urandom(32)).decode()))
    loop = receipts(sessions, storage, signer=signer)
    picture = annotated_key(job, uuid.uuid4())
    storage.put(picture, io.BytesIO(b"x"), size=1, content_type="image/jpeg")
    erased(sessions, job)
    pending = looked_at(sessions, loop, job)
    assert (pending.bucket_empty_at, pending.signature) == (None, None)
    retention.step()
    done = looked_at(sessions, loop, job)
    assert (done.photos, done.photos_kept, done.check_at) == (2, 1, None)
    assert done.bucket_empty_at is not None
    assert done.bucket_empty_at > done.erased_at
    assert not storage.exists(picture)
    assert done.signature is not None
    said = payload_of(done.signature, signer.public_key)
    assert (said["key"], said["reason"], said["photos_kept"]) == ("key_x", "as asked", 1)
    assert said["job"] == f"job_{job.hex}"
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(ErasureObject)) == 0


def test_an_object_that_came_late_is_seen_deleted_and_waited_for(
    sessions: SessionFactory,
    storage: ObjectStorage,
    retention: Retention,
    make_stored_job: JobMaker,
    rows: Rows,
) -> None:
    made = make_stored_job([b"alone"])
    [item], job = rows.items(made.id), rows.job(made.id).public_id
    loop = receipts(sessions, storage)
    erased(sessions, job)
    retention.step()
    storage.put(item.object_key, io.BytesIO(b"late"), size=4, content_type="image/jpeg")
    assert looked_at(sessions, loop, job).bucket_empty_at is None
    retention.step()
    confirmed = looked_at(sessions, loop, job)
    assert confirmed.bucket_empty_at is not None
    assert confirmed.signature is None  # no key was configured
    assert not storage.exists(item.object_key)


def test_what_retention_forgets_has_no_receipt(
    sessions: SessionFactory, storage: ObjectStorage, make_job: JobMaker, rows: Rows
) -> None:
    job = rows.job(make_job(1).id).public_id
    with unit_of_work(sessions) as session:
        erase(session, TENANT, job, urls_hold=NONE)
    assert looked_at(sessions, receipts(sessions, storage), job).bucket_empty_at is None


def test_of_photos_it_names_them_and_their_job_lives_on(
    sessions: SessionFactory,
    storage: ObjectStorage,
    retention: Retention,
    make_stored_job: JobMaker,
    rows: Rows,
) -> None:
    made = make_stored_job([b"gone", b"twice", b"twice", b"stays"], status=JobStatus.SUCCEEDED)
    job, items = rows.job(made.id).public_id, rows.items(made.id)
    signer = ReceiptSigner(SecretStr(base64.urlsafe_b64encode(os.urandom(32)).decode()))
    loop = receipts(sessions, storage, signer=signer)
    pictures = [tiles_key(job, item.public_id) for item in items]
    crop = training_key(job, items[0].public_id, 0)
    for key in (*pictures, crop):
        storage.put(key, io.BytesIO(b"x"), size=1, content_type="image/jpeg")
    wanted = [item.public_id for item in items[:2]]
    with unit_of_work(sessions) as session:
        receipt = erase_photos(session, TENANT, job, wanted, urls_hold=NONE, asked=WHO).receipt
    assert receipt is not None
    assert looked_at(sessions, loop, receipt).bucket_empty_at is None
    retention.step()
    done = looked_at(sessions, loop, receipt)
    if done.bucket_empty_at is None:  # the crop, which nobody had listed, was found by looking
        retention.step()
        done = looked_at(sessions, loop, receipt)
    assert [storage.exists(item.object_key) for item in items] == [False, True, True, True]
    assert [storage.exists(key) for key in pictures] == [False, False, True, True]
    assert not storage.exists(crop)
    assert (done.photos, done.photos_kept) == (2, 1)
    assert done.signature is not None
    said = payload_of(done.signature, signer.public_key)
    assert (said["id"], said["job"]) == (f"ers_{receipt.hex}", f"job_{job.hex}")
    assert said["items"] == [f"itm_{item.hex}" for item in wanted]
