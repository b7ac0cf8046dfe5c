"""Thumbnails and crops of faces: out of the tiles that a worker wrote, else drawn and kept."""

import base64
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import update

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Job, Outcome
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus
from services.common.keys.outputs import OutputMode
from services.common.keys.service import Scope
from services.common.storage import ObjectStorage
from services.common.storage_keys import tiles_key
from services.imaging.tiles import crops_in, draw_tiles, thumbnail_in
from tests.fixtures.jobs import SeededJob, face_payload, photo_payload, seed_job
from tests.fixtures.photos import encode, noise
from tests.fixtures.serving import Api, assert_problem
from tests.integration.api.test_blurred import detail
from tests.integration.api.test_outputs import keyed

WIDTH, HEIGHT = 640, 480
PHOTO = encode(noise(WIDTH, HEIGHT))
BOXES = ((60.0, 80.0, 150.0, 190.0), (380.0, 230.0, 120.0, 160.0))
FACES = [face_payload(index, box=box) for index, box in enumerate(BOXES)]
DONE, NO_FACE, FAILED = ItemStatus.SUCCEEDED, ItemStatus.NO_FACE, ItemStatus.FAILED
ORDER = (DONE, FAILED, NO_FACE, ItemStatus.QUEUED, DONE)


@dataclass(frozen=True)
class Gallery:
    """A job of a photo in each state, all with the same bytes."""

    seeded: SeededJob
    storage: ObjectStorage

    @property
    def job(self) -> str:
        return f"/v1/jobs/{format_id(IdKind.JOB, self.seeded.job.public_id)}"

    def item(self, index: int) -> str:
        return f"{self.job}/items/{format_id(IdKind.ITEM, self.seeded.items[index].public_id)}"

    def thumbnail(self, index: int = 0) -> str:
        return f"{self.item(index)}/photo?size=thumbnail"

    def crop(self, face: int, index: int = 0) -> str:
        return f"{self.item(index)}/faces/{face}/crop"

    def key(self, index: int = 0, *, blurred: bool = False) -> str:
        item = self.seeded.items[index].public_id
        return tiles_key(self.seeded.job.public_id, item, blurred=blurred)

    def write(self, tiles: bytes, index: int = 0) -> None:
        key = self.key(index)
        self.storage.put(key, io.BytesIO(tiles), size=len(tiles), content_type="x/y")


@pytest.fixture
def gallery(sessions: SessionFactory, storage: ObjectStorage) -> Gallery:
    with unit_of_work(sessions) as session:
        seeded = seed_job(session, ORDER, photo=PHOTO, faces=FACES, size=(WIDTH, HEIGHT))
    for item in seeded.items:
        storage.put(item.object_key, io.BytesIO(PHOTO), size=len(PHOTO), content_type="x/y")
    return Gallery(seeded, storage)


