"""`python -m services.web` as a process: a stream is passed on, and ends when somebody goes."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from infra.local.ports import PortBook
from tests.fixtures.serving import served

KEY = "hfer_dev_only-for-this-page"
PROGRESS = b'event: job.progress\ndata: {"status": "running", "counts": {"total": 4}}\n\n'


@dataclass
class EndlessApi:
    """An API whose job never ends; ``left`` is set when a listener went."""

    left: threading.Event = field(default_factory=threading.Event)
    keys: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/v1/jobs/job_1/events", self._events)])

    async def _events(self, request: Request) -> StreamingResponse:
        self.keys.append(request.headers["authorization"])
        return StreamingResponse(self._frames(), media_type="text/event-stream")

    async def _frames(self) -> AsyncIterator[bytes]:
        try:
            yield PROGRESS
            await asyncio.Event().wait()
        finally:
            self.left.set()


@dataclass(frozen=True)
class Page:
    """A running page."""

    url: str
    handle: "subprocess.Popen[bytes]"


@pytest.fixture
def api() -> EndlessApi:
    return EndlessApi()


@pytest.fixture
def page(api: EndlessApi) -> Iterator[Page]:
    with served(api.app()) as api_url, PortBook() as book:
        port = book.take()
        environment = {
            "PATH": os.environ["PATH"],
            "HFER_WEB__API_URL": api_url,
            "HFER_WEB__API_KEY": f"{KEY}\n",  # as a file of a secret store gives it
            "HFER_WEB__PORT": str(port),
        }
        handle = subprocess.Popen([sys.executable, "-m", "services.web"], env=environment)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url, handle)
            yield Page(url, handle)
        finally:
            handle.kill()
            handle.wait()


def wait_for(url: str, handle: "subprocess.Popen[bytes]") -> None:
    transport = httpx.HTTPTransport(retries=7)  # with pauses that grow, from half a second
    with httpx.Client(transport=transport, trust_env=False) as client:
        assert client.get(f"{url}/healthz").is_success
    assert handle.poll() is None


def events(client: httpx.Client, page: Page) -> Iterator[str]:
    with client.stream("GET", f"{page.url}/jobs/job_1/events") as response:
        assert response.status_code == 200
        yield from response.iter_lines()


def test_a_browser_that_goes_ends_the_stream_at_the_api(page: Page, api: EndlessApi) -> None:
    with httpx.Client(trust_env=False, timeout=40) as client:
        lines = events(client, page)
        assert "of 4 photos" in next(line for line in lines if line.startswith("data"))
        assert not api.left.is_set()
        lines.close()  # type: ignore[attr-defined] # a generator is one
    assert api.left.wait(60)
    assert api.keys == [f"Bearer {KEY}"]


def test_sigterm_ends_open_streams_at_once(page: Page, api: EndlessApi) -> None:
    with httpx.Client(trust_env=False, timeout=40) as client:
        lines = events(client, page)
        assert any(line.startswith("data") for line in lines)
        asked = time.monotonic()
        page.handle.send_signal(signal.SIGTERM)
        assert [line for line in lines if line] == []
        # Far from the 10 s that uploads under way are waited for.
        assert time.monotonic() - asked < 8
    assert page.handle.wait(40) in {0, -signal.SIGTERM}
    assert api.left.wait(60)
