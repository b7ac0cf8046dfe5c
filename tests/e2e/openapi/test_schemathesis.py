"""The whole OpenAPI document, held against the real service by schemathesis with every check."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import httpx
import pytest
import schemathesis

from infra.local.http import get_json
from infra.local.paths import REPOSITORY
from infra.local.ports import PortBook
from infra.local.stack import LocalStack
from tests.e2e.conftest import Door, open_door
from tests.e2e.openapi.config import OWN_KEY, write_config
from tests.e2e.photos import sample_paths

pytestmark = pytest.mark.xdist_group("e2e")

# The same requests each time: some 3,000, most of them of the coverage phase.
SEED, EXAMPLES = 1, 6
LIMIT_S = 1_200


@pytest.fixture(scope="module")
def door(stack: LocalStack) -> Iterator[Door]:
    """An API process in front of a stack that is spoilt: it revokes and activates as operator.

    Nothing but the images comes after (conftest.py).
    """
    with PortBook() as book:
        door = open_door(stack, "openapi", book.take())
        yield door
        stack.supervisor.children.pop(door.name).kill()


def id_of(door: Door, key: str) -> str:
    """Ask a live key for its id."""
    bearer = {"Authorization": f"Bearer {key}"}
    answer = httpx.get(f"{door.url}/v1/api-keys/current", headers=bearer, trust_env=False)
    found: str = answer.json()["id"]
    return found


def run(door: Door, key: str, document: Mapping[str, Any], folder: Path) -> CompletedProcess[str]:
    """Hold the service against ``document``."""
    described, config = folder / "openapi.json", folder / "schemathesis.toml"
    described.write_text(json.dumps(document))
    write_config(document, config)
    return subprocess.run(
        [
            *(str(Path(sys.executable).with_name("st")), "--config-file", str(config), "run"),
            *(str(described), "--url", door.url, "--checks", "all", "--no-shrink"),
            *("--seed", str(SEED), "--max-examples", str(EXAMPLES), "--continue-on-failure"),
            *("--generation-database", "none", "--no-color"),
            *("--header", f"Authorization: Bearer {key}"),
        ],
        env={
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "NO_PROXY": "127.0.0.1",
            OWN_KEY: id_of(door, key),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


@pytest.fixture
def document(door: Door) -> dict[str, Any]:
    return get_json(f"{door.url}/openapi.json")


def test_every_operation_keeps_what_the_document_says(
    stack: LocalStack, door: Door, document: dict[str, Any], tmp_path: Path
) -> None:
    done = run(door, stack.admin_key, document, tmp_path)
    assert id_of(door, stack.admin_key)  # still live: none of it passed for being a 401
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    operations = sum(len(methods) for methods in document["paths"].values())
    assert f"Tested: {operations}" in done.stdout
    counts = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert counts, done.stdout[-2_000:]
    assert int(counts[1]) == int(counts[2]) > 10 * operations


def test_a_document_that_is_not_so_is_found_out(
    stack: LocalStack, door: Door, document: dict[str, Any], tmp_path: Path
) -> None:
    """Else the test above could not fail."""
    operation = document["paths"]["/v1/limits"]["get"]
    del operation["responses"]["200"]
    lie = {**document, "paths": {"/v1/limits": {"get": operation}}}
    done = run(door, stack.admin_key, lie, tmp_path)
    assert done.returncode == 1
    assert re.search(r"^ *. ST10\d Undocumented .*: 1$", done.stdout, re.MULTILINE), done.stdout


@pytest.fixture
def client(stack: LocalStack, door: Door) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {stack.admin_key}"}
    with httpx.Client(base_url=door.url, headers=headers, timeout=60, trust_env=False) as it:
        yield it


def test_answers_about_a_real_job_keep_it_too(
    client: httpx.Client, document: dict[str, Any]
) -> None:
    """Made-up ids reach few of the answers that hold faces."""
    schema = schemathesis.openapi.from_dict(document)

    def check(template: str, method: str = "GET", **request: Any) -> httpx.Response:
        path = template.format(**ids)
        response = client.request(method, path, **request)
        assert response.is_success, response.text
        response.request.read()  # schemathesis wants to see what was sent
        schema[template][method].validate_response(response)
        return response

    ids: dict[str, str] = {}
    photos = [("files", path.read_bytes()) for path in sample_paths()]
    done = check("/v1/jobs", "POST", files=photos, headers={"Prefer": "wait=30"})
    assert done.status_code == 200
    ids["job_id"] = done.json()["id"]
    ids["item_id"] = done.json()["results"][0]["item_id"]
    # The oldest is the shipped one; other files publish models without a card to this stack.
    ids["model_id"] = client.get("/v1/models").json()["data"][-1]["id"]
    for template in (
        "/v1/jobs/{job_id}",
        "/v1/jobs/{job_id}/items",
        "/v1/jobs/{job_id}/items/{item_id}",
        "/v1/jobs/{job_id}/items/{item_id}/annotated",
        "/v1/models/{model_id}",
    ):
        check(template)
    said = {"item_id": ids["item_id"], "face_index": 0, "reviewer": "ada", "answer": "neutral"}
    check("/v1/jobs/{job_id}/reviews", "POST", json={"reviews": [said]})
    check("/v1/jobs/{job_id}/reviews")
    vote = "/v1/jobs/{job_id}/items/{item_id}/faces/{face_index}/review"
    ids["face_index"] = "0"
    check(vote, "PUT", json={"reviewer": "ada", "answer": "fear", "note": "?", "version": 1})
    check("/v1/jobs/{job_id}/reviews/changes", params={"reviewer": "ada"})
    ids["draw_id"] = check("/v1/jobs/{job_id}/draws", "POST", json={"count": 2}).json()["draw_id"]
    for template in ("/v1/jobs/{job_id}/draws", "/v1/jobs/{job_id}/draws/{draw_id}"):
        check(template)
    for template in ("/v1/jobs/{job_id}/reviews/summary", "/v1/reviews", "/v1/reviews/votes"):
        check(template)
    check("/v1/jobs/{job_id}/reviews/undo", "POST", json={"reviewer": "ada"})
    check(vote, "DELETE", params={"reviewer": "ada"})
    for fmt in ("json", "jsonl", "csv"):
        check("/v1/jobs/{job_id}/results", params={"format": fmt})
    for name in ("bundle.json", "MODEL_CARD.md", "model.onnx"):
        ids["name"] = name
        check("/v1/models/{model_id}/files/{name}")
    found = check("/upload_image", "POST", files={"image": photos[0][1]})
    face_id = json.loads(found.json())["face_ids"][0]
    check("/emotions", params={"face_id": face_id, "include_image": True})
