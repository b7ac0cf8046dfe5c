"""Every GET operation of the service at 50556b5, of everything that the snapshot holds."""

from collections.abc import Iterator
from typing import Any

import httpx

from tests.e2e.upgrade.reading import Request
from tests.e2e.upgrade.snapshot import Facts

FINAL = frozenset({"succeeded", "failed", "cancelled", "expired"})
LAST_EVENT = {"Last-Event-ID": str(2**63 - 1)}


class Survey:
    """Lists what can be asked of a running service; written for the one that is recorded."""

    def __init__(self, client: httpx.Client, facts: Facts) -> None:
        self._client = client
        self._facts = facts

    def requests(self) -> Iterator[Request]:
        """Every GET operation, of everything that there is."""
        yield from self._of_jobs()
        sealed = self._facts.jobs["sealed"].replace("job_", "upl_")
        for upload in (self._facts.upload["id"], sealed):
            yield Request("/v1/uploads/{upload_id}", f"/v1/uploads/{upload}", "user")
        yield from self._of_models()
        yield from self._of_endpoints()
        for key in self._facts.keys:
            yield Request("/v1/api-keys/current", "/v1/api-keys/current", key)
        yield Request("/v1/api-keys", "/v1/api-keys?limit=100", "admin")
        yield Request("/v1/api-keys", "/v1/api-keys", "user")
        yield Request("/v1/limits", "/v1/limits", "user")
        yield Request("/v1/limits", "/v1/limits")
        for top_n, ret in ((3, "text"), (7, "num")):
            path = f"/emotions?face_id={self._facts.jobs['compat face']}&top_n={top_n}&ret={ret}"
            yield Request("/emotions", path, "user")
        for path in ("/healthz", "/readyz", "/version", "/metrics", "/openapi.json", "/problems"):
            yield Request(path, path)
        for entry in self._client.get("/problems").json()["data"]:
            yield Request("/problems/{code}", f"/problems/{entry['code']}")

    def _of_jobs(self) -> Iterator[Request]:
        listing = "/v1/jobs"
        for narrow in (
            "limit=100",
            "limit=4",
            "status=failed",
            "label.shoot=7",
            "client_ref=mixed",
        ):
            yield Request(listing, f"{listing}?{narrow}", "user")
        cursor = self._get(f"{listing}?limit=4")["next_cursor"]
        yield Request(listing, f"{listing}?limit=4&cursor={cursor}", "user")
        yield Request(listing, listing, "reader")
        yield Request(listing, listing, "other")
        yield Request(listing, listing, "revoked")
        for name, job in self._facts.jobs.items():
            if name != "compat face":
                yield from self._of_job(name, job)
        job = self._facts.jobs["succeeded"]
        yield Request("/v1/jobs/{job_id}", f"/v1/jobs/{job}", "other")

    def _of_job(self, name: str, job: str) -> Iterator[Request]:
        template, path = "/v1/jobs/{job_id}", f"/v1/jobs/{job}"
        yield Request(template, path, "user")
        for query in ("limit=200", "limit=1", "status=failed", "expression=happiness&min_p=0.2"):
            yield Request(f"{template}/items", f"{path}/items?{query}", "user")
        yield Request(f"{template}/summary", f"{path}/summary", "user")
        yield Request(f"{template}/artifacts", f"{path}/artifacts", "user")
        yield Request(f"{template}/results", f"{path}/results", "user")
        for fmt in ("json", "jsonl", "csv"):
            query = f"format={fmt}&partial=true"
            yield Request(f"{template}/results", f"{path}/results?{query}", "user")
        if name == "erased":
            yield Request(f"{template}/events", f"{path}/events", "user")
            return
        items = self._get(f"{path}/items?limit=200")["data"]
        for item in items:
            inner, of_item = f"{template}/items/{{item_id}}", f"{path}/items/{item['item_id']}"
            yield Request(inner, of_item, "user")
            if name in {"succeeded", "mixed", "running"}:
                yield Request(f"{inner}/annotated", f"{of_item}/annotated", "user")
                yield Request(f"{inner}/annotated", f"{of_item}/annotated?style=box", "user")
                yield Request(f"{inner}/photo", f"{of_item}/photo?size=small", "user")
        if self._get(path)["status"] in FINAL:  # else the stream does not end
            yield Request(f"{template}/events", f"{path}/events", "user")
            yield Request(f"{template}/events", f"{path}/events", "user", LAST_EVENT)

    def _of_models(self) -> Iterator[Request]:
        yield Request("/v1/models", "/v1/models", "reader")
        yield Request("/v1/models/canary", "/v1/models/canary", "reader")
        for model in self._get("/v1/models")["data"]:
            template, path = "/v1/models/{model_id}", f"/v1/models/{model['id']}"
            yield Request(template, path, "reader")
            for name in (*self._get(path)["manifest"]["files"], "bundle.json"):
                yield Request(f"{template}/files/{{name}}", f"{path}/files/{name}", "models")
                yield Request(f"{template}/files/{{name}}", f"{path}/files/{name}", "reader")

    def _of_endpoints(self) -> Iterator[Request]:
        listing = "/v1/webhook-endpoints"
        yield Request(listing, listing, "user")
        yield Request(listing, listing, "other")
        for endpoint in self._get(listing)["data"]:
            template, path = f"{listing}/{{endpoint_id}}", f"{listing}/{endpoint['id']}"
            yield Request(template, path, "user")
            for query in ("limit=100", "status=failed"):
                yield Request(f"{template}/deliveries", f"{path}/deliveries?{query}", "user")
            for sent in self._get(f"{path}/deliveries?limit=100")["data"]:
                one = f"{path}/deliveries/{sent['message_id']}"
                yield Request(f"{template}/deliveries/{{message_id}}", one, "user")

    def _get(self, path: str) -> Any:
        bearer = {"Authorization": f"Bearer {self._facts.keys['user']}"}
        return self._client.get(path, headers=bearer).raise_for_status().json()
