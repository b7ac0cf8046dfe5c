"""The configuration of schemathesis, made from the OpenAPI document."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from services.api.problems import PROBLEM_JSON, PROBLEM_TYPES, ProblemCode

# What a request that the schema allows may rightly be answered with, besides success: no schema
# tells whether bytes are a photo, whose key was used before, or what somebody has erased.
_LAWFUL = (
    ProblemCode.BUNDLE_REFUSED,
    ProblemCode.GONE,
    ProblemCode.IDEMPOTENCY_MISMATCH,
    ProblemCode.PHOTO_FAILED,
    ProblemCode.PURPOSE_PROHIBITED,
    ProblemCode.RANGE_NOT_SATISFIABLE,
)
# What of these bodies no schema can say: that a moment is to come, what goes together, and which
# faces there are. For nothing else of them may a request that the schema allows be answered 422
# (`hooks.py`).
UNSAID = {
    # Whether a job is a rerun, and how long the operator lets photos be kept.
    "get_diff": {"#/query/with"},
    "rerun_job": {"#/keep_photos_s"},
    # That some photo is named, by either.
    "erase_items": {"#/items"},
    "create_key": {"#/expires_at", "#/output", "#/purpose/exception", "#/purpose/note"},
    "roll_api_key": {"#/expires_at"},
    "add_reviews": {"#/reviews/*"},
}
# Environment variable with the id of the key that the run has.
OWN_KEY = "HFER_TEST_OWN_KEY"
_ANYWHERE = ("2xx", "3xx", 401, 403, 404, 409, 429)
# What one that it forbids may be answered with; 413 for a list longer than it may be.
_REFUSALS = [400, 401, 403, 404, 405, 406, 409, 410, 413, 415, 416, 422, 429]
_HOOKS = Path(__file__).with_name("hooks.py")


def write_config(document: Mapping[str, Any], path: Path) -> None:
    """Write schemathesis.toml: where the hooks are, and which statuses are lawful where."""
    lines = [f'hooks = "{_HOOKS}"']
    for methods in document["paths"].values():
        for operation in methods.values():
            statuses = sorted({PROBLEM_TYPES[code].status for code in _lawful(operation)})
            lines += [
                "[[operations]]",
                f'include-operation-id = "{operation["operationId"]}"',
                f"checks.positive_data_acceptance.expected-statuses = {[*_ANYWHERE, *statuses]}",
                f"checks.negative_data_rejection.expected-statuses = {_REFUSALS}",
            ]
    path.write_text("\n".join(lines) + "\n")


def _lawful(operation: Mapping[str, Any]) -> Iterator[ProblemCode]:
    for response in operation["responses"].values():
        examples = response.get("content", {}).get(PROBLEM_JSON, {}).get("examples", {})
        yield from (code for code in _LAWFUL if code in examples)
    if operation["operationId"] in UNSAID:
        yield ProblemCode.VALIDATION
