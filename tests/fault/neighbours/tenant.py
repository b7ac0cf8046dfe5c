"""The tenant beside whom others misbehave: submits a photo, polls, waits for its result."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

POLL_S = 0.1  # between two polls of one job
GIVE_UP_S = 120.0


class BrokenPromiseError(Exception):
    """A photo was refused, failed or had no result in time."""


@dataclass(slots=True)
class Times:
    """Milliseconds of every submission and poll, and from each submission to its result."""

    submit: list[float] = field(default_factory=list)
    poll: list[float] = field(default_factory=list)
    result: list[float] = field(default_factory=list)

    def add(self, other: "Times") -> None:
        """Take over what another alternation measured."""
        self.submit += other.submit
        self.poll += other.poll
        self.result += other.result


class Tenant:
    """A tenant with a key, over one connection."""

    def __init__(self, client: httpx.Client, photos: list[Path]) -> None:
        self._client = client
        self._photos = photos
        self._number = 0

    def watch(self, *, photos: int) -> Times:
        """Submit ``photos`` jobs of one photo, one after another, each polled to its end.

        What is refused, fails or lasts longer counts as two minutes, and is told.
        """
        times = Times()
        for _ in range(photos):
            photo = self._photos[self._number % len(self._photos)].read_bytes()
            self._number += 1
            try:
                self._submit_and_wait(photo, times)
            except (httpx.HTTPError, BrokenPromiseError) as error:
                sys.stderr.write(f"{error}\n")
                times.result.append(GIVE_UP_S * 1_000)
        return times

    def _submit_and_wait(self, photo: bytes, times: Times) -> None:
        begun = time.perf_counter()
        answer = self._client.post("/v1/jobs", files=[("files", ("a.jpg", photo))])
        times.submit.append(_ms_since(begun))
        job = f"/v1/jobs/{_ok(answer).json()['id']}"
        while time.perf_counter() < begun + GIVE_UP_S:
            asked = time.perf_counter()
            answer = _ok(self._client.get(job))
            times.poll.append(_ms_since(asked))
            status = answer.json()["status"]
            if status == "succeeded":
                times.result.append(_ms_since(begun))
                return
            if status not in {"queued", "running"}:
                raise BrokenPromiseError(f"{job} ended as {status}")
            time.sleep(POLL_S)
        self._client.post(f"{job}/cancel")
        raise BrokenPromiseError(f"{job} has no result after {GIVE_UP_S:g} s")


@contextmanager
def connected(url: str, key: str) -> Iterator[httpx.Client]:
    """Connect with a key."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=GIVE_UP_S, trust_env=False) as client:
        yield client


def _ms_since(begun: float) -> float:
    return (time.perf_counter() - begun) * 1_000


def _ok(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        raise BrokenPromiseError(f"{answer.request.url.path}: {answer.status_code} {answer.text}")
    return answer