def size_of(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.format == "JPEG"
        return picture.size


def pictured(sheet: dict[str, Any]) -> list[tuple[int, int, bool]]:
    return [(crop["index"], crop["face_index"], bool(crop["jpeg"])) for crop in sheet["crops"]]


class TestWritten:
    """By the worker, from other pixels here, so that nobody drew them meanwhile."""

    TILES = draw_tiles(np.full((90, 120, 3), 7, np.uint8), BOXES)

    def test_are_handed_out_as_they_are(self, client: httpx.Client, gallery: Gallery) -> None:
        gallery.write(self.TILES)
        answer = client.get(gallery.thumbnail())
        assert answer.content == thumbnail_in(self.TILES, BOXES)
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"].startswith("private")
        crops = [client.get(gallery.crop(face)) for face in (0, 1)]
        assert [crop.content for crop in crops] == crops_in(self.TILES, BOXES)
        known = {"If-None-Match": crops[0].headers["etag"]}
        assert client.get(gallery.crop(0), headers=known).status_code == 304
        sheet = client.get(f"{gallery.job}/crops?face=0.1").json()
        assert base64.b64decode(sheet["crops"][0]["jpeg"]) == crops[1].content

    def test_by_another_detector_or_cut_are_drawn_anew(
        self, client: httpx.Client, gallery: Gallery
    ) -> None:
        """A worker that had lost its lease was the last to write."""
        for wrong in (draw_tiles(noise(90, 120), BOXES[:1]), self.TILES[:-1], b"", b"HFT2"):
            gallery.write(wrong)
            assert size_of(client.get(gallery.crop(1)).content) == (160, 160)
            kept = gallery.storage.get(gallery.key())
            assert client.get(gallery.crop(0)).content == (crops_in(kept, BOXES) or [])[0]
            gallery.write(wrong[:20])
            assert size_of(client.get(gallery.thumbnail()).content) == (320, 240)


class TestDrawn:
    def test_on_demand_are_kept_together(self, client: httpx.Client, gallery: Gallery) -> None:
        thumbnail = client.get(gallery.thumbnail()).content
        kept = gallery.storage.get(gallery.key())
        assert size_of(thumbnail) == (320, 240)
        assert thumbnail == thumbnail_in(kept, BOXES)
        gallery.storage.delete([gallery.seeded.items[0].object_key])
        assert client.get(gallery.crop(1)).content == (crops_in(kept, BOXES) or [])[1]
        listed = gallery.storage.list(f"annotated/{gallery.seeded.job.public_id.hex}/")
        assert [found.key for found in listed] == [gallery.key()]

    def test_of_a_photo_without_faces_are_a_thumbnail(
        self, client: httpx.Client, gallery: Gallery
    ) -> None:
        assert size_of(client.get(gallery.thumbnail(2)).content) == (320, 240)
        assert_problem(client.get(gallery.crop(0, 2)), 404, "not-found")

    def test_there_are_none_without_a_result_or_face(
        self, client: httpx.Client, gallery: Gallery
    ) -> None:
        for path in (gallery.thumbnail(1), gallery.crop(0, 1), gallery.crop(2)):
            assert_problem(client.get(path), 404, "not-found")
        for path in (gallery.thumbnail(3), gallery.crop(0, 3)):
            assert_problem(client.get(path), 409, "job-not-finished")
        assert_problem(client.get(gallery.crop(-1)), 422, "validation")

    def test_of_a_photo_that_was_replaced_are_never_kept(
        self, client: httpx.Client, gallery: Gallery
    ) -> None:
        other = encode(noise(WIDTH, HEIGHT, seed=1))
        key = gallery.seeded.items[0].object_key
        gallery.storage.put(key, io.BytesIO(other), size=len(other), content_type="x/y")
        for path in (gallery.thumbnail(), gallery.crop(0)):
            assert_problem(client.get(path), 410, "gone")
        sheet = client.get(f"{gallery.job}/crops?face=0.0").json()
        assert sheet == {
            "crops": [{"index": 0, "face_index": 0, "jpeg": None}],
            "pending": False,
        }
        assert not gallery.storage.exists(gallery.key())

    def test_are_gone_with_the_photos(
        self, client: httpx.Client, gallery: Gallery, sessions: SessionFactory
    ) -> None:
        gallery.write(TestWritten.TILES)
        with unit_of_work(sessions) as session:
            session.get_one(Job, gallery.seeded.job.id).inputs_erased_at = datetime.now(UTC)
        for path in (gallery.thumbnail(), gallery.crop(0), f"{gallery.job}/crops?face=0.0"):
            assert_problem(client.get(path), 410, "gone")


class TestSheet:
    def test_holds_the_faces_in_the_order_asked_and_gaps_where_there_are_none(
        self, client: httpx.Client, gallery: Gallery
    ) -> None:
        asked = ["4.1", "0.0", "0.2", "1.0", "2.0", "3.0", "0.1", "999999.0", "0.0"]
        answer = client.get(f"{gallery.job}/crops", params={"face": asked})
        sheet = answer.json()
        assert answer.headers["cache-control"].startswith("private")
        assert pictured(sheet) == [
            (4, 1, True),
            (0, 0, True),
            (0, 2, False),
            (1, 0, False),
            (2, 0, False),
            (3, 0, False),
            (0, 1, True),
            (999_999, 0, False),
            (0, 0, True),
        ]
        assert not sheet["pending"]
        assert size_of(base64.b64decode(sheet["crops"][0]["jpeg"])) == (160, 160)
        assert client.get(gallery.crop(1, 4)).content == base64.b64decode(sheet["crops"][0]["jpeg"])

    @pytest.mark.parametrize(
        "asked", [[], ["0"], ["0."], ["0.0.0"], ["-1.0"], ["x.0"], ["0.0"] * 65, ["1٣.0"]]
    )
    def test_is_of_up_to_64_addresses(
        self, client: httpx.Client, gallery: Gallery, asked: list[str]
    ) -> None:
        answer = client.get(f"{gallery.job}/crops", params={"face": asked})
        assert_problem(answer, 422, "validation")

    def test_belongs_to_its_tenant(self, api: Api, gallery: Gallery) -> None:
        other = keyed(api, Scope.JOBS_READ, output=OutputMode.FULL, tenant="another")
        for path in (f"{gallery.job}/crops?face=0.0", gallery.crop(0), gallery.thumbnail()):
            assert_problem(other.get(path), 404, "not-found")


class TestOutputs:
    def test_blurred_gets_blurred_thumbnails_and_no_face(self, api: Api, gallery: Gallery) -> None:
        blurred = keyed(api, Scope.JOBS_READ, output=OutputMode.BLURRED)
        full = keyed(api, Scope.JOBS_READ, output=OutputMode.FULL)
        plain = full.get(gallery.thumbnail()).content
        shown = blurred.get(gallery.thumbnail()).content
        for data, least, most in ((plain, 30.0, 999.0), (shown, 0.0, 5.0)):
            with Image.open(io.BytesIO(data)) as picture:
                for box in BOXES:
                    assert least <= detail(picture.convert("RGB"), box) <= most
        assert gallery.storage.exists(gallery.key(blurred=True))
        assert full.get(gallery.thumbnail()).content == plain
        for path in (gallery.crop(0), f"{gallery.job}/crops?face=0.0"):
            problem = assert_problem(blurred.get(path), 403, "output-restricted")
            assert "cut out" in problem["detail"]

    def test_blurred_gets_no_thumbnail_of_faces_that_nobody_knows(
        self, api: Api, gallery: Gallery, sessions: SessionFactory
    ) -> None:
        payload = photo_payload(*FACES, width=WIDTH, height=HEIGHT) | {"faces_truncated": True}
        with unit_of_work(sessions) as session:
            session.execute(update(Outcome).where(Outcome.ok).values(payload=payload))
        blurred = keyed(api, Scope.JOBS_READ, output=OutputMode.BLURRED)
        assert_problem(blurred.get(gallery.thumbnail()), 403, "output-restricted")

    def test_aggregate_gets_nothing(self, api: Api, gallery: Gallery) -> None:
        counts = keyed(api, Scope.JOBS_READ, output=OutputMode.AGGREGATE)
        for path in (gallery.thumbnail(), gallery.crop(0), f"{gallery.job}/crops?face=0.0"):
            assert_problem(counts.get(path), 403, "output-restricted")
