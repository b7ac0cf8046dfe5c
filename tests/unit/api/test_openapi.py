"""The OpenAPI document: complete, resolvable, and saying what must be said."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from services.api.app import create_app
from services.api.docs import codes_of
from services.api.health.schemas import READY_EXAMPLE, UNREADY_EXAMPLE, Readiness
from services.api.jobs.examples import JOB_EXAMPLE, PHOTO_EXAMPLE
from services.api.jobs.results.schemas import PhotoResult
from services.api.jobs.schemas import JobConfig, JobObject
from services.api.jobs.submission.json_body import UploadedJob, UrlJob
from services.api.keys.schemas import ISSUED_EXAMPLE, KEY_EXAMPLE, IssuedKeyObject, KeyObject
from services.api.limits.schemas import LimitsObject, limits_object
from services.api.models.bundle_reader import MAX_BUNDLE_FILES
from services.api.models.examples import CANARY_EXAMPLE, DETAIL_EXAMPLE, MODEL_EXAMPLE
from services.api.models.schemas import (
    Activation,
    CanaryObject,
    ModelDetail,
    ModelObject,
    NewCanary,
)
from services.api.openapi_examples import NoExampleError, example_of
from services.api.problems import PROBLEM_JSON, PROBLEM_TYPES, Problem, ProblemCode
from services.api.uploads.examples import DECLARED_EXAMPLE, UPLOAD_EXAMPLE
from services.api.uploads.schemas import (
    DeclaredFiles,
    MoreFiles,
    NewUpload,
    UploadFile,
    UploadObject,
    UploadSeal,
)
from services.api.webhooks.examples import (
    DELIVERY_DETAIL_EXAMPLE,
    DELIVERY_EXAMPLE,
    ENDPOINT_EXAMPLE,
)
from services.api.webhooks.examples import (
    ISSUED_EXAMPLE as ISSUED_ENDPOINT_EXAMPLE,
)
from services.api.webhooks.schemas import (
    DeliveryDetail,
    DeliveryObject,
    EndpointObject,
    IssuedEndpointObject,
    NewEndpoint,
)
from services.common.domain.errors import ItemErrorCode, JobErrorCode
from services.common.domain.limits import PhotoLimits
from services.common.keys.service import Scope
from tests.fixtures.settings import DEAD, build_settings

SENTENCE = "apparent expression, not inner feeling"
PUBLIC = {"/healthz", "/readyz", "/metrics", "/version", "/problems", "/problems/{code}"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Everything switched on, as for docs/api.md."""
    app = create_app(build_settings(DEAD, compat={"enabled": True}))
    document: dict[str, Any] = app.openapi()
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


def members(node: object) -> Iterator[str]:
    """Every name of a member in the document, at any depth."""
    if isinstance(node, dict):
        yield from node
        yield from (name for value in node.values() for name in members(value))
    elif isinstance(node, list):
        yield from (name for value in node for name in members(value))


