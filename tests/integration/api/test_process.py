"""`python -m services.api` as a process: it serves, stays small under a large upload, and stops."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from infra.local.ports import PortBook
from services.common.config import Settings
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Job
from services.common.domain.ids import IdKind, format_id
from tests.fixtures.factories import JobMaker
from tests.fixtures.streams import listening

PHOTOS, PHOTO_BYTES = 25, 8_000_000
ADMIN_KEY = "hfer_dev_only-for-this-process"


@dataclass(frozen=True)
class Process:
    url: str
    pid: int
    handle: "subprocess.Popen[bytes]"

    def peak_mb(self) -> float:
        """Highest resident size so far, as the kernel remembers it."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        match = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert match is not None
        return int(match[1]) / 1000


@pytest.fixture
def process(settings: Settings, tmp_path: Path) -> Iterator[Process]:
    storage = settings.storage
    with PortBook() as book:
        port = book.take()
        environment = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(tmp_path),
            "HFER_ENVIRONMENT": "dev",
            "HFER_DATABASE__URL": settings.database.url.get_secret_value(),
            "HFER_BROKER__URL": settings.broker.url.get_secret_value(),
            "HFER_STORAGE__ENDPOINT": storage.endpoint,
            "HFER_STORAGE__ACCESS_KEY": storage.access_key.get_secret_value(),
            "HFER_STORAGE__SECRET_KEY": storage.secret_key.get_secret_value(),
            "HFER_STORAGE__BUCKET": storage.bucket,
            "HFER_STORAGE__SECURE": "false",
            "HFER_API__PORT": str(port),
            "HFER_API__ADMIN_KEY": ADMIN_KEY,
        }
        with (tmp_path / "log").open("wb") as log:
            command = [sys.executable, "-m", "services.api"]
            handle = subprocess.Popen(command, env=environment, stderr=log, stdout=log)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, handle)
            yield Process(url, handle.pid, handle)
        finally:
            handle.kill()
            handle.wait()


def _wait(url: str, handle: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and handle.poll() is None:
        try:
            httpx.get(f"{url}/healthz", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the API did not start")


def body() -> Iterator[bytes]:
    """A submission of 200 MB, made while it is sent."""
    for number in range(PHOTOS):
        yield (
            f'--b\r\nContent-Disposition: form-data; name="files"; filename="{number}.jpg"\r\n\r\n'
        ).encode()
        yield bytes([number]) * PHOTO_BYTES
        yield b"\r\n"
    yield b"--b--\r\n"


class TestProcess:
    def test_takes_200_mb_in_without_holding_them(self, process: Process, tmp_path: Path) -> None:
        headers = {
            "Authorization": f"Bearer {ADMIN_KEY}",
            "Content-Type": "multipart/form-data; boundary=b",
        }
        with httpx.Client(base_url=process.url, headers=headers, trust_env=False) as client:
            client.post("/v1/jobs", content=b"--b--\r\n")
            before = process.peak_mb()
            response = client.post("/v1/jobs", content=body(), timeout=120)
            assert response.status_code == 202, response.text
            assert response.json()["counts"]["queued"] == PHOTOS
            # Four photos of 8 MB on their way to the bucket, and the allocator's slack.
            assert process.peak_mb() - before < 90
        assert list(tmp_path.glob("tmp*")) == []

    def test_logs_json_and_stops_on_sigterm(self, process: Process, tmp_path: Path) -> None:
        httpx.get(f"{process.url}/version", trust_env=False)
        process.handle.send_signal(signal.SIGTERM)
        assert process.handle.wait(40) in {0, -signal.SIGTERM}
        lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
        assert any(line["event"] == "request.done" for line in lines)
        assert all(ADMIN_KEY not in json.dumps(line) for line in lines)

    def test_ends_open_streams_at_once_on_sigterm(
        self, process: Process, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(1, tenant="default")
        with unit_of_work(sessions) as session:
            value = session.scalar(select(Job.public_id).where(Job.id == job.id))
        assert value is not None
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        with (
            httpx.Client(base_url=process.url, headers=headers, trust_env=False) as client,
            listening(client, format_id(IdKind.JOB, value)) as stream,
        ):
            assert next(stream).kind == "job.progress"
            asked = time.monotonic()
            process.handle.send_signal(signal.SIGTERM)
            assert list(stream) == []
            # Far from the 10 s that requests under way are waited for.
            assert time.monotonic() - asked < 5
            assert stream.comments == 1
        assert process.handle.wait(40) in {0, -signal.SIGTERM}
