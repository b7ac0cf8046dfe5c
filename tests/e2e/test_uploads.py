"""More photos than one request takes, killed half way and run again: one job, every photo once.

Most are cancelled unanalysed: test_resume.py waits for the results of photos that came this way.
"""

import json
import signal
from pathlib import Path

import pytest

from infra.local.stack import LocalStack
from tests.e2e.conftest import Cli, stored_photos
from tests.e2e.photos import write_colours

# One stack serves the whole session, so these stay in one process of pytest-xdist.
pytestmark = pytest.mark.xdist_group("e2e")

MANY = 2_001
KEY = ("--idempotency-key", "many-photos")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One photo more than a request takes, each of another colour and without a face."""
    return write_colours(tmp_path_factory.mktemp("many"), count=MANY, blue=99)


def test_killed_half_way_and_run_again_it_is_one_job_with_every_photo_once(
    stack: LocalStack, module_cli: Cli, folder: Path
) -> None:
    before = stored_photos(stack)
    killed = module_cli.run_killed_at_put(200, "submit", folder, *KEY, "--quiet")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert killed.stdout == ""
    halfway = stored_photos(stack) - before
    assert halfway < MANY

    job = module_cli.run("submit", folder, *KEY).stdout.strip()
    module_cli.run("cancel", job)
    assert module_cli.run("submit", folder, *KEY).stdout.strip() == job

    done = module_cli.run("results", job, "--wait", "--quiet", "--format", "json", code=4)
    photos = json.loads(done.stdout)["data"]
    assert [photo["filename"] for photo in photos] == [f"photo-{n:04d}.png" for n in range(MANY)]
    assert {photo["status"] for photo in photos} <= {"no_face", "cancelled"}
    assert stored_photos(stack) - before == MANY
