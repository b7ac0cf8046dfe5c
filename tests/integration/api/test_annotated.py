"""Annotated photos: drawn on request, kept, gone with the photo."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import numpy as np
from PIL import Image

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Job
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus
from services.common.storage import ObjectStorage
from services.common.storage_keys import annotated_key
from tests.fixtures.jobs import SeededJob, seed_job
from tests.fixtures.photos import encode, noise
from tests.fixtures.serving import assert_problem

PHOTO = noise(64, 40)


@dataclass(frozen=True)
class Scene:
    """A finished job whose photos are in the bucket."""

    seeded: SeededJob
    sessions: SessionFactory
    storage: ObjectStorage

    def url(self, index: int = 0) -> str:
        job, item = self.seeded.job.public_id, self.seeded.items[index].public_id
        return (
            f"/v1/jobs/{format_id(IdKind.JOB, job)}/items/{format_id(IdKind.ITEM, item)}/annotated"
        )

    @property
    def key(self) -> str:
        return annotated_key(self.seeded.job.public_id, self.seeded.items[0].public_id)


def scene(
    sessions: SessionFactory, storage: ObjectStorage, statuses: Sequence[ItemStatus], **columns: Any
) -> Scene:
    data = encode(PHOTO)
    with unit_of_work(sessions) as session:
        seeded = seed_job(session, statuses, photo=data, **columns)
    for item in seeded.items:
        storage.put(item.object_key, io.BytesIO(data), size=len(data), content_type="x/y")
    return Scene(seeded, sessions, storage)


class TestAnnotated:
    def test_is_drawn_once_and_kept(
        self, client: httpx.Client, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        made = scene(sessions, storage, [ItemStatus.SUCCEEDED])
        response = client.get(made.url(), params={"style": "box"})
        assert response.headers["content-type"] == "image/jpeg"
        assert response.headers["cache-control"].startswith("private")
        with Image.open(io.BytesIO(response.content)) as picture:
            assert picture.format == "JPEG"
            plain = Image.fromarray(PHOTO).resize(picture.size)
            drawn = np.asarray(picture.convert("RGB"), np.int16)
        assert np.abs(drawn - np.asarray(plain, np.int16)).max() > 100
        assert storage.get(made.key) == response.content
        storage.put(made.key, io.BytesIO(b"kept"), size=4, content_type="image/jpeg")
        assert client.get(made.url()).content == b"kept"

    def test_may_be_had_in_parts_and_is_not_sent_twice(
        self, client: httpx.Client, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        made = scene(sessions, storage, [ItemStatus.SUCCEEDED])
        whole = client.get(made.url())
        part = client.get(made.url(), headers={"Range": "bytes=2-9"})
        assert (part.status_code, part.content) == (206, whole.content[2:10])
        assert part.headers["content-range"] == f"bytes 2-9/{len(whole.content)}"
        known = {"If-None-Match": whole.headers["etag"]}
        assert client.get(made.url(), headers=known).status_code == 304
        behind = client.get(made.url(), headers={"Range": f"bytes={len(whole.content)}-"})
        assert_problem(behind, 416, "range-not-satisfiable")

    def test_shows_a_photo_without_faces_as_it_is(
        self, client: httpx.Client, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        made = scene(sessions, storage, [ItemStatus.NO_FACE])
        assert client.get(made.url()).content.startswith(b"\xff\xd8\xff")

    def test_needs_a_result(
        self, client: httpx.Client, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        order = [ItemStatus.QUEUED, ItemStatus.RUNNING, ItemStatus.FAILED, ItemStatus.CANCELLED]
        made = scene(sessions, storage, order)
        for index in (0, 1):
            assert_problem(client.get(made.url(index)), 409, "job-not-finished")
        for index in (2, 3):
            assert_problem(client.get(made.url(index)), 404, "not-found")

    def test_is_gone_with_the_photo(
        self, client: httpx.Client, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        made = scene(sessions, storage, [ItemStatus.SUCCEEDED])
        storage.delete([made.seeded.items[0].object_key])
        assert_problem(client.get(made.url()), 410, "gone")
        other = scene(sessions, storage, [ItemStatus.SUCCEEDED])
        with unit_of_work(sessions) as session:
            session.get_one(Job, other.seeded.job.id).inputs_erased_at = datetime.now(UTC)
        assert_problem(client.get(other.url()), 410, "gone")

    def test_belongs_to_its_job(
        self, client: httpx.Client, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        one = scene(sessions, storage, [ItemStatus.SUCCEEDED])
        other = scene(sessions, storage, [ItemStatus.SUCCEEDED])
        mixed = replace(one, seeded=replace(one.seeded, items=other.seeded.items))
        assert_problem(client.get(mixed.url()), 404, "not-found")

    def test_knows_one_style(
        self, client: httpx.Client, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        made = scene(sessions, storage, [ItemStatus.SUCCEEDED])
        assert_problem(client.get(made.url(), params={"style": "blur"}), 422, "validation")

    def test_is_never_drawn_of_a_photo_that_was_replaced(
        self, client: httpx.Client, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        made = scene(sessions, storage, [ItemStatus.SUCCEEDED])
        other = encode(noise(64, 40, seed=1))
        key = made.seeded.items[0].object_key
        storage.put(key, io.BytesIO(other), size=len(other), content_type="x/y")
        problem = assert_problem(client.get(made.url()), 410, "gone")
        assert "not the one that was analysed" in problem["detail"]
        assert not storage.exists(made.key)

    def test_of_a_photo_that_needs_too_much_memory_costs_that_picture_alone(
        self, client: httpx.Client, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        # 2 kB that unpack to 50 Mpx: with a result of another size there is no memory for them.
        bomb = encode(Image.new("RGB", (7_000, 7_000)), "WEBP", lossless=True, method=0)
        with unit_of_work(sessions) as session:
            seeded = seed_job(session, [ItemStatus.SUCCEEDED], photo=bomb)
        key = seeded.items[0].object_key
        storage.put(key, io.BytesIO(bomb), size=len(bomb), content_type="x/y")
        made = Scene(seeded, sessions, storage)
        problem = assert_problem(client.get(made.url()), 422, "photo-failed")
        assert problem["detail"].startswith("out_of_memory")
        fine = scene(sessions, storage, [ItemStatus.SUCCEEDED])
        assert client.get(fine.url()).status_code == 200
