"""hfer's page against the real service: two API processes, a worker with the shipped model."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from PIL import Image, ImageOps

from benchmarks.photos import SAMPLES
from infra.local.apps import app_programs
from infra.local.ports import PortBook
from infra.local.stack import LocalStack
from tests.e2e.photos import sample_paths
from tests.fixtures.hfer_front import HferFront, unwrap

pytestmark = pytest.mark.xdist_group("e2e")

EMOTIONS = {"surprise", "fear", "disgust", "happiness", "anger", "sadness", "neutral"}


@dataclass(frozen=True)
class Door:
    """One more API process, with hfer's interface and a key that stands for all callers."""

    name: str
    url: str


def open_door(stack: LocalStack, name: str, port: int) -> Door:
    url = f"http://127.0.0.1:{port}"
    environment = {
        **stack.environment,
        "HFER_API__PORT": str(port),
        "HFER_COMPAT__ENABLED": "true",
        "HFER_COMPAT__ANONYMOUS_KEY": stack.tenant_key(),
    }
    api = next(program for program in app_programs(environment, url=url) if program.name == "api")
    stack.supervisor.start(replace(api, name=name))
    return Door(name, url)


@pytest.fixture(scope="module")
def doors(stack: LocalStack) -> Iterator[tuple[Door, Door]]:
    with PortBook() as book:
        both = (open_door(stack, "door-1", book.take()), open_door(stack, "door-2", book.take()))
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
