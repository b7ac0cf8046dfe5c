"""``python -m services.ingest`` as a process, with real sockets on loopback."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sqlalchemy import select

from infra.local.paths import REPOSITORY
from services.common.config import Settings
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Item, Outcome
from services.common.domain.ids import new_uuid7
from services.common.jobs.repositories.items import NewItem
from services.common.jobs.submission import Submission, submit
from services.common.storage import ObjectStorage
from tests.fixtures.jobs import RULES

PHOTO = b"\xff\xd8\xff\xe0 a photo of nobody"
TIMEOUT_S = 60.0


class Photos(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/away.jpg":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(PHOTO)))
        self.end_headers()
        self.wfile.write(PHOTO)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def photo_server() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Photos) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def environment(settings: Settings, port: int) -> dict[str, str]:
    storage = settings.storage
    return {
        **os.environ,
        "HFER_DATABASE__URL": settings.database.url.get_secret_value(),
        "HFER_BROKER__URL": "redis://127.0.0.1:1/0",  # it must need none
        "HFER_STORAGE__ENDPOINT": storage.endpoint,
        "HFER_STORAGE__ACCESS_KEY": storage.access_key.get_secret_value(),
        "HFER_STORAGE__SECRET_KEY": storage.secret_key.get_secret_value(),
        "HFER_STORAGE__BUCKET": storage.bucket,
        "HFER_STORAGE__SECURE": "false",
        "HFER_FETCH__ALLOW_HTTP": "true",
        "HFER_FETCH__PORTS": json.dumps([80, port]),
        "HFER_FETCH__ALLOW_NETWORKS": json.dumps(["127.0.0.0/8", "::1/128"]),
    }


def outcomes(sessions: SessionFactory, job_id: int) -> list[bytes | str | None]:
    """The digest of each photo that came, the code of each that did not, None before that."""
    query = (
        select(Item.sha256, Outcome.error_code)
        .outerjoin(Outcome, Outcome.item_id == Item.id)
        .where(Item.job_id == job_id)
        .order_by(Item.seq)
    )
    with unit_of_work(sessions) as session:
        return [digest or code for digest, code in session.execute(query)]


def test_fetches_over_real_sockets_and_ends_on_sigterm(
    settings: Settings, sessions: SessionFactory, storage: ObjectStorage
) -> None:
    with photo_server() as port:
        urls = [f"http://localhost:{port}/{name}.jpg" for name in ("a", "away")]
        items = [NewItem(new_uuid7(), "a.jpg", None, 0, source_url=url) for url in urls]
        with unit_of_work(sessions) as session:
            job_id = submit(session, Submission("acme", items), rules=RULES).job.id
        process = subprocess.Popen(
            [sys.executable, "-m", "services.ingest"],
            cwd=REPOSITORY,
            env=environment(settings, port),
        )
        try:
            deadline = time.monotonic() + TIMEOUT_S
            while None in outcomes(sessions, job_id) and time.monotonic() < deadline:
                assert process.poll() is None
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            assert process.wait(TIMEOUT_S) == 0
        finally:
            process.kill()
            process.wait()
    digest = hashlib.sha256(PHOTO).digest()
    assert outcomes(sessions, job_id) == [digest, "fetch_blocked"]
    with unit_of_work(sessions) as session:
        key = session.scalars(select(Item.object_key).where(Item.sha256 == digest)).one()
    assert storage.get(key) == PHOTO