class TestDocument:
    def test_bounds_have_the_names_that_json_schema_knows(self, document: dict[str, Any]) -> None:
        """pydantic 2.14.3 writes `ge` for a bound around what may be null and is checked before."""
        assert not {"ge", "gt", "le", "lt", "multiple_of"} & set(members(document))

    def test_every_reference_resolves(self, document: dict[str, Any]) -> None:
        for reference in set(references(document)):
            node: Any = document
            for step in reference.removeprefix("#/").split("/"):
                node = node[step]
            assert node, reference

    def test_is_json_and_stays_the_same(self, document: dict[str, Any]) -> None:
        again = create_app(build_settings(DEAD, compat={"enabled": True})).openapi()
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
                    assert codes_of(response), (method, path, status)
            assert {"401", "500", "503"} <= set(operation["responses"]), (method, path)

    def test_an_operation_with_a_scope_tells_it_and_may_answer_403(
        self, document: dict[str, Any]
    ) -> None:
        scoped: dict[str, list[list[str]]] = defaultdict(list)
        for _, _, operation in operations(document):
            for requirement in operation.get("security", ()):
                if scopes := requirement["HTTPBearer"]:
                    scoped[operation["operationId"]].append(scopes)
        assert scoped["submit_job"] == [["jobs:submit"], ["jobs:write"]]
        assert scoped["get_job"] == [["jobs:read"]]
        assert scoped["create_key"] == [["admin"]]
        assert "get_limits" not in scoped
        for _, path, operation in operations(document):
            if operation["operationId"] in scoped:
                codes = codes_of(operation["responses"]["403"])
                assert ProblemCode.INSUFFICIENT_SCOPE in codes, path

    def test_names_operations_by_their_functions(self, document: dict[str, Any]) -> None:
        names = {operation["operationId"] for _, _, operation in operations(document)}
        assert {"submit_job", "get_results", "publish_model", "upload_image"} <= names
        assert all(re.fullmatch("[a-z][a-z_]+", name) for name in names)

    def test_describes_every_tag_in_use(self, document: dict[str, Any]) -> None:
        used = {tag for _, _, operation in operations(document) for tag in operation["tags"]}
        assert used == {tag["name"] for tag in document["tags"]}
        assert all(tag["description"] for tag in document["tags"])

    def test_describes_every_answer(self, document: dict[str, Any]) -> None:
        for method, path, operation in operations(document):
            for status, response in operation["responses"].items():
                assert response["description"] != "Successful Response", (method, path, status)
                assert "X-Request-Id" in response["headers"], (method, path, status)

    @pytest.mark.parametrize(
        ("operation_id", "status", "names"),
        [
            ("submit_job", "202", {"Location", "Idempotency-Replayed", "HFER-Passed-Over"}),
            ("submit_job", "200", {"Location", "Idempotency-Replayed", "HFER-Passed-Over"}),
            ("submit_urls", "202", {"Location", "Idempotency-Replayed"}),
            ("retry_job", "202", {"Location", "Idempotency-Replayed"}),
            ("begin_upload", "201", {"Location", "Idempotency-Replayed"}),
            ("seal_upload", "202", {"Location", "Idempotency-Replayed"}),
            ("create_key", "201", {"Location"}),
            ("get_job", "200", {"ETag"}),
            ("get_job", "304", {"ETag"}),
            ("get_photo", "206", {"ETag", "Content-Range"}),
            ("get_file", "416", {"Content-Range"}),
        ],
    )
    def test_names_the_headers_of_answers(
        self, document: dict[str, Any], operation_id: str, status: str, names: set[str]
    ) -> None:
        [found] = [o for _, _, o in operations(document) if o["operationId"] == operation_id]
        headers = found["responses"][status]["headers"]
        assert names <= set(headers)
        for name in names:
            kind, described = headers[name]["$ref"].rsplit("/", 1)
            assert kind == "#/components/headers"
            assert document["components"]["headers"][described]["description"]

    def test_links_an_answer_to_what_can_be_done_with_it(self, document: dict[str, Any]) -> None:
        links = document["paths"]["/v1/jobs"]["post"]["responses"]["202"]["links"]
        assert {"get_job", "cancel_job", "get_results", "delete_job"} <= set(links)
        assert links["get_job"]["parameters"] == {"path.job_id": "$response.body#/id"}
        items = document["paths"]["/v1/jobs/{job_id}/items"]["get"]["responses"]["200"]["links"]
        assert set(items) == {"get_item", "get_annotated", "get_photo"}

    def test_says_what_the_results_are_not(self, document: dict[str, Any]) -> None:
        schemas = document["components"]["schemas"]
        assert SENTENCE in document["info"]["description"]
        for name in ("JobObject", "PhotoResult", "FaceObject"):
            assert SENTENCE in schemas[name]["description"], name

    def test_tells_how_many_urls_a_job_takes(self, document: dict[str, Any]) -> None:
        most = document["components"]["schemas"]["UrlJob"]["properties"]["inputs"]["maxItems"]
        assert f"up to {most:,} photos" in document["paths"]["/v1/jobs/urls"]["post"]["description"]

    def test_tells_the_multipart_body(self, document: dict[str, Any]) -> None:
        body = document["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]
        schema = body["multipart/form-data"]["schema"]
        assert schema["properties"]["files"]["maxItems"] == 2000
        assert schema["properties"]["config"]["$ref"].endswith("/JobConfig")
        bundle = document["paths"]["/v1/models"]["post"]["requestBody"]["content"]
        files = bundle["multipart/form-data"]["schema"]["properties"]["files"]
        assert files["maxItems"] == MAX_BUNDLE_FILES


class TestGuide:
    def test_knows_every_way_to_fail_and_every_scope_of_users(self) -> None:
        page = (Path(__file__).parents[3] / "docs" / "guide.md").read_text()
        for name in {*ItemErrorCode, Scope.MODELS_ADMIN, Scope.ADMIN}:
            assert f"{name}" in page, name
        assert SENTENCE in page


def bodies(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for body in (operation.get("requestBody", {}), *operation["responses"].values()):
        yield from body.get("content", {}).items()


class TestExamplesOfOperations:
    def test_every_body_that_is_text_has_one(self, document: dict[str, Any]) -> None:
        for method, path, operation in operations(document):
            for media_type, content in bodies(operation):
                if content["schema"].get("format") != "binary":
                    assert {"example", "examples"} & content.keys(), (method, path, media_type)

    def test_every_parameter_of_a_path_has_one(self, document: dict[str, Any]) -> None:
        for method, path, operation in operations(document):
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    assert parameter["schema"]["examples"], (method, path)

    def test_those_of_problems_are_problems_of_that_status(self, document: dict[str, Any]) -> None:
        for _, path, operation in operations(document):
            for status, response in operation["responses"].items():
                content = response.get("content", {}).get(PROBLEM_JSON, {})
                for code, example in content.get("examples", {}).items():
                    problem = Problem.model_validate(example["value"])
                    assert (problem.code, str(problem.status)) == (code, status), path


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
            (EndpointObject, ENDPOINT_EXAMPLE),
            (DeliveryObject, DELIVERY_EXAMPLE),
            (DeliveryDetail, DELIVERY_DETAIL_EXAMPLE),
            (IssuedEndpointObject, ISSUED_ENDPOINT_EXAMPLE),
            (ModelObject, MODEL_EXAMPLE),
            (ModelDetail, DETAIL_EXAMPLE),
            (CanaryObject, CANARY_EXAMPLE),
            (UploadObject, UPLOAD_EXAMPLE),
            (KeyObject, KEY_EXAMPLE),
            (IssuedKeyObject, ISSUED_EXAMPLE),
            (Readiness, READY_EXAMPLE),
            (Readiness, UNREADY_EXAMPLE),
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
            UploadSeal,
            NewEndpoint,
        ],
    )
    def test_of_other_schemas_are_valid(self, model: type[BaseModel]) -> None:
        extra: Any = model.model_config["json_schema_extra"]
        example = model.model_validate(extra["example"])
        assert example.model_dump(mode="json", exclude_unset=True) == extra["example"]

    def test_of_limits_are_those_of_a_deployment_without_settings(
        self, document: dict[str, Any]
    ) -> None:
        settings = build_settings(DEAD)
        own = settings.limits.tenant_limits(open_photos=settings.api.queue_cap_photos)
        answer = document["paths"]["/v1/limits"]["get"]["responses"]["200"]
        example = LimitsObject.model_validate(answer["content"]["application/json"]["example"])
        assert example == limits_object(PhotoLimits(), settings, own)


