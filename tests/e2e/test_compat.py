"""hfer's page against the real service: two API processes, a worker with the shipped model."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image, ImageOps

from benchmarks.photos import SAMPLES
from infra.local.ports import PortBook
from infra.local.stack import LocalStack
from tests.e2e.conftest import Door, open_door
from tests.e2e.photos import sample_paths
from tests.fixtures.hfer_front import HferFront, unwrap

pytestmark = pytest.mark.xdist_group("e2e")

EMOTIONS = {"surprise", "fear", "disgust", "happiness", "anger", "sadness", "neutral"}


@pytest.fixture(scope="module")
def doors(stack: LocalStack) -> Iterator[tuple[Door, Door]]:
    """Two with a key that stands for all callers."""
    everybody = {"HFER_COMPAT__ANONYMOUS_KEY": stack.tenant_key()}
    with PortBook() as book:
        both = (
            open_door(stack, "door-1", book.take(), **everybody),
            open_door(stack, "door-2", book.take(), **everybody),
        )
        yield both
        for door in both:
            stack.supervisor.children.pop(door.name).kill()


@pytest.fixture(scope="module")
def front(doors: tuple[Door, Door]) -> HferFront:
    upload, read = doors
    return HferFront(upload.url, read.url)


@pytest.mark.parametrize("path", sample_paths(), ids=lambda path: path.stem)
def test_the_page_shows_every_face_of_a_photo(front: HferFront, path: Path) -> None:
    photo = path.read_bytes()
    picture, rows = front.show(photo)
    with Image.open(path) as image:
        assert picture.size == ImageOps.exif_transpose(image).size
    assert rows
    for row in rows:
        assert set(row.top_three) <= EMOTIONS
        assert len(row.top_three) == 3
        assert min(row.picture.size) >= 10


def test_a_face_cut_out_by_the_page_is_read_again(front: HferFront) -> None:
    """What hfer's `face_image` is for: a picture of nothing but a face."""
    _, (row, *_) = front.show((SAMPLES / "collins.jpg").read_bytes())
    client = httpx.Client(base_url=front.url, timeout=30, trust_env=False)
    buffer = io.BytesIO()
    row.picture.save(buffer, "PNG")
    with client:
        reply = client.request("GET", "/emotions", files={"face_image": buffer.getvalue()})
    assert reply.status_code == 200, reply.text
    emotions = json.loads(reply.json())["emotions"]
    assert next(iter(emotions)) == next(iter(row.top_three)) == "happiness"


def test_the_other_process_answers_twice(front: HferFront) -> None:
    (face_id, *_) = unwrap(front.post((SAMPLES / "hopper.jpg").read_bytes()))["face_ids"]
    first, second = front.get(face_id), front.get(face_id)
    assert unwrap(first) == unwrap(second)
