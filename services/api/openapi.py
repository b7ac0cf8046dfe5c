"""The OpenAPI document: FastAPI's, with what it cannot know and without what is not so."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.api.docs import JSON_BODY, TAGS, codes_of, problem_responses
from services.api.events.schemas import JobProgress
from services.api.jobs.openapi import Results
from services.api.jobs.schemas import JobConfig
from services.api.jobs.submission.json_body import UrlJob
from services.api.openapi_examples import NoExampleError, example_of, in_order
from services.api.openapi_links import add_links
from services.api.openapi_shapes import plain_shapes
from services.api.problems import Problem, ProblemCode
from services.api.uploads.schemas import MoreFiles, NewUpload, UploadSeal
from services.common.keys.outputs import OutputMode
from services.common.keys.service import Scope

_REF_TEMPLATE = "#/components/schemas/{model}"
# Only hand-written parts of the document refer to these.
_HAND_REFERRED: tuple[type[BaseModel], ...] = (
    Problem,
    JobConfig,
    UrlJob,
    UploadSeal,
    NewUpload,
    MoreFiles,
    Results,
    JobProgress,
)
# FastAPI's own shape of a 422, which no answer of ours has.
_NOT_OURS = ("HTTPValidationError", "ValidationError")
_HEADERS: Mapping[str, Any] = {
    "RequestId": {
        "description": "names the request in our log lines: yours if you sent one",
        "schema": {"type": "string"},
        "example": "01936fd2c0a27b6e8f3a5b7c9d1e2f30",
    },
    "RetryAfter": {
        "description": "seconds to wait before the next try",
        "schema": {"type": "integer"},
        "example": 5,
    },
    "RateLimitPolicy": {
        "description": "requests of the key per window, where they are limited"
        " (draft-ietf-httpapi-ratelimit-headers-12)",
        "schema": {"type": "string"},
        "example": '"requests_per_second";q=50;w=1',
    },
    "RateLimit": {
        "description": "how many more may follow at once, and in how many seconds all may",
        "schema": {"type": "string"},
        "example": '"requests_per_second";r=49;t=1',
    },
    "IgnoredParameters": {
        "description": "query parameters that this operation does not know, percent-encoded;"
        " `Prefer: handling=strict` has them refused",
        "schema": {"type": "string"},
        "example": "utm_source",
    },
    "Location": {
        "description": "where what was made is to be found",
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "https://hfer.example.org/v1/jobs/job_01936fd2c0a27b6e8f3a5b7c9d1e2f30",
    },
    "IdempotencyReplayed": {
        "description": "the answer is of what an earlier request under the key made",
        "schema": {"type": "string", "const": "true"},
        "example": "true",
    },
    "HFERPassedOver": {
        "description": "how many files of archives are no photos and were not taken, if any",
        "schema": {"type": "integer", "minimum": 1},
        "example": 2,
    },
    "ETag": {
        "description": "names this state of what is sent, for `If-None-Match` and `If-Range`",
        "schema": {"type": "string"},
        "example": '"5f2b8c1d9e3a4076b1c2d3e4"',
    },
    "ContentRange": {
        "description": "which bytes of how many (RFC 9110, 14.4)",
        "schema": {"type": "string"},
        "example": "bytes 0-1023/48213",
    },
    "Challenge": {
        "description": "what kind of key is wanted (RFC 9110, 11.6.1)",
        "schema": {"type": "string"},
        "example": "Bearer",
    },
}
_BY_STATUS = {
    "401": [("WWW-Authenticate", "Challenge")],
    "416": [("Content-Range", "ContentRange")],
    "429": [
        ("Retry-After", "RetryAfter"),
        ("RateLimit-Policy", "RateLimitPolicy"),
        ("RateLimit", "RateLimit"),
    ],
}

# FastAPI's description of a success that is not described.
_NOT_SAID = "Successful Response"

Operation = dict[str, Any]


def operation_id(route: APIRoute) -> str:
    """Name an operation by its function: the name stays when its path or tag changes."""
    return route.name


def build_document(app: FastAPI) -> dict[str, Any]:
    """Return the document of ``app``, built on the first call."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            license_info=app.license_info,
            routes=app.routes,
        )
        _add_components(document)
        for route, operation in _operations(app, document):
            _tell_scopes(route, operation)
            _tell_problems(route, operation)
            _name_headers(operation, keyed=bool(outputs_of(route.dependant)))
            _describe_success(operation, document["components"]["schemas"])
            _add_examples(operation, document["components"]["schemas"])
        add_links(document)
        plain_shapes(document)
        used = {tag for _, operation in _operations(app, document) for tag in operation["tags"]}
        document["tags"] = [
            {"name": name, "description": text} for name, text in TAGS.items() if name in used
        ]
        app.openapi_schema = document
    return app.openapi_schema


