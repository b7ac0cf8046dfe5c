"""1,000 photos through ``hfer submit``, killed half way and run again: one job, each photo once."""

import json
import signal
import subprocess
import sys
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

MANY, HALF = 1_000, 500
KILLER = Path(__file__).with_name("kill_at_put.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos without a face, each of another colour."""
    folder = tmp_path_factory.mktemp("thousand")
    for number in range(MANY):
        colour = (number % 256, number // 256, 177)
        Image.new("RGB", (24, 24), colour).save(folder / f"photo-{number:04d}.png")
    return folder


def stored(stack: LocalStack) -> int:
    """How many objects of photos there are."""
    return sum(1 for _ in build_storage(storage_settings(stack.environment)).list(PHOTOS))


def test_killed_at_a_counted_upload_and_run_again_it_is_one_job(
    stack: LocalStack, cli: Cli, folder: Path
) -> None:
    jobs = len(json.loads(cli.run("jobs", "--limit", "500", "--json").stdout))
    before = stored(stack)
    killed = subprocess.run(
        [sys.executable, KILLER, str(HALF), "submit", folder, "--quiet"],
        env=cli.environment(),
        cwd=cli.folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert killed.stdout == ""
    # Up to eight were on their way when it was killed.
    assert HALF - 8 <= stored(stack) - before < HALF

    job = cli.run("submit", folder, "--quiet").stdout.strip()

    done = cli.run("results", job, "--wait", "--quiet", "--json")
    photos = json.loads(done.stdout)["data"]
    assert [photo["filename"] for photo in photos] == [f"photo-{n:04d}.png" for n in range(MANY)]
    assert Counter(photo["status"] for photo in photos) == {"no_face": MANY}
    assert stored(stack) - before == MANY
    assert len(json.loads(cli.run("jobs", "--limit", "500", "--json").stdout)) == jobs + 1
