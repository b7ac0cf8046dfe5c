"""A submit that was killed goes on under its own key when it is made again."""

import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from hfer import BucketError, Client
from hfer._resume import KEPT_S, begin
from tests.fixtures.fake_service import JOB, FakeService, problem

MakePhoto = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "notes"


@pytest.fixture
def photos(make_photo: MakePhoto) -> list[Path]:
    return [make_photo(f"{number}.jpg", b"photo %d" % number) for number in range(3)]


@pytest.fixture(autouse=True)
def _small_requests(service: FakeService) -> None:
    service.limits = {"request_files": 2, "declare_files": 9}


def keys(service: FakeService) -> list[str]:
    begun = service.sent("POST", "/v1/uploads")
    return [request.headers["Idempotency-Key"] for request in begun]


def interrupt(client: Client, service: FakeService, photos: list[Path], folder: Path) -> None:
    service.bucket_upsets.extend(httpx.Response(403) for _ in range(15))
    with pytest.raises(BucketError):
        client.submit(*photos, resume=folder)
    service.bucket_upsets.clear()
    service.requests.clear()


class TestGoingOn:
    def test_under_the_same_key_and_then_forgotten(
        self, client: Client, service: FakeService, photos: list[Path], folder: Path
    ) -> None:
        interrupt(client, service, photos, folder)
        (note,) = folder.iterdir()
        first = note.read_text()
        assert client.submit(*photos, resume=folder).id == JOB
        assert keys(service) == [first]
        assert list(folder.iterdir()) == []
        client.submit(*photos, resume=folder)
        assert keys(service)[1] != first

    def test_not_with_other_settings_or_an_edited_photo(
        self, client: Client, service: FakeService, photos: list[Path], folder: Path
    ) -> None:
        interrupt(client, service, photos, folder)
        first = next(folder.iterdir()).read_text()
        client.submit(*photos, top_n=2, resume=folder)
        os.utime(photos[1], ns=(1, 1))
        client.submit(*photos, resume=folder)
        assert first not in keys(service)

    def test_an_upload_that_the_service_forgot_is_begun_anew(
        self, client: Client, service: FakeService, photos: list[Path], folder: Path
    ) -> None:
        interrupt(client, service, photos, folder)
        limits = httpx.Response(200, json=service.limits)
        service.upsets.extend([limits, problem(410, "gone")])
        assert client.submit(*photos, resume=folder).id == JOB
        first, second = keys(service)
        assert first != second

    def test_a_folder_that_cannot_be_written_is_no_hindrance(
        self, client: Client, photos: list[Path], tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("")
        assert client.submit(*photos, resume=tmp_path / "file").id == JOB


class TestNotes:
    def test_two_programs_share_one_key(self, folder: Path) -> None:
        first, second = begin(folder, "n"), begin(folder, "n")
        assert (first.found, second.found) == (False, True)
        assert first.key == second.key

    def test_a_day_old_note_is_forgotten(self, folder: Path) -> None:
        first = begin(folder, "n")
        then = first.path.stat().st_mtime - KEPT_S - 1
        os.utime(first.path, (then, then))
        second = begin(folder, "n")
        assert not second.found
        assert second.key != first.key


class TestUnreachableBucket:
    def test_few_enough_photos_go_through_the_service_instead(
        self, client: Client, service: FakeService, make_photo: MakePhoto
    ) -> None:
        service.limits = {"request_files": 900, "declare_files": 900}
        photos = [make_photo(f"{number}.jpg", b"%d" % number) for number in range(200)]
        service.bucket_upsets.extend(httpx.ConnectError("refused") for _ in range(1_000))
        assert client.submit(*photos).id == JOB
        assert service.sent("POST", "/v1/jobs")[0].content.count(b'name="files"') == 200
        assert len(service.bucket_upsets) == 999, "one photo tells that nobody answers"
