"""``s3://…`` against a real S3 server: what is listed, in which order, and that the URLs open."""

import io
import os

import httpx
import pytest

from hfer import NoPhotosError, S3ListError
from hfer._s3 import signed_photos
from services.common.config import StorageSettings
from services.common.storage import ObjectStorage

PHOTOS = ("2026/a.jpg", "2026/sub/b.PNG", "2026-old/c.jpg", "2026/notes.txt", "2026/.hidden/d.jpg")


@pytest.fixture(autouse=True)
def _environment(
    bucket_settings: StorageSettings, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's own variables, and photos in the user's own bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", bucket_settings.access_key.get_secret_value())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", bucket_settings.secret_key.get_secret_value())
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{bucket_settings.endpoint}")
    monkeypatch.setenv("AWS_REGION", bucket_settings.region)
    for key in PHOTOS:
        content = key.encode()
        storage.put(key, io.BytesIO(content), size=len(content), content_type="image/jpeg")


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("", ["2026/a.jpg", "2026/sub/b.PNG", "2026-old/c.jpg"]),
        ("/", ["2026/a.jpg", "2026/sub/b.PNG", "2026-old/c.jpg"]),
        ("/2026", ["2026/a.jpg", "2026/sub/b.PNG"]),
        ("/2026/", ["2026/a.jpg", "2026/sub/b.PNG"]),
        ("/2026/notes.txt", ["2026/notes.txt"]),
        ("/2026/.hidden/", ["2026/.hidden/d.jpg"]),
    ],
)
def test_takes_the_photos_of_a_folder_or_the_one_object(
    storage: ObjectStorage, path: str, names: list[str]
) -> None:
    photos = signed_photos(f"s3://{storage.bucket}{path}", most=10, expiry_s=60)
    assert [photo.name for photo in photos] == [f"s3://{storage.bucket}/{name}" for name in names]
    outer = {"": "", "/": "", "/2026": "2026/", "/2026/": "2026/", "/2026/notes.txt": "2026/"}
    below = [name.removeprefix(outer.get(path, "2026/.hidden/")) for name in names]
    assert [photo.below for photo in photos] == below


def test_the_url_opens_that_photo_without_any_credential(
    storage: ObjectStorage, bucket_settings: StorageSettings
) -> None:
    (photo,) = signed_photos(f"s3://{storage.bucket}/2026/a.jpg", most=10, expiry_s=60)
    assert httpx.get(photo.url).content == b"2026/a.jpg"
    assert "X-Amz-Expires=60" in photo.url
    assert bucket_settings.secret_key.get_secret_value() not in photo.url
    assert httpx.get(photo.url.replace("a.jpg", "notes.txt")).status_code == httpx.codes.FORBIDDEN


def test_credentials_that_are_read_from_a_file_work(
    storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, f"{os.environ[name]}\n")
    assert len(signed_photos(f"s3://{storage.bucket}/2026/a.jpg", most=1, expiry_s=60)) == 1


def test_no_more_are_listed_than_asked_for(storage: ObjectStorage) -> None:
    assert len(signed_photos(f"s3://{storage.bucket}", most=2, expiry_s=60)) == 2


def test_a_folder_without_photos_is_told(storage: ObjectStorage) -> None:
    with pytest.raises(NoPhotosError, match="2027"):
        signed_photos(f"s3://{storage.bucket}/2027", most=2, expiry_s=60)


def test_a_bucket_that_is_not_there_is_told() -> None:
    with pytest.raises(S3ListError, match="NoSuchBucket"):
        signed_photos("s3://nobodys/photos", most=2, expiry_s=60)


def test_a_server_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    with pytest.raises(S3ListError, match="Cannot list s3://mine/photos"):
        signed_photos("s3://mine/photos", most=2, expiry_s=60)
