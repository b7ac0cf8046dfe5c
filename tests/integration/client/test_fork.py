"""A client object used on both sides of a fork: connections of the parent stay the parent's."""

import asyncio
import json
import multiprocessing
import os
import ssl
import threading
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from hfer import AsyncClient, Client, ForkedTransportError
from tests.fixtures.certificates import write_certificate
from tests.fixtures.fake_service import JOB, KEY, job_json, photo_json

# A server's thread beside a fork is what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")


class ConnectionServer(ThreadingHTTPServer):
    """Tells in each job the connection that it was asked over.

    Results over its first connection stop after a photo until ``go_on`` is set.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.connections = 0
        self.counting = threading.Lock()
        self.go_on = threading.Event()

    def number_connection(self) -> int:
        with self.counting:
            self.connections += 1
            return self.connections


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ConnectionServer

    def setup(self) -> None:
        super().setup()
        self.number = self.server.number_connection()

    def do_GET(self) -> None:
        last = self.path.partition("?")[0].rpartition("/")[2]
        if last == "results":
            self._results()
            return
        body = json.dumps(job_json() | {"id": last, "labels": {"connection": str(self.number)}})
        self._head({"Content-Length": str(len(body))})
        self.wfile.write(body.encode())

    def _results(self) -> None:
        self._head({"Transfer-Encoding": "chunked"})
        for index in range(3):
            if index and self.number == 1:
                self.server.go_on.wait(60)
            line = json.dumps(photo_json(index, f"{index}.jpg")).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.write(b"0\r\n\r\n")

    def _head(self, headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


def _served(context: ssl.SSLContext | None = None) -> Iterator[ConnectionServer]:
    with ConnectionServer() as server:
        server.daemon_threads = True
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.go_on.set()
        server.shutdown()
        thread.join(60)


@pytest.fixture
def server() -> Iterator[ConnectionServer]:
    yield from _served()


@pytest.fixture
def tls_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConnectionServer]:
    """The same behind TLS; the client trusts it by the variable that httpx reads."""
    certificate = write_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    yield from _served(context)


def url(server: ConnectionServer, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{server.server_address[1]}"


def in_child(work: Callable[[], Any]) -> Any:
    """Do ``work`` in a forked child and return what it returned, by way of JSON."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            said = json.dumps(work())
        except BaseException:  # noqa: BLE001 - a child must not come back into pytest
            said = json.dumps(traceback.format_exc())
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(said)


def asked(client: Client, job: str) -> list[str]:
    """The job that was answered, and the connection that the answer came over."""
    state = client.jobs.get(job).state
    return [state.id, state.labels["connection"]]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_child_asks_over_connections_of_its_own_and_leaves_the_parents_as_they_are(
    scheme: str, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("tls_server" if scheme == "https" else "server")
    with Client(url(server, scheme), KEY) as client:

        def child() -> list[list[str]]:
            with client:
                return [asked(client, "job_child"), asked(client, "job_child")]

        assert asked(client, "job_parent") == ["job_parent", "1"]
        assert in_child(child) == [["job_child", "2"], ["job_child", "2"]]
        assert asked(client, "job_parent") == ["job_parent", "1"]


def test_a_grandchild_asks_over_connections_of_its_own(server: ConnectionServer) -> None:
    with Client(url(server), KEY) as client:

        def child() -> list[Any]:
            return [asked(client, "job_b"), in_child(lambda: asked(client, "job_c"))]

        assert asked(client, "job_a") == ["job_a", "1"]
        assert in_child(child) == [["job_b", "2"], ["job_c", "3"]]


def test_children_of_a_pool_each_ask_over_a_connection_of_their_own(
    server: ConnectionServer,
) -> None:
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    with Client(url(server), KEY) as client:
        asked(client, "job_parent")
        children = [
            context.Process(target=lambda job=f"job_{number}": answers.put(asked(client, job)))
            for number in range(4)
        ]
        for child in children:
            child.start()
        told = sorted(answers.get() for _ in children)
        for child in children:
            child.join(60)
    assert [job for job, _ in told] == ["job_0", "job_1", "job_2", "job_3"]
    assert {connection for _, connection in told} == {"2", "3", "4", "5"}


def test_an_asyncio_child_asks_over_connections_of_its_own(tls_server: ConnectionServer) -> None:
    async def main() -> None:
        async with AsyncClient(url(tls_server, "https"), KEY) as client:

            async def ask(job: str) -> list[str]:
                state = await (await client.jobs.get(job)).state()
                return [state.id, state.labels["connection"]]

            async def child() -> list[str]:
                async with client:
                    return await ask("job_child")

            assert await ask("job_parent") == ["job_parent", "1"]
            assert in_child(lambda: asyncio.run(child())) == ["job_child", "2"]
            assert await ask("job_parent") == ["job_parent", "1"]

    asyncio.run(main())


def test_results_that_are_being_read_go_on_in_parent_and_child(server: ConnectionServer) -> None:
    """Nobody takes bytes from the other's stream: the child asks again, past what it had."""
    quick = lambda _seconds: None  # noqa: E731
    with Client(url(server), KEY, sleep=quick) as client:
        results = client.jobs.attach(JOB).results()
        assert next(results).filename == "0.jpg"
        assert in_child(lambda: [photo.filename for photo in results]) == ["1.jpg", "2.jpg"]
        server.go_on.set()
        assert [photo.filename for photo in results] == ["1.jpg", "2.jpg"]
        assert server.connections == 2


def test_a_transport_of_the_callers_own_is_refused_in_a_child(server: ConnectionServer) -> None:
    with Client(url(server), KEY, http_transport=httpx.HTTPTransport()) as client:

        def child() -> str:
            with pytest.raises(ForkedTransportError) as caught:
                client.jobs.get("job_child")
            return str(caught.value)

        assert asked(client, "job_parent") == ["job_parent", "1"]
        assert "in each process" in in_child(child)
        assert asked(client, "job_parent") == ["job_parent", "1"]