class TestExampleOf:
    SCHEMAS: ClassVar[dict[str, Any]] = {"Thing": {"type": "object", "example": {"a": 1}}}

    @pytest.mark.parametrize(
        ("schema", "example"),
        [
            ({"type": "string", "examples": ["x", "y"]}, "x"),
            ({"type": "integer", "default": 3}, 3),
            ({"enum": ["a", "b"]}, "a"),
            ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
            ({"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}, [{"a": 1}]),
            ({"type": "object", "properties": {"more": {"type": "boolean"}}}, {"more": False}),
        ],
    )
    def test_follows_from_the_parts(self, schema: dict[str, Any], example: object) -> None:
        assert example_of(schema, self.SCHEMAS) == example

    def test_is_shown_as_it_was_written_nulls_and_order(self, document: dict[str, Any]) -> None:
        schemas = document["components"]["schemas"]
        for name, example in (("JobObject", JOB_EXAMPLE), ("PhotoResult", PHOTO_EXAMPLE)):
            assert schemas[name]["example"] == example
            assert list(schemas[name]["example"]) == list(example), name

    def test_is_missing_where_a_part_shows_nothing(self) -> None:
        with pytest.raises(NoExampleError):
            example_of({"type": "object", "properties": {"n": {"type": "integer"}}}, {})


class TestProblemTypes:
    def test_cover_every_refusal_of_the_domain(self) -> None:
        assert set(JobErrorCode) <= set(PROBLEM_TYPES)

    def test_name_statuses_of_errors_only(self) -> None:
        assert all(400 <= kind.status < 600 for kind in PROBLEM_TYPES.values())
