"""What the OpenAPI document says about every endpoint: problems, and the standing sentence."""

from typing import Any

from pydantic import BaseModel

from services.api.bodies import JSON
from services.api.problems import PROBLEM_JSON, PROBLEM_TYPES, Problem

TITLE = "HFER"
DESCRIPTION = """\
Batch analysis of apparent facial expression: submit photos, poll the job, read for every face
its box, five landmarks and the probabilities of seven expressions.

**Results tell the apparent expression, not inner feeling.** They must not be used to infer the
emotions of people at work or in education (EU AI Act, Article 5(1)(f)).

Errors are RFC 9457 problem details with a stable `code`. Listings are paged by `cursor`. Ids of
other tenants answer 404. Times are RFC 3339 in UTC.
"""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document the problems of an endpoint, with those that any endpoint may give."""
    return {status: _problem(status) for status in sorted({*statuses, 401, 403, 500, 503})}


def json_content(*models: type[BaseModel]) -> dict[str, Any]:
    """Document a JSON body that is parsed by hand; `openapi.py` adds the models' schemas."""
    references = [{"$ref": f"#/components/schemas/{model.__name__}"} for model in models]
    return {JSON: {"schema": references[0] if len(references) == 1 else {"anyOf": references}}}


def _problem(status: int) -> dict[str, Any]:
    kinds = {code: kind for code, kind in PROBLEM_TYPES.items() if kind.status == status}
    return {
        "description": "; ".join(f"`{code}`: {kind.title}" for code, kind in kinds.items()),
        "content": {PROBLEM_JSON: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}},
    }
