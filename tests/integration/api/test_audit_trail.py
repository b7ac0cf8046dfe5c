"""Ten actors at once, fifty acts: the audit tells all of them back, and no other.

The actors write down what they did from the answers that they got. What the audit tells is read
from its JSON Lines and from its CSV, with words spelled out here: nothing of the service's own
code has a part in the comparison.
"""

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
import pytest

from services.common.keys.service import Scope
from tests.fixtures.serving import Api

ACTORS, ACTS_EACH = 10, 5
PHOTO = {"files": ("a.jpg", b"\xff\xd8 no photo")}
FILE = {"filename": "a.jpg", "size": 5, "sha256": "0" * 64}
NO_JOB = "job_00000000000000000000000000000000"

# Key, tenant, action, object, outcome, code.
Act = tuple[str, str, str, str, str, str]


@dataclass
class Actor:
    """Somebody with a key who writes down what became of each act."""

    client: httpx.Client
    chance: random.Random
    acts: list[Act] = field(default_factory=list)

    def __post_init__(self) -> None:
        me = self.client.get("/v1/api-keys/current").json()
        self.key, self.tenant = me["id"], me["tenant"]
        self.note("key.first_used", self.key)

    def note(self, action: str, about: str, *, code: str = "") -> None:
        self.acts.append(
            (self.key, self.tenant, action, about, "refused" if code else "done", code)
        )

    def submit(self) -> str:
        job: str = self.client.post("/v1/jobs", files=PHOTO).json()["id"]
        self.note("job.submitted", job)
        return job

    def download_too_early(self) -> None:
        job = self.submit()
        code = self.client.get(f"/v1/jobs/{job}/results", params={"format": "csv"}).json()["code"]
        self.note("results.downloaded", job, code=code)

    def cancel(self) -> None:
        job = self.submit()
        assert self.client.post(f"/v1/jobs/{job}/cancel").is_success
        self.note("job.cancelled", job)

    def erase(self) -> None:
        job = self.submit()
        assert self.client.delete(f"/v1/jobs/{job}", params={"reason": "asked"}).is_success
        self.note("job.erased", job)

    def give_an_upload_up(self) -> None:
        upload = self.client.post("/v1/uploads", json={"files": [FILE]}).json()["id"]
        self.note("upload.begun", upload)
        assert self.client.delete(f"/v1/uploads/{upload}").is_success
        self.note("upload.erased", upload)

    def erase_nothing(self) -> None:
        code = self.client.delete(f"/v1/jobs/{NO_JOB}").json()["code"]
        self.note("job.erased", NO_JOB, code=code)

    def make_a_key_without_leave(self) -> None:
        wanted = {"name": "mine", "scopes": ["admin"]}
        code = self.client.post("/v1/api-keys", json=wanted).json()["code"]
        self.note("key.made", "", code=code)

    def play(self) -> list[Act]:
        """Do so many of these, drawn by chance; one may be two or three acts."""
        repertoire: list[Callable[[], object]] = [
            self.submit,
            self.download_too_early,
            self.cancel,
            self.erase,
            self.give_an_upload_up,
            self.erase_nothing,
            self.make_a_key_without_leave,
        ]
        for act in self.chance.sample(repertoire, ACTS_EACH):
            act()
        return self.acts


@pytest.fixture
def admin(api: Api) -> httpx.Client:
    return api.client(Scope.ADMIN, tenant="operators")


def told_as_lines(admin: httpx.Client) -> list[dict[str, str]]:
    text = admin.get("/v1/audit", params={"format": "jsonl"}).text
    rows = [json.loads(line) for line in text.splitlines()]
    return [{name: value or "" for name, value in row.items()} for row in rows]


def told_as_csv(admin: httpx.Client) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(admin.get("/v1/audit?format=csv").text)))


def test_ten_actors_are_told_back(api: Api, admin: httpx.Client) -> None:
    own = admin.get("/v1/api-keys/current").json()["id"]
    actors = [
        Actor(api.client(tenant=f"tenant-{number % 4}"), random.Random(number))
        for number in range(ACTORS)
    ]
    with ThreadPoolExecutor(ACTORS) as pool:
        done = [act for acts in pool.map(Actor.play, actors) for act in acts]
    assert len(done) >= ACTORS * ACTS_EACH
    for told in (told_as_lines(admin), told_as_csv(admin)):
        found = [
            tuple(row[name] for name in ("key", "tenant", "action", "object", "outcome", "code"))
            for row in told
            if row["key"] != own
        ]
        assert Counter(found) == Counter(done)
