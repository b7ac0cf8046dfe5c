"""The OpenAPI document: complete, resolvable, and saying what must be said."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from services.api.app import create_app
from services.api.jobs.examples import JOB_EXAMPLE, PHOTO_EXAMPLE
from services.api.jobs.photos import PhotoResult
from services.api.jobs.schemas import JobConfig, JobObject
from services.api.jobs.sealing import UploadedJob
from services.api.jobs.urls import UrlJob
from services.api.models.examples import CANARY_EXAMPLE, DETAIL_EXAMPLE, MODEL_EXAMPLE
from services.api.models.schemas import (
    Activation,
    CanaryObject,
    ModelDetail,
    ModelObject,
    NewCanary,
)
from services.api.models.upload import MAX_BUNDLE_FILES
from services.api.problems import PROBLEM_JSON, PROBLEM_TYPES, Problem
from services.api.uploads.examples import DECLARED_EXAMPLE, UPLOAD_EXAMPLE
from services.api.uploads.schemas import (
    DeclaredFiles,
    MoreFiles,
    NewUpload,
    UploadFile,
    UploadObject,
)
from services.common.domain.errors import ItemErrorCode, JobErrorCode
from services.common.keys.secrets import Scope
from tests.fixtures.settings import DEAD, build_settings

SENTENCE = "apparent expression, not inner feeling"
PUBLIC = {"/healthz", "/readyz", "/metrics", "/version"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    document: dict[str, Any] = create_app(build_settings(DEAD)).openapi()
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


class TestDocument:
    def test_every_reference_resolves(self, document: dict[str, Any]) -> None:
        for reference in set(references(document)):
            node: Any = document
            for step in reference.removeprefix("#/").split("/"):
                node = node[step]
            assert node, reference

    def test_is_json_and_stays_the_same(self, document: dict[str, Any]) -> None:
        again = create_app(build_settings(DEAD)).openapi()
        assert json.dumps(again, sort_keys=True) == json.dumps(document, sort_keys=True)
        assert document["openapi"].startswith("3.1")

    def test_operations_have_unique_ids_summaries_and_descriptions(
        self, document: dict[str, Any]
    ) -> None:
        found = list(operations(document))
        assert len({operation["operationId"] for _, _, operation in found}) == len(found)
        for method, path, operation in found:
            assert operation["summary"], (method, path)
            assert operation["description"], (method, path)

    def test_every_operation_of_a_tenant_needs_a_key_and_tells_its_problems(
        self, document: dict[str, Any]
    ) -> None:
        for method, path, operation in operations(document):
            if path in PUBLIC:
                assert "security" not in operation
                continue
            assert operation["security"], (method, path)
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == [PROBLEM_JSON], (method, path, status)
            assert {"401", "403", "500", "503"} <= set(operation["responses"]), (method, path)
            assert "422" not in operation["responses"] or _is_ours(operation["responses"]["422"])

    def test_says_what_the_results_are_not(self, document: dict[str, Any]) -> None:
        schemas = document["components"]["schemas"]
        assert SENTENCE in document["info"]["description"]
        for name in ("JobObject", "PhotoResult", "FaceObject"):
            assert SENTENCE in schemas[name]["description"], name

    def test_tells_the_multipart_body(self, document: dict[str, Any]) -> None:
        body = document["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]
        schema = body["multipart/form-data"]["schema"]
        assert schema["properties"]["files"]["maxItems"] == 2000
        assert schema["properties"]["config"]["$ref"].endswith("/JobConfig")
        forms = body["application/json"]["schema"]["anyOf"]
        assert [form["$ref"].rpartition("/")[2] for form in forms] == ["UploadedJob", "UrlJob"]
        bundle = document["paths"]["/v1/models"]["post"]["requestBody"]["content"]
        files = bundle["multipart/form-data"]["schema"]["properties"]["files"]
        assert files["maxItems"] == MAX_BUNDLE_FILES


def _is_ours(response: dict[str, Any]) -> bool:
    reference: str = response["content"][PROBLEM_JSON]["schema"]["$ref"]
    return reference.endswith("/Problem")


class TestHandWrittenReference:
    def test_knows_every_path_and_every_code(self, document: dict[str, Any]) -> None:
        page = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
        for name in {*document["paths"], *PROBLEM_TYPES, *ItemErrorCode, *Scope}:
            assert f"{name}" in page, name
        assert SENTENCE in page


class TestExamples:
    def test_of_jobs_and_photos_are_valid_and_complete(self) -> None:
        job = JobObject.model_validate(JOB_EXAMPLE)
        assert job.model_dump(mode="json") == JOB_EXAMPLE
        photo = PhotoResult.model_validate(PHOTO_EXAMPLE)
        assert photo.model_dump(mode="json") == PHOTO_EXAMPLE
        assert sum(photo.faces[0].emotions.values()) == pytest.approx(1)
        assert job.counts.total == sum(JOB_EXAMPLE["counts"].values()) / 2

    @pytest.mark.parametrize(
        ("schema", "example"),
        [
            (ModelObject, MODEL_EXAMPLE),
            (ModelDetail, DETAIL_EXAMPLE),
            (CanaryObject, CANARY_EXAMPLE),
            (UploadObject, UPLOAD_EXAMPLE),
            (DeclaredFiles, DECLARED_EXAMPLE),
        ],
    )
    def test_of_others_are_valid_and_complete(
        self, schema: type[BaseModel], example: dict[str, Any]
    ) -> None:
        assert schema.model_validate(example).model_dump(mode="json") == example

    @pytest.mark.parametrize(
        "model",
        [
            JobConfig,
            Problem,
            Activation,
            NewCanary,
            UploadedJob,
            UrlJob,
            UploadFile,
            NewUpload,
            MoreFiles,
        ],
    )
    def test_of_other_schemas_are_valid(self, model: type[BaseModel]) -> None:
        extra: Any = model.model_config["json_schema_extra"]
        example = model.model_validate(extra["example"])
        assert example.model_dump(mode="json", exclude_unset=True) == extra["example"]


class TestProblemTypes:
    def test_cover_every_refusal_of_the_domain(self) -> None:
        assert set(JobErrorCode) <= set(PROBLEM_TYPES)

    def test_name_statuses_of_errors_only(self) -> None:
        assert all(400 <= kind.status < 600 for kind in PROBLEM_TYPES.values())
