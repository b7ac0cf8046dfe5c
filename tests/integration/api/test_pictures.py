"""Photos scaled for a screen, and the zip of everything."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime

import httpx
import pytest
from PIL import Image

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Job
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus
from services.common.storage import ObjectStorage
from tests.fixtures.jobs import SeededJob, seed_job
from tests.fixtures.photos import encode, noise
from tests.fixtures.serving import assert_problem

DONE, NO_FACE, FAILED = ItemStatus.SUCCEEDED, ItemStatus.NO_FACE, ItemStatus.FAILED


@pytest.fixture
def seeded(sessions: SessionFactory, storage: ObjectStorage) -> SeededJob:
    data = encode(noise(900, 600))
    with unit_of_work(sessions) as session:
        made = seed_job(session, [DONE, FAILED, NO_FACE], photo=data, size=(900, 600))
    for item in made.items:
        storage.put(item.object_key, io.BytesIO(data), size=len(data), content_type="x/y")
    return made


def path(seeded: SeededJob) -> str:
    return f"/v1/jobs/{format_id(IdKind.JOB, seeded.job.public_id)}"


def photo_path(seeded: SeededJob, index: int) -> str:
    item = format_id(IdKind.ITEM, seeded.items[index].public_id)
    return f"{path(seeded)}/items/{item}/photo"


class TestPhoto:
    @pytest.mark.parametrize(("size", "side"), [("small", 480), ("medium", 900), ("large", 900)])
    def test_is_scaled_and_never_enlarged(
        self, client: httpx.Client, seeded: SeededJob, size: str, side: int
    ) -> None:
        response = client.get(photo_path(seeded, 0), params={"size": size})
        assert response.headers["content-type"] == "image/jpeg"
        assert response.headers["cache-control"].startswith("private")
        with Image.open(io.BytesIO(response.content)) as picture:
            assert max(picture.size) == side

    def test_goes_with_the_other_pictures_of_the_job(
        self, client: httpx.Client, seeded: SeededJob, storage: ObjectStorage
    ) -> None:
        assert client.get(photo_path(seeded, 0)).status_code == 200
        kept = [found.key for found in storage.list(f"annotated/{seeded.job.public_id.hex}/")]
        assert [key.rpartition("-")[2] for key in kept] == ["medium.jpg"]

    def test_a_failed_photo_has_none(self, client: httpx.Client, seeded: SeededJob) -> None:
        assert_problem(client.get(photo_path(seeded, 1)), 404, "not-found")

    def test_a_size_of_ones_own_is_refused(self, client: httpx.Client, seeded: SeededJob) -> None:
        assert_problem(client.get(photo_path(seeded, 0), params={"size": "99"}), 422, "validation")


class TestArtifacts:
    def test_hold_results_and_a_picture_of_each_photo_with_a_result(
        self, client: httpx.Client, seeded: SeededJob
    ) -> None:
        response = client.get(f"{path(seeded)}/artifacts")
        assert response.headers["content-type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == [
                "job.json",
                "results.csv",
                "results.jsonl",
                "annotated/00000-photo-0.jpg",
                "annotated/00002-photo-2.jpg",
            ]
            assert json.loads(archive.read("job.json"))["counts"]["total"] == 3
            rows = list(csv.DictReader(io.StringIO(archive.read("results.csv").decode())))
            assert [row["status"] for row in rows] == ["succeeded", "failed", "no_face"]
            assert len(archive.read("results.jsonl").splitlines()) == 3
            with Image.open(archive.open("annotated/00000-photo-0.jpg")) as picture:
                assert picture.size == (900, 600)

    def test_hold_what_a_listing_with_the_same_filter_shows(
        self, client: httpx.Client, seeded: SeededJob
    ) -> None:
        response = client.get(f"{path(seeded)}/artifacts?status=no_face")
        with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
            assert archive.namelist()[3:] == ["annotated/00002-photo-2.jpg"]
            assert len(archive.read("results.csv").splitlines()) == 2
            assert len(archive.read("results.jsonl").splitlines()) == 1

    def test_name_a_photo_that_the_bucket_has_lost_and_hold_the_others(
        self, client: httpx.Client, seeded: SeededJob, storage: ObjectStorage
    ) -> None:
        storage.delete([seeded.items[0].object_key])
        response = client.get(f"{path(seeded)}/artifacts")
        with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
            assert archive.namelist()[3:] == ["annotated/00002-photo-2.jpg", "missing.txt"]
            assert archive.read("missing.txt").decode() == "photo-0.jpg\n"

    def test_wait_for_the_end_of_the_job(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        with unit_of_work(sessions) as session:
            made = seed_job(session, [ItemStatus.RUNNING])
        assert_problem(client.get(f"{path(made)}/artifacts"), 409, "job-not-finished")

    def test_are_gone_with_the_photos(
        self, client: httpx.Client, seeded: SeededJob, sessions: SessionFactory
    ) -> None:
        with unit_of_work(sessions) as session:
            session.get_one(Job, seeded.job.id).inputs_erased_at = datetime.now(UTC)
        assert_problem(client.get(f"{path(seeded)}/artifacts"), 410, "gone")
