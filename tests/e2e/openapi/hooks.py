"""What schemathesis cannot learn from the OpenAPI document: how cursors and photos are made."""

import io
import os
import re
from datetime import UTC, datetime
from typing import Any

import schemathesis
from hypothesis import strategies as st
from PIL import Image
from schemathesis.transport.serialization import Binary

from benchmarks.photos import SAMPLES
from services.api.pagination import (
    encode_day,
    encode_id,
    encode_name,
    encode_page_key,
    encode_place,
    encode_review,
    encode_vote,
)
from services.api.problems import PROBLEM_JSON, ProblemCode
from services.common.jobs.repositories.jobs import PageKey
from services.common.reviews.listing_repository import VoteKey
from services.common.reviews.repository import ReviewKey
from tests.e2e.openapi.config import OWN_KEY, UNSAID

NO_KEY = f"key_{'0' * 32}"

_UNPROCESSABLE = 422

_PLACES = st.integers(0, 2**31 - 1)
_TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware by the strategy

_KEYS = st.builds(PageKey, _TIMES, st.uuids())

schemathesis.openapi.format("place-cursor", _PLACES.map(encode_place))
schemathesis.openapi.format("id-cursor", st.uuids().map(encode_id))
schemathesis.openapi.format("job-cursor", _KEYS.map(encode_page_key))

_NAMES = st.text("aZ09 ._@-", min_size=1, max_size=100)
schemathesis.openapi.format("name-cursor", _NAMES.map(encode_name))
schemathesis.openapi.format("day-cursor", st.builds(encode_day, st.dates(), _NAMES))
_REVIEWS = st.builds(ReviewKey, _PLACES, st.integers(0, 2**15 - 1), _NAMES)
schemathesis.openapi.format("review-cursor", _REVIEWS.map(encode_review))

_VOTES = st.builds(VoteKey, st.uuids(), st.integers(0, 2**15 - 1), _NAMES)
schemathesis.openapi.format("vote-cursor", _VOTES.map(encode_vote))

_CURSORS = {
    "/v1/jobs": "job-cursor",
    "/v1/jobs/{job_id}/items": "place-cursor",
    "/v1/jobs/{job_id}/reviews": "review-cursor",
    "/v1/jobs/{job_id}/diff": "place-cursor",
    "/v1/reviews": "vote-cursor",
    "/v1/audit": "place-cursor",
    "/v1/tenants": "name-cursor",
    "/v1/usage": "day-cursor",
}


def _photo() -> bytes:
    buffer = io.BytesIO()
    with Image.open(SAMPLES / "collins.jpg") as image:
        image.thumbnail((300, 300))
        image.save(buffer, "JPEG")
    return buffer.getvalue()


schemathesis.openapi.format("photo", st.just(_photo()).map(Binary))


@schemathesis.hook
def before_call(_context: Any, case: schemathesis.Case, _kwargs: dict[str, Any]) -> None:
    """Spare the key that asks, which lists itself: revoked, it would be answered 401 from then on.

    401 is lawful everywhere, so that all that follows would pass unseen.
    """
    if case.path_parameters and case.path_parameters.get("key_id") == os.environ[OWN_KEY]:
        case.path_parameters["key_id"] = NO_KEY


@schemathesis.check
def refused_for_what_no_schema_says(
    _context: Any, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """What the schema allows may be answered 422 for the fields alone that `UNSAID` names."""
    unsaid = UNSAID.get(case.operation.definition.raw["operationId"])
    is_allowed = case.meta is None or case.meta.generation.mode.is_positive
    if unsaid is None or not is_allowed or response.status_code != _UNPROCESSABLE:
        return
    problem = response.json()
    pointers = {re.sub(r"/\d+", "/*", error["pointer"]) for error in problem.get("errors", ())}
    if problem["code"] != ProblemCode.PURPOSE_PROHIBITED and not pointers <= unsaid:
        raise AssertionError(f"422 for {sorted(pointers - unsaid)}, which the schema allows")


@schemathesis.hook
def before_load_schema(_context: Any, raw_schema: dict[str, Any]) -> None:
    """Give cursors, which are opaque to clients, and photos a format that this file can make.

    And hold the code of a problem against those that the operation names, which its examples are
    keyed by: a schema of its own for each would be a class of each generated client. For their sake
    a stream of events is text as well, where schemathesis wants the schema of one event.
    """
    for methods in raw_schema["paths"].values():
        for response in (r for o in methods.values() for r in o["responses"].values()):
            if content := response.get("content", {}).get(PROBLEM_JSON):
                codes = {"properties": {"code": {"enum": list(content["examples"])}}}
                content["schema"] = {"allOf": [content["schema"], codes]}
            response.get("content", {}).get("text/event-stream", {}).pop("schema", None)
    for path, field in (("/v1/jobs", "files"), ("/upload_image", "image")):
        body = raw_schema["paths"].get(path, {}).get("post", {}).get("requestBody", {})
        for content in (body["content"]["multipart/form-data"],) if body else ():
            content.pop("example", None)
            part = content["schema"]["properties"][field]
            part.get("items", part)["format"] = "photo"
    for path, methods in raw_schema["paths"].items():
        kind = _CURSORS.get(path, "id-cursor")
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "cursor":
                    parameter["schema"] = {"type": "string", "format": kind}
