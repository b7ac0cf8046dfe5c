"""The image `backup` makes a backup: its own packages, its own pg_dump, the role of the owner."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.docker.replay import Image, Replayer
from services.common.config import StorageSettings
from services.common.storage import ObjectStorage
from tests.fixtures.as_role import OWNER, url_as
from tests.fixtures.factories import JobMaker

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return Replayer(tmp_path / "images", quick=True).build("backup")


@pytest.fixture
def run(image: Image, database_url: str, bucket_settings: StorageSettings) -> Run:
    """Run the image's entry point with arguments, as compose would, but for tini."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        **image.env,
        "HFER_DATABASE__URL": url_as(database_url, OWNER),
        "HFER_STORAGE__ENDPOINT": bucket_settings.endpoint,
        "HFER_STORAGE__BUCKET": bucket_settings.bucket,
        "HFER_STORAGE__SECURE": "false",
        "HFER_STORAGE__ACCESS_KEY": bucket_settings.access_key.get_secret_value(),
        "HFER_STORAGE__SECRET_KEY": bucket_settings.secret_key.get_secret_value(),
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        assert image.entrypoint[:2] == ["/usr/bin/tini", "--"]
        return subprocess.run(
            [*image.argv(image.entrypoint[2:]), *arguments],
            env=environment,
            cwd=image.workdir,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_makes_a_backup_and_verifies_it(
    run: Run,
    storage: ObjectStorage,  # noqa: ARG001 - makes the bucket
    make_stored_job: JobMaker,
    tmp_path: Path,
) -> None:
    make_stored_job(2)
    folder = str(tmp_path / "backup")
    made = run("create", folder)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "backup" / "database.dump").stat().st_size > 0
    verified = run("verify", folder)
    assert verified.returncode == 0, verified.stderr
