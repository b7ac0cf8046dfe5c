"""Photos by URL, from a bucket of the user's own and out of a large archive, by the real CLI.

The commands are those of docs/client.md, as written there.
"""

import json
import re
import subprocess
import sys
import zipfile

import pytest

from infra.local.stack import LocalStack, storage_settings
from services.common.config import StorageSettings
from services.common.storage import ObjectStorage, build_storage
from tests.e2e.conftest import COMMAND_S, REPOSITORY, Cli
from tests.e2e.photos import sample_paths, write_colours

# One stack serves the whole session, so these stay in one process of pytest-xdist.
pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

PAGE = (REPOSITORY / "docs" / "client.md").read_text()
HOST = "https://photos.example.com"
PREAMBLE = f'hfer() {{ "{sys.executable}" -m hfer "$@"; }}\n'


@pytest.fixture
def holiday(stack: LocalStack) -> StorageSettings:
    """A bucket of the user's own."""
    settings = storage_settings(stack.environment).model_copy(update={"bucket": "holiday"})
    bucket: ObjectStorage = build_storage(settings)
    bucket.ensure_bucket()
    for number, path in enumerate(sample_paths()[:2]):
        with path.open("rb") as file:
            size = path.stat().st_size
            key = f"2026/{number} é.jpg"
            bucket.put(key, file, size=size, content_type="image/jpeg")
    return settings


def example(mark: str) -> str:
    """Return the line of the page that holds ``mark``."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    (line,) = [line for block in blocks for line in block.splitlines() if mark in line]
    return str(line)


def type_(cli: Cli, line: str, **more: str) -> list[dict[str, object]]:
    """Type a line of the page into bash; what it prints as JSON Lines."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", PREAMBLE + line],
        cwd=cli.folder,
        env=cli.environment() | more,
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return [json.loads(row) for row in done.stdout.splitlines()]


def test_urls_as_arguments(cli: Cli, photo_server: str) -> None:
    line = example("/b.jpg").replace(HOST, photo_server)
    photos = type_(cli, line)
    assert [photo["filename"] for photo in photos] == ["a.jpg", "b.jpg"]
    assert [photo["status"] for photo in photos] == ["succeeded", "succeeded"]
    assert photos[0]["client_ref"] == f"{photo_server}/a.jpg"


def test_a_list_of_urls(cli: Cli, photo_server: str) -> None:
    text = f"# two\n{photo_server}/a.jpg?signature=1\n\n{photo_server}/missing.jpg\n"
    (cli.folder / "urls.txt").write_text(text)
    photos = [
        json.loads(row)
        for row in cli.run(
            "submit", "--urls", "urls.txt", "--wait", "--format", "jsonl", code=3
        ).stdout.splitlines()
    ]
    assert [photo["status"] for photo in photos] == ["succeeded", "failed"]
    assert photos[1]["error"]["code"] == "fetch_failed"
    assert photos[0]["client_ref"] == f"{photo_server}/a.jpg"
    listed = example("grep").replace("photos.example.com", "localhost")
    assert [photo["filename"] for photo in type_(cli, listed)] == ["a.jpg"]


def test_a_bucket_of_the_users_own(cli: Cli, holiday: StorageSettings) -> None:
    credentials = {
        "AWS_ACCESS_KEY_ID": holiday.access_key.get_secret_value(),
        "AWS_SECRET_ACCESS_KEY": holiday.secret_key.get_secret_value(),
        "AWS_ENDPOINT_URL_S3": f"http://{holiday.endpoint}",
        "AWS_REGION": holiday.region,
    }
    photos = type_(cli, example("s3://holiday"), **credentials)
    names = [f"s3://holiday/2026/{number} é.jpg" for number in range(2)]
    assert [photo["client_ref"] for photo in photos] == names
    assert [photo["filename"] for photo in photos] == ["0 é.jpg", "1 é.jpg"]
    assert [photo["status"] for photo in photos] == ["succeeded", "succeeded"]
    shown = json.dumps(photos)
    assert credentials["AWS_SECRET_ACCESS_KEY"] not in shown


def test_an_address_that_the_service_must_not_fetch_is_refused(cli: Cli) -> None:
    done = cli.run("submit", "http://169.254.169.254/latest/meta-data/a.jpg", code=6)
    assert "unsafe-url" in done.stderr


def test_a_large_archive_goes_photo_by_photo(cli: Cli) -> None:
    """200 photos are where the client begins to unpack by itself."""
    folder = cli.folder / "album"
    folder.mkdir()
    write_colours(folder, count=201, blue=77)
    with zipfile.ZipFile(cli.folder / "album.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"album/{path.name}")
    photos = type_(cli, f"{example('album.zip')} --wait --format jsonl")
    names = [f"album/photo-{number:04d}.png" for number in range(201)]
    assert [photo["filename"] for photo in photos] == names
    assert [photo["client_ref"] for photo in photos] == names
    assert {photo["status"] for photo in photos} == {"no_face"}
