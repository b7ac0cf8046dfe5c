"""What a key with the output `blurred` sees: everything, but no face that could be recognised."""

import io
import json
import zipfile
from collections.abc import Iterator
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
from services.web.app import create_app as create_page
from services.web.settings import WebSettings
from tests.fixtures.hfer_front import to_image
from tests.fixtures.jobs import OPTIONS, SeededJob, face_payload, photo_payload, seed_job
from tests.fixtures.photos import encode, noise
from tests.fixtures.serving import Api, StartApi, assert_problem, served
from tests.fixtures.settings import SettingsMaker
from tests.fixtures.working_notifier import WorkingNotifier
from tests.integration.api.test_outputs import FAKE, call, keyed, operations

WIDTH, HEIGHT = 640, 480
PHOTO = encode(noise(WIDTH, HEIGHT))
BOXES = ((60.0, 80.0, 150.0, 190.0), (380.0, 230.0, 120.0, 160.0))
FACES = [face_payload(index, box=box) for index, box in enumerate(BOXES)]
# All operations that hand out pictures, by hand: whoever adds one has thought of blurring.
GIVES_PICTURES = {
    ("GET", "/v1/jobs/{job_id}/items/{item_id}/annotated"),
    ("GET", "/v1/jobs/{job_id}/items/{item_id}/photo"),
    ("GET", "/v1/jobs/{job_id}/artifacts"),
    ("POST", "/upload_image"),
    ("GET", "/emotions"),
}
SCOPES = tuple(sorted(set(Scope) - {Scope.ADMIN}))


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB")


def detail(picture: Image.Image, box: tuple[float, float, float, float]) -> float:
    """How much the middle of a face changes from pixel to pixel: 60 and more where it is noise."""
    pixels = np.asarray(picture, float)
    scale = pixels.shape[1] / WIDTH
    x, y, w, h = (side * scale for side in box)
    rows, columns = (int(y + 0.3 * h), int(y + 0.7 * h)), (int(x + 0.3 * w), int(x + 0.7 * w))
    middle = pixels[slice(*rows), slice(*columns)]
    return float(np.abs(np.diff(middle, axis=0)).mean() + np.abs(np.diff(middle, axis=1)).mean())


def assert_blurred(data: bytes | Image.Image) -> None:
    picture = opened(data) if isinstance(data, bytes) else data
    assert max(detail(picture, box) for box in BOXES) < 5
    assert detail(picture, (240.0, 20.0, 120.0, 160.0)) > 30, "the rest is as it was"


def assert_plain(data: bytes) -> None:
    assert min(detail(opened(data), box) for box in BOXES) > 30


@pytest.fixture
def seeded(sessions: SessionFactory, storage: ObjectStorage) -> SeededJob:
    order = [ItemStatus.SUCCEEDED, ItemStatus.FAILED, ItemStatus.SUCCEEDED]
    with unit_of_work(sessions) as session:
        made = seed_job(session, order, photo=PHOTO, faces=FACES, size=(WIDTH, HEIGHT))
    for item in made.items:
        storage.put(item.object_key, io.BytesIO(PHOTO), size=len(PHOTO), content_type="x/y")
    return made


@pytest.fixture
def compat_api(start_api: StartApi, make_settings: SettingsMaker, sessions: SessionFactory) -> Api:
    payload = photo_payload(*FACES, width=WIDTH, height=HEIGHT)
    notifier = WorkingNotifier(sessions=sessions, delay_s=0.05, payload=payload)
    return start_api(make_settings(compat={"enabled": True}), notifier=notifier)


def ids_of(seeded: SeededJob, index: int = 0) -> dict[str, str]:
    return FAKE | {
        "job_id": format_id(IdKind.JOB, seeded.job.public_id),
        "item_id": format_id(IdKind.ITEM, seeded.items[index].public_id),
    }


def picture_paths(seeded: SeededJob, index: int = 0) -> list[str]:
    item = "/v1/jobs/{job_id}/items/{item_id}".format(**ids_of(seeded, index))
    sizes = [f"{item}/photo?size={size}" for size in ("thumbnail", "small", "medium", "large")]
    return [f"{item}/annotated", *sizes]


def zipped(client: httpx.Client, seeded: SeededJob) -> Iterator[tuple[str, bytes]]:
    answer = client.get("/v1/jobs/{job_id}/artifacts".format(**ids_of(seeded)))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        yield from ((name, archive.read(name)) for name in archive.namelist())


