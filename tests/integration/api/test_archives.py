"""Archives in POST /v1/jobs, on a real database and bucket."""

import hashlib
import io
import tarfile
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.common.config import Settings
from services.common.db.session import SessionFactory
from services.common.db.tables import DoomedObject, Item, Job
from services.common.domain.limits import PhotoLimits
from services.common.domain.queues import Lane
from services.common.storage import ObjectStorage
from services.common.storage_keys import tenant_prefix
from tests.fixtures.archives import PACKERS, archive_of, overlapping_zip, tar_of, with_flag, zip_of
from tests.fixtures.serving import Api, StartApi, assert_problem, files

PHOTOS = {
    f"album/{number}.jpg": hashlib.shake_256(b"%d" % number).digest(2_000) for number in range(3)
}
LARGE = hashlib.shake_256(b"large").digest(30_000)


def submit(
    client: httpx.Client, *parts: bytes | tuple[str, bytes], **kwargs: Any
) -> httpx.Response:
    return client.post("/v1/jobs", files=files(*parts), **kwargs)


def items(client: httpx.Client, job: dict[str, Any]) -> list[dict[str, Any]]:
    return list(client.get(f"/v1/jobs/{job['id']}/items?limit=200").json()["data"])


@pytest.mark.parametrize("kind", ["zip", *PACKERS])
def test_every_photo_inside_becomes_an_item_with_its_folder(
    kind: str, client: httpx.Client, sessions: SessionFactory, storage: ObjectStorage
) -> None:
    response = submit(client, (f"photos.{kind}", archive_of(PHOTOS, kind)))
    assert response.status_code == 202
    job = response.json()
    assert job["counts"]["total"] == job["counts"]["queued"] == 3
    shown = items(client, job)
    assert [item["filename"] for item in shown] == list(PHOTOS)
    assert [item["content_sha256"] for item in shown] == [
        hashlib.sha256(photo).hexdigest() for photo in PHOTOS.values()
    ]
    with sessions() as session:
        rows = session.scalars(select(Item).order_by(Item.seq)).all()
        assert [storage.get(row.object_key) for row in rows] == list(PHOTOS.values())


def test_photos_and_archives_mix_in_the_order_sent(api: Api, client: httpx.Client) -> None:
    job = submit(
        client,
        ("first.jpg", b"first"),
        ("a.zip", zip_of(PHOTOS)),
        ("b.tar", tar_of({f"b{number}.jpg": b"%d" % number for number in range(5)})),
        ("last.jpg", b"last"),
    ).json()
    names = [item["filename"] for item in items(client, job)]
    assert names == ["first.jpg", *PHOTOS, *[f"b{number}.jpg" for number in range(5)], "last.jpg"]
    assert [lane for _, lane in api.notifier.notified] == [Lane.BATCH]


def test_side_files_are_no_photos_and_the_answer_counts_them(client: httpx.Client) -> None:
    response = submit(client, ("t.zip", zip_of({**PHOTOS, "a.json": b"{}", ".DS_Store": b"x"})))
    assert response.headers["hfer-passed-over"] == "2"
    assert [item["filename"] for item in items(client, response.json())] == list(PHOTOS)
    assert "hfer-passed-over" not in submit(client, ("t.zip", zip_of(PHOTOS))).headers


def test_a_hard_link_is_a_photo_of_the_same_object(
    client: httpx.Client, sessions: SessionFactory, storage: ObjectStorage
) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as writer:
        info = tarfile.TarInfo("a.jpg")
        info.size = len(LARGE)
        writer.addfile(info, io.BytesIO(LARGE))
        info.name, info.type, info.linkname, info.size = "b/c.jpg", tarfile.LNKTYPE, "a.jpg", 0
        writer.addfile(info)
    job = submit(client, ("a.tar", packed.getvalue())).json()
    assert [item["filename"] for item in items(client, job)] == ["a.jpg", "b/c.jpg"]
    with sessions() as session:
        rows = session.scalars(select(Item).order_by(Item.seq)).all()
    assert [storage.get(row.object_key) for row in rows] == [LARGE, LARGE]


