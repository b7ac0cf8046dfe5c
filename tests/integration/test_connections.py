"""What a connection may cost: real sockets against uvicorn with small limits."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from services.http.connections import limited
from services.http.settings import ConnectionSettings
from tests.fixtures.serving import served

# Short where a test waits for the end of it.
LIMITS = ConnectionSettings(
    head_bytes=2_000,
    head_s=1.0,
    body_s=2.0,
    body_grace_s=0.5,
    body_pace=1_000,
)
PATIENT = ConnectionSettings(head_bytes=2_000, connections=20)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
Connect = Callable[[], socket.socket]


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


@contextmanager
def site(limits: ConnectionSettings) -> Iterator[str]:
    app = Starlette(routes=[Route("/", echo, methods=["GET", "POST"])])
    with served(app, http=limited(limits)) as url:
        yield url


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with site(LIMITS) as found:
        yield found


@pytest.fixture(scope="module")
def patient() -> Iterator[str]:
    with site(PATIENT) as found:
        yield found


@pytest.fixture
def connect(url: str) -> Iterator[Connect]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(opened(url))


def opened(url: str) -> socket.socket:
    where = urlsplit(url)
    return socket.create_connection((where.hostname, where.port), timeout=30)


def answer(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass  # it closed while more of ours was on its way
    return b"".join(parts)


class TestHeads:
    def test_one_that_grows_is_refused(self, connect: Connect) -> None:
        connection = connect()
        connection.sendall(GET + b"X: " + b"a" * 1_000)
        connection.sendall(b"a" * 1_500)
        assert answer(connection).startswith(b"HTTP/1.1 431 ")

    def test_so_is_one_that_comes_whole(self, connect: Connect) -> None:
        connection = connect()
        connection.sendall(GET + b"X: " + b"a" * 2_000 + b"\r\n\r\n")
        assert b"larger than 2,000 bytes" in answer(connection)

    def test_a_large_body_is_no_head(self, patient: str) -> None:
        assert httpx.post(patient, content=bytes(50_000), trust_env=False).text == "50000"

    @pytest.mark.parametrize("sent", [b"", b"\r\n", GET, b"POST / HTT"])
    def test_one_that_does_not_end_is_not_waited_for(self, connect: Connect, sent: bytes) -> None:
        connection = connect()
        connection.sendall(sent)
        assert answer(connection).startswith(b"HTTP/1.1 408 ")

    def test_nor_is_a_second_one(self, connect: Connect) -> None:
        connection = connect()
        connection.sendall(GET + b"\r\n" + GET)
        found = answer(connection)
        assert found.startswith(b"HTTP/1.1 200 OK")
        assert b"HTTP/1.1 408 " in found


class TestBodies:
    POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"

    def test_a_trickle_is_cut(self, connect: Connect) -> None:
        connection = connect()
        connection.sendall(self.POST + b"a" * 100)
        found = answer(connection)
        assert found.startswith(b"HTTP/1.1 408 ")
        assert b"1,000 bytes/s and 2 s" in found

    def test_time_is_over_for_a_fast_one_too(self, connect: Connect) -> None:
        connection, over = connect(), threading.Event()

        def pour() -> None:
            with connection.dup() as poured:
                poured.sendall(self.POST + b"a" * 50_000)
            over.set()

        threading.Thread(target=pour, daemon=True).start()
        assert answer(connection).startswith(b"HTTP/1.1 408 ")
        assert over.wait(30)

    def test_one_in_time_is_read(self, patient: str) -> None:
        with opened(patient) as connection:
            connection.sendall(self.POST)
            for _ in range(10):
                connection.sendall(b"a" * 10_000)
            assert b"100000" in connection.recv(65_536)


class TestConnections:
    def test_an_idle_one_makes_room(self) -> None:
        with site(PATIENT) as url, ExitStack() as stack:
            idle = stack.enter_context(opened(url))
            idle.sendall(GET + b"\r\n")
            assert idle.recv(65_536).startswith(b"HTTP/1.1 200 OK")
            for _ in range(PATIENT.connections - 1):
                stack.enter_context(opened(url)).sendall(b"G")
            assert httpx.get(url, trust_env=False).status_code == 200
            assert answer(idle) == b""

    def test_without_an_idle_one_a_new_one_is_refused(self) -> None:
        with site(PATIENT) as url, ExitStack() as stack:
            for _ in range(PATIENT.connections):
                stack.enter_context(opened(url)).sendall(b"G")
            assert httpx.get(url, trust_env=False).status_code == 503
