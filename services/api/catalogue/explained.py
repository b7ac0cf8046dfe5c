"""The form in which the catalogue explains a problem."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JOB = "/v1/jobs/job_01936fd2c0a27b6e8f3a5b7c9d1e2f30"
MODEL = "/v1/models/mdl_01936fd2c0a27b6e8f3a5b7c9d1e2f33"


@dataclass(frozen=True, slots=True)
class Advice:
    """A problem explained.

    Attributes:
        meaning: what the service says with it.
        cause: what most often leads to it.
        remedy: what the caller can do.
        detail: the sentence of an example.
        instance: the path of that example.
        members: further members of the example, such as ``errors`` and ``limit``.
    """

    meaning: str
    cause: str
    remedy: str
    detail: str
    instance: str = JOB
    members: Mapping[str, Any] = field(default_factory=dict)
