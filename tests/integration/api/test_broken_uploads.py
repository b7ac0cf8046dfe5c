"""Senders that fall silent or vanish in the middle of an upload."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import select

from services.common.config import Settings
from services.common.db.session import SessionFactory
from services.common.db.tables import DoomedObject, Job
from services.common.storage import ObjectStorage
from tests.fixtures.serving import Api, StartApi

PART = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'


@contextmanager
def half_sent(api: Api) -> Iterator[socket.socket]:
    """Open a connection on which one photo and a half have been sent of what was promised."""
    url = httpx.URL(api.url)
    key = api.client().headers["Authorization"]
    head = (
        f"POST /v1/jobs HTTP/1.1\r\nHost: {url.host}\r\nAuthorization: {key}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port or 80), timeout=30) as connection:
        connection.sendall(head.encode() + PART + b"whole\r\n" + PART + b"half")
        yield connection


def watch(api: Api, metric: str, **labels: str) -> None:
    """Ask the API for signs of life until it has counted something."""
    probe = api.anonymous()
    while not api.state.metrics.value(metric, **labels):
        probe.get("/healthz")


@pytest.fixture(autouse=True)
def _nothing_stays(sessions: SessionFactory, storage: ObjectStorage) -> Iterator[None]:
    yield
    with sessions() as session:
        assert session.scalars(select(Job)).all() == []
        scheduled = set(session.scalars(select(DoomedObject.object_key)))
    assert {found.key for found in storage.list("photos/")} == scheduled
    assert len(scheduled) == 1


class TestBrokenUploads:
    def test_silence_is_a_timeout(self, start_api: StartApi, settings: Settings) -> None:
        api = start_api(settings, stall_s=0.2)
        with half_sent(api) as connection:
            answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"request-timeout" in answer

    def test_a_sender_that_vanishes_leaves_nothing(self, api: Api) -> None:
        with half_sent(api):
            watch(api, "hfer_upload_bytes_total")
        watch(api, "hfer_http_requests_total", method="POST", route="/v1/jobs", status="400")
