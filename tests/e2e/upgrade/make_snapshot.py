"""Write the snapshot anew: ``python -m tests.e2e.upgrade.make_snapshot`` at commit 50556b5.

It starts the stack of the code that it is run with, so at any other commit it would write a
snapshot of that one; nothing else of the tests imports it. In a worktree of 50556b5 with this
folder copied in, some three minutes. The wheel of the client beside it is
``pip wheel --no-deps client/`` of the same worktree.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from infra.local.stack import LocalStack
from tests.e2e.photos import write_bad_photos
from tests.e2e.upgrade.held import photo, plain
from tests.e2e.upgrade.saving import next_transaction, save
from tests.e2e.upgrade.snapshot import (
    EXTRA,
    Facts,
    snapshot_stack,
    start,
)
from tests.e2e.upgrade.survey import FINAL
from tests.fixtures.bundles import tiny_card, write_tiny_bundle
from tests.fixtures.photo_host import PhotoHost, photo_host
from tests.fixtures.receiving import Answer, Receiver
from tests.fixtures.uploading import declared, put

COMMIT = "50556b5"
HELD = "tests.e2e.upgrade.held:held"
LIMIT_S = 120.0


def until(condition: Callable[[], object], what: str) -> None:
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > LIMIT_S:
            raise TimeoutError(what)
        time.sleep(0.05)


class Maker:
    """Brings the service into every state that it can be in."""

    def __init__(self, stack: LocalStack, folder: Path, photos: PhotoHost) -> None:
        self.stack = stack
        self.folder = folder
        self.photos = photos
        self.keys = {"admin": stack.admin_key}
        self.jobs: dict[str, str] = {}
        self.upload: dict[str, str] = {}
        self.endpoint: dict[str, str] = {}
        self.repeats: list[dict[str, Any]] = []
        self.extra: dict[str, bytes] = {}
        self.client = httpx.Client(base_url=stack.url, timeout=60, trust_env=False)

    def call(self, method: str, path: str, *, key: str = "user", **request: Any) -> Any:
        bearer = {"Authorization": f"Bearer {self.keys[key]}", **request.pop("headers", {})}
        response = self.client.request(method, path, headers=bearer, **request)
        if not response.is_success:
            raise RuntimeError(f"{method} {path}: {response.status_code} {response.text}")
        return response.json() if response.content else None

    def once(self, path: str, key: str, **request: Any) -> Any:
        """Send a request under an idempotency key, and note it."""
        headers = {"Idempotency-Key": key}
        answer = self.call("POST", path, headers=headers, **request)
        files = [
            [name, self.keep("sent", content)] for _, (name, content) in request.get("files", ())
        ]
        kept = {"path": path, "key": key, "id": answer["id"], "files": files}
        self.repeats.append({**kept, "data": request.get("data"), "json": request.get("json")})
        return answer

    def keep(self, why: str, content: bytes) -> str:
        """Keep bytes that the bucket may not hold; their digest."""
        digest = hashlib.sha256(content).hexdigest()
        self.extra[f"{EXTRA}{why}/{digest}"] = content
        return digest

    def submit(
        self, name: str, photos: Sequence[bytes], *, final: bool = True, **config: Any
    ) -> str:
        """Submit photos as the job ``name``, and wait for its end."""
        files = [("files", (f"{name}-{n}.jpg", content)) for n, content in enumerate(photos)]
        data = {"config": json.dumps({"client_ref": name, **config})}
        answer = self.once("/v1/jobs", f"key of {name}", files=files, data=data)
        return self.settle(name, answer["id"], final=final)

    def settle(self, name: str, job: str, *, final: bool = True) -> str:
        self.jobs[name] = job
        if final:
            until(lambda: self.status(job) in FINAL, name)
        return job

    def status(self, job: str) -> str:
        return str(self.call("GET", f"/v1/jobs/{job}")["status"])

    def make_keys(self) -> None:
        for name, tenant, scopes in (
            ("user", "acme", ["jobs:write", "jobs:read"]),
            ("reader", "acme", ["jobs:read"]),
            ("models", "acme", ["models:admin"]),
            ("other", "another", ["jobs:write", "jobs:read"]),
            ("revoked", "acme", ["jobs:read"]),
        ):
            body = {"name": name, "tenant": tenant, "scopes": scopes}
            issued = self.call("POST", "/v1/api-keys", key="admin", json=body)
            self.keys[name] = issued["secret"]
            if name == "revoked":
                self.call("DELETE", f"/v1/api-keys/{issued['id']}", key="admin")

    def make_endpoints(self, well: Receiver, gone: Receiver, ill: Receiver) -> None:
        made = {}
        for name, receiver in (("well", well), ("gone", gone), ("ill", ill), ("off", well)):
            events = ["job.succeeded", "job.failed"] if name == "ill" else None
            body = {"url": receiver.url, "description": name}
            body |= {} if events is None else {"events": events}
            made[name] = self.call("POST", "/v1/webhook-endpoints", json=body)
        self.call("PATCH", f"/v1/webhook-endpoints/{made['off']['id']}", json={"enabled": False})
        self.call("POST", f"/v1/webhook-endpoints/{made['well']['id']}/rotate-secret")
        self.call("POST", f"/v1/webhook-endpoints/{made['well']['id']}/test")
        self.endpoint = {"id": made["ill"]["id"], "secret": made["ill"]["secret"]}
        well.wait_for(1)

    def make_finished(self) -> None:
        album = {"labels": {"album": "2026-11", "shoot": "7"}}
        good = [photo(1), photo(2, source="collage", side=420), plain(3), photo(4, source="turned")]
        self.submit("succeeded", good, annotated=True, top_n=3, **album)
        bad = self.folder / "bad"
        bad.mkdir()
        write_bad_photos(bad)
        broken = [path.read_bytes() for path in sorted(bad.iterdir())]
        self.submit("mixed", [photo(5), *broken], labels={"album": "2026-11"})
        self.submit("failed", broken[-2:])
        again = self.once(f"/v1/jobs/{self.jobs['mixed']}/retry", "key of the retry")
        self.settle("retried", again["id"])
        self.submit("erased", [photo(6)])
        self.call("DELETE", f"/v1/jobs/{self.jobs['erased']}")
        self.repeats.pop()  # its key is forgotten with it
        self.make_fetched()
        self.make_sealed()
        files = {"image": photo(7)}
        self.jobs["compat face"] = json.loads(self.call("POST", "/upload_image", files=files))[
            "face_ids"
        ][0]

    def make_fetched(self) -> None:
        names = ("ok/1", "ok/2", "gone/3", "inside/4")
        urls = [{"url": self.photos.url(name)} for name in names]
        answer = self.once("/v1/jobs", "key of fetched", json={"inputs": urls})
        self.settle("fetched", answer["id"])

    def make_sealed(self) -> None:
        """An upload of a whole photo, one that never came and one that is another."""
        whole, never, other = photo(8), photo(9), photo(10)
        body = {"files": declared(whole, never, other)}
        begun = self.once("/v1/uploads", "key of the upload", json=body)
        put(begun["data"][0]["url"], whole)
        put(begun["data"][2]["url"], other[:-1] + b"\0")
        sealing = {"upload_id": begun["id"], "config": {"client_ref": "sealed"}}
        sealed = self.once("/v1/jobs", "key of the seal", json=sealing)
        self.settle("sealed", sealed["id"])

    def make_models(self) -> None:
        card = tiny_card(size=12, version="0.2.0")
        folder = self.folder / "second"
        write_tiny_bundle(folder, card=card, seed=1)
        files = [("files", (path.name, path.read_bytes())) for path in sorted(folder.iterdir())]
        second = self.call("POST", "/v1/models", key="models", files=files)["id"]
        path = f"/v1/models/{second}/activate"
        self.call("POST", path, key="models", json={"force": True})
        self.call("POST", "/v1/models/rollback", key="models")
        canary = {"model": second, "share": 1.0}
        self.call("PUT", "/v1/models/canary", key="models", json=canary)

        def tried() -> bool:
            number = len(self.jobs)
            self.submit(f"canary {number}", [photo(20 + number)])
            return bool(self.call("GET", "/v1/models/canary", key="models")["chunks"])

        until(tried, "a chunk for the canary")
        self.call("PUT", "/v1/models/canary", key="models", json={**canary, "share": 0.25})
        self.submit("another", [photo(19)])

    def make_held(self) -> None:
        """Two jobs in the hands of a worker, one of them being cancelled."""
        few = {"HFER_QUEUE__CHUNK_MIN": "2", "HFER_QUEUE__CHUNK_MAX": "2"}
        start(self.stack, "worker", **few, HFER_WORKER__ANALYSER=HELD)
        for name, first in (("running", 60), ("cancelling", 70)):
            photos = [photo(first + n, word="held" if n > 1 else "") for n in range(5)]
            self.submit(name, photos, final=False)

        def leased(job: str) -> bool:
            counts = self.call("GET", f"/v1/jobs/{job}")["counts"]
            return counts["running"] > 0 and counts["succeeded"] + counts["no_face"] > 0

        until(lambda: all(leased(self.jobs[n]) for n in ("running", "cancelling")), "leases")
        self.call("POST", f"/v1/jobs/{self.jobs['cancelling']}/cancel")
        # A quarter of a second more and the sweeper has cancelled what waits.
        until(
            lambda: self.call("GET", f"/v1/jobs/{self.jobs['cancelling']}")["counts"]["cancelled"],
            "cancelled photos",
        )
        self.stack.supervisor.children.pop("worker").kill()

    def make_open(self) -> None:
        first, second = photo(90), photo(91)
        begun = self.once("/v1/uploads", "key of open", json={"files": declared(first, second)})
        put(begun["data"][0]["url"], first)
        self.upload = {"id": begun["id"], "missing": self.keep("missing", second)}


def make(stack: LocalStack, folder: Path) -> None:
    shipped = folder / "shipped"
    write_tiny_bundle(shipped, card=tiny_card(size=12))
    stack.start_servers()
    with photo_host() as photos:
        stack.environment |= {
            "HFER_WORKER__BUNDLE_DIR": str(shipped),
            "HFER_WORKER__CONCURRENCY": "2",
            "HFER_MODELS__CACHE_DIR": str(folder / "cache"),
            "HFER_MODELS__POLL_S": "0.5",
            "HFER_FETCH__PORTS": f"[{photos.port}]",
        }
        well, gone, ill = Receiver(), Receiver(), Receiver()
        gone.usual, ill.usual = Answer(status=410), Answer(status=503)
        maker = Maker(stack, folder, photos)
        start(stack, "maintenance", "ingest", "api", HFER_RETENTION__RESULTS_S="1")
        maker.make_keys()
        maker.make_endpoints(well, gone, ill)
        maker.submit("expired", [photo(30), photo(31)])
        stack.supervisor.stop("api")
        start(stack, "api")
        cancelled = maker.submit("cancelled", [photo(32), photo(33)], final=False)
        maker.call("POST", f"/v1/jobs/{cancelled}/cancel")
        maker.settle("cancelled", cancelled)
        start(stack, "worker")
        until(lambda: maker.client.get("/readyz").status_code == 200, "a worker")
        maker.make_finished()
        maker.make_models()
        stack.supervisor.stop("worker", "ingest")
        maker.make_held()
        maker.submit("queued", [photo(80), plain(81)], final=False, labels={"album": "2026-11"})
        body = {"inputs": [{"url": photos.url("ok/9")}, {"url": photos.url("ok/10")}]}
        waiting = maker.once("/v1/jobs", "key of waiting", json=body)
        maker.settle("waiting", waiting["id"], final=False)
        maker.make_open()
        until(lambda: ill.got, "a message that does not arrive")
        stack.supervisor.stop("maintenance")
        facts = Facts(
            commit=COMMIT,
            keys=maker.keys,
            jobs=maker.jobs,
            upload=maker.upload,
            endpoint=maker.endpoint,
            repeats=maker.repeats,
            next_transaction=next_transaction(stack),
        )
        save(stack, facts, extra=maker.extra, client=maker.client)
        for receiver in (well, gone, ill):
            receiver.close()


def main() -> None:
    for name in [name for name in os.environ if name.startswith("HFER_")]:
        del os.environ[name]
    with (
        TemporaryDirectory(prefix="hfer-snapshot-") as name,
        snapshot_stack(Path(name) / "stack") as stack,
    ):
        make(stack, Path(name))


if __name__ == "__main__":
    main()
