"""What the OpenAPI document says about every endpoint: tags, problems, the standing sentence."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from services.api.bodies import JSON
from services.api.catalogue.entries import entry_of
from services.api.problems import PROBLEM_JSON, PROBLEM_TYPES, Problem, ProblemCode

TITLE = "HFER"
DESCRIPTION = """\
Batch analysis of apparent facial expression: submit photos, poll the job, read for every face
its box, five landmarks and the probabilities of seven expressions.

**Results tell the apparent expression, not inner feeling.** They must not be used to infer the
emotions of people at work or in education (EU AI Act, Article 5(1)(f)).

Keys are sent as `Authorization: Bearer hfer_<env>_<secret>`. Errors are RFC 9457 problem details
with a stable `code`; each `type` leads to a page that explains it. Listings are paged by `cursor`.
Ids of other tenants answer 404. Times are RFC 3339 in UTC. Every answer carries `X-Request-Id`.
A query parameter that looks like a slip is refused; others that are not known are named in
`Ignored-Parameters`, and refused with `Prefer: handling=strict`.
"""

# Every tag in use is described here, a test asks for it; those not in use are left out.
TAGS = {
    "jobs": "A job is a batch of photos: submit it, watch it, cancel it, retry what failed, erase"
    " it. Final states never change.",
    "results": "What came of each photo: faces with boxes, landmarks and seven probabilities, or"
    " the reason why there are none; and the photo with its faces drawn on it.",
    "reviews": "What people say of faces, beside the model's answers and never instead of them.",
    "datasets": "Faces with the votes of reviewers, to train and to judge models by.",
    "uploads": "For more photos than one request takes: declare files, put each at its presigned"
    " URL, seal all of them as one job.",
    "events": "Progress as it happens, as server-sent events.",
    "webhooks": "Calls to your own server when jobs end.",
    "models": "Which models are published, which one answers, and a candidate on trial.",
    "limits": "How much the service takes, for programs to read.",
    "usage": "Photos, bytes, faces and CPU time of workers, by tenant and day.",
    "tenants": "Their weights and limits, for operators.",
    "api keys": "Keys and their scopes, for operators.",
    "erasures": "Receipts of jobs that were erased on demand: who wanted it, what is gone since"
    " when, signed.",
    "audit": "Who did what, for operators.",
    "problems": "The catalogue of errors: meaning, cause, what to do, an example.",
    "operations": "Probes and metrics for those who run the service. No key is needed.",
    "compatibility": "The interface of hfer, for its clients unchanged. Only there with"
    " `HFER_COMPAT__ENABLED`.",
}

# What reading a body by hand can answer, and how FastAPI's own reading of JSON differs.
BODY = (
    ProblemCode.INVALID_REQUEST,
    ProblemCode.REQUEST_TIMEOUT,
    ProblemCode.PAYLOAD_TOO_LARGE,
    ProblemCode.UNSUPPORTED_MEDIA,
    ProblemCode.VALIDATION,
)
JSON_BODY = (
    ProblemCode.INVALID_REQUEST,
    ProblemCode.PAYLOAD_TOO_LARGE,
    ProblemCode.VALIDATION,
)
# What an `Idempotency-Key` can answer.
IDEMPOTENT = (
    ProblemCode.IDEMPOTENCY_IN_PROGRESS,
    ProblemCode.IDEMPOTENCY_MISMATCH,
    ProblemCode.VALIDATION,
)
_EVERYWHERE = (
    ProblemCode.UNAUTHENTICATED,
    ProblemCode.RATE_LIMITED,
    ProblemCode.INTERNAL,
    ProblemCode.OVERLOADED,
)


def problems(*kinds: ProblemCode | int) -> dict[int | str, dict[str, Any]]:
    """Document the problems of an endpoint that needs a key, with those that any such may give.

    A bare status means all of its problems. `openapi.py` adds what follows from the
    signature: the scope (403) and typed parameters and bodies (400, 413, 422).
    """
    return problem_responses(*_EVERYWHERE, *kinds)


def problem_responses(*kinds: ProblemCode | int) -> dict[int | str, dict[str, Any]]:
    """Document just these problems, grouped by status."""
    wanted = {code for kind in kinds for code in _codes(kind)}
    by_status: dict[int | str, list[ProblemCode]] = {}
    for code in ProblemCode:
        if code in wanted:
            by_status.setdefault(PROBLEM_TYPES[code].status, []).append(code)
    return {status: _response(by_status[status]) for status in sorted(by_status, key=str)}


def codes_of(response: dict[str, Any]) -> list[ProblemCode]:
    """Return the codes that a documented response may carry; empty for one without problems."""
    content = response.get("content", {}).get(PROBLEM_JSON, {})
    return [ProblemCode(code) for code in content.get("examples", ())]


def carrying(*names: str) -> dict[str, Any]:
    """Document headers of an answer, of those that `openapi.py` describes."""
    ref = "#/components/headers/"
    return {"headers": {name: {"$ref": ref + name.replace("-", "")} for name in names}}


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """Document a JSON body that is parsed by hand; `openapi.py` adds the model's schema."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


def _codes(kind: ProblemCode | int) -> Iterable[ProblemCode]:
    if isinstance(kind, ProblemCode):
        return [kind]
    return [code for code in ProblemCode if PROBLEM_TYPES[code].status == kind]


def _response(codes: list[ProblemCode]) -> dict[str, Any]:
    examples = {
        code.value: {
            "summary": PROBLEM_TYPES[code].title,
            "value": entry_of(code).example.model_dump(exclude_none=True),
        }
        for code in codes
    }
    return {
        "description": "; ".join(f"`{code}`: {PROBLEM_TYPES[code].title}" for code in codes),
        "content": {
            PROBLEM_JSON: {
                "schema": {"$ref": f"#/components/schemas/{Problem.__name__}"},
                "examples": examples,
            }
        },
    }