class TestPictures:
    def test_are_blurred_for_such_keys_and_for_no_other_whoever_asks_first(
        self, api: Api, seeded: SeededJob
    ) -> None:
        """What was drawn for one key is kept, and never handed to a key of the other mode."""
        full = keyed(api, Scope.JOBS_READ, output=OutputMode.FULL)
        blurred = keyed(api, Scope.JOBS_READ, output=OutputMode.BLURRED)
        for path in picture_paths(seeded, 0):
            assert_plain(full.get(path).content)
            assert_blurred(blurred.get(path).content)
        for path in picture_paths(seeded, 2):
            assert_blurred(blurred.get(path).content)
            assert_plain(full.get(path).content)
            assert_blurred(blurred.get(path).content)

    def test_of_the_zip_are_blurred_and_its_results_are_whole(
        self, api: Api, seeded: SeededJob
    ) -> None:
        full = keyed(api, Scope.JOBS_READ, output=OutputMode.FULL)
        blurred = keyed(api, Scope.JOBS_READ, output=OutputMode.BLURRED)
        plain, shown = dict(zipped(full, seeded)), dict(zipped(blurred, seeded))
        pictures = [name for name in plain if name.endswith(".jpg")]
        assert len(pictures) == 2
        assert plain.keys() == shown.keys()
        for name, content in plain.items():
            if name in pictures:
                assert_plain(content)
                assert_blurred(shown[name])
            else:
                assert shown[name] == content

    def test_of_old_clients_are_blurred(self, compat_api: Api) -> None:
        client = keyed(compat_api, *SCOPES, output=OutputMode.BLURRED)
        said = unwrap_of(client.post("/upload_image", files={"image": PHOTO}))
        assert_blurred(to_image(said["image"]))
        for face_id in said["face_ids"]:
            query = {"face_id": face_id, "include_image": True}
            face = unwrap_of(client.get("/emotions", params=query))
            pixels = np.asarray(to_image(face["image"]), float)
            assert np.abs(np.diff(pixels, axis=0)).mean() < 5
            assert face["emotions"]["happiness"] == 0.7

    def test_of_the_page_are_blurred_when_its_key_is_such(
        self, api: Api, seeded: SeededJob
    ) -> None:
        client = keyed(api, Scope.JOBS_READ, output=OutputMode.BLURRED)
        secret = client.headers["Authorization"].removeprefix("Bearer ")
        page = create_page(WebSettings.model_validate({"api_url": api.url, "api_key": secret}))
        job = "/jobs/{job_id}".format(**ids_of(seeded))
        with served(page) as url, httpx.Client(base_url=url, trust_env=False) as visitor:
            for kind in ("annotated", "small", "medium", "large"):
                path = f"{job}/photos/{ids_of(seeded)['item_id']}/{kind}.jpg"
                assert_blurred(visitor.get(path, timeout=60).content)
            whole = visitor.get(f"{job}/download/zip", timeout=60)
        with zipfile.ZipFile(io.BytesIO(whole.content)) as archive:
            names = [name for name in archive.namelist() if name.endswith(".jpg")]
            assert len(names) == 2
            for name in names:
                assert_blurred(archive.read(name))

    def test_are_given_by_no_other_operation(self, compat_api: Api, seeded: SeededJob) -> None:
        client = keyed(compat_api, *SCOPES, output=OutputMode.BLURRED)
        others = sorted(set(operations()) - GIVES_PICTURES, key=lambda known: known[0] == "DELETE")
        for method, path in others:
            answer = call(client, method, path, ids_of(seeded))
            kind = answer.headers["content-type"]
            assert not kind.startswith(("image/", "application/zip", "application/octet")), path
            for start in (b"\xff\xd8\xff", b"\x89PNG", b"PK\x03\x04"):
                assert start not in answer.content, (method, path)

    def test_of_faces_that_nobody_knows_are_refused(
        self, api: Api, seeded: SeededJob, sessions: SessionFactory
    ) -> None:
        full = keyed(api, Scope.JOBS_READ, output=OutputMode.FULL)
        blurred = keyed(api, Scope.JOBS_READ, output=OutputMode.BLURRED)
        known = photo_payload(*FACES, width=WIDTH, height=HEIGHT)
        changes: list[Any] = [
            update(Outcome).where(Outcome.ok).values(payload={**known, "faces_truncated": True}),
            update(Job).values(options={**OPTIONS, "min_face_px": 21}),
            update(Job).values(options={**OPTIONS, "detection_threshold": 0.91}),
        ]
        for change in changes:
            with unit_of_work(sessions) as session:
                session.execute(update(Outcome).where(Outcome.ok).values(payload=known))
                session.execute(update(Job).values(options=OPTIONS))
                session.execute(change)
            for path in picture_paths(seeded):
                assert_problem(blurred.get(path), 403, "output-restricted")
            assert "photo-0.jpg" in dict(zipped(blurred, seeded))["missing.txt"].decode()
        assert_plain(full.get(picture_paths(seeded)[0]).content)

    @pytest.mark.parametrize(
        ("status", "answer"),
        [
            (ItemStatus.QUEUED, (409, "job-not-finished")),
            (ItemStatus.RUNNING, (409, "job-not-finished")),
            (ItemStatus.FAILED, (404, "not-found")),
        ],
    )
    def test_of_photos_without_a_result_are_refused(
        self, api: Api, sessions: SessionFactory, status: ItemStatus, answer: tuple[int, str]
    ) -> None:
        with unit_of_work(sessions) as session:
            made = seed_job(session, [status], photo=PHOTO)
        client = keyed(api, Scope.JOBS_READ, output=OutputMode.BLURRED)
        for path in picture_paths(made):
            assert_problem(client.get(path), *answer)


def unwrap_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text[:300]
    document: dict[str, Any] = json.loads(answer.json())
    return document
