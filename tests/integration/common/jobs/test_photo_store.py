"""Photos on their way into the bucket, and the list of what is to be deleted."""

import io
from datetime import timedelta
from functools import partial
from typing import BinaryIO

import pytest
from sqlalchemy import func, select

from services.common.db.session import SessionFactory, run_step, unit_of_work
from services.common.db.tables import DoomedObject
from services.common.domain.errors import TransientError
from services.common.jobs.photo_store import PhotoBucket, PhotoStore
from services.common.jobs.repositories.erasures import ErasureRepository
from services.common.storage import ObjectStorage

KEY = "photos/tenant/x"


def store(sessions: SessionFactory, bucket: PhotoBucket) -> PhotoStore:
    return PhotoStore(bucket, run=partial(run_step, sessions), wait=timedelta(hours=5))


def scheduled(sessions: SessionFactory) -> list[str]:
    with sessions() as session:
        return list(session.scalars(select(DoomedObject.object_key)))


def test_puts_the_bytes(sessions: SessionFactory, storage: ObjectStorage) -> None:
    store(sessions, storage).put(KEY, io.BytesIO(b"photo"), size=5)
    assert storage.get(KEY) == b"photo"


def test_lists_a_photo_before_the_bytes_come(sessions: SessionFactory) -> None:
    seen = []

    class Watching:
        def put(self, key: str, stream: BinaryIO, *, size: int, content_type: str) -> None:
            del key, stream, size, content_type
            seen.append(scheduled(sessions))

    store(sessions, Watching()).put(KEY, io.BytesIO(b"photo"), size=5)
    assert seen == [[KEY]]


def test_a_photo_waits_for_its_job_even_if_it_was_to_be_deleted(
    sessions: SessionFactory, storage: ObjectStorage
) -> None:
    with unit_of_work(sessions) as session:
        ErasureRepository(session).schedule_deletion([KEY])
    store(sessions, storage).put(KEY, io.BytesIO(b"photo"), size=5)
    with sessions() as session:
        ahead = session.scalar(select(DoomedObject.doomed_at - func.now()))
    assert ahead is not None
    assert timedelta(hours=4) < ahead <= timedelta(hours=5)


def test_what_came_to_nothing_waits_for_no_job(
    sessions: SessionFactory, storage: ObjectStorage
) -> None:
    photos = store(sessions, storage)
    photos.put(KEY, io.BytesIO(b"photo"), size=5)
    photos.abandon([KEY])
    with sessions() as session:
        assert session.scalars(select(DoomedObject.doomed_at <= func.now())).all() == [True]


def test_a_bucket_that_is_away_is_an_error(sessions: SessionFactory) -> None:
    class Away:
        def put(self, key: str, stream: BinaryIO, *, size: int, content_type: str) -> None:
            del key, stream, size, content_type
            raise TransientError("the object storage is not reachable")

    with pytest.raises(TransientError):
        store(sessions, Away()).put(KEY, io.BytesIO(b"photo"), size=5)
    assert scheduled(sessions) == [KEY]  # it may have arrived all the same
