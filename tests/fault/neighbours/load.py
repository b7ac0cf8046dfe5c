"""The bad neighbours, one a process: ``python -m tests.fault.neighbours.load NAME``, until SIGTERM.

Reads ``Target`` as JSON from its standard input, so that no key shows in the list of processes.
Each does what a careless or hostile client can do from one host, in bounded numbers.
"""

import hashlib
import json
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import httpx

DOWNLOADS = 48
SMALL_JOBS, SMALL_JOB_PHOTOS = 150, 8
LARGE_JOB_PHOTOS = 1_000
HALF_OPEN = 300
FLOODS, FLOOD_BYTES = 4, 100_000_000
OPENAPI_LOOPS = 2
TRICKLES = 20
REFUSED_LOOPS, REFUSED_FILES = 2, 1_000
BUSY_PAUSE_S = 0.5  # after an answer that refuses: a client that obeys nothing, but no busy loop


@dataclass(frozen=True, slots=True)
class Target:
    """Where the neighbour goes, and with what.

    Attributes:
        url: of the API.
        key: the neighbour's, with all scopes of jobs.
        job: path of a finished job of its own.
        photos: a folder of different photos.
    """

    url: str
    key: str
    job: str
    photos: str

    def client(self) -> httpx.Client:
        """Connect as the neighbour."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=120, trust_env=False)

    def connect(self) -> socket.socket:
        """Open a connection without a key."""
        where = urlsplit(self.url)
        return socket.create_connection((where.hostname, where.port), timeout=120)

    def paths(self) -> list[Path]:
        """Its photos."""
        return sorted(Path(self.photos).iterdir())


def downloads(target: Target) -> None:
    """Fetch all annotated pictures of a job, with many connections."""

    def fetch(_: int) -> None:
        with target.client() as client, client.stream("GET", f"{target.job}/artifacts") as answer:
            for _part in answer.iter_raw():
                pass
            pause_if_refused(answer)

    side_by_side(fetch, DOWNLOADS)


def small_jobs(target: Target) -> None:
    """Submit many jobs of a few photos, then watch them."""
    with target.client() as client:
        for number in range(SMALL_JOBS):
            submit(client, target, photos=SMALL_JOB_PHOTOS, start=number)
    until_ended()


def large_jobs(target: Target) -> None:
    """Submit jobs of a thousand photos, one after another, until refused."""
    with target.client() as client:
        for number in range(5):
            submit(client, target, photos=LARGE_JOB_PHOTOS, start=number)
    until_ended()


def half_open(target: Target) -> None:
    """Hold connections that have sent the beginning of a head; open each again when it ends."""

    def hold(_: int) -> None:
        with target.connect() as connection:
            connection.sendall(b"GET /v1/limits HTTP/1.1\r\nHost: x\r\n")
            while connection.recv(4_096):
                pass

    side_by_side(hold, HALF_OPEN)


def header_flood(target: Target) -> None:
    """Send heads without an end."""
    line = b"x-flood: " + b"a" * 8_000 + b"\r\n"

    def flood(_: int) -> None:
        with target.connect() as connection:
            connection.sendall(b"GET /v1/limits HTTP/1.1\r\nHost: x\r\n")
            for _sent in range(FLOOD_BYTES // len(line)):
                connection.sendall(line)

    side_by_side(flood, FLOODS)


def openapi_loop(target: Target) -> None:
    """Ask for the description of the API again and again, without a key."""

    def ask(_: int) -> None:
        httpx.get(f"{target.url}/openapi.json", timeout=120, trust_env=False)

    side_by_side(ask, OPENAPI_LOOPS)


def trickled_uploads(target: Target) -> None:
    """Submit photos drop by drop."""
    head = (
        f"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {target.key}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 50000000\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
    ).encode()

    def trickle(_: int) -> None:
        with target.connect() as connection:
            connection.sendall(head)
            while True:
                connection.sendall(b"\0" * 100)
                time.sleep(0.1)

    side_by_side(trickle, TRICKLES)


def refused_files(target: Target) -> None:
    """Declare files of size 0, a full page at a time."""
    file = {"filename": "a.jpg", "size": 0, "sha256": hashlib.sha256(b"").hexdigest()}
    body = {"files": [file] * REFUSED_FILES}

    def declare(_: int) -> None:
        with target.client() as client:
            pause_if_refused(client.post("/v1/uploads", json=body))

    side_by_side(declare, REFUSED_LOOPS)


NEIGHBOURS: dict[str, Callable[[Target], None]] = {
    "48 downloads": downloads,
    "150 jobs of 8": small_jobs,
    "jobs of 1,000": large_jobs,
    "half-open connections": half_open,
    "header flood": header_flood,
    "openapi loop": openapi_loop,
    "trickled uploads": trickled_uploads,
    "refused files": refused_files,
}


def submit(client: httpx.Client, target: Target, *, photos: int, start: int) -> str:
    """Submit a job of ``photos`` photos; its path, or "" when a limit is reached.

    Raises:
        httpx.HTTPStatusError: it was refused for another reason: then this is no load.
    """
    paths = target.paths()
    files = [
        ("files", (f"{number}.jpg", paths[(start + number) % len(paths)].read_bytes()))
        for number in range(photos)
    ]
    answer = client.post("/v1/jobs", files=files)
    pause_if_refused(answer)
    if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
        answer.raise_for_status()
    return "" if answer.is_error else f"/v1/jobs/{answer.json()['id']}"


def pause_if_refused(answer: httpx.Response) -> None:
    """Wait a little after an error."""
    if answer.is_error:
        time.sleep(BUSY_PAUSE_S)


def side_by_side(act: Callable[[int], None], count: int) -> None:
    """Repeat ``act`` in ``count`` threads until the process is ended."""

    def repeat(number: int) -> None:
        while True:
            try:
                act(number)
            except (OSError, httpx.TransportError):
                time.sleep(BUSY_PAUSE_S)  # the service closed it, as it should

    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(repeat, number) for number in range(count)]:
            done.result()


def until_ended() -> None:
    """Wait for SIGTERM."""
    while True:
        time.sleep(1)


def main() -> None:
    """Run from the command line."""
    (name,) = islice(sys.argv[1:], 1)
    NEIGHBOURS[name](Target(**json.load(sys.stdin)))


if __name__ == "__main__":
    main()
