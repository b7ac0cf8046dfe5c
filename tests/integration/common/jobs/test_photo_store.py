"""Photos on their way into the bucket, against the sweeper's list."""

import io
from functools import partial
from typing import BinaryIO

import pytest
from sqlalchemy import select

from services.common.db.session import SessionFactory, run_step, unit_of_work
from services.common.db.tables import DoomedObject
from services.common.domain.errors import TransientError
from services.common.jobs.photo_store import PhotoBucket, PhotoStore
from services.common.jobs.repositories.erasures import ErasureRepository
from services.common.storage import ObjectStorage

KEY = "photos/tenant/x"


def store(sessions: SessionFactory, bucket: PhotoBucket) -> PhotoStore:
    return PhotoStore(bucket, run=partial(run_step, sessions))


def scheduled(sessions: SessionFactory) -> list[str]:
    with sessions() as session:
        return list(session.scalars(select(DoomedObject.object_key)))


def schedule(sessions: SessionFactory) -> None:
    with unit_of_work(sessions) as session:
        ErasureRepository(session).schedule_deletion([KEY])


def test_puts_the_bytes(sessions: SessionFactory, storage: ObjectStorage) -> None:
    store(sessions, storage).put(KEY, io.BytesIO(b"photo"), size=5)
    assert storage.get(KEY) == b"photo"


def test_calls_a_deletion_off_before_the_bytes_come(sessions: SessionFactory) -> None:
    schedule(sessions)
    seen = []

    class Watching:
        def put(self, key: str, stream: BinaryIO, *, size: int, content_type: str) -> None:
            del key, stream, size, content_type
            seen.append(scheduled(sessions))

    store(sessions, Watching()).put(KEY, io.BytesIO(b"photo"), size=5)
    assert seen == [[]]


def test_a_bucket_that_is_away_is_an_error(sessions: SessionFactory) -> None:
    class Away:
        def put(self, key: str, stream: BinaryIO, *, size: int, content_type: str) -> None:
            del key, stream, size, content_type
            raise TransientError("the object storage is not reachable")

    with pytest.raises(TransientError):
        store(sessions, Away()).put(KEY, io.BytesIO(b"photo"), size=5)


def test_what_came_to_nothing_is_left_to_the_sweeper(
    sessions: SessionFactory, storage: ObjectStorage
) -> None:
    photos = store(sessions, storage)
    photos.put(KEY, io.BytesIO(b"photo"), size=5)
    photos.abandon([KEY])
    assert scheduled(sessions) == [KEY]
    assert storage.exists(KEY)
