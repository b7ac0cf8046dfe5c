"""More photos than one request takes, killed half way and run again: one job, every photo once."""

import json
import time
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from infra.local.stack import LocalStack, storage_settings
from services.common.storage import build_storage
from services.common.storage_keys import PHOTOS
from tests.e2e.conftest import Cli

# One stack serves the whole session, so these stay in one process of pytest-xdist.
pytestmark = pytest.mark.xdist_group("e2e")

MANY = 2_001
PATIENCE_S = 120.0
KEY = ("--idempotency-key", "many-photos")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One photo more than a request takes, each of another colour and without a face."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(MANY):
        colour = (number % 256, number // 256, 99)
        Image.new("RGB", (24, 24), colour).save(folder / f"photo-{number:04d}.png")
    return folder


def stored(stack: LocalStack, *, among: int) -> int:
    """How many objects of photos there are, counted up to ``among``."""
    bucket = build_storage(storage_settings(stack.environment))
    return sum(1 for _, _ in zip(range(among), bucket.list(PHOTOS), strict=False))


def test_killed_half_way_and_run_again_it_is_one_job_with_every_photo_once(
    stack: LocalStack, module_cli: Cli, folder: Path
) -> None:
    before = stored(stack, among=10**6)
    killed = module_cli.start("submit", folder, *KEY, "--quiet")
    deadline = time.monotonic() + PATIENCE_S
    while stored(stack, among=before + 200) < before + 200:
        assert killed.poll() is None, killed.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    killed.kill()
    out, _ = killed.communicate()
    assert out == ""
    halfway = stored(stack, among=10**6) - before
    assert halfway < MANY

    job = module_cli.run("submit", folder, *KEY).stdout.strip()
    assert module_cli.run("submit", folder, *KEY).stdout.strip() == job

    done = module_cli.run("results", job, "--wait", "--quiet", "--format", "json")
    photos = json.loads(done.stdout)["data"]
    assert [photo["filename"] for photo in photos] == [f"photo-{n:04d}.png" for n in range(MANY)]
    assert Counter(photo["status"] for photo in photos) == {"no_face": MANY}
    assert stored(stack, among=10**6) - before == MANY