def test_a_bad_photo_inside_fails_alone(client: httpx.Client) -> None:
    packed = bytearray(zip_of({"bad.jpg": LARGE, "empty.jpg": b"", **PHOTOS}, method=0))
    packed[1_000] ^= 0xFF
    job = submit(client, ("a.zip", bytes(packed))).json()
    assert (job["counts"]["failed"], job["counts"]["queued"]) == (2, 3)
    bad, empty, *rest = items(client, job)
    assert (bad["error"]["code"], bad["content_sha256"]) == ("decode_failed", None)
    assert empty["error"]["code"] == "empty"
    assert all(item["error"] is None for item in rest)


def test_the_same_archive_under_the_same_key_is_the_same_job(client: httpx.Client) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = submit(client, ("a.zip", zip_of(PHOTOS)), headers=key)
    again = submit(client, ("b.tar.xz", archive_of(PHOTOS, "tar.xz")), headers=key)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"


REFUSED = {
    "a bomb": (zip_of({"bomb.jpg": bytes(10_000_000)}), "100 times"),
    "a bomb in a tar": (tar_of({"bomb.jpg": bytes(10_000_000)}, kind="tar.gz"), "100 times"),
    "entries that share bytes": (overlapping_zip(), "overlap"),
    "a path that leads out": (zip_of({"../../etc/cron.d/a.jpg": LARGE}), "path"),
    "an absolute path": (tar_of({"/etc/passwd": LARGE}), "path"),
    "a password": (with_flag(zip_of(PHOTOS), 0x1), "password"),
    "no photo": (zip_of({"__MACOSX/a.jpg": LARGE}), "no photo"),
    "half of it": (zip_of(PHOTOS)[:3_000], "damaged"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_an_archive_whole(
    name: str, client: httpx.Client, sessions: SessionFactory
) -> None:
    packed, reason = REFUSED[name]
    problem = assert_problem(
        submit(client, ("ok.jpg", b"ok"), ("a", packed)), 422, "archive-refused"
    )
    assert reason in problem["detail"]
    with sessions() as session:
        assert session.scalars(select(Job)).all() == []
        # What was put before the refusal is left to the sweeper.
        assert [row.object_key for row in session.scalars(select(DoomedObject))]


def test_refuses_more_photos_than_a_request_takes(start_api: StartApi, settings: Settings) -> None:
    client = start_api(settings, limits=PhotoLimits(request_files=5)).client()
    two = [("a.zip", zip_of(PHOTOS)), ("b.zip", zip_of(PHOTOS))]
    problem = assert_problem(submit(client, *two), 413, "payload-too-large")
    assert problem["limit"] == 5


def test_refuses_more_files_than_an_archive_may_hold(
    start_api: StartApi, settings: Settings
) -> None:
    client = start_api(settings, limits=PhotoLimits(archive_entries=2)).client()
    problem = assert_problem(submit(client, ("a.zip", zip_of(PHOTOS))), 413, "payload-too-large")
    assert problem["limit"] == 2


def test_archives_together_unpack_to_no_more_than_they_may(
    start_api: StartApi, settings: Settings, storage: ObjectStorage
) -> None:
    client = start_api(settings, limits=PhotoLimits(archive_unpacked_bytes=50_000)).client()
    one = zip_of({"a.jpg": LARGE})
    assert submit(client, ("a.zip", one)).status_code == 202
    problem = assert_problem(
        submit(client, ("a.zip", one), ("b.zip", one)), 413, "payload-too-large"
    )
    assert problem["limit"] == 50_000
    assert len(list(storage.list(tenant_prefix("default")))) == 1


def test_the_limits_are_served(client: httpx.Client) -> None:
    limits = client.get("/v1/limits").json()
    assert limits["archive_entries"] == 2_000
    assert limits["archive_ratio"] == 100
    assert limits["archive_unpacked_bytes"] == 1_000_000_000
