"""The snapshot of 50556b5 under the code of today: restored, migrated, read, set to work."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from infra.local.paths import REPOSITORY
from infra.local.stack import LocalStack, storage_settings
from services.common.storage import build_storage
from tests.e2e.upgrade.reading import Answer, Reading, read
from tests.e2e.upgrade.snapshot import (
    ANSWERS,
    Facts,
    photo,
    read_facts,
    restore_bucket,
    restore_database,
    snapshot_stack,
    start,
)
from tests.fixtures.analysers import FIVE_MS_OF_BUNDLE


@pytest.fixture(scope="package")
def facts() -> Facts:
    return read_facts()


@pytest.fixture(scope="package")
def recorded() -> list[Reading]:
    """What 50556b5 answered."""
    return [Reading.load(stored) for stored in json.loads(ANSWERS.read_text())]


@pytest.fixture(scope="package")
def upgraded(facts: Facts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Today's API on the migrated snapshot. No worker yet, and nothing that sweeps."""
    with snapshot_stack(tmp_path_factory.mktemp("upgrade") / "stack") as stack:
        stack.servers.start()
        restore_database(stack.servers.postgres.url, facts)
        restore_bucket(build_storage(storage_settings(stack.environment)))
        upgrade(stack)
        start(stack, "api", HFER_FETCH__PORTS=json.dumps(photo_ports(facts)))
        yield stack


def photo_ports(facts: Facts) -> list[int]:
    """Ports of the servers whose photos jobs name; nothing listens there any more."""
    bodies = [kept["json"] for kept in facts.repeats if kept["json"]]
    urls = [given["url"] for body in bodies for given in body.get("inputs", ())]
    return sorted({httpx.URL(url).port for url in urls} - {None})


def upgrade(stack: LocalStack) -> None:
    """Migrate as docs/upgrade.md says."""
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=REPOSITORY,
        env={**os.environ, **stack.environment},
        check=True,
        capture_output=True,
        timeout=60,
    )


@pytest.fixture(scope="package")
def api(upgraded: LocalStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=upgraded.url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="package")
def answers(api: httpx.Client, recorded: list[Reading], facts: Facts) -> list[Answer]:
    """What today's API answers to the same requests, before anything goes on."""
    return [read(api, reading.request, facts.keys) for reading in recorded]


@pytest.fixture(scope="package")
def repeated(
    api: httpx.Client,
    facts: Facts,
    answers: list[Answer],  # noqa: ARG001 - they come first
) -> list[dict[str, Any]]:
    """Answers to the requests of before, sent once more under their keys."""
    return [send_again(api, facts, kept).json() for kept in facts.repeats]


def send_again(
    api: httpx.Client, facts: Facts, kept: dict[str, Any], **changes: Any
) -> httpx.Response:
    """Send a noted request again, word for word but for ``changes``."""
    headers = {"Authorization": f"Bearer {facts.keys['user']}", "Idempotency-Key": kept["key"]}
    files = [("files", (name, photo(sha256))) for name, sha256 in kept["files"]]
    body = {"data": kept["data"], "json": kept["json"], "files": files or None, **changes}
    return api.post(kept["path"], headers=headers, **body)


@pytest.fixture(scope="package")
def working(
    upgraded: LocalStack,
    repeated: list[dict[str, Any]],  # noqa: ARG001 - they come first
    tmp_path_factory: pytest.TempPathFactory,
) -> LocalStack:
    """The same with everything that works; nothing fetches URLs."""
    start(
        upgraded,
        "maintenance",
        "worker",
        HFER_WORKER__ANALYSER=FIVE_MS_OF_BUNDLE,
        HFER_WORKER__CONCURRENCY="1",
        HFER_QUEUE__SWEEPER_INTERVAL_S="0.2",
        HFER_MODELS__CACHE_DIR=str(tmp_path_factory.mktemp("bundles")),
    )
    return upgraded
