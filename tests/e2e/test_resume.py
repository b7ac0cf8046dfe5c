"""Hundreds of photos through ``hfer submit``, killed half way: one job, each photo once."""

import json
import signal
from collections import Counter
from pathlib import Path

import pytest

from infra.local.stack import LocalStack
from tests.e2e.conftest import Cli, stored_photos
from tests.e2e.photos import write_colours

# One stack serves the whole session, so these stay in one process of pytest-xdist.
pytestmark = pytest.mark.xdist_group("e2e")

# From 200 on, submitting is resumed; each costs 40 ms of CPU, in detection most of all.
MANY, HALF = 400, 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos without a face, each of another colour."""
    return write_colours(tmp_path_factory.mktemp("hundreds"), count=MANY, blue=177)


def test_killed_at_a_counted_upload_and_run_again_it_is_one_job(
    stack: LocalStack, cli: Cli, folder: Path
) -> None:
    jobs = len(json.loads(cli.run("jobs", "--limit", "500", "--json").stdout))
    before = stored_photos(stack)
    killed = cli.run_killed_at_put(HALF, "submit", folder, "--quiet")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert killed.stdout == ""
    # Up to eight were on their way when it was killed.
    assert HALF - 8 <= stored_photos(stack) - before < HALF

    job = cli.run("submit", folder, "--quiet").stdout.strip()

    done = cli.run("results", job, "--wait", "--quiet", "--json")
    photos = json.loads(done.stdout)["data"]
    assert [photo["filename"] for photo in photos] == [f"photo-{n:04d}.png" for n in range(MANY)]
    assert Counter(photo["status"] for photo in photos) == {"no_face": MANY}
    assert stored_photos(stack) - before == MANY
    assert len(json.loads(cli.run("jobs", "--limit", "500", "--json").stdout)) == jobs + 1