def _operations(app: FastAPI, document: dict[str, Any]) -> Iterator[tuple[RouteContext, Operation]]:
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute) and route.include_in_schema:
            for method in sorted(route.methods or ()):
                yield route, document["paths"][route.path_format][method.lower()]


def _add_components(document: dict[str, Any]) -> None:
    _, extra = models_json_schema(
        [(model, "validation") for model in _HAND_REFERRED], ref_template=_REF_TEMPLATE
    )
    components = document["components"]
    components["schemas"] = {**extra["$defs"], **components["schemas"]}
    for name in _NOT_OURS:
        components["schemas"].pop(name, None)
    for schema in components["schemas"].values():
        if "example" in schema:
            schema["example"] = in_order(schema["example"], schema, components["schemas"])
    components["headers"] = dict(_HEADERS)


def _tell_scopes(route: RouteContext, operation: Operation) -> None:
    """Write the scopes into the security requirements, as OpenAPI 3.1 has it for roles.

    Where one scope of several will do, each is a requirement of its own.
    """
    checks = list(dict.fromkeys(_scopes_of(route.dependant)))
    if "security" in operation:
        (name,) = {name for requirement in operation["security"] for name in requirement}
        operation["security"] = [{name: list(scopes)} for scopes in itertools.product(*checks)]


def _scopes_of(dependant: Dependant) -> Iterator[tuple[Scope, ...]]:
    """Yield what the dependencies check, one scope of each tuple, as they say in an attribute."""
    yield from getattr(dependant.call, "scopes", ())
    for dependency in dependant.dependencies:
        yield from _scopes_of(dependency)


def outputs_of(dependant: Dependant) -> set[OutputMode]:
    """Return the output modes that the dependencies declare, as they say in an attribute."""
    own = getattr(dependant.call, "output", None)
    declared: set[OutputMode] = set() if own is None else {own}
    return declared.union(*(outputs_of(dependency) for dependency in dependant.dependencies))


def _tell_problems(route: RouteContext, operation: Operation) -> None:
    """Add the problems that follow from the signature to those that the endpoint names."""
    responses = operation["responses"]
    if _NOT_OURS[0] in str(responses.get("422")):
        del responses["422"]
    codes = {code for response in responses.values() for code in codes_of(response)}
    if any(_scopes_of(route.dependant)):
        codes.add(ProblemCode.INSUFFICIENT_SCOPE)
    queried = any(parameter["in"] == "query" for parameter in operation.get("parameters", ()))
    if queried or outputs_of(route.dependant):  # who has a key is told of parameters unknown here
        codes.add(ProblemCode.VALIDATION)
    if outputs_of(route.dependant) - {OutputMode.AGGREGATE}:
        codes.add(ProblemCode.OUTPUT_RESTRICTED)
    if route.body_field is not None:
        codes.update(JSON_BODY)
    added = {str(status): response for status, response in problem_responses(*codes).items()}
    operation["responses"] = dict(sorted({**responses, **added}.items()))


def _name_headers(operation: Operation, *, keyed: bool) -> None:
    """Name headers as they are usually written, and those that answers carry."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "header":
            parameter["name"] = "-".join(map(str.capitalize, parameter["name"].split("-")))
    for status, response in operation["responses"].items():
        names = [("X-Request-Id", "RequestId")]
        if keyed and status.startswith("2"):
            names.append(("Ignored-Parameters", "IgnoredParameters"))
        if status in _BY_STATUS:
            names += _BY_STATUS[status]
        headers = {name: {"$ref": f"#/components/headers/{ref}"} for name, ref in names}
        response["headers"] = {**response.get("headers", {}), **headers}


def _describe_success(operation: Operation, schemas: Mapping[str, Any]) -> None:
    """Describe a plain success by the first sentence of what it holds."""
    for response in operation["responses"].values():
        if response["description"] == _NOT_SAID:
            contents = response.get("content", {}).values()
            names = [c["schema"].get("$ref", "").rpartition("/")[2] for c in contents]
            descriptions = [
                schemas[name].get("description", "") for name in names if name in schemas
            ]
            response["description"] = (
                descriptions[0].partition("\n")[0].rstrip(".") if descriptions else "Done"
            )


def _add_examples(operation: Operation, schemas: Mapping[str, Any]) -> None:
    """Give each body an example where its schemas make one; a test asks for the others."""
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for content in (content for body in bodies for content in body.get("content", {}).values()):
        if "example" in content or "examples" in content or "schema" not in content:
            continue
        try:
            content["example"] = example_of(content["schema"], schemas)
        except NoExampleError:
            continue
