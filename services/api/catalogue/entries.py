"""Entries of the catalogue: a problem type with its advice and an example."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.api.catalogue.advice import ADVICE
from services.api.catalogue.explained import Advice
from services.api.problems import PROBLEM_TYPES, Problem, ProblemCode, problem_type_url

_REQUEST_ID = "01936fd2c0a27b6e8f3a5b7c9d1e2f30"
# A code without advice shows its title until somebody writes it; the test suite insists.
_NO_ADVICE = Advice("", "", "", "")


class ProblemEntry(BaseModel):
    """A kind of problem, as the catalogue explains it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "code": "job-final",
                "type": "/problems/job-final",
                "title": "The job can no longer change",
                "status": 409,
                "retryable": False,
                "meaning": ADVICE[ProblemCode.JOB_FINAL].meaning,
                "cause": ADVICE[ProblemCode.JOB_FINAL].cause,
                "remedy": ADVICE[ProblemCode.JOB_FINAL].remedy,
                "example": {
                    "type": "/problems/job-final",
                    "title": "The job can no longer change",
                    "status": 409,
                    "detail": ADVICE[ProblemCode.JOB_FINAL].detail,
                    "instance": ADVICE[ProblemCode.JOB_FINAL].instance,
                    "code": "job-final",
                    "request_id": _REQUEST_ID,
                    "retryable": False,
                },
            }
        }
    )

    code: str
    type: str = Field(description="the `type` of such problems: the address of this entry")
    title: str
    status: int
    retryable: bool = Field(description="the same request may succeed later")
    meaning: str = Field(description="what the service says with it")
    cause: str = Field(description="what most often leads to it")
    remedy: str = Field(description="what to do")
    example: Problem


class ProblemIndex(BaseModel):
    """Every kind of problem that this service answers with."""

    object: Literal["problems"] = "problems"
    data: list[ProblemEntry]


def entry_of(code: ProblemCode, *, base: str = "") -> ProblemEntry:
    """Return the entry of a problem; ``base`` precedes its path."""
    kind = PROBLEM_TYPES[code]
    advice = ADVICE.get(code, _NO_ADVICE)
    url = problem_type_url(code, base=base)
    example = {
        "type": url,
        "title": kind.title,
        "status": kind.status,
        "detail": advice.detail or kind.title,
        "instance": advice.instance or "/",
        "code": code.value,
        "request_id": _REQUEST_ID,
        "retryable": kind.retryable,
        **advice.members,
    }
    return ProblemEntry(
        code=code.value,
        type=url,
        title=kind.title,
        status=kind.status,
        retryable=kind.retryable,
        meaning=advice.meaning or f"{kind.title}.",
        cause=advice.cause,
        remedy=advice.remedy,
        example=Problem.model_validate(example),
    )


def all_entries(*, base: str = "") -> Sequence[ProblemEntry]:
    """Return every entry by status, then in the order of the table."""
    entries = [entry_of(code, base=base) for code in ProblemCode]
    return sorted(entries, key=lambda entry: entry.status)
