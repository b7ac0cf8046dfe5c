"""The OpenAPI document: FastAPI's, with what it cannot know and without what is not so."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.api.jobs.openapi import Results
from services.api.jobs.schemas import JobConfig
from services.api.jobs.sealing import UploadedJob
from services.api.jobs.urls import UrlJob
from services.api.problems import Problem
from services.api.uploads.schemas import MoreFiles, NewUpload

_REF_TEMPLATE = "#/components/schemas/{model}"
# Only hand-written parts of the document refer to these.
_HAND_REFERRED: tuple[type[BaseModel], ...] = (
    Problem,
    JobConfig,
    UploadedJob,
    UrlJob,
    NewUpload,
    MoreFiles,
    Results,
)
# FastAPI's own shape of a 422, which no answer of ours has.
_NOT_OURS = ("HTTPValidationError", "ValidationError")


def build_document(app: FastAPI) -> dict[str, Any]:
    """Return the document of ``app``, built on the first call."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        _add_schemas(document)
        _drop_foreign_errors(document)
        app.openapi_schema = document
    return app.openapi_schema


def _add_schemas(document: dict[str, Any]) -> None:
    _, extra = models_json_schema(
        [(model, "validation") for model in _HAND_REFERRED], ref_template=_REF_TEMPLATE
    )
    components = document["components"]
    components["schemas"] = {**extra["$defs"], **components["schemas"]}


def _drop_foreign_errors(document: dict[str, Any]) -> None:
    for name in _NOT_OURS:
        document["components"]["schemas"].pop(name, None)
    operations = (op for path in document["paths"].values() for op in path.values())
    for operation in operations:
        if _NOT_OURS[0] in str(operation["responses"].get("422")):
            del operation["responses"]["422"]
